"""The rules as a tablet carries them: for each dose of each vaccine, after which dose, how long after, from what age.

They only warn: what the platform says of a dose when it arrives is what counts.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any

from opencowin.programme import Opening, Programme, Step


def carried_rules(programme: Programme, on: date) -> dict[str, dict[str, Any]]:
    """By vaccine and dose: `after` (days to wait by the vaccine before; none: nothing before) and `min_age`."""
    return {
        vaccine_id: {
            "name": vaccine.name,
            "doses": {
                str(dose): {
                    "after": _after(programme, vaccine_id, dose, on),
                    "min_age": _age(programme, vaccine_id, dose, on),
                }
                for dose in sorted({step.dose for step in programme.steps if step.vaccine_id == vaccine_id})
            },
        }
        for vaccine_id, vaccine in programme.vaccines.items()
    }


def _after(programme: Programme, vaccine_id: str, dose: int, on: date) -> dict[str, int]:
    steps = [step for step in programme.steps if (step.vaccine_id, step.dose) == (vaccine_id, dose) and step.covers(on)]
    befores = sorted({before for step in steps for before in step.after})
    latest = {before: _latest(step for step in steps if before in step.after) for before in befores}
    return {before: step.min_days for before, step in latest.items() if isinstance(step, Step) and not step.withdrawn}


def _age(programme: Programme, vaccine_id: str, dose: int, on: date) -> int | None:
    """The youngest age of any group for which the dose is open; None when it is open to nobody."""
    ages = []
    for group in programme.groups.values():
        rules = [r for r in programme.openings if r.group_id == group.group_id and r.concerns(dose, vaccine_id)]
        rule = _latest(one for one in rules if one.covers(on))
        if isinstance(rule, Opening) and not rule.withdrawn:
            ages.append(group.min_age or 0)
    return min(ages, default=None)


def _latest(rules: Iterable[Step] | Iterable[Opening]) -> Step | Opening | None:
    return max(rules, key=lambda rule: (rule.decided_on, rule.valid_from, rule.rule_id), default=None)
