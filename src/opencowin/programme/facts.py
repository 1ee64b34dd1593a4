"""What eligibility is decided on, and what it answers: facts about a person, a wish, a decision, the next dose due."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Reason(StrEnum):
    """Why a dose may, or may not, be given."""

    ELIGIBLE = "eligible"
    NOT_IN_PROGRAMME = "not_in_programme"
    ALREADY_VACCINATED = "already_vaccinated"
    WRONG_DOSE_NUMBER = "wrong_dose_number"
    DIFFERENT_VACCINE = "different_vaccine"
    TOO_YOUNG = "too_young"
    TOO_OLD = "too_old"
    BIRTH_DATE_NEEDED = "birth_date_needed"
    VACCINE_NOT_FOR_AGE = "vaccine_not_for_age"
    NOT_YET_OPEN_FOR_GROUP = "not_yet_open_for_group"
    INTERVAL_TOO_SHORT = "interval_too_short"


@dataclass(frozen=True, slots=True)
class DoseGiven:
    """A dose that the person has had."""

    number: int
    vaccine_id: str
    given_on: date


@dataclass(frozen=True, slots=True)
class Exemption:
    """An exemption that the person holds for vaccinations within these dates."""

    kind: str
    valid_from: date
    valid_until: date

    def covers(self, on: date) -> bool:
        """Whether it holds for a vaccination on this day."""
        return self.valid_from <= on <= self.valid_until


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of the person. `groups` are the lists the person is on; ages and comorbidity add the others."""

    birth_year: int
    birth_date: date | None = None
    groups: frozenset[str] = frozenset()
    comorbidity: bool = False
    doses: tuple[DoseGiven, ...] = ()
    exemptions: tuple[Exemption, ...] = ()

    @property
    def last_dose(self) -> DoseGiven | None:
        """The dose with the highest number."""
        return max(self.doses, key=lambda dose: dose.number, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A dose of a vaccine on a day, in a session with an age band, booked on a day (whose rules count)."""

    dose: int
    vaccine_id: str
    on: date
    booked_on: date
    min_age: int | None = None
    max_age: int | None = None
    state_id: int | None = None
    """Where; None: wherever the nation's rules alone count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer; `first_date` is the first day, from the wished one on, on which it is yes (None: there is none)."""

    eligible: bool
    reason: Reason
    first_date: date | None = None
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The dose that the person may have next: from when, with which vaccines, and by when it is recommended."""

    dose: int
    vaccines: tuple[str, ...]
    from_date: date
    by_date: date | None = None
