"""Sign-in by national ID: the account of a person whom a provider vouches for, found by keyed hash."""

from uuid import UUID, uuid4

from opencowin.identity import queries
from opencowin.identity.accounts import MOBILE, find_or_make, known_language
from opencowin.identity.providers import Provider
from opencowin.identity.refusals import TooManySignIns
from opencowin.kit import audit
from opencowin.kit.actor import CITIZEN_PERMISSIONS, Actor, ActorKind
from opencowin.kit.country import InvalidMobile
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.throttle import HOUR, Limit, count_all, wait_for

SUBJECT = "national_id"
"""Purpose of the keyed hash of a provider's name for a person."""


async def count_sign_in(conn: Connection, floor: Floor, address: str) -> None:
    """Count a sign-in by national ID that is about to be tried from an address. Raises TooManySignIns."""
    limits = (Limit(f"sign-in-address:{address}", floor.settings.sign_ins_per_address_per_hour, HOUR),)
    if wait := await wait_for(conn, floor, limits):
        raise TooManySignIns(retry_after=wait)
    await count_all(conn, floor, limits)


async def sign_in_by_national_id(
    conn: Connection,
    floor: Floor,
    provider: Provider,
    subject: str,
    *,
    mobile: str | None,
    language: str,
    address: str,
) -> Actor:
    """Who signs in when the provider vouches for this subject; the account is made at the first time.

    A number that the person proved to the provider leads to the number's account the first time, and is kept with an
    account that has none. Without a number the account has none. Written to the audit trail.
    """
    subject_hash, now = floor.keyring.index(f"{provider.issuer}\x00{subject}", SUBJECT), floor.clock.now()
    await queries.hold_number(conn, subject_hash)
    number = _number(floor, mobile)
    account_id = await queries.account_of_subject(conn, subject_hash)
    is_new = account_id is None
    if account_id is None:
        account_id = await _first_account(conn, floor, number, language)
        await queries.insert_subject(conn, subject_hash, account_id, provider.id, now)
    else:
        if number is not None:
            await _keep_number(conn, floor, account_id, number)
        await queries.note_subject(conn, subject_hash, now)
    await queries.note_sign_in(conn, account_id, now)
    actor = Actor(ActorKind.CITIZEN, str(account_id), CITIZEN_PERMISSIONS, account_id=account_id, address=address)
    detail = {"provider": provider.id, "first_time": is_new}
    await audit.record(
        conn, actor, "identity.sign_in", subject=("account", account_id), reason="national ID", detail=detail
    )
    return actor


def _number(floor: Floor, mobile: str | None) -> str | None:
    """The number in its one form; None for one that is no mobile number of this country."""
    try:
        return None if mobile is None else floor.country.normalise_mobile(mobile)
    except InvalidMobile:
        return None


async def _first_account(conn: Connection, floor: Floor, number: str | None, language: str) -> UUID:
    if number is not None:
        account_id, _ = await find_or_make(conn, floor, number, language)
        return account_id
    fresh, now = uuid4(), floor.clock.now()
    code = known_language(floor, language)
    await queries.insert_account(conn, fresh, mobile_sealed=None, language=code, at=now)
    return fresh


async def _keep_number(conn: Connection, floor: Floor, account_id: UUID, number: str) -> None:
    """Give an account without a number this one, unless it leads to another account."""
    if await queries.mobile_of_account(conn, account_id) or not await queries.reserve_mobile(
        conn, floor.keyring.index(number, MOBILE), account_id
    ):
        return
    await queries.set_mobile(conn, account_id, floor.keyring.seal(number, MOBILE))
