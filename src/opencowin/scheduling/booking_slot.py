"""The slot that a booking is about: found, and open for booking now."""

from datetime import timedelta
from uuid import UUID

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.scheduling.model import Session, SlotRow, begins
from opencowin.scheduling.refusals import AllottedByDraw, InvalidSlot, NotOpenYet, SlotBegun, TooFarAhead
from opencowin.scheduling.sessions import read_session, refuse_unless_published


async def open_slot(
    conn: Connection, floor: Floor, session_id: UUID, label: str, *, walk_in: bool = False, allotted: bool = False
) -> tuple[Session, SlotRow]:
    """The session and its slot, if it can be booked now; walk-ins until it ends, others until it begins.

    `allotted`: by the draw that alone gives its seats. Raises NoSuchSession, InvalidSlot, SessionWithdrawn, SlotBegun,
    TooFarAhead, AllottedByDraw, NotOpenYet.
    """
    session = await read_session(conn, session_id)
    return session, slot_open_now(floor, session, label, walk_in=walk_in, allotted=allotted)


def slot_open_now(
    floor: Floor, session: Session, label: str, *, walk_in: bool = False, allotted: bool = False
) -> SlotRow:
    """The slot of a session, if it can be booked now. Raises what `open_slot` raises."""
    slot = session.slot_called(label)
    if slot is None:
        raise InvalidSlot(field="slot")
    refuse_unless_published(session)
    if begins(floor.clock, session.held_on, slot.ends_at if walk_in else slot.starts_at) <= floor.clock.now():
        raise SlotBegun(field="slot")
    if allotted:
        return slot
    days = floor.settings.booking_days_ahead
    if session.held_on > floor.clock.today() + timedelta(days):
        raise TooFarAhead(field="session_id", days=days)
    if not walk_in and session.draw_id:
        raise AllottedByDraw(field="session_id")
    if not walk_in and (opens := session.opens(floor.clock.now())):
        raise NotOpenYet(field="session_id", opens=floor.clock.local(opens))
    return slot
