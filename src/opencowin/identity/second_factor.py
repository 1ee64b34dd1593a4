"""Second factors of staff: what somebody has beside the password, codes of an app, and recovery codes on paper."""

import hmac
import secrets
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from opencowin.identity import second_factor_queries as queries
from opencowin.identity import staff_queries, staff_session_queries, totp
from opencowin.identity.model import SEES_PEOPLE
from opencowin.identity.refusals import (
    EnrolmentCodeWrong,
    EnrolmentOver,
    StaffNotFound,
    TooManyWrongOtps,
    WrongSecondFactor,
)
from opencowin.identity.staff import check_password, in_reach, is_known_browser, staff_actor
from opencowin.identity.staff_queries import StaffRow
from opencowin.kit import audit
from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.crypto import SealBroken
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.throttle import HOUR, Limit, count_all, wait_for

SECRET, RECOVERY, ENROLMENT = "staff.second_factor", "staff.recovery_code", "staff.enrolment"
ENROLMENT_CODE = "staff.enrolment_code"
WRONG_FROM_ONE_PLACE, WRONG_FOR_ONE_PERSON = 10, 30
"""Wrong codes in an hour: for one person from one address, for one person."""
CODES, CODE_SIGNS = 10, 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""No letter that is read as another or as a digit."""
ENROLMENT_MINUTES = 15


class Proof(StrEnum):
    """What was shown beside the password."""

    NOTHING = "nothing"
    CODE = "code"
    RECOVERY = "recovery"
    PASSKEY = "passkey"


@dataclass(frozen=True, slots=True)
class Factors:
    """What somebody has beside the password."""

    app: bool
    passkeys: int
    recovery_left: int

    @property
    def enrolled(self) -> bool:
        """Whether the password alone is not enough any more."""
        return self.app or self.passkeys > 0


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An authenticator app that is being set up: the secret, the address for the QR code, both sealed for the form."""

    secret: str
    address: str
    sealed: str


def must_prove(floor: Floor, permissions: AbstractSet[Permission]) -> bool:
    """Whether who may do this acts only after a second factor."""
    return floor.settings.second_factor_required and bool(permissions & SEES_PEOPLE)


async def factors_of(conn: Connection, staff_id: UUID) -> Factors:
    """What somebody has. Raises StaffNotFound."""
    row = await queries.factors_of(conn, staff_id)
    if row is None:
        raise StaffNotFound
    return Factors(row.secret_sealed is not None, row.passkeys, row.recovery_left)


async def confirm_password(conn: Connection, floor: Floor, actor: Actor, password: str, browser: str = "") -> None:
    """One's own password again, before what an open desk must not let a passer-by do.

    Raises WrongPassword, TooManyWrongPasswords.
    """
    row = await staff_queries.staff_of(conn, actor.own_staff_id())
    if row is None:
        raise StaffNotFound
    await check_password(conn, floor, row.user_name, password, actor.address, browser=browser)


def begin_app(floor: Floor, actor: Actor, user_name: str) -> Enrolment:
    """A new secret for an authenticator app; it is kept nowhere until `confirm_app`."""
    secret, issuer = totp.new_secret(), f"CoWIN {floor.country.name}"
    return Enrolment(secret, totp.address_of(secret, user_name, issuer), _sealed(floor, actor, secret))


def begun_app(floor: Floor, actor: Actor, user_name: str, sealed: str) -> Enrolment:
    """The enrolment that a form carries. Raises EnrolmentOver."""
    secret = _opened(floor, actor, sealed)
    return Enrolment(secret, totp.address_of(secret, user_name, f"CoWIN {floor.country.name}"), sealed)


async def allow_enrolment(conn: Connection, floor: Floor, actor: Actor, staff_id: UUID) -> str:
    """A code by which somebody sets up the first second factor, once; empty for whom no code is needed.

    Raises StaffNotFound, NotPermitted.
    """
    row = await in_reach(conn, actor, staff_id)
    if not await _enrols_by_code(conn, floor, row):
        return ""
    code = _new_code()
    until = floor.clock.now() + timedelta(hours=floor.settings.invitation_hours)
    await queries.set_enrolment(conn, staff_id, floor.keyring.index(code, ENROLMENT_CODE), until)
    await audit.record(conn, actor, "identity.allow_enrolment", subject=("staff", staff_id), reason=row.role)
    return _written(code)


