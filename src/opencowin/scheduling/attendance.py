"""What becomes of appointments when people come: who is booked where, and doses given to them."""

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import Person
from opencowin.scheduling import queries, seats
from opencowin.scheduling.model import AppointmentState, LiveAppointment, SlotRow
from opencowin.scheduling.refusals import HasAppointment
from opencowin.vaccination import Dose, GivenDose, record_dose


async def vaccinate(conn: Connection, floor: Floor, actor: Actor, given: GivenDose) -> Dose:
    """Record a dose and fulfil the appointment that it was booked with; a live one elsewhere for that dose ends.

    The dose is judged by the rules of the day on which the appointment was booked. Raises what `record_dose` raises.
    """
    await seats.hold_person(conn, given.person, alone=True)
    live = next((one for one in await seats.live(conn, [given.person]) if one.dose_number == given.dose_number), None)
    kept = live if live is not None and _is_for(live, given) else None
    dose = await record_dose(conn, floor, actor, _linked(floor, given, kept) if kept else given)
    if live is None:
        return dose
    if kept is None or not await seats.fulfil(conn, live, floor.clock.now()):
        await _end(conn, floor, live)
    return dose


async def booked_here(conn: Connection, person: Person, centre_id: int | None, on: date) -> bool:
    """Whether the person has a live appointment on this day at this centre (None: anywhere)."""
    return any(one.held_on == on and centre_id in {None, one.centre_id} for one in await seats.live(conn, [person]))


@dataclass(frozen=True, slots=True)
class Seat:
    """Who has a seat in a session, for which dose, and whether it was given."""

    person: Person
    dose_number: int
    slot: str
    state: AppointmentState


async def expected_in(conn: Connection, district_id: int, session_id: UUID) -> list[Seat]:
    """Who is expected in a session or was there already, in the order of the day."""
    return [
        Seat(
            Person(row.account_id, row.beneficiary_id),
            row.dose_number,
            SlotRow(row.slot_number, row.starts_at, row.ends_at, {}).label,
            AppointmentState(row.state),
        )
        for row in await queries.expected_in(conn, district_id, session_id)
    ]


async def reopen(conn: Connection, floor: Floor, person: Person, district_id: int, session_id: UUID) -> bool:
    """The dose of an appointment was not given after all: it is live again, unless another was made since."""
    await seats.hold_person(conn, person, alone=True)
    return await queries.reopen(conn, district_id, session_id, person, floor.clock.now()) > 0


async def refuse_if_booked(conn: Connection, person: Person) -> None:
    """Raise HasAppointment while the person has one, and let no booking begin until this transaction ends."""
    await seats.hold_person(conn, person, alone=True)
    if await seats.live(conn, [person]):
        raise HasAppointment(field="beneficiary_reference_id")


def _is_for(live: LiveAppointment, given: GivenDose) -> bool:
    """Whether the dose is the one that the appointment was made for."""
    if given.session_id is not None:
        return given.session_id == live.session_id
    return live.held_on == given.given_on and given.centre_id == live.centre_id


def _linked(floor: Floor, given: GivenDose, live: LiveAppointment) -> GivenDose:
    """The dose with what its appointment knows: the session, and the day whose rules count."""
    booked_on = given.booked_on or floor.clock.local(live.booked_at).date()
    return replace(given, session_id=live.session_id, district_id=live.district_id, booked_on=booked_on)


async def _end(conn: Connection, floor: Floor, live: LiveAppointment) -> None:
    """Free the seat of an appointment for a dose that was given otherwise."""
    now, state = floor.clock.now(), AppointmentState.CANCELLED.value
    ended = await seats.release(conn, live.district_id, live.session_id, [live.claim_id], state=state, now=now)
    if ended:
        await seats.release_claims(conn, [live.account_id], [live.claim_id])
