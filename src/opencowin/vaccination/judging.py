"""Judges a report of a dose: what does not fit is a flag, what contradicts another record a dispute. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from opencowin.kit.actor import Actor
from opencowin.kit.floor import Floor
from opencowin.places import CentreKind, kilometres
from opencowin.programme import Due, Exemption, Programme, Wish, decide, next_due
from opencowin.registry import Beneficiary
from opencowin.vaccination.model import (
    LARGEST_DOSE_NUMBER,
    Dose,
    DoseFlag,
    DoseState,
    GivenDose,
    VaccinationStatus,
    Whereabouts,
    facts_of,
    status,
)
from opencowin.vaccination.reading import VACCINATOR
from opencowin.vaccination.refusals import DateInFuture, DoseNumberOutOfRange, UnknownVaccine
from opencowin.vaccination.text import readable

LONGEST_NAME = 100
LONGEST_BATCH = 50


@dataclass(frozen=True, slots=True)
class Case:
    """A report that makes sense, by whom, about whom, and by what it is judged."""

    actor: Actor
    given: GivenDose
    beneficiary: Beneficiary
    where: Whereabouts | None
    rules: Programme


@dataclass(frozen=True, slots=True)
class Recorded:
    """A dose on record, with what else is known of the person now."""

    dose: Dose
    beneficiary: Beneficiary
    standing: tuple[Dose, ...]
    """All doses that stand, by number."""
    exemptions: tuple[Exemption, ...]
    rules: Programme

    def status(self) -> VaccinationStatus:
        """How far the person is."""
        return status(self.standing, self.rules)

    def due(self, on: date) -> Due | None:
        """The next dose that the person may have, by the rules decided until this day."""
        return next_due(facts_of(self.beneficiary, self.standing, self.exemptions), self.rules, on)


def sensible(floor: Floor, given: GivenDose, rules: Programme) -> GivenDose:
    """The report with its texts trimmed.

    Raises DateInFuture, UnknownVaccine, DoseNumberOutOfRange, TextUnreadable where it makes no sense.
    """
    if given.given_on > floor.clock.today():
        raise DateInFuture(field="given_on")
    if given.vaccine_id not in rules.vaccines:
        raise UnknownVaccine(field="vaccine", vaccine_id=given.vaccine_id)
    if not 1 <= given.dose_number <= LARGEST_DOSE_NUMBER:
        raise DoseNumberOutOfRange(field="dose", largest=LARGEST_DOSE_NUMBER)
    return replace(
        given,
        batch_number=readable(given.batch_number, "vaccine_batch", LONGEST_BATCH, optional=True),
        vaccinator_name=readable(given.vaccinator_name, "vaccinator_name", LONGEST_NAME),
    )


def same_record(earlier: Sequence[Dose], given: GivenDose) -> Dose | None:
    """The record that this report repeats."""
    facts = (given.dose_number, given.vaccine_id, given.given_on)
    for dose in earlier:
        if dose.dose_id == given.dose_id:
            return dose
        if dose.state is not DoseState.REVOKED and (dose.dose_number, dose.vaccine_id, dose.given_on) == facts:
            return dose
    return None


def judged(floor: Floor, case: Case, earlier: Sequence[Dose], exemptions: Sequence[Exemption]) -> Dose:
    """The dose as it will be kept, with all that does not fit as flags."""
    given, where = case.given, case.where
    conflict = any(d.state is DoseState.VALID and d.dose_number == given.dose_number for d in earlier)
    flags = {*given.flags, *_time_flags(floor, case), *_place_flags(floor, case)}
    flags |= _rule_flags(case, earlier, exemptions)
    if conflict:
        flags.add(DoseFlag.DOSE_NUMBER_CONFLICT)
    return Dose(
        person=given.person,
        dose_id=given.dose_id,
        dose_number=given.dose_number,
        vaccine_id=given.vaccine_id,
        batch_number=given.batch_number,
        given_on=given.given_on,
        district_id=where.district_id if where else given.district_id,
        centre_id=given.centre_id,
        session_id=given.session_id,
        state=DoseState.DISPUTED if conflict else DoseState.VALID,
        flags=frozenset(str(flag) for flag in flags),
        recorded_at=floor.clock.now(),
        vaccinator_name_sealed=floor.keyring.seal(given.vaccinator_name, VACCINATOR),
    )


def _time_flags(floor: Floor, case: Case) -> Iterator[DoseFlag]:
    given, beneficiary = case.given, case.beneficiary
    if given.given_on < (beneficiary.birth_date or date(beneficiary.birth_year, 1, 1)):
        yield DoseFlag.BEFORE_BIRTH
    if given.given_on < floor.clock.local(beneficiary.registered_at).date():
        yield DoseFlag.BEFORE_REGISTRATION
    if beneficiary.died_on is not None and given.given_on > beneficiary.died_on:
        yield DoseFlag.AFTER_DEATH


def _place_flags(floor: Floor, case: Case) -> Iterator[DoseFlag]:
    given, where = case.given, case.where
    if where is None:
        return
    if where.expires_on is None:
        yield DoseFlag.UNKNOWN_BATCH
    elif where.expires_on < given.given_on:
        yield DoseFlag.EXPIRED_BATCH
    if where.kind == CentreKind.STATIC and given.recorded_at_point is not None:
        away = kilometres((where.latitude, where.longitude), given.recorded_at_point)
        if away > floor.settings.site_radius_km:
            yield DoseFlag.FAR_FROM_SITE


def _rule_flags(case: Case, earlier: Sequence[Dose], exemptions: Sequence[Exemption]) -> set[str]:
    """The reason why the rules say no, judged by what had been given up to that day: records may come late."""
    given = case.given
    known = [d for d in earlier if d.given_on <= given.given_on and d.dose_number != given.dose_number]
    wish = Wish(
        state_id=case.where.state_id if case.where and case.rules.differs_by_state else None,
        dose=given.dose_number,
        vaccine_id=given.vaccine_id,
        on=given.given_on,
        booked_on=given.booked_on or given.given_on,
    )
    decision = decide(facts_of(case.beneficiary, known, exemptions), wish, case.rules)
    return set() if decision.eligible else {decision.reason.value}
