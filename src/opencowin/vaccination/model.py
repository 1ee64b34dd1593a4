"""What doses are, and what follows from them: facts for the rules, the status that people are told, age bands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from opencowin.programme import DoseGiven, Exemption, Facts, Programme
from opencowin.registry import Beneficiary, Person

LARGEST_DOSE_NUMBER = 20
PRIMARY_DOSES_OF_UNKNOWN = 2


class DoseState(StrEnum):
    """Whether a record stands."""

    VALID = "valid"
    DISPUTED = "disputed"
    """Contradicts a valid record; a human decides which of them happened."""
    REVOKED = "revoked"


class DoseFlag(StrEnum):
    """What about a record does not fit, besides the reasons of the programme's rules."""

    DOSE_NUMBER_CONFLICT = "dose_number_conflict"
    UNKNOWN_BATCH = "unknown_batch"
    EXPIRED_BATCH = "expired_batch"
    BEFORE_REGISTRATION = "before_registration"
    BEFORE_BIRTH = "before_birth"
    AFTER_DEATH = "after_death"
    FAR_FROM_SITE = "far_from_site"


class VaccinationStatus(StrEnum):
    """How far a person is, in the words that people are told."""

    NOT_VACCINATED = "Not Vaccinated"
    PARTIALLY_VACCINATED = "Partially Vaccinated"
    VACCINATED = "Vaccinated"


@dataclass(frozen=True, slots=True)
class GivenDose:
    """A dose as it is reported. `dose_id` is made where the dose was given, so that a record sent twice is one.

    `booked_on` is the day of the booking, whose rules count; without it, those of the day of the dose.
    """

    person: Person
    dose_id: UUID
    dose_number: int
    vaccine_id: str
    batch_number: str
    given_on: date
    vaccinator_name: str
    district_id: int | None = None
    centre_id: int | None = None
    session_id: UUID | None = None
    flags: frozenset[str] = frozenset()
    booked_on: date | None = None
    recorded_at_point: tuple[float, float] | None = None
    """Latitude and longitude of the device that recorded it, where it tells; only its distance is judged, none kept."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """A centre as far as a dose given there is judged and counted by it, and what it knows of the dose's batch."""

    centre_id: int
    district_id: int
    state_id: int
    latitude: float
    longitude: float
    kind: str
    operator: str
    expires_on: date | None
    """None where the centre never received such a batch."""


@dataclass(frozen=True, slots=True)
class Dose:
    """A dose on record; the vaccinator's name stays sealed until `vaccinator_name` opens it."""

    person: Person
    dose_id: UUID
    dose_number: int
    vaccine_id: str
    batch_number: str
    given_on: date
    district_id: int | None
    centre_id: int | None
    session_id: UUID | None
    state: DoseState
    flags: frozenset[str]
    recorded_at: datetime
    vaccinator_name_sealed: bytes


def facts_of(beneficiary: Beneficiary, doses: Iterable[Dose], exemptions: Sequence[Exemption] = ()) -> Facts:
    """What the rules need to know of a person; only doses that stand count."""
    return Facts(
        birth_year=beneficiary.birth_year,
        birth_date=beneficiary.birth_date,
        groups=frozenset(beneficiary.priority_groups),
        comorbidity=beneficiary.comorbidity,
        doses=tuple(DoseGiven(d.dose_number, d.vaccine_id, d.given_on) for d in doses if d.state is DoseState.VALID),
        exemptions=tuple(exemptions),
    )


def status(doses: Iterable[Dose], programme: Programme) -> VaccinationStatus:
    """How far a person with these doses is: vaccinated once the last vaccine's primary doses are complete."""
    standing = [dose for dose in doses if dose.state is DoseState.VALID]
    if not standing:
        return VaccinationStatus.NOT_VACCINATED
    last = max(standing, key=lambda dose: dose.dose_number)
    vaccine = programme.vaccines.get(last.vaccine_id)
    needed = vaccine.primary_doses if vaccine else PRIMARY_DOSES_OF_UNKNOWN
    complete = last.dose_number >= needed
    return VaccinationStatus.VACCINATED if complete else VaccinationStatus.PARTIALLY_VACCINATED