async def _enrols_by_code(conn: Connection, floor: Floor, row: StaffRow) -> bool:
    """Whether a second factor is needed, and this would be the first."""
    needed = must_prove(floor, staff_actor(row, "").permissions)
    return needed and not (await factors_of(conn, row.staff_id)).enrolled


async def require_enrolment(conn: Connection, floor: Floor, actor: Actor, code: str) -> None:
    """Refuse who sets up the first factor, where one is needed, without the code that was given for it; uses it up.

    Raises EnrolmentCodeWrong (keeps the count), TooManyWrongOtps.
    """
    staff_id = actor.own_staff_id()
    row = await staff_queries.staff_of(conn, staff_id)
    if row is None:
        raise StaffNotFound
    if not await _enrols_by_code(conn, floor, row):
        return
    limits = await wrong_codes(conn, floor, actor, "")
    if wait := await wait_for(conn, floor, limits):
        raise TooManyWrongOtps(retry_after=wait)
    given = floor.keyring.index(_plain(code), ENROLMENT_CODE)
    if not await queries.use_enrolment(conn, staff_id, given, floor.clock.now()):
        await count_all(conn, floor, limits)
        raise EnrolmentCodeWrong(field="enrolment")


async def confirm_app(
    conn: Connection, floor: Floor, actor: Actor, session_id: UUID, *, sealed: str, code: str, enrolment: str = ""
) -> list[str]:
    """The app shows the right code: from now on it is needed. Recovery codes, where there were none.

    `enrolment` is the code for whom this is the first factor. Raises EnrolmentOver, WrongSecondFactor,
    EnrolmentCodeWrong, TooManyWrongOtps.
    """
    secret = _opened(floor, actor, sealed)
    step = totp.step_shown(secret, _plain(code), floor.clock.now())
    if step is None:
        raise WrongSecondFactor(field="code")
    await require_enrolment(conn, floor, actor, enrolment)
    await queries.set_secret(conn, actor.own_staff_id(), floor.keyring.seal(secret, SECRET), step)
    return await enrolled(conn, floor, actor, session_id, Proof.CODE)


async def enrolled(conn: Connection, floor: Floor, actor: Actor, session_id: UUID, proof: Proof) -> list[str]:
    """Another factor is set up: this session has shown it, all others end. Recovery codes, where there were none."""
    staff_id, now = actor.own_staff_id(), floor.clock.now()
    await staff_session_queries.prove(conn, staff_id, session_id, proof.value)
    await staff_session_queries.end_all(conn, staff_id, session_id, now)
    await queries.end_sign_ins(conn, staff_id, now)
    await audit.record(conn, actor, "identity.add_second_factor", subject=("staff", staff_id), reason=proof.value)
    known = await factors_of(conn, staff_id)
    return [] if known.recovery_left else await new_recovery_codes(conn, floor, actor)


async def new_recovery_codes(conn: Connection, floor: Floor, actor: Actor) -> list[str]:
    """Ten codes for paper, each good once instead of the second factor; older ones are good no longer.

    Raises NotPermitted without a second factor.
    """
    staff_id = actor.own_staff_id()
    if not (await factors_of(conn, staff_id)).enrolled:
        raise NotPermitted
    codes = [_new_code() for _ in range(CODES)]
    await queries.delete_codes(conn, staff_id)
    await queries.insert_codes(conn, staff_id, [floor.keyring.index(code, RECOVERY) for code in codes])
    await audit.record(conn, actor, "identity.recovery_codes", subject=("staff", staff_id), reason="made anew")
    return [_written(code) for code in codes]


async def prove_code(conn: Connection, floor: Floor, actor: Actor, code: str, browser: str = "") -> Proof:
    """What a code shows: one of the app that was not used before, or a recovery code, which is used up by it.

    Raises WrongSecondFactor (keeps the count) and TooManyWrongOtps: wrong codes of strangers, who have the password,
    keep out nobody who comes with a known browser.
    """
    staff_id, given = actor.own_staff_id(), _plain(code)
    limits = await wrong_codes(conn, floor, actor, browser)
    if wait := await wait_for(conn, floor, limits):
        raise TooManyWrongOtps(retry_after=wait)
    if given.isascii() and given.isdigit() and len(given) == totp.DIGITS:
        if await _prove_app(conn, floor, staff_id, given):
            return Proof.CODE
    elif await queries.use_code(conn, staff_id, floor.keyring.index(given, RECOVERY), floor.clock.now()):
        await audit.record(conn, actor, "identity.recovery_codes", subject=("staff", staff_id), reason="one used")
        return Proof.RECOVERY
    await count_all(conn, floor, limits)
    raise WrongSecondFactor(field="code")


