"""Eligibility as pure functions: facts and a wish in, a decision with its reason and its first date out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from opencowin.programme.ages import anniversary, first_day_at
from opencowin.programme.case import Case, shorter_gaps
from opencowin.programme.facts import Decision, Due, Facts, Reason, Wish
from opencowin.programme.model import Programme
from opencowin.programme.objections import objection_to

_DAY = timedelta(days=1)


def decide(facts: Facts, wish: Wish, rules: Programme) -> Decision:
    """Whether the person may have the wished dose, why not, and from when.

    The rules are those decided by `wish.booked_on`, applied to the day of the session: an existing booking keeps the
    rule that it was made under when its own `booked_on` is given.
    """
    case = Case.of(facts, wish, rules)
    objection = objection_to(case, wish.on)
    if objection is None:
        return Decision(eligible=True, reason=Reason.ELIGIBLE, first_date=wish.on)
    details = {"dose": wish.dose, "vaccine": wish.vaccine_id, **objection.details}
    return Decision(eligible=False, reason=objection.reason, first_date=_first_date(case), details=details)


def next_due(facts: Facts, rules: Programme, on: date) -> Due | None:
    """The next dose by the rules decided until this day; None when no rule, past or announced, has one for the person.

    `from_date` lies in the past when the dose may be given today: it is then the first day of the time that is open.
    """
    last = facts.last_dose
    wish = Wish(dose=last.number + 1 if last else 1, vaccine_id="", on=on, booked_on=on)
    case = Case.of(facts, wish, rules)
    offered = {step.vaccine_id for step in case.steps}
    starts: dict[str, date] = {}
    for vaccine_id in rules.vaccines:
        if vaccine_id not in offered:
            continue
        start = _start(replace(case, wish=replace(wish, vaccine_id=vaccine_id)))
        if start is not None:
            starts[vaccine_id] = start
    if not starts:
        return None
    from_date = min(starts.values())
    vaccines = tuple(vaccine_id for vaccine_id, start in starts.items() if start <= max(on, from_date))
    by_date = _recommended_by(case, vaccines, from_date)
    return Due(dose=wish.dose, vaccines=vaccines, from_date=from_date, by_date=by_date)


def _recommended_by(case: Case, vaccines: tuple[str, ...], on: date) -> date | None:
    """The end of the recommended window, the earliest of these vaccines'; None where none recommends one."""
    steps = [case.step(vaccine_id, on) for vaccine_id in vaccines]
    windows = [step.max_days for step in steps if step is not None and step.max_days is not None]
    return case.previous.given_on + timedelta(days=min(windows)) if case.previous and windows else None


def _start(case: Case) -> date | None:
    """The first day of the stretch that holds the wished day, or else the next day that is granted."""
    on, start = case.wish.on, None
    if objection_to(case, on) is not None:
        return _first_date(case)
    for day in sorted({day for day in turning_points(case) if day <= on}, reverse=True):
        if objection_to(case, day) is not None:
            break
        start = day
    return start


def _first_date(case: Case) -> date | None:
    """The first day after the wished one on which nothing speaks against it."""
    later = sorted({day for day in turning_points(case) if day > case.wish.on})
    return next((day for day in later if objection_to(case, day) is None), None)


def turning_points(case: Case) -> Iterator[date]:
    """Every day on which yes may turn to no, or no to yes: between two of them the answer stays."""
    steps = [step for step in case.steps if step.vaccine_id == case.wish.vaccine_id]
    openings = [rule for rule in case.openings if rule.concerns(case.wish.dose, case.wish.vaccine_id)]
    for rule in (*case.steps, *openings):
        yield rule.valid_from
        if rule.valid_until is not None:
            yield rule.valid_until + _DAY
    for exemption in case.facts.exemptions:
        yield from (exemption.valid_from, exemption.valid_until + _DAY)
    if case.previous is not None:
        for days in (*(step.min_days for step in steps), *shorter_gaps(case, None)):
            yield case.previous.given_on + timedelta(days=days)
    yield from _birthdays(case, {rule.group_id for rule in openings})


def _birthdays(case: Case, group_ids: set[str]) -> Iterator[date]:
    """The days on which the person enters or leaves the session's age band, or that of one of these groups."""
    facts, groups = case.facts, [case.programme.groups[group_id] for group_id in group_ids]
    lower = {case.wish.min_age, *(group.min_age for group in groups)}
    upper = {case.wish.max_age, *(group.max_age for group in groups)}
    ages = {age for age in lower if age is not None} | {age + 1 for age in upper if age is not None}
    for age in ages:
        yield first_day_at(age, facts.birth_year)
        yield anniversary(age, facts.birth_year, facts.birth_date)
