"""Gives a beneficiary of the demo the dose that is due, through the verbs that a vaccinator uses."""

from dataclasses import dataclass
from datetime import date
from uuid import uuid4

from opencowin import places, registry, scheduling, stock, vaccination
from opencowin.kit.actor import system
from opencowin.kit.db import Connection
from opencowin.kit.errors import Conflict, NotFound
from opencowin.kit.floor import Floor
from opencowin.places import Centre
from opencowin.registry import Person
from opencowin.scheduling import AppointmentView
from opencowin.vaccination import Dose, GivenDose

VACCINATOR = "Demo Vaccinator"


class NothingDue(Conflict):
    """No dose is due to this beneficiary by the rules of the programme."""

    code = "DEMO0003"


class NotDueYet(Conflict):
    """Dose {dose} is due from {from_date} on, not before; `--on` records a dose of an earlier day."""

    code = "DEMO0004"


class NoStock(NotFound):
    """No centre of the demo has a batch of {vaccine}."""

    code = "DEMO0005"


@dataclass(frozen=True, slots=True)
class Jab:
    """What was done: the dose, and where."""

    dose: Dose
    centre: Centre


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a dose comes from."""

    centre: Centre
    vaccine_id: str
    batch_number: str


async def give_due_dose(conn: Connection, floor: Floor, reference_id: int, on: date | None = None) -> Jab:
    """Give the dose that is due, today or `on` an earlier day: at the appointment's centre, else where there is stock.

    Raises NoSuchBeneficiary, NothingDue, NotDueYet, NoStock.
    """
    actor = system("demo.vaccinate")
    person = await registry.find_person(conn, reference_id)
    beneficiary = await registry.read_person(conn, floor, actor, person, reason="demo.vaccinate")
    due = await vaccination.due(conn, floor, beneficiary)
    if due is None:
        raise NothingDue
    today = floor.clock.today()
    if on is None and due.from_date > today:
        raise NotDueYet(dose=due.dose, from_date=due.from_date)
    appointment = await _appointment(conn, person)
    source = await _booked_source(conn, appointment) if appointment else None
    source = source or await _any_source(conn, due.vaccines)
    given = GivenDose(
        person=person,
        dose_id=uuid4(),
        dose_number=due.dose,
        vaccine_id=source.vaccine_id,
        batch_number=source.batch_number,
        given_on=on or today,
        vaccinator_name=VACCINATOR,
        district_id=source.centre.district_id,
        centre_id=source.centre.centre_id,
        session_id=appointment.session_id if appointment and appointment.dose_number == due.dose else None,
    )
    return Jab((await scheduling.vaccinate(conn, floor, actor, given)).dose, source.centre)


async def _appointment(conn: Connection, person: Person) -> AppointmentView | None:
    live = await scheduling.appointments_of(conn, person.account_id)
    return next((one for one in live if one.beneficiary_id == person.beneficiary_id), None)


async def _booked_source(conn: Connection, appointment: AppointmentView) -> _Source | None:
    """The batch that the appointment's session was allotted, or another of its centre."""
    centre = appointment.centre
    allotted = await stock.allotted_to(conn, centre.district_id, appointment.session_id)
    if allotted:
        return _Source(centre, appointment.vaccine_id, allotted[0].batch_number)
    return await _source_at(conn, centre, appointment.vaccine_id)


async def _any_source(conn: Connection, vaccines: tuple[str, ...]) -> _Source:
    """The first batch found of the first of these vaccines that any centre has."""
    for vaccine_id in vaccines:
        for state in await places.all_states(conn):
            for district in await places.districts_of(conn, state.state_id):
                for centre in await places.centres_of_district(conn, district.district_id):
                    source = await _source_at(conn, centre, vaccine_id)
                    if source is not None:
                        return source
    raise NoStock(vaccine=", ".join(vaccines))


async def _source_at(conn: Connection, centre: Centre, vaccine_id: str) -> _Source | None:
    batches = await stock.batches_at(conn, centre.district_id, centre.centre_id, vaccine_id)
    return _Source(centre, vaccine_id, batches[0].batch_number) if batches else None
