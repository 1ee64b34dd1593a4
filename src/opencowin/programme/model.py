"""What a vaccination programme is: vaccines, priority groups and dated rules that say who may have which dose, when."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeVar

Names = Mapping[str, str]
"""A name by language code, such as {"hi": "..."}; the English name is a field of its own."""


class AgeBasis(StrEnum):
    """How a group's lower age limit is counted."""

    BIRTH_YEAR = "birth_year"
    """The year of the dose minus the year of birth: who turns 18 in December may come in January."""
    BIRTH_DATE = "birth_date"
    """Completed years on the day of the dose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vaccine:
    """A vaccine product, known by the name that appointments and certificates carry."""

    vaccine_id: str
    name: str
    name_l: Names = field(default_factory=dict)
    manufacturer: str
    primary_doses: int
    codes: Mapping[str, str] = field(default_factory=dict)
    """The product's code by system: icd11, atc, cvx, dcc_vp, dcc_mp, dcc_ma."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A priority group: whom it holds is decided by age, comorbidity, and whether the person is on its list."""

    group_id: str
    name: str
    name_l: Names = field(default_factory=dict)
    min_age: int | None = None
    max_age: int | None = None
    """The last age that belongs, always counted by the year of birth."""
    min_age_by: AgeBasis = AgeBasis.BIRTH_YEAR
    listed: bool = False
    comorbidity: bool = False
    states_may_narrow: bool = False
    """Whether a state may keep doses that the nation opened to this group closed for a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedRule:
    """A rule with two clocks: when it was decided (for bookings) and on which days of vaccination it applies."""

    rule_id: str
    decided_on: date
    valid_from: date
    valid_until: date | None = None
    honours_bookings: bool = True
    """Bookings made before the decision keep the rule that they were made under; a safety stop sets this to false."""
    withdrawn: bool = False
    """From `valid_from` on, what earlier rules allowed is no longer allowed."""
    source: str = ""

    def covers(self, on: date) -> bool:
        """Whether a vaccination on this day falls under the rule."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)

    def known_on(self, booked_on: date) -> bool:
        """Whether a booking made on this day is judged by the rule."""
        return self.decided_on <= booked_on or not self.honours_bookings


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening(DatedRule):
    """A group may have these doses of these vaccines (none named: every vaccine that has a step for the dose)."""

    group_id: str
    doses: tuple[int, ...]
    vaccines: tuple[str, ...] = ()
    state_id: int | None = None
    """Where it applies, when a state narrowed what the nation opened; None: everywhere."""

    def concerns(self, dose: int, vaccine_id: str) -> bool:
        """Whether the rule speaks about this dose of this vaccine."""
        return dose in self.doses and (not self.vaccines or vaccine_id in self.vaccines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(DatedRule):
    """This dose of this vaccine may follow a dose of one of `after`, no sooner than `min_days` later."""

    vaccine_id: str
    dose: int
    after: tuple[str, ...] = ()
    min_days: int = 0
    max_days: int | None = None
    """The end of the recommended window; a later dose is still allowed."""

    def follows(self, dose: int, previous: str | None) -> bool:
        """Whether this is a step to the dose from the previous vaccine (None: nothing was given before)."""
        return self.dose == dose and (previous in self.after if previous else not self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExemptionKind:
    """What an exemption of this kind overrides for the person who holds one."""

    kind: str
    name: str
    name_l: Names = field(default_factory=dict)
    doses: tuple[int, ...] = ()
    vaccines: tuple[str, ...] = ()
    min_days: int | None = None
    """The gap before one of these doses of these vaccines, instead of the step's own when that is longer."""
    group_id: str | None = None
    """The person counts as a member of this group."""

    def shortens(self, dose: int, vaccine_id: str) -> bool:
        """Whether it overrides the gap before this dose of this vaccine."""
        return self.min_days is not None and dose in self.doses and vaccine_id in self.vaccines


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """All rules of one programme, past and announced."""

    programme_id: str
    name: str
    name_l: Names = field(default_factory=dict)
    vaccines: Mapping[str, Vaccine]
    groups: Mapping[str, Group]
    openings: tuple[Opening, ...]
    steps: tuple[Step, ...]
    exemption_kinds: Mapping[str, ExemptionKind]

    @property
    def differs_by_state(self) -> bool:
        """Whether it matters in which state a dose is given."""
        return any(opening.state_id is not None for opening in self.openings)


Rule = TypeVar("Rule", bound=DatedRule)


def in_force(rules: Iterable[Rule], on: date) -> Rule | None:
    """Of rules about the same thing, the one that counts for a vaccination on this day: the latest decision.

    None when no rule covers the day, or when the latest decision withdrew what the earlier ones allowed.
    """
    found = latest(rules, on)
    return None if found is None or found.withdrawn else found


def latest(rules: Iterable[Rule], on: date) -> Rule | None:
    """Of rules about the same thing, the latest decision about vaccinations on this day, also where it withdrew."""
    covering = [rule for rule in rules if rule.covers(on)]
    return max(covering, key=lambda rule: (rule.decided_on, rule.valid_from, rule.rule_id), default=None)
