"""What was measured, as lines while it runs and as the document docs/performance.md."""

from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.measure import RUNS, Measured, Unit

QUIET = 0.10
GOALS, WAITS = "performance-goals.svg", "performance-waits.svg"
"""Pictures."""
HEAD = """# Performance

Measured by `make bench` (a quarter of an hour), which writes this file. Every figure stands beside a reference taken on
the same machine in the same minute: the ratio travels to other machines better than the rates.

"""
METHOD = f"""
## Method
- Ours and the reference run in turn, {RUNS} runs each after one to warm up. The rate is the median run; the spread is
  from the slowest to the fastest.
- **Bookings**: each connection is a process of its own that calls the set function `book_local` through the platform's
  own query, one booking in each transaction, every commit flushed to disk (`synchronous_commit` and `fsync` on), seats
  without end. The reference inserts one row of two identifiers and an instant with the same driver.
- **Bookings over HTTP**: every call by another household, with its own signed token, judged by the rules; callers, web
  processes and database share the processors. pgbench makes the rows of a booking (claim, appointment, both counters,
  the queued news) by one function call in a transaction each. *Later commits*: each waits before it is
  flushed (`commit_delay`, for one caller alone too), as for a standby.
- **New people**: what a step needs from the one before (the codes) is made beforehand, untimed. Every person calls from
  an address of the own.
- **Messages**: queued as jobs in one transaction; the clock runs from its commit until the last is noted as handed on.
  Workers, database and gateway (a process of its own that takes whatever comes) share the processors. The centre sends
  a receipt for each message. The reference is the channel of the platform by itself: same requests, nothing noted.
- **Subscriptions**: two in five watch a district, the others a postal code, half of these with a circle of 2 to 100 km;
  one in twenty watches one metropolis, where the session is published; vaccine, dose, age and fee are as people choose
  them. The clock runs from the worker's job to the commit of the alerts: who is told is drawn by lot, each is worded in
  the household's language, sealed and queued.
- **Feeds**: the clock runs from the call that publishes a session; readers, web process and database share the
  processors. Webhooks are called by one worker; their receiver is a process of its own that takes whatever comes.
- **Certificates**: per second of processor time, of all threads, ours and the reference; only issuing by batches, which
  waits for the database, is by the clock. One core, keys in memory, a name in Devanagari, two doses. *Printed* is
  everything from the statement to the PDF, for another person each time: both signatures, both QR codes, one
  bilingual page.
- **A taken seat**: booked in one process; asked for in the other's calendar, again and again, from when the booking
  was answered.
- **Calendars**: asked by wrk over 16 connections of the loopback, kept open, each asking again when its answer is
  complete; no kept answer (`If-None-Match`) is asked for. One web process with its database; limits are on, and the
  log, which the lane does not write.

## What this does not say
- Callers, web process and database share the processors of one machine: with two, eight connections measure how they
  crowd each other, and a fixed body is bound by its caller as much as by its server.
- One machine, one disk, no standby but in the figures that say so.
- What an operation costs is measured alone; in a mix, caches and the scheduler add to it.
"""
COLUMNS = ("what", "goal", "ours", "spread", "reference", "its figure", "its spread", "ratio")


def line(one: Measured) -> str:
    """A measurement for the terminal."""
    unit = one.pair.unit
    verdict = "reached" if one.reached else "MISSED"
    return (
        f"{one.pair.name}\n"
        f"    goal       {_goal(one):>14}  {verdict}: {one.pair.goal.reason}\n"
        f"    ours       {_figure(one.rate, unit):>14}  {_spread(one.ours, unit)}\n"
        f"    reference  {_figure(one.reference_rate, unit):>14}  {_spread(one.reference, unit)}"
        f"  {one.pair.reference_name}\n"
        f"    ratio      {one.ratio:>14.3g}"
    )


def document(machine: str, measured: Sequence[Measured]) -> str:
    """The document."""
    table = [COLUMNS, ("---",) * len(COLUMNS), *map(_row, measured)]
    rows = "".join(f"| {' | '.join(cells)} |\n" for cells in table)
    goals = dict.fromkeys(f"- {_goal(one)}: {one.pair.goal.reason}." for one in measured)
    told = f"{datetime.now(UTC):%d %B %Y}, on {machine}. {_others(measured)}\n\n"
    picture = f"\n![Every run as a multiple of its goal](pictures/{GOALS})\n"
    return HEAD + told + rows + "\nGoals:\n" + "\n".join(goals) + "\n" + picture


def _row(one: Measured) -> tuple[str, ...]:
    pair, unit = one.pair, one.pair.unit
    goal = _goal(one) + ("" if one.reached else " (missed)")
    ours, reference = f"**{_figure(one.rate, unit)}**", _figure(one.reference_rate, unit)
    spreads = (_spread(one.ours, unit), _spread(one.reference, unit))
    return (pair.name, goal, ours, spreads[0], pair.reference_name, reference, spreads[1], f"{one.ratio:.3g}")


def _goal(one: Measured) -> str:
    bound = "≥" if one.pair.unit is Unit.RATE else "≤"
    goal = one.pair.goal
    return f"{bound} {goal.bound:g} × reference" if goal.of_ratio else f"{bound} {_figure(goal.bound, one.pair.unit)}"


def _figure(value: float, unit: Unit) -> str:
    if unit is Unit.SECONDS:
        return f"{value * 1000:,.1f} ms"
    return f"{value:,.0f} {unit.value}"


def _spread(runs: Sequence[float], unit: Unit) -> str:
    return f"{_figure(min(runs), unit).split()[0]}–{_figure(max(runs), unit).split()[0]}"


def _others(measured: Sequence[Measured]) -> str:
    most = max(one.others for one in measured)
    if most <= QUIET:
        return f"The machine was quiet: other programs took at most {most:.0%} of its processors between measurements."
    return (
        f"**Others used the machine meanwhile**: up to {most:.0%} of its processors between measurements. The rates are"
        " lower than on a quiet machine; the ratios hold better than the rates."
    )
