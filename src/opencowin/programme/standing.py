"""Which rules still count: those in force on a day, where no later decision replaced them, and those to come. Pure."""

from collections.abc import Iterator
from datetime import date

from opencowin.programme.model import Opening, Programme, Step, latest


def standing(rules: Programme, on: date) -> list[Opening | Step]:
    """The rules that decide something for vaccinations on this day: openings by group, then steps by vaccine and dose.

    A rule that closed what an earlier one opened is among them only while the earlier one would still hold.
    """
    openings = [one for one in rules.openings if _decides(one, rules, on)]
    steps = [one for one in rules.steps if latest(_alike(one, rules), on) == one and _matters(one, rules, on)]
    order = list(rules.groups)
    openings.sort(key=lambda one: (order.index(one.group_id), one.state_id or 0, one.doses, one.valid_from))
    steps.sort(key=lambda one: (one.vaccine_id, one.dose, one.after))
    return [*openings, *steps]


def coming(rules: Programme, on: date) -> list[Opening | Step]:
    """The rules that begin after this day, the first to begin first."""
    every: tuple[Opening | Step, ...] = (*rules.openings, *rules.steps)
    later = [one for one in every if one.valid_from > on]
    return sorted(later, key=lambda one: (one.valid_from, one.decided_on))


def _decides(opening: Opening, rules: Programme, on: date) -> bool:
    """Whether some dose of some vaccine hangs on this opening."""
    rivals = [
        one
        for one in rules.openings
        if one.group_id == opening.group_id and one.state_id in {None, opening.state_id} and one.covers(on)
    ]
    return any(
        latest((one for one in rivals if one.concerns(dose, vaccine_id)), on) == opening
        and (not opening.withdrawn or any(one.concerns(dose, vaccine_id) and not one.withdrawn for one in rivals))
        for dose, vaccine_id in _subjects(opening, rules)
    )


def _subjects(opening: Opening, rules: Programme) -> Iterator[tuple[int, str]]:
    for dose in opening.doses:
        for vaccine_id in opening.vaccines or rules.vaccines:
            yield dose, vaccine_id


def _alike(step: Step, rules: Programme) -> list[Step]:
    """The steps to the same dose of the same vaccine, after one of the same vaccines."""
    return [
        one
        for one in rules.steps
        if (one.vaccine_id, one.dose) == (step.vaccine_id, step.dose)
        and (not step.after or set(one.after) & set(step.after))
    ]


def _matters(step: Step, rules: Programme, on: date) -> bool:
    return not step.withdrawn or any(not one.withdrawn and one.covers(on) for one in _alike(step, rules))
