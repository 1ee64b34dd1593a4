"""Assisted booking: an operator acts for the household that is on the line, once its consent is proved, for a while.

The caller reads out a code that was sent to the caller's own phone; at a service centre, who has no phone shows an
identity document instead. Nothing is told of a number or a document before that, and nothing of another household ever.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from opencowin import registry
from opencowin.identity import assisting_queries as queries
from opencowin.identity.accounts import open_account_without_mobile
from opencowin.identity.assisting_queries import CallRow
from opencowin.identity.model import OtpPurpose
from opencowin.identity.one_time import confirm_otp, request_otp
from opencowin.identity.refusals import CallOver, NoSuchCall, TooMuchAssistance
from opencowin.identity.staff_queries import staff_of
from opencowin.kit import audit
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Job
from opencowin.kit.throttle import HOUR, Limit, count_all, wait_for

FOR_THE_HOUSEHOLD = frozenset(
    {Permission.SEARCH_SESSIONS, Permission.MANAGE_OWN_MEMBERS, Permission.BOOK_FOR_OWN_MEMBERS}
)
SHOWN_DIGITS = 4
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class AssistedCall:
    """A call under way; `ends_at` is None until the consent is proved."""

    call_id: UUID
    operator: str
    ending: str
    begun_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Assisted:
    """An operator did something for a household, which is told so."""

    account_id: UUID
    call_id: UUID
    operator: str
    done: str
    happened_at: datetime


ASSISTED = Job("identity.assisted", Assisted)


async def begin_call(conn: Connection, floor: Floor, actor: Actor, mobile: str, *, language: str) -> UUID:
    """Have a code sent to the caller's number; the call to confirm. Calls of the operator that were open are over.

    Does the same for every number. Raises NotPermitted, TooMuchAssistance, InvalidMobile, OtpWait, TooManyOtps.
    """
    operator = await _operator(conn, actor, Permission.ASSIST_CALLERS)
    await _count(conn, floor, actor, "calls", floor.settings.assisted_calls_per_hour)
    number = floor.country.normalise_mobile(mobile)
    txn_id = await request_otp(
        conn, floor, number, address=actor.address, purpose=OtpPurpose.ASSISTANCE, language=language
    )
    row = CallRow(
        call_id=uuid4(),
        staff_id=UUID(actor.actor_id),
        operator=operator,
        proof="spoken_code",
        txn_id=txn_id,
        ending=number[-SHOWN_DIGITS:],
        account_id=None,
        begun_at=floor.clock.now(),
        confirmed_at=None,
        ends_at=None,
    )
    await _begin(conn, floor, actor, row)
    return row.call_id


async def confirm_call(conn: Connection, floor: Floor, actor: Actor, call_id: UUID, code_hash: str) -> AssistedCall:
    """The caller read the code out (the hexadecimal SHA-256 of its digits): the household is open for a while.

    Raises NotPermitted, NoSuchCall, CallOver, InvalidOtp (keeps the count), TooManyWrongOtps.
    """
    row = await _own(conn, actor, call_id)
    if row.txn_id is None or row.ends_at is not None:
        raise CallOver
    confirmed = await confirm_otp(
        conn, floor, code_hash, row.txn_id, address=actor.address, purpose=OtpPurpose.ASSISTANCE
    )
    return await _open(conn, floor, actor, call_id, confirmed.account_id, "spoken code")


async def begin_visit(
    conn: Connection, floor: Floor, actor: Actor, shown: registry.Registration, *, language: str
) -> AssistedCall:
    """Who is here without a phone shows an identity document: its household is open for a while, or a new one.

    A document that does not fit its registered name and year of birth opens a new household, as an unknown one does.
    Raises NotPermitted, TooMuchAssistance, and what a registration's checks raise.
    """
    operator = await _operator(conn, actor, Permission.ASSIST_IN_PERSON)
    await _count(conn, floor, actor, "calls", floor.settings.assisted_calls_per_hour)
    holder = await registry.who_shows(conn, floor, shown)
    account_id = holder.account_id if holder else uuid4()
    if holder is None:
        await open_account_without_mobile(conn, floor, account_id, language)
    row = CallRow(
        call_id=uuid4(),
        staff_id=UUID(actor.actor_id),
        operator=operator,
        proof="document",
        txn_id=None,
        ending="",
        account_id=None,
        begun_at=floor.clock.now(),
        confirmed_at=None,
        ends_at=None,
    )
    await _begin(conn, floor, actor, row)
    return await _open(conn, floor, actor, row.call_id, account_id, "document shown")


async def on_behalf(conn: Connection, floor: Floor, actor: Actor, call_id: UUID) -> tuple[Actor, AssistedCall]:
    """Who acts in this call: the operator, for this household and no other. Raises NoSuchCall, CallOver."""
    row = await _own(conn, actor, call_id)
    if row.account_id is None or row.ends_at is None or floor.clock.now() >= row.ends_at:
        raise CallOver
    operator = Actor(
        ActorKind.OPERATOR,
        actor.actor_id,
        FOR_THE_HOUSEHOLD,
        account_id=row.account_id,
        address=actor.address,
    )
    return operator, _call(row)


async def read_call(conn: Connection, actor: Actor, call_id: UUID) -> AssistedCall:
    """One's own call, whatever its state. Raises NotPermitted, NoSuchCall."""
    return _call(await _own(conn, actor, call_id))


