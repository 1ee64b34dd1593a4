"""Two days of 2021, run at a stated fraction, and how many cores the whole of each would take.

Calls come at instants that are fixed beforehand, whether they are answered or not; where doses were given that day,
by state, is real.
"""

import asyncio
import csv
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle, islice

from benchmarks import report
from benchmarks.callers import Answers, Calls, side_by_side
from benchmarks.costs import LOOKS, PROXY, Callers, Operation, processor_seconds_each
from benchmarks.lab import ROOT, Lab
from benchmarks.servers import platform
from opencowin import places
from tests.builders import connected

HISTORY = ROOT.parent / "shared" / "data" / "cowin_statewise_cumulative.csv"
CENTRES, DAYS, SEATS = 120, 7, 100_000
WORKERS = 2
SECONDS = 20.0
USED = 0.6
"""Of a processor, by all: beyond that waits grow without measure."""
OF_THIS_MACHINE = 0.3
"""The load of a run: the callers work on the same processors."""
HOURS = 10
"""In which a day's doses are given."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A day: how often a second each operation comes, and where that is known from or assumed."""

    name: str
    day: date
    rates: Mapping[Operation, float]
    assumed: str

    def cores(self, costs: Mapping[Operation, float]) -> float:
        """Cores for the whole of it, each used as far as is wise."""
        return sum(rate * costs[operation] for operation, rate in self.rates.items()) / USED


@dataclass(frozen=True, slots=True)
class Told:
    """A scenario after its run at a fraction of the real event."""

    scenario: Scenario
    fraction: float
    answers: Mapping[Operation, Answers]


@dataclass(frozen=True, slots=True)
class Days:
    """The two days, with the costs that their capacity is reckoned with."""

    costs: Mapping[Operation, float]
    told: list[Told]


def _april() -> Scenario:
    doses = sum(doses_by_state(date(2021, 4, 28)).values()) / (HOURS * 3600)
    registered, messages, calls = 8e6 / 10_800, 14.5e6 / 10_800, 383e6 / 10_800
    rates = {
        Operation.ASK: messages,
        Operation.CONFIRM: messages,
        Operation.JOIN: registered,
        Operation.BOOK: doses,
        Operation.RECORD: doses,
    }
    rates[Operation.LOOK] = calls - sum(rates.values())
    return Scenario(
        "28-april-2021",
        date(2021, 4, 28),
        rates,
        "383 million calls, 8 million registrations and 14.5 million messages in the three hours from 16:00 on; every"
        " message a one-time password that is confirmed; the day's doses booked and recorded in ten hours; every other"
        " call a look at a district's calendar",
    )


def _september() -> Scenario:
    doses = sum(doses_by_state(date(2021, 9, 17)).values()) / (HOURS * 3600)
    rates = {
        Operation.LOOK: 10 * doses,
        Operation.ASK: doses,
        Operation.CONFIRM: doses,
        Operation.JOIN: doses / 2,
        Operation.BOOK: doses / 2,
        Operation.RECORD: doses,
    }
    return Scenario(
        "17-september-2021",
        date(2021, 9, 17),
        rates,
        "the day's doses recorded in ten hours; for each of them ten looks at a calendar and one sign-in; every second"
        " one booked before, and of a person registered that day",
    )


def doses_by_state(day: date) -> dict[str, int]:
    """The doses of one day by state. Raises RuntimeError where the history is not there."""
    if not HISTORY.exists():
        raise RuntimeError(f"the scenarios take the day's doses from {HISTORY.name}, which is not beside the project")
    totals: dict[date, dict[str, int]] = {day: {}, day - timedelta(days=1): {}}
    with HISTORY.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            at = date(*reversed([int(part) for part in row["Updated On"].split("/")]))
            if at in totals and row["State"] != "India" and row["Total"]:
                totals[at][row["State"]] = int(float(row["Total"]))
    before = totals[day - timedelta(days=1)]
    return {state: max(0, total - before.get(state, total)) for state, total in totals[day].items()}


