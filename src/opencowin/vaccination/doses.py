"""Recording doses: always kept; what a rule says against one is a flag, what contradicts another record a dispute."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from opencowin.kit.actor import Actor, NotPermitted, Permission, Place
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Job
from opencowin.places import Centre, CentreKind, district, in_scope, kilometres, read_centre
from opencowin.programme import Programme, Wish, current_programme, decide, exemptions_of
from opencowin.registry import Beneficiary, lock, read_person
from opencowin.vaccination import queries
from opencowin.vaccination.counting import count_dose
from opencowin.vaccination.model import (
    LARGEST_DOSE_NUMBER,
    Dose,
    DoseFlag,
    DoseState,
    GivenDose,
    facts_of,
)
from opencowin.vaccination.reading import VACCINATOR
from opencowin.vaccination.refusals import DateInFuture, DoseNumberOutOfRange, UnknownVaccine
from opencowin.vaccination.text import readable

LONGEST_NAME = 100
LONGEST_BATCH = 50


@dataclass(frozen=True, slots=True)
class DoseRecorded:
    """A dose that now stands: a certificate is due."""

    account_id: UUID
    beneficiary_id: UUID
    dose_id: UUID


DOSE_RECORDED = Job("vaccination.dose_recorded", DoseRecorded)


async def record_dose(conn: Connection, floor: Floor, actor: Actor, given: GivenDose) -> Dose:
    """Record a dose given; the same record again answers with the first one and changes nothing.

    No rule refuses it. Raises NotPermitted (also for a place outside the actor's scope), NoSuchBeneficiary,
    UnknownCentre, and for records that make no sense DateInFuture, UnknownVaccine, DoseNumberOutOfRange,
    TextUnreadable.
    """
    actor.require(Permission.VACCINATE)
    return await _record(conn, floor, actor, given)


async def import_dose(conn: Connection, floor: Floor, actor: Actor, given: GivenDose) -> Dose:
    """Record a dose that was given earlier or written on paper: as `record_dose`, for those who enter records."""
    actor.require(Permission.IMPORT_RECORDS)
    return await _record(conn, floor, actor, given)


async def _record(conn: Connection, floor: Floor, actor: Actor, given: GivenDose) -> Dose:
    programme = await current_programme(conn)
    given = _sensible(floor, given, programme)
    centre = await _centre(conn, actor, given)
    beneficiary = await read_person(conn, floor, actor, given.person, "vaccination.record_dose")
    await queries.lock_person(conn, given.person)
    earlier = await queries.doses_of(conn, given.person)
    if same := _same_record(earlier, given):
        return same
    case = _Case(given, beneficiary, tuple(earlier), centre, programme)
    dose = await _judged(conn, floor, case)
    await queries.insert_dose(conn, dose, programme.programme_id, actor.actor_id)
    await _trail(conn, actor, dose)
    if dose.state is DoseState.VALID:
        await lock(conn, floor, dose.person)
        await count_dose(conn, floor, dose, beneficiary, centre)
        person = dose.person
        await DOSE_RECORDED.enqueue(conn, DoseRecorded(person.account_id, person.beneficiary_id, dose.dose_id))
    return dose


@dataclass(frozen=True, slots=True)
class _Case:
    """A report of a dose with what it is judged by."""

    given: GivenDose
    beneficiary: Beneficiary
    earlier: tuple[Dose, ...]
    centre: Centre | None
    programme: Programme


def _sensible(floor: Floor, given: GivenDose, programme: Programme) -> GivenDose:
    if given.given_on > floor.clock.today():
        raise DateInFuture(field="given_on")
    if given.vaccine_id not in programme.vaccines:
        raise UnknownVaccine(field="vaccine", vaccine_id=given.vaccine_id)
    if not 1 <= given.dose_number <= LARGEST_DOSE_NUMBER:
        raise DoseNumberOutOfRange(field="dose", largest=LARGEST_DOSE_NUMBER)
    return replace(
        given,
        batch_number=readable(given.batch_number, "vaccine_batch", LONGEST_BATCH, optional=True),
        vaccinator_name=readable(given.vaccinator_name, "vaccinator_name", LONGEST_NAME),
    )


async def _centre(conn: Connection, actor: Actor, given: GivenDose) -> Centre | None:
    """The centre of the dose, in the actor's scope; without one (an imported dose) only a national scope will do."""
    if given.centre_id is None:
        if actor.place != Place():
            raise NotPermitted
        return None
    centre = await read_centre(conn, given.centre_id)
    if not await in_scope(conn, actor, district_id=centre.district_id, centre_id=centre.centre_id):
        raise NotPermitted
    return centre


def _same_record(earlier: list[Dose], given: GivenDose) -> Dose | None:
    facts = (given.dose_number, given.vaccine_id, given.given_on)
    for dose in earlier:
        if dose.dose_id == given.dose_id:
            return dose
        if dose.state is not DoseState.REVOKED and (dose.dose_number, dose.vaccine_id, dose.given_on) == facts:
            return dose
    return None


async def _judged(conn: Connection, floor: Floor, case: _Case) -> Dose:
    """The dose as it will be kept, with all that does not fit as flags."""
    given, centre = case.given, case.centre
    conflict = any(d.state is DoseState.VALID and d.dose_number == given.dose_number for d in case.earlier)
    flags = set(given.flags) | _time_flags(floor, case) | await _rule_flags(conn, case)
    flags |= {flag async for flag in _batch_flags(conn, given, centre)}
    if centre is not None and centre.kind is CentreKind.STATIC and given.recorded_at_point is not None:
        away = kilometres((centre.latitude, centre.longitude), given.recorded_at_point)
        flags |= {DoseFlag.FAR_FROM_SITE} if away > floor.settings.site_radius_km else set()
    if conflict:
        flags.add(DoseFlag.DOSE_NUMBER_CONFLICT)
    return Dose(
        person=given.person,
        dose_id=given.dose_id,
        dose_number=given.dose_number,
        vaccine_id=given.vaccine_id,
        batch_number=given.batch_number,
        given_on=given.given_on,
        district_id=centre.district_id if centre else given.district_id,
        centre_id=given.centre_id,
        session_id=given.session_id,
        state=DoseState.DISPUTED if conflict else DoseState.VALID,
        flags=frozenset(str(flag) for flag in flags),
        recorded_at=floor.clock.now(),
        vaccinator_name_sealed=floor.keyring.seal(given.vaccinator_name, VACCINATOR),
    )


def _time_flags(floor: Floor, case: _Case) -> set[str]:
    given, beneficiary = case.given, case.beneficiary
    flags: set[str] = set()
    born = beneficiary.birth_date or date(beneficiary.birth_year, 1, 1)
    if given.given_on < born:
        flags.add(DoseFlag.BEFORE_BIRTH)
    if given.given_on < floor.clock.local(beneficiary.registered_at).date():
        flags.add(DoseFlag.BEFORE_REGISTRATION)
    if beneficiary.died_on is not None and given.given_on > beneficiary.died_on:
        flags.add(DoseFlag.AFTER_DEATH)
    return flags


async def _batch_flags(conn: Connection, given: GivenDose, centre: Centre | None) -> AsyncIterator[str]:
    if centre is None:
        return
    batch = await queries.batch_at(conn, centre.district_id, centre.centre_id, given.vaccine_id, given.batch_number)
    if batch is None:
        yield DoseFlag.UNKNOWN_BATCH
    elif batch.expires_on < given.given_on:
        yield DoseFlag.EXPIRED_BATCH


async def _rule_flags(conn: Connection, case: _Case) -> set[str]:
    """The reason why the rules say no, judged by what had been given up to that day: records may come late."""
    given, person = case.given, case.given.person
    exemptions = (await exemptions_of(conn, person.account_id)).get(person.beneficiary_id, ())
    known = [d for d in case.earlier if d.given_on <= given.given_on and d.dose_number != given.dose_number]
    where = case.centre.district_id if case.centre and case.programme.differs_by_state else None
    wish = Wish(
        state_id=None if where is None else (await district(conn, where)).state_id,
        dose=given.dose_number,
        vaccine_id=given.vaccine_id,
        on=given.given_on,
        booked_on=given.booked_on or given.given_on,
    )
    decision = decide(facts_of(case.beneficiary, known, exemptions), wish, case.programme)
    return set() if decision.eligible else {decision.reason.value}


async def _trail(conn: Connection, actor: Actor, dose: Dose) -> None:
    detail = {"dose": dose.dose_number, "state": dose.state.value, "flags": sorted(dose.flags)}
    subject = ("beneficiary", dose.person.beneficiary_id)
    await record(conn, actor, "vaccination.record_dose", subject=subject, reason="dose given", detail=detail)
