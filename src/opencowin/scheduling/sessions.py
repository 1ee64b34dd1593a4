"""Publishes sessions, withdraws them, and finds those that can be booked."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import LiteralString
from uuid import UUID

from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.audit import record
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.measures import Counted, count
from opencowin.places import (
    Centre,
    centres_of_district,
    centres_of_pin,
    centres_with_ids,
    find_centre,
    in_scope,
    place_names,
    read_centre,
)
from opencowin.programme import Programme, current_programme
from opencowin.scheduling import queries, seats
from opencowin.scheduling.calendar import read_planning_rules
from opencowin.scheduling.invitations import new_invitation
from opencowin.scheduling.model import (
    MOST_CLASS,
    RESERVED,
    CentreSessions,
    NewSession,
    NewSlot,
    Round,
    Session,
    Wish,
    begins,
    view,
)
from opencowin.scheduling.news import WITHDRAWN, offer, tell
from opencowin.scheduling.refusals import (
    AgesReversed,
    AlreadyWithdrawn,
    CentreClosed,
    FeeAboveCap,
    FeeInvalid,
    NoSuchSession,
    OpensTooLate,
    ReasonMissing,
    SessionIncomplete,
    SessionInPast,
    SessionWithdrawn,
    SlotsDisordered,
    UnknownGroup,
)
from opencowin.scheduling.session_ids import new_session_id
from opencowin.stock import allot, batches_at, take_back

BOARD: LiteralString = "opencowin_board"
"""Where the database announces the districts, by number, of which something that is told has changed ('*': any)."""
MOST_DOSES = 100_000
OLDEST = 150
LONGEST_REASON = 300


async def publish_session(conn: Connection, floor: Floor, actor: Actor, new: NewSession) -> UUID:
    """Publish a session, with its doses taken from the centre's stock unless `allot` is false; its id.

    Raises NotPermitted (also outside the actor's scope), UnknownCentre, CentreClosed, SessionIncomplete, AgesReversed,
    SlotsDisordered, SessionInPast, FeeInvalid, NotEnoughStock.
    """
    session_id, _ = await enter_session(conn, floor, actor, new)
    session = await read_session(conn, session_id)
    if new.allot:
        await take_doses(conn, floor, session, new.doses)
    detail = {"vaccine": new.vaccine_id, "held_on": str(new.held_on), "doses": new.doses}
    subject = ("session", session_id)
    await record(conn, actor, "scheduling.publish_session", subject=subject, reason="published", detail=detail)
    await count_session(conn, floor, await read_centre(conn, new.centre_id), new.held_on, 1)
    await offer(conn, [session_id])
    return session_id


async def enter_session(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    new: NewSession,
    *,
    key: UUID | None = None,
    publish_at: datetime | None = None,
    draft: bool = False,
) -> tuple[UUID, bool]:
    """Enter a session with its slots, without doses: its id, and whether it is new. Raises what `publish_session` does.

    What was entered under the same key before is the same session, whatever its day is now.
    """
    actor.require(Permission.PUBLISH_SESSIONS)
    centre = await read_centre(conn, new.centre_id)
    await _require_scope(conn, actor, centre)
    programme = await current_programme(conn)
    check_session(floor.clock, new, centre, programme)
    check_price(floor, new)
    session_id = new_session_id(new.held_on)
    entered = await queries.insert_session(
        conn,
        new,
        session_id=session_id,
        key=key,
        district_id=centre.district_id,
        programme_id=programme.programme_id,
        at=None if draft else floor.clock.now(),
        publish_at=publish_at,
        invitation=new_invitation() if new.closed else None,
    )
    if not entered:
        return await queries.entered_as(conn, key), False
    await queries.insert_slots(conn, centre.district_id, session_id, new.slots)
    return session_id, True


async def take_doses(conn: Connection, floor: Floor, session: Session, doses: int) -> None:
    """Doses of the centre's stock for a session, or with the setting `warn` as many as there are.

    Raises NotEnoughStock.
    """
    enforced = floor.settings.capacity_beyond_stock == "refuse"
    wanted = doses if enforced else min(doses, await _free(conn, session))
    if wanted:
        await allot(
            conn,
            session.district_id,
            session.centre_id,
            vaccine_id=session.vaccine_id,
            session_id=session.session_id,
            doses=wanted,
            on=session.held_on,
        )


async def _free(conn: Connection, session: Session) -> int:
    there = await batches_at(conn, session.district_id, session.centre_id, session.vaccine_id)
    return sum(batch.free for batch in there if batch.expires_on >= session.held_on)


async def withdraw_session(conn: Connection, floor: Floor, actor: Actor, session_id: UUID, reason: str) -> int:
    """Withdraw a session: its live appointments end, those who booked are told why, doses not given are free again.

    Returns how many appointments ended. Raises NoSuchSession, NotPermitted, ReasonMissing, AlreadyWithdrawn.
    """
    actor.require(Permission.PUBLISH_SESSIONS)
    session = await read_session(conn, session_id)
    centre = await read_centre(conn, session.centre_id)
    await _require_scope(conn, actor, centre)
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise ReasonMissing(field="reason")
    if session.state != "published":
        raise AlreadyWithdrawn(field="session_id")
    now, key = floor.clock.now(), (session.district_id, session.session_id)
    if not await queries.withdraw(conn, *key, reason.strip(), now):
        raise AlreadyWithdrawn(field="session_id")
    ended = await queries.ended_by_withdrawal(conn, *key)
    await seats.release_claims(conn, [one.account_id for one in ended], [one.claim_id for one in ended])
    given, here = await seats.doses_given(conn, *key), {"district_id": key[0], "centre_id": centre.centre_id}
    await take_back(conn, floor, actor, session_id, given=given, **here)
    await tell(conn, WITHDRAWN, ((one.account_id, one.booking_id, one.claim_id) for one in ended), now)
    detail, subject = {"ended": len(ended)}, ("session", session_id)
    await record(conn, actor, "scheduling.withdraw_session", subject=subject, reason=reason.strip(), detail=detail)
    await count_session(conn, floor, centre, session.held_on, -1)
    return len(ended)


async def find_sessions(conn: Connection, floor: Floor, wish: Wish) -> list[CentreSessions]:
    """The published sessions from a day on, by centre, with what can be booked of them at this moment.

    With `only_free` those that nobody can book now are left out. Nothing for a place that does not exist.
    """
    today = floor.clock.today()
    horizon = today + timedelta(floor.settings.booking_days_ahead)
    first = max(wish.from_date, today)
    last = min(min(wish.from_date, horizon) + timedelta(days=wish.days - 1), horizon)
    centres = {centre.centre_id: centre for centre in await _centres(conn, wish)} if first <= last else {}
    if not centres:
        return []
    districts = sorted({centre.district_id for centre in centres.values()})
    vaccine = wish.vaccine_id
    found = await queries.sessions(
        conn, districts, sorted(centres), first=first, last=last, vaccine_id=vaccine, closed=wish.closed
    )
    names = await place_names(conn, districts)
    views: dict[int, CentreSessions] = {}
    for session in found:
        seen = view(session, floor.clock)
        if wish.only_free and seen.free_total == 0:
            continue
        centre = centres[session.centre_id]
        views.setdefault(centre.centre_id, CentreSessions(centre, names[centre.district_id], [])).sessions.append(seen)
    return [views[centre_id] for centre_id in sorted(views)]


async def districts_with_sessions(conn: Connection, floor: Floor) -> list[int]:
    """The districts in which somebody could book from today on as far as one may book ahead."""
    today = floor.clock.today()
    return await queries.districts_with_sessions(conn, today, today + timedelta(days=floor.settings.booking_days_ahead))


async def depends_on(conn: Connection, wish: Wish) -> frozenset[int]:
    """The districts whose changes may change what is found."""
    if wish.district_id is not None:
        return frozenset({wish.district_id})
    return frozenset(centre.district_id for centre in await _centres(conn, wish))


def good_for(floor: Floor, found: Sequence[CentreSessions]) -> float:
    """Seconds until time alone changes what was found: a slot begins, booking opens, or it is another day."""
    now, today = floor.clock.now(), floor.clock.today()
    starts = {slot.starts_at for one in found for view in one.sessions if view.held_on == today for slot in view.slots}
    coming = [begins(floor.clock, today, start) for start in starts]
    coming += [view.bookable_from for one in found for view in one.sessions if view.bookable_from]
    midnight = begins(floor.clock, today + timedelta(days=1), time())
    return (min([midnight, *(start for start in coming if start > now)]) - now).total_seconds()


async def offered_session(conn: Connection, floor: Floor, session_id: UUID) -> CentreSessions:
    """One published session with its centre and what can be booked of it. Raises NoSuchSession, SessionWithdrawn."""
    session = await read_session(conn, session_id)
    refuse_unless_published(session)
    centre = await read_centre(conn, session.centre_id)
    names = await place_names(conn, [session.district_id])
    return CentreSessions(centre, names[session.district_id], [view(session, floor.clock)])


async def read_session(conn: Connection, session_id: UUID) -> Session:
    """One session, published or withdrawn. Raises NoSuchSession."""
    session = await queries.session(conn, session_id)
    if session is None:
        raise NoSuchSession(field="session_id")
    return session


def refuse_unless_published(session: Session) -> None:
    """Raise NoSuchSession for a draft, which nobody knows of yet, and SessionWithdrawn for a withdrawn one."""
    if session.state == "draft":
        raise NoSuchSession(field="session_id")
    if session.state != "published":
        raise SessionWithdrawn(field="session_id")


async def require_scope(conn: Connection, actor: Actor, session: Session) -> Centre:
    """The centre of a session whose planning is the actor's. Raises NotPermitted."""
    actor.require(Permission.PUBLISH_SESSIONS)
    centre = await read_centre(conn, session.centre_id)
    await _require_scope(conn, actor, centre)
    return centre


async def _centres(conn: Connection, wish: Wish) -> list[Centre]:
    if wish.centre_id is not None:
        centre = await find_centre(conn, wish.centre_id)
        return [centre] if centre and centre.closed_at is None else []
    if wish.centre_ids:
        found = await centres_with_ids(conn, wish.centre_ids)
        return [centre for centre in found.values() if centre.closed_at is None]
    if wish.pin_code is not None:
        return await centres_of_pin(conn, wish.pin_code)
    return await centres_of_district(conn, wish.district_id) if wish.district_id is not None else []


async def _require_scope(conn: Connection, actor: Actor, centre: Centre) -> None:
    if not await in_scope(conn, actor, district_id=centre.district_id, centre_id=centre.centre_id):
        raise NotPermitted


def check_session(clock: Clock, new: NewSession, centre: Centre, programme: Programme) -> None:
    """Whether this session could be published at this centre, stock and scope aside.

    Raises CentreClosed, SessionIncomplete, AgesReversed, SlotsDisordered, SessionInPast, OpensTooLate, FeeInvalid.
    """
    if centre.closed_at is not None:
        raise CentreClosed(field="centre_id")
    if new.reserved_for is not None and new.reserved_for not in programme.groups:
        raise UnknownGroup(field="reserved_for")
    if new.round not in set(Round):
        raise SessionIncomplete(field="round", most=MOST_DOSES)
    if new.vaccine_id not in programme.vaccines or not 0 <= new.doses <= MOST_DOSES:
        raise SessionIncomplete(field="doses", most=MOST_DOSES)
    if not any(seats > 0 for slot in new.slots for seats in slot.seats.values()):
        raise SessionIncomplete(field="slots", most=MOST_DOSES)
    if any(not _is_class(new, c) or not 0 <= n <= MOST_DOSES for slot in new.slots for c, n in slot.seats.items()):
        raise SessionIncomplete(field="slots", most=MOST_DOSES)
    if not 0 <= new.min_age <= OLDEST or (new.max_age is not None and not new.min_age <= new.max_age <= OLDEST):
        raise AgesReversed(field="min_age")
    if not _in_order(new.slots):
        raise SlotsDisordered(field="slots")
    if begins(clock, new.held_on, new.slots[-1].ends_at) <= clock.now():
        raise SessionInPast(field="held_on")
    if new.bookable_from and new.bookable_from >= begins(clock, new.held_on, new.slots[-1].ends_at):
        raise OpensTooLate(field="bookable_from")
    if new.fee < 0 or new.fee != round(new.fee, 2) or (new.fee > 0 and not centre.is_paid):
        raise FeeInvalid(field="fee")


def _is_class(new: NewSession, dose_class: int) -> bool:
    """Whether there can be seats of this class: reserved ones need a group that they are for."""
    return 0 <= dose_class <= MOST_CLASS or (bool(new.reserved_for) and RESERVED < dose_class <= RESERVED + MOST_CLASS)


def check_price(floor: Floor, new: NewSession) -> None:
    """Raise FeeAboveCap where a dose would cost more than is laid down."""
    most = read_planning_rules(floor.pack).most(new.vaccine_id, new.held_on)
    if most is not None and new.fee > most:
        raise FeeAboveCap(field="fee", most=most)


def _in_order(slots: tuple[NewSlot, ...]) -> bool:
    whole = all((t.second, t.microsecond) == (0, 0) for slot in slots for t in (slot.starts_at, slot.ends_at))
    forwards = all(slot.starts_at < slot.ends_at for slot in slots)
    return whole and forwards and all(one.ends_at <= after.starts_at for one, after in pairwise(slots))


async def count_session(conn: Connection, floor: Floor, centre: Centre, held_on: date, amount: int) -> None:
    """Count a session that was published, or withdrawn."""
    keys = {"operator": centre.operator.value, "centre": centre.centre_id}
    counted = Counted(floor.clock.now(), keys, district_id=centre.district_id, amount=amount, on_date=held_on)
    await count(conn, floor.clock, "session", counted)
