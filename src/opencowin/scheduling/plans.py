"""What those who plan see: the sessions of their area by day, and one session with its seats and bookings."""

from dataclasses import dataclass
from datetime import date, time
from uuid import UUID

from opencowin.kit.actor import Actor, Place
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import Area, Centre, area_of
from opencowin.scheduling import plan_queries, planned_queries
from opencowin.scheduling.model import Session
from opencowin.scheduling.plan_queries import Seats
from opencowin.scheduling.planned_queries import Planned
from opencowin.scheduling.sessions import read_session, require_scope


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWish:
    """Which sessions are wanted: of these days, in this place, at centres with this text, in this state."""

    first: date
    last: date
    place: Place
    text: str = ""
    state: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """A slot with its seats and bookings by dose class."""

    slot_number: int
    starts_at: time
    ends_at: time
    seats: dict[int, int]
    booked: dict[int, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """One session as those who plan see it; `to_tell` people are booked and not vaccinated yet."""

    session: Session
    centre: Centre
    slots: list[PlannedSlot]
    to_tell: int
    given: int
    withdrawn_reason: str | None
    invitation: str | None


async def plans_in(conn: Connection, wish: PlanWish, *, start: int, rows: int) -> list[Planned]:
    """Some sessions of a place, by day and centre; that the place is the caller's own is the caller's to know."""
    area = await area_of(conn, wish.place)
    return await planned_queries.planned_in(
        conn,
        area.district_list,
        area.centre_id,
        first=wish.first,
        last=wish.last,
        text=wish.text.strip(),
        state=wish.state,
        start=start,
        rows=rows,
    )


async def plan_of(conn: Connection, actor: Actor, session_id: UUID) -> Plan:
    """One session with its seats and bookings. Raises NoSuchSession, NotPermitted."""
    session = await read_session(conn, session_id)
    centre = await require_scope(conn, actor, session)
    key = (session.district_id, session_id)
    (listed,) = [
        one
        for one in await planned_queries.planned(
            conn, session.district_id, centre.centre_id, session.held_on, session.held_on
        )
        if one.session_id == session_id
    ]
    seats = await plan_queries.seats_seen(conn, *key)
    return Plan(
        session=session,
        centre=centre,
        slots=[_slot(slot.slot_number, slot.starts_at, slot.ends_at, seats) for slot in session.slots],
        to_tell=len(await plan_queries.booked_in(conn, *key)),
        given=listed.given,
        withdrawn_reason=listed.withdrawn_reason,
        invitation=await plan_queries.invitation_of(conn, session_id),
    )


async def held_back(conn: Connection, floor: Floor, area: Area) -> int:
    """How many drafts of an area, from today on, should be published by now and could not be."""
    return await planned_queries.count_held_back(conn, area.district_list, area.centre_id, floor.clock.today())


def _slot(number: int, starts_at: time, ends_at: time, seats: list[Seats]) -> PlannedSlot:
    own = [one for one in seats if one.slot_number == number]
    return PlannedSlot(
        number,
        starts_at,
        ends_at,
        {one.dose_class: one.capacity for one in own},
        {one.dose_class: one.booked for one in own},
    )
