"""What becomes of appointments when people come: who is booked where, and doses given to them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.sharing import Disturbed, Told, only
from opencowin.registry import Person
from opencowin.scheduling import queries, seats
from opencowin.scheduling.holds import lock_seats
from opencowin.scheduling.model import AppointmentState, LiveAppointment, SlotRow
from opencowin.scheduling.refusals import HasAppointment
from opencowin.scheduling.seats import SeatKey
from opencowin.vaccination import Case, GivenDose, Recorded, Report, receive_reports, record_received


async def vaccinate(conn: Connection, floor: Floor, actor: Actor, given: GivenDose) -> Recorded:
    """Record a dose and fulfil the appointment that it was booked with; a live one elsewhere for that dose ends.

    The dose is judged by the rules of the day on which the appointment was booked. Raises what `record_dose` raises.
    """
    return only(await vaccinate_each(conn, floor, [Report(actor, given)], wait=True))


async def vaccinate_each(
    conn: Connection, floor: Floor, reports: Sequence[Report], *, wait: bool
) -> list[Told[Recorded]]:
    """Record doses of different people as `vaccinate` does; in their order, what each is answered.

    Unless one waits, those whom somebody else holds are left Alone; raises Disturbed where somebody else is at an
    appointment. Who waits does so for one report: several could wait in a ring.
    """
    told = await receive_reports(conn, floor, reports, wait=wait)
    cases = {at: one for at, one in enumerate(told) if isinstance(one, Case)}
    people = [case.given.person for case in cases.values()]
    found = await seats.live(conn, people) if people else []
    live = {(Person(one.account_id, one.beneficiary_id), one.dose_number): one for one in found}
    fulfilled, ended = list[LiveAppointment](), list[LiveAppointment]()
    for at, case in cases.items():
        if one := live.get((case.given.person, case.given.dose_number)):
            kept = _is_for(one, case.given)
            (fulfilled if kept else ended).append(one)
            cases[at] = replace(case, given=_linked(floor, case.given, one)) if kept else case
    recorded = await record_received(conn, floor, list(cases.values()))
    await _end(conn, floor, ended)
    await _fulfil(conn, floor, fulfilled, wait=wait)
    done = dict(zip(cases, recorded, strict=True))
    return [done[at] if isinstance(one, Case) else one for at, one in enumerate(told)]


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


async def _fulfil(conn: Connection, floor: Floor, live: Sequence[LiveAppointment], *, wait: bool) -> None:
    """The doses of these appointments were given. One that is not live any more stays as it is.

    Unless one waits, somebody else may be at one of them: raises Disturbed.
    """
    now = floor.clock.now()
    if wait:
        for one in live:
            await seats.fulfil(conn, one, now)
    elif live and await seats.fulfil_free(conn, live, now) != len(live):
        raise Disturbed


async def _end(conn: Connection, floor: Floor, live: Sequence[LiveAppointment]) -> None:
    """Free the seats of appointments for doses that were given otherwise."""
    now, state = floor.clock.now(), AppointmentState.CANCELLED.value
    if len(live) > 1:
        keys = [SeatKey(one.district_id, one.session_id, one.slot_number, one.dose_class) for one in live]
        await lock_seats(conn, keys)
    for one in live:
        ended = await seats.release(conn, one.district_id, one.session_id, [one.claim_id], state=state, now=now)
        if ended:
            await seats.release_claims(conn, [one.account_id], [one.claim_id])