async def wrong_codes(conn: Connection, floor: Floor, actor: Actor, browser: str) -> list[Limit]:
    """How many wrong tries this person's second factor stands, from here."""
    row = await staff_queries.staff_of(conn, actor.own_staff_id())
    if row and browser and await is_known_browser(conn, floor, row.user_name, browser):
        return [Limit(f"factor-browser:{row.user_name}:{browser}", WRONG_FROM_ONE_PLACE, HOUR)]
    return [
        Limit(f"factor:{actor.actor_id}:{actor.address}", WRONG_FROM_ONE_PLACE, HOUR),
        Limit(f"factor-person:{actor.actor_id}", WRONG_FOR_ONE_PERSON, HOUR),
    ]


async def remove_app(conn: Connection, floor: Floor, actor: Actor) -> None:
    """Do without the authenticator app. Raises NotPermitted where it is the last factor of who needs one."""
    staff_id = actor.own_staff_id()
    known = await factors_of(conn, staff_id)
    if known.passkeys == 0 and must_prove(floor, actor.permissions):
        raise NotPermitted
    await queries.set_secret(conn, staff_id, None, totp.step_of(floor.clock.now()))
    await removed(conn, actor, Proof.CODE)


async def removed(conn: Connection, actor: Actor, what: Proof) -> None:
    """A factor is gone; recovery codes stand for none."""
    staff_id = actor.own_staff_id()
    await audit.record(conn, actor, "identity.remove_second_factor", subject=("staff", staff_id), reason=what.value)
    if not (await factors_of(conn, staff_id)).enrolled:
        await queries.delete_codes(conn, staff_id)


async def reset_second_factor(conn: Connection, floor: Floor, actor: Actor, staff_id: UUID, reason: str) -> str:
    """An officer takes somebody's second factors away, who then sets up another by the code that this gives.

    All sessions end. The code is empty for whom none is needed.
    Raises StaffNotFound, NotPermitted, also for oneself.
    """
    if actor.actor_id == str(staff_id):
        raise NotPermitted
    await in_reach(conn, actor, staff_id)
    now = floor.clock.now()
    await queries.set_secret(conn, staff_id, None, totp.step_of(now))
    await queries.delete_passkeys(conn, staff_id, None)
    await queries.delete_codes(conn, staff_id)
    await queries.end_sign_ins(conn, staff_id, now)
    await staff_session_queries.end_all(conn, staff_id, None, now)
    await audit.record(conn, actor, "identity.reset_second_factor", subject=("staff", staff_id), reason=reason)
    return await allow_enrolment(conn, floor, actor, staff_id)


async def _prove_app(conn: Connection, floor: Floor, staff_id: UUID, code: str) -> bool:
    row = await queries.factors_of(conn, staff_id)
    if row is None or row.secret_sealed is None:
        return False
    secret = floor.keyring.open(bytes(row.secret_sealed), SECRET)
    step = totp.step_shown(secret, code, floor.clock.now(), after=row.step)
    return step is not None and await queries.use_step(conn, staff_id, step)


def _new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_SIGNS))


def _written(code: str) -> str:
    return f"{code[:5]}-{code[5:]}"


def _plain(code: str) -> str:
    return code.replace(" ", "").replace("-", "").lower()


def _sealed(floor: Floor, actor: Actor, secret: str) -> str:
    text = f"{actor.actor_id} {secret} {int(floor.clock.now().timestamp())}"
    return floor.keyring.seal(text, ENROLMENT).hex()


def _opened(floor: Floor, actor: Actor, sealed: str) -> str:
    try:
        whose, secret, begun = floor.keyring.open(bytes.fromhex(sealed), ENROLMENT).split(" ")
    except (SealBroken, ValueError):
        raise EnrolmentOver from None
    late = floor.clock.now().timestamp() - int(begun) > ENROLMENT_MINUTES * 60
    if late or not hmac.compare_digest(whose.encode(), actor.actor_id.encode()):
        raise EnrolmentOver
    return secret