def run(lab: Lab) -> Days:
    """Measure what each operation costs, and run both days."""
    with _open(lab, _september()) as callers:
        costs = processor_seconds_each(callers)
    told = []
    for scenario in (_april(), _september()):
        with _open(lab, scenario) as callers:
            told.append(_run(callers, scenario, costs))
    return Days(costs, told)


@contextmanager
def _open(lab: Lab, scenario: Scenario) -> Iterator[Callers]:
    sessions = lab.publish_at(asyncio.run(_districts(lab, scenario)), days=DAYS, seats=SEATS)
    with platform(lab, WORKERS, **PROXY) as served:
        yield Callers(lab, served, sessions)


async def _districts(lab: Lab, scenario: Scenario) -> list[int | None]:
    """A district for each centre, more of them where more doses were given that day."""
    doses = doses_by_state(scenario.day)
    async with connected(lab.dsn) as conn:
        states = [one for one in await places.all_states(conn) if doses.get(one.name)]
        chance = random.Random(scenario.name)
        drawn = chance.choices(states, [doses[one.name] for one in states], k=CENTRES)
        here = [[one for one in await places.districts_of(conn, state.state_id) if one.latitude] for state in drawn]
        return [chance.choice(some).district_id for some in here if some]


def _run(callers: Callers, scenario: Scenario, costs: Mapping[Operation, float]) -> Told:
    fraction = OF_THIS_MACHINE * WORKERS / (scenario.cores(costs) * USED)
    kinds = {}
    for operation, rate in scenario.rates.items():
        wanted = max(1, round(rate * fraction * SECONDS))
        # A look may be the same twice; whoever does anything else does it once.
        made = callers.calls(operation, min(wanted, LOOKS) if operation is Operation.LOOK else wanted)
        every = islice(cycle(made), wanted)
        kinds[operation] = Calls(every, connections=64, per_second=rate * fraction)
    answers = side_by_side(callers.served.port, list(kinds.values()), SECONDS)
    return Told(scenario, fraction, {kind: one.all_good() for kind, one in zip(kinds, answers, strict=True)})


def chapter(days: Days) -> str:
    """What is told of them in the document."""
    parts = [
        "\n## Two days of 2021\n"
        "Each is run at a fraction that takes a third of this machine, callers beside it: calls come at fixed instants,"
        " and whoever comes late because others were slow has waited since the own one. *Cores* are those of the whole"
        f" event: the rate times what one operation was measured to cost, web processes and database together, each"
        f" core used to {USED:.0%}.\n"
    ]
    for one in days.told:
        rows = "".join(_row(days, one, operation) for operation in one.answers)
        cores = one.scenario.cores(days.costs)
        parts.append(
            f"\n### {one.scenario.name}, 1/{1 / one.fraction:,.0f} of it\n"
            "| operation | in the event | one costs | cores | in the run | half wait | one of a hundred waits |\n"
            "| --- | --- | --- | --- | --- | --- | --- |\n"
            f"{rows}| all | {sum(one.scenario.rates.values()):,.0f} /s | | **{cores:,.0f}** | | | |\n\n"
            f"Known or assumed: {one.scenario.assumed}. Not in it: calendars made anew where seats"
            " change (they are in the run), messages on their way out, certificates (the table"
            " above), the console, and a standby.\n"
        )
    return "".join(parts) + f"\n![The share of calls answered within a time](pictures/{report.WAITS})\n"


def _row(days: Days, one: Told, operation: Operation) -> str:
    rate, answers, cost = one.scenario.rates[operation], one.answers[operation], days.costs[operation]
    waits = " | ".join(f"{answers.wait(share) * 1000:,.1f} ms" for share in (0.5, 0.99))
    return (
        f"| {operation.value} | {rate:,.0f} /s | {cost * 1000:.2f} ms | {rate * cost / USED:,.1f}"
        f" | {answers.rate:,.1f} /s | {waits} |\n"
    )
