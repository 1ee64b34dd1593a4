"""What may be said against a vaccination on a day: the first objection to it, with what its message needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from opencowin.programme.ages import age_in_year
from opencowin.programme.case import Case, belongs, is_old_enough, lacks_only_birth_date, shorter_gaps
from opencowin.programme.facts import Reason
from opencowin.programme.model import Group


@dataclass(frozen=True, slots=True)
class Objection:
    """A reason that speaks against it."""

    reason: Reason
    details: Mapping[str, object] = field(default_factory=dict)


def objection_to(case: Case, on: date) -> Objection | None:
    """The first objection to a vaccination on this day; None when there is none."""
    return (
        _dose_objection(case, on)
        or _vaccine_objection(case, on)
        or _session_objection(case, on)
        or _group_objection(case, on)
        or _interval_objection(case, on)
    )


def _dose_objection(case: Case, on: date) -> Objection | None:
    wished, last = case.wish.dose, case.previous
    due = last.number + 1 if last else 1
    if any(dose.number == wished for dose in case.facts.doses):
        return Objection(Reason.ALREADY_VACCINATED, {"due_dose": due})
    if wished != due:
        return Objection(Reason.WRONG_DOSE_NUMBER, {"due_dose": due})
    if last and not any(step.valid_until is None or on <= step.valid_until for step in case.steps):
        return Objection(Reason.ALREADY_VACCINATED, {"due_dose": None})
    return None


def _vaccine_objection(case: Case, on: date) -> Objection | None:
    wished, last = case.wish.vaccine_id, case.previous
    if wished not in case.programme.vaccines:
        return Objection(Reason.NOT_IN_PROGRAMME)
    if case.step(wished, on) is not None:
        return None
    choices = tuple(sorted({s.vaccine_id for s in case.steps if case.step(s.vaccine_id, on) is not None}))
    if last and choices:
        return Objection(Reason.DIFFERENT_VACCINE, {"previous_vaccine": last.vaccine_id, "choices": choices})
    announced = any(s.vaccine_id == wished and not s.withdrawn and on < s.valid_from for s in case.steps)
    if announced or last:
        return Objection(Reason.NOT_YET_OPEN_FOR_GROUP)
    return Objection(Reason.NOT_IN_PROGRAMME)


def _session_objection(case: Case, on: date) -> Objection | None:
    age, wish = age_in_year(case.facts.birth_year, on), case.wish
    if wish.min_age is not None and age < wish.min_age:
        return Objection(Reason.TOO_YOUNG, {"age": age, "min_age": wish.min_age})
    if wish.max_age is not None and age > wish.max_age:
        return Objection(Reason.TOO_OLD, {"age": age, "max_age": wish.max_age})
    return None


def _group_objection(case: Case, on: date) -> Objection | None:
    groups, vaccine = case.programme.groups.values(), case.wish.vaccine_id
    if any(belongs(case, group, on) and case.is_open(group.group_id, vaccine, on) for group in groups):
        return None
    mine = [group for group in groups if belongs(case, group, on)]
    offered = [g for g in groups if case.is_open(g.group_id, case.wish.vaccine_id, on)]
    if any(lacks_only_birth_date(case.facts, group, on) for group in offered):
        return Objection(Reason.BIRTH_DATE_NEEDED)
    others = {step.vaccine_id for step in case.steps if case.step(step.vaccine_id, on) is not None}
    if any(case.is_open(group.group_id, other, on) for group in mine for other in others):
        return Objection(Reason.VACCINE_NOT_FOR_AGE, _ages(offered))
    return Objection(Reason.NOT_YET_OPEN_FOR_GROUP) if mine else _outside_all_groups(case, offered, on)


def _outside_all_groups(case: Case, offered: list[Group], on: date) -> Objection:
    """Of someone in no group at all: below every lower age limit, above every upper one, or simply not on a list."""
    age = age_in_year(case.facts.birth_year, on)
    by_age = [group for group in case.programme.groups.values() if not group.listed and not group.comorbidity]
    shown = [group for group in offered if group in by_age] or by_age
    if by_age and not any(is_old_enough(case.facts, group, on) for group in by_age):
        return Objection(Reason.TOO_YOUNG, {"age": age, "min_age": min(group.min_age or 0 for group in shown)})
    if by_age and all(group.max_age is not None and age > group.max_age for group in by_age):
        return Objection(Reason.TOO_OLD, {"age": age, "max_age": max(group.max_age or 0 for group in shown)})
    return Objection(Reason.NOT_YET_OPEN_FOR_GROUP)


def _ages(groups: list[Group]) -> dict[str, object]:
    """The widest age band of these groups, for the message."""
    upper = [group.max_age for group in groups]
    return {
        "min_age": min((group.min_age or 0 for group in groups), default=None),
        "max_age": None if None in upper else max((age for age in upper if age is not None), default=None),
    }


def _interval_objection(case: Case, on: date) -> Objection | None:
    step, last = case.step(case.wish.vaccine_id, on), case.previous
    if step is None or last is None:
        return None
    days = min((step.min_days, *shorter_gaps(case, on)))
    if on >= last.given_on + timedelta(days=days):
        return None
    return Objection(
        Reason.INTERVAL_TOO_SHORT,
        {"min_days": days, "previous_on": last.given_on, "previous_vaccine": last.vaccine_id, "rule": step.rule_id},
    )
