"""Offering: free seats of a session are kept for those who are next in line, and booked when they say so."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from opencowin import places, programme, registry, scheduling
from opencowin.kit.actor import Actor, ActorKind, Permission
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import Beneficiary
from opencowin.scheduling import SEATS_OFFERED, Booking, BookingWish, NoSuchSession, SeatsOffered, Session
from opencowin.waitlist import queries
from opencowin.waitlist.queries import Next, Offered, Seats
from opencowin.waitlist.refusals import NoSeatKept

AT_ONCE = 50
"""Seats of a session that are offered in one round; the rest in later ones."""
BATCHES = 10
"""How often as many people are looked at in one round: by the rules some of them may not have a seat there."""


async def offer_round(conn: Connection, floor: Floor, session_id: UUID, told_at: datetime) -> list[Offered]:
    """Keep the free seats of a session for those who are next; until when is counted from when they are told.

    Each seat for one household, taken by the hold itself; where a seat's slot begins before its time is over, it is
    left to whoever finds it.
    """
    if not await queries.anybody(conn):
        return []
    await queries.hold_session(conn, session_id)
    now = floor.clock.now()
    until = max(now, told_at) + timedelta(minutes=floor.settings.waitlist_minutes)
    session = await _bookable(conn, floor, session_id)
    free = _free(floor, session, until) if session else {}
    if session is None or not free:
        return []
    made = await _keep(conn, floor, session, free, until)
    if made:
        await queries.note_offers(conn, session.district_id, session_id, now, made)
    if len(made) == AT_ONCE:
        await SEATS_OFFERED.enqueue(conn, SeatsOffered([session_id]))
    return made


async def accept(conn: Connection, floor: Floor, actor: Actor, code: str = "") -> Booking:
    """Book the seat that is kept for the actor's household. Raises NotPermitted, NoSeatKept, what `book` raises."""
    actor.require(Permission.BOOK_FOR_OWN_MEMBERS)
    account, now = actor.own_account(), floor.clock.now()
    kept = [one for one in await queries.kept_for(conn, account) if one.until > now and code.upper() in {"", one.code}]
    if not kept:
        raise NoSeatKept
    seat = kept[0]
    session = await scheduling.read_session(conn, seat.session_id)
    label = next(slot.label for slot in session.slots if slot.slot_number == seat.slot_number)
    household = await registry.members(conn, floor, actor)
    member = next((one for one in household if one.person.beneficiary_id == seat.beneficiary_id), None)
    if member is None:
        raise NoSeatKept
    wish = BookingWish(
        seat.dose, seat.session_id, label, (member.reference_id,), key=f"waiting-{seat.waiting_id}-{seat.session_id}"
    )
    booking = await scheduling.book(conn, floor, actor, wish)
    await queries.delete(conn, account, seat.waiting_id)
    return booking


async def _keep(
    conn: Connection, floor: Floor, session: Session, free: dict[int, list[int]], until: datetime
) -> list[Offered]:
    """Hold these seats for those who are next, passing over whom the rules refuse here; who holds which."""
    made, passed, seats = list[Offered](), list[int](), await _seats(conn, session, free)
    for _ in range(BATCHES):
        line = await queries.next_in_line(conn, seats, floor.clock.now(), passed, AT_ONCE)
        for one in line:
            passed.append(one.waiting_id)
            slots = free[one.dose]
            if not slots or len(made) == AT_ONCE or not await _may(conn, floor, session, one):
                continue
            if await scheduling.keep_for(conn, one.account_id, session, slots[0], one.dose, until):
                made.append(Offered(one.waiting_id, one.account_id, one.code, one.dose, slots.pop(0), until))
        if len(line) < AT_ONCE or len(made) == AT_ONCE or not any(free.values()):
            break
    return made


async def _bookable(conn: Connection, floor: Floor, session_id: UUID) -> Session | None:
    try:
        session = await scheduling.read_session(conn, session_id)
    except NoSuchSession:
        return None
    last = floor.clock.today() + timedelta(days=floor.settings.booking_days_ahead)
    now = floor.clock.now()
    open_now = session.state == "published" and not (session.closed or session.draw_id or session.opens(now))
    return session if open_now and session.held_on <= last else None


def _free(floor: Floor, session: Session, until: datetime) -> dict[int, list[int]]:
    """Slot numbers by dose, one for each seat that is free and begins late enough; no reserved ones, no walk-ins."""
    left = session.doses - session.doses_booked
    found: dict[int, list[int]] = {}
    for slot in session.slots:
        if scheduling.begins(floor.clock, session.held_on, slot.starts_at) <= until:
            continue
        for dose, free in slot.free.items():
            if scheduling.WALK_IN < dose < scheduling.RESERVED:
                found.setdefault(dose, []).extend([slot.slot_number] * min(free, left))
    return {dose: slots for dose, slots in found.items() if slots}


async def _seats(conn: Connection, session: Session, free: Mapping[int, list[int]]) -> Seats:
    centre = await places.read_centre(conn, session.centre_id)
    return Seats(
        session_id=session.session_id,
        district_id=session.district_id,
        pin_code=centre.pin_code,
        latitude=centre.latitude,
        longitude=centre.longitude,
        min_age=session.min_age,
        max_age=session.max_age,
        year=session.held_on.year,
        doses=sorted(free),
    )


async def _may(conn: Connection, floor: Floor, session: Session, one: Next) -> bool:
    """Whether by today's rules the person may have the dose there."""
    member = await _member(conn, floor, one)
    if member is None:
        return False
    rules = await programme.current_programme(conn)
    today = floor.clock.today()
    try:
        await scheduling.check_eligible(conn, [member], session, one.dose, today, rules)
    except programme.NotEligible:
        return False
    return True


async def _member(conn: Connection, floor: Floor, one: Next) -> Beneficiary | None:
    """The person, read for its own household's sake."""
    actor = Actor(ActorKind.SYSTEM, "waitlist", account_id=one.account_id)
    household = await registry.members(conn, floor, actor)
    return next((who for who in household if who.person.beneficiary_id == one.beneficiary_id), None)