async def count_assisted_booking(conn: Connection, floor: Floor, actor: Actor) -> None:
    """Count a booking, moved or cancelled ones too, of an operator in this hour. Raises TooMuchAssistance."""
    await _count(conn, floor, actor, "bookings", floor.settings.assisted_bookings_per_hour)


async def tell_assisted(conn: Connection, floor: Floor, operator: Actor, call: AssistedCall, done: str) -> None:
    """Let the household be told who did something for it."""
    news = Assisted(operator.own_account(), call.call_id, call.operator, done, floor.clock.now())
    await ASSISTED.enqueue(conn, news)
    subject, detail = ("account", operator.own_account()), {"call": str(call.call_id)}
    await audit.record(conn, operator, "identity.assisted", subject=subject, reason=done, detail=detail)


async def end_call(conn: Connection, floor: Floor, actor: Actor, call_id: UUID) -> None:
    """The call is over: nothing more can be done in it. Raises NoSuchCall."""
    row = await _own(conn, actor, call_id)
    await queries.end(conn, row.call_id, floor.clock.now())
    await audit.record(conn, actor, "identity.end_call", subject=("call", call_id), reason=row.proof)


async def calls_for(conn: Connection, actor: Actor) -> list[AssistedCall]:
    """When operators acted for one's own household, the latest first. Raises NotPermitted."""
    rows = await queries.calls_of_account(conn, actor.own_account(), MOST_SHOWN)
    return [_call(row) for row in rows]


async def _operator(conn: Connection, actor: Actor, permission: Permission) -> str:
    """The operator's user name."""
    actor.require(permission)
    row = await staff_of(conn, actor.own_staff_id())
    if row is None:
        raise NotPermitted
    return row.user_name


async def _own(conn: Connection, actor: Actor, call_id: UUID) -> CallRow:
    actor.require(Permission.ASSIST_CALLERS)
    row = await queries.hold_call(conn, call_id)
    if row is None or str(row.staff_id) != actor.actor_id:
        raise NoSuchCall
    return row


async def _begin(conn: Connection, floor: Floor, actor: Actor, row: CallRow) -> None:
    await queries.end_calls_of(conn, row.staff_id, floor.clock.now())
    await queries.insert_call(conn, row)
    await audit.record(conn, actor, "identity.begin_call", subject=("call", row.call_id), reason=row.proof)


async def _open(  # noqa: PLR0917 (said in one breath)
    conn: Connection, floor: Floor, actor: Actor, call_id: UUID, account_id: UUID, reason: str
) -> AssistedCall:
    now = floor.clock.now()
    ends_at = now + timedelta(minutes=floor.settings.assisted_call_minutes)
    await queries.open_call(conn, call_id, account_id, now, ends_at)
    detail = {"account": str(account_id)}
    await audit.record(conn, actor, "identity.confirm_call", subject=("call", call_id), reason=reason, detail=detail)
    return _call(await _own(conn, actor, call_id))


async def _count(conn: Connection, floor: Floor, actor: Actor, what: str, most: int) -> None:
    limits = [Limit(f"assisted-{what}:{actor.actor_id}", most, HOUR)]
    if wait := await wait_for(conn, floor, limits):
        raise TooMuchAssistance(retry_after=wait)
    await count_all(conn, floor, limits)


def _call(row: CallRow) -> AssistedCall:
    return AssistedCall(row.call_id, row.operator, row.ending, row.begun_at, row.ends_at)
