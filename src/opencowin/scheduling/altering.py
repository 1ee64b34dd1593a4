"""Changes a session that is planned or published: its hours, its seats, its doses; never below what is booked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from itertools import pairwise
from uuid import UUID

from opencowin.kit.actor import Actor
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.scheduling import plan_queries
from opencowin.scheduling.model import MOST_CLASS, RESERVED, Session
from opencowin.scheduling.news import MOVED, offer, tell
from opencowin.scheduling.plan_queries import Booked
from opencowin.scheduling.refusals import (
    AlreadyWithdrawn,
    BelowBooked,
    SessionIncomplete,
    SessionInPast,
    SessionIssued,
    SlotsDisordered,
)
from opencowin.scheduling.sessions import MOST_DOSES, read_session, require_scope, take_doses
from opencowin.stock import balances, give_back, in_session


@dataclass(frozen=True, slots=True)
class SlotChange:
    """What a slot is to be: its hours, and its seats by dose class; classes that are not named stay as they are."""

    starts_at: time
    ends_at: time
    seats: Mapping[int, int]


async def change_session(  # noqa: PLR0917 (said in one breath: these slots and so many doses)
    conn: Connection, floor: Floor, actor: Actor, session_id: UUID, slots: Mapping[int, SlotChange], doses: int
) -> int:
    """Change slots of a session by their numbers, and its doses; how many appointments have other hours now, and
    are told.

    Raises NoSuchSession, NotPermitted, AlreadyWithdrawn, SessionInPast, SessionIncomplete, SlotsDisordered,
    BelowBooked, SessionIssued, NotEnoughStock.
    """
    session = await read_session(conn, session_id)
    await require_scope(conn, actor, session)
    key = (session.district_id, session_id)
    there = await plan_queries.seats_of(conn, *key)
    state = await plan_queries.hold_state(conn, *key)
    if state == "withdrawn":
        raise AlreadyWithdrawn(field="session_id")
    if session.ends(floor.clock) <= floor.clock.now():
        raise SessionInPast(field="held_on")
    _check(session, slots, doses)
    for one in there:
        wanted = slots[one.slot_number].seats.get(one.dose_class) if one.slot_number in slots else None
        if wanted is not None and wanted < one.booked:
            raise BelowBooked(field="seats", booked=one.booked)
    seats = [(number, c, n) for number, slot in sorted(slots.items()) for c, n in sorted(slot.seats.items())]
    await plan_queries.set_seats(conn, *key, seats)
    await _change_doses(conn, floor, session, doses, published=state == "published")
    told = await _change_hours(conn, floor, session, slots)
    if state == "published":
        await offer(conn, [session_id])
    detail = {"doses": doses, "slots": len(slots), "told": len(told)}
    await record(
        conn, actor, "scheduling.change_session", subject=("session", session_id), reason="changed", detail=detail
    )
    return len(told)


def _check(session: Session, slots: Mapping[int, SlotChange], doses: int) -> None:
    known = {slot.slot_number: slot for slot in session.slots}
    every = [n for slot in slots.values() for n in slot.seats.values()]
    classes = {c for slot in slots.values() for c in slot.seats}
    if set(slots) - set(known) or not 0 <= doses <= MOST_DOSES or any(not 0 <= n <= MOST_DOSES for n in every):
        raise SessionIncomplete(field="slots", most=MOST_DOSES)
    if any(not 0 <= c <= MOST_CLASS and not RESERVED < c <= RESERVED + MOST_CLASS for c in classes):
        raise SessionIncomplete(field="slots", most=MOST_DOSES)
    hours = [
        (slots[n].starts_at, slots[n].ends_at) if n in slots else (known[n].starts_at, known[n].ends_at)
        for n in sorted(known)
    ]
    whole = all((t.second, t.microsecond) == (0, 0) for pair in hours for t in pair)
    if not whole or any(s >= e for s, e in hours) or any(one[1] > after[0] for one, after in pairwise(hours)):
        raise SlotsDisordered(field="slots")


async def _change_doses(conn: Connection, floor: Floor, session: Session, doses: int, *, published: bool) -> None:
    if doses == session.doses:
        return
    if published and await balances(conn, [in_session(session.session_id)]):
        raise SessionIssued(field="doses")
    if not await plan_queries.set_doses(conn, session.district_id, session.session_id, doses):
        raise BelowBooked(field="doses", booked=session.doses_booked)
    if published and doses > session.doses:
        await take_doses(conn, floor, session, doses - session.doses)
    elif published:
        await give_back(conn, session.district_id, session.session_id, used=doses)


async def _change_hours(
    conn: Connection, floor: Floor, session: Session, slots: Mapping[int, SlotChange]
) -> list[Booked]:
    known = {slot.slot_number: (slot.starts_at, slot.ends_at) for slot in session.slots}
    other = {
        n: (slot.starts_at, slot.ends_at) for n, slot in slots.items() if (slot.starts_at, slot.ends_at) != known[n]
    }
    if not other:
        return []
    await plan_queries.set_hours(conn, session.district_id, session.session_id, other)
    booked = await plan_queries.booked_in(conn, session.district_id, session.session_id)
    told = [one for one in booked if one.slot_number in other]
    await tell(conn, MOVED, ((one.account_id, one.booking_id, one.claim_id) for one in told), floor.clock.now())
    return told
