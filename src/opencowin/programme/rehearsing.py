"""Rehearses a rule: which sample people may have more, or less, with it than without. Pure; no real person is read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from opencowin.programme.eligibility import decide
from opencowin.programme.facts import DoseGiven, Facts, Reason, Wish
from opencowin.programme.model import Opening, Programme, Step

AGES = (12, 15, 18, 30, 45, 60, 75)
GAPS = (14, 28, 56, 84, 120, 182, 273, 365)


@dataclass(frozen=True, slots=True)
class Changed:
    """A sample person whose answer changes: age, list, comorbidity, the wished dose, days since the last one."""

    age: int
    group_id: str
    comorbidity: bool
    dose: int
    vaccine_id: str
    days_since: int | None
    before: Reason
    after: Reason


def rehearse(before: Programme, after: Programme, rule: Opening | Step) -> list[Changed]:
    """The sample people whose answer changes on the rule's first day, in the rule's own state."""
    found: list[Changed] = []
    for facts, group_id, dose, vaccine_id, gap in _samples(after, rule):
        wish = Wish(
            dose=dose,
            vaccine_id=vaccine_id,
            on=rule.valid_from,
            booked_on=rule.valid_from,
            state_id=rule.state_id if isinstance(rule, Opening) else None,
        )
        old, new = decide(facts, wish, before), decide(facts, wish, after)
        if old.eligible != new.eligible:
            age = rule.valid_from.year - facts.birth_year
            found.append(Changed(age, group_id, facts.comorbidity, dose, vaccine_id, gap, old.reason, new.reason))
    return found


@dataclass(frozen=True, slots=True)
class Affected:
    """Sample people of several ages whose answer changes alike: whether they may have the dose from then on."""

    dose: int
    vaccines: tuple[str, ...]
    group_id: str
    """The list that they must be on; empty: on none."""
    comorbidity: bool
    """Whether it is so only with a comorbidity."""
    ages: tuple[int, ...]
    gap: tuple[int, int] | None
    """Days since the dose before, from and to; None for a first dose."""
    may: bool


def affected(changed: Sequence[Changed]) -> list[Affected]:
    """What a rehearsal found in few lines: who is affected on no list, without a comorbidity, is not named again."""
    known = {_mark(one) for one in changed}
    lines: dict[tuple[int, str, str, bool, bool], tuple[set[int], set[int]]] = {}
    for one in changed:
        plainer = {_mark(replace(one, group_id=""))} if one.group_id else set()
        if one.comorbidity:
            plainer |= {_mark(replace(one, comorbidity=False)), _mark(replace(one, group_id="", comorbidity=False))}
        if plainer & known:
            continue
        line = (one.dose, one.vaccine_id, one.group_id, one.comorbidity, one.after is Reason.ELIGIBLE)
        ages, gaps = lines.setdefault(line, (set(), set()))
        ages.add(one.age)
        gaps |= set() if one.days_since is None else {one.days_since}
    merged: dict[tuple[object, ...], Affected] = {}
    for (dose, vaccine, group, sick, may), (ages, gaps) in lines.items():
        gap = (min(gaps), max(gaps)) if gaps else None
        row = Affected(dose, (vaccine,), group, sick, tuple(sorted(ages)), gap, may)
        key = (dose, group, sick, row.ages, gap, may)
        merged[key] = replace(row, vaccines=(*merged[key].vaccines, vaccine)) if key in merged else row
    return list(merged.values())


def _mark(one: Changed) -> tuple[object, ...]:
    """A sample person and what changes for it; the reasons left aside."""
    return (
        one.age,
        one.group_id,
        one.comorbidity,
        one.dose,
        one.vaccine_id,
        one.days_since,
        one.after is Reason.ELIGIBLE,
    )


def _samples(rules: Programme, rule: Opening | Step) -> Iterator[tuple[Facts, str, int, str, int | None]]:
    """People of each age, on no list or one, with and without a comorbidity, with the doses before the rule's."""
    listed = ["", *(group.group_id for group in rules.groups.values() if group.listed)]
    for dose, vaccine_id, earlier, gap in _histories(rules, rule):
        for age in AGES:
            for group_id in listed:
                for comorbidity in (False, True):
                    facts = Facts(
                        birth_year=rule.valid_from.year - age,
                        birth_date=date(rule.valid_from.year - age, 1, 1),
                        groups=frozenset({group_id} - {""}),
                        comorbidity=comorbidity,
                        doses=earlier,
                    )
                    yield facts, group_id, dose, vaccine_id, gap


def _histories(rules: Programme, rule: Opening | Step) -> Iterator[tuple[int, str, tuple[DoseGiven, ...], int | None]]:
    """The doses that the rule is about, each with what may have been given before."""
    doses: Sequence[int] = rule.doses if isinstance(rule, Opening) else (rule.dose,)
    vaccines = rule.vaccines or tuple(rules.vaccines) if isinstance(rule, Opening) else (rule.vaccine_id,)
    for dose in doses:
        for vaccine_id in vaccines:
            if dose == 1:
                yield dose, vaccine_id, (), None
                continue
            for gap in GAPS:
                on = rule.valid_from - timedelta(days=gap)
                given = tuple(DoseGiven(number, vaccine_id, on) for number in range(1, dose))
                yield dose, vaccine_id, given, gap
