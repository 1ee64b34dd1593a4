"""A wish with the rules that concern it, and the questions that a judgement asks of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Self

from opencowin.programme.ages import age_in_year, has_reached
from opencowin.programme.facts import DoseGiven, Facts, Wish
from opencowin.programme.model import AgeBasis, Group, Opening, Programme, Step, in_force


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A wish with the rules that concern it: those for its dose that the booking is judged by."""

    facts: Facts
    wish: Wish
    programme: Programme
    previous: DoseGiven | None
    steps: tuple[Step, ...]
    openings: tuple[Opening, ...]

    @classmethod
    def of(cls, facts: Facts, wish: Wish, programme: Programme) -> Self:
        """The case of this wish of this person."""
        previous = facts.last_dose
        before = previous.vaccine_id if previous else None
        return cls(
            facts=facts,
            wish=wish,
            programme=programme,
            previous=previous,
            steps=tuple(r for r in programme.steps if r.known_on(wish.booked_on) and r.follows(wish.dose, before)),
            openings=tuple(
                r
                for r in programme.openings
                if r.known_on(wish.booked_on) and wish.dose in r.doses and r.state_id in {None, wish.state_id}
            ),
        )

    def step(self, vaccine_id: str, on: date) -> Step | None:
        """The step to the wished dose with this vaccine that is in force on the day."""
        return in_force((step for step in self.steps if step.vaccine_id == vaccine_id), on)

    def is_open(self, group_id: str, vaccine_id: str, on: date) -> bool:
        """Whether the group may have the wished dose of this vaccine on the day."""
        ours = (r for r in self.openings if r.group_id == group_id and r.concerns(self.wish.dose, vaccine_id))
        return in_force(ours, on) is not None


def shorter_gaps(case: Case, on: date | None) -> Iterator[int]:
    """The gaps that the person's exemptions allow before the wished dose, on this day (None: on any day)."""
    for exemption in case.facts.exemptions:
        kind = case.programme.exemption_kinds.get(exemption.kind)
        if kind is None or (on is not None and not exemption.covers(on)):
            continue
        if kind.min_days is not None and kind.shortens(case.wish.dose, case.wish.vaccine_id):
            yield kind.min_days


def belongs(case: Case, group: Group, on: date) -> bool:
    """Whether the person is in the group on this day: as one of its members, or by an exemption."""
    return is_in_group(case.facts, group.group_id, case.programme, on)


def is_in_group(facts: Facts, group_id: str, programme: Programme, on: date) -> bool:
    """Whether the person is in this group on a day: as one of its members, or by an exemption."""
    group = programme.groups.get(group_id)
    if group is None:
        return False
    kinds = programme.exemption_kinds
    held = (kinds[held.kind] for held in facts.exemptions if held.covers(on) and held.kind in kinds)
    return _is_member(facts, group, on) or any(kind.group_id == group_id for kind in held)


def _is_member(facts: Facts, group: Group, on: date) -> bool:
    return (
        (not group.listed or group.group_id in facts.groups)
        and (not group.comorbidity or facts.comorbidity)
        and (group.max_age is None or age_in_year(facts.birth_year, on) <= group.max_age)
        and is_old_enough(facts, group, on)
    )


def is_old_enough(facts: Facts, group: Group, on: date) -> bool:
    """Whether the person has certainly reached the group's lower age limit on this day."""
    if group.min_age is None:
        return True
    if group.min_age_by is AgeBasis.BIRTH_YEAR:
        return age_in_year(facts.birth_year, on) >= group.min_age
    return has_reached(group.min_age, facts.birth_year, facts.birth_date, on)


def lacks_only_birth_date(facts: Facts, group: Group, on: date) -> bool:
    """Whether the full date of birth might make the person a member today, where the year alone does not."""
    if facts.birth_date is not None or group.min_age_by is not AgeBasis.BIRTH_DATE or group.min_age is None:
        return False
    if is_old_enough(facts, group, on) or age_in_year(facts.birth_year, on) < group.min_age:
        return False
    if group.listed and group.group_id not in facts.groups:
        return False
    return not group.comorbidity or facts.comorbidity
