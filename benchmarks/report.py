"""What was measured, as lines while it runs and as the document docs/performance.md."""

from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.measure import RUNS, Measured

QUIET = 0.10
HEAD = """# Performance

Measured by `make bench` (about three minutes), which writes this file. Every figure stands beside a reference taken on
the same machine in the same minute: the ratio travels to other machines better than the rates.

"""
METHOD = f"""
## Method
- Ours and the reference run in turn, {RUNS} runs each after one to warm up. The rate is the median run; the spread is
  from the slowest to the fastest.
- **Bookings**: each connection is a process of its own that calls the set function `book_local` through the platform's
  own query, one booking in each transaction, every commit flushed to disk (`synchronous_commit` and `fsync` on), seats
  without end. The reference inserts one row of two identifiers and an instant with the same driver.
- **Certificates**: per second of processor time, of all threads, ours and the reference; only issuing by batches, which
  waits for the database, is by the clock. One core, keys in memory, a name in Devanagari, two doses. *Printed* is
  everything from the statement to the PDF, for another person each time: both signatures, both QR codes, one
  bilingual page.
- **HTTP**: 16 connections over loopback, kept open, each asking again when its answer is complete; no cached answer
  (`If-None-Match`) is asked for. One web process with its database; limits and logs are on, the log's reader is not.

## What this does not say
- Callers, web process and database share the processors of one machine: with two, eight connections measure how they
  crowd each other, and a fixed body is bound by its caller as much as by its server.
- A booking over HTTP costs more than the function: signing in, eligibility, the audit row and the queued message are
  not in these figures.
- One machine, one disk, no standby. A commit that waits for a synchronous standby takes its round trip longer, and
  bookings in one slot wait for one another's commits.
"""
COLUMNS = ("what", "goal /s", "ours /s", "spread", "reference", "its rate /s", "its spread", "ratio")


def line(one: Measured) -> str:
    """A measurement for the terminal."""
    verdict = "reached" if one.rate >= one.pair.goal else "MISSED"
    return (
        f"{one.pair.name}\n"
        f"    goal       {one.pair.goal:>10,.0f} /s  {verdict}: {one.pair.goal_reason}\n"
        f"    ours       {one.rate:>10,.0f} /s  {_spread(one.ours)}\n"
        f"    reference  {one.reference_rate:>10,.0f} /s  {_spread(one.reference)}  {one.pair.reference_name}\n"
        f"    ratio      {one.ratio:>10.3g}"
    )


def document(machine: str, measured: Sequence[Measured]) -> str:
    """The document."""
    table = [COLUMNS, ("---",) * len(COLUMNS), *map(_row, measured)]
    rows = "".join(f"| {' | '.join(cells)} |\n" for cells in table)
    goals = dict.fromkeys(f"- {one.pair.goal:,.0f} a second: {one.pair.goal_reason}." for one in measured)
    told = f"{datetime.now(UTC):%d %B %Y}, on {machine}. {_others(measured)}\n\n"
    return HEAD + told + rows + "\nGoals:\n" + "\n".join(goals) + "\n" + METHOD


def _row(one: Measured) -> tuple[str, ...]:
    pair = one.pair
    goal = f"{pair.goal:,.0f}" + ("" if one.rate >= pair.goal else " (missed)")
    ours, reference = f"**{one.rate:,.0f}**", f"{one.reference_rate:,.0f}"
    spreads = (_spread(one.ours), _spread(one.reference))
    return (pair.name, goal, ours, spreads[0], pair.reference_name, reference, spreads[1], f"{one.ratio:.3g}")


def _spread(runs: Sequence[float]) -> str:
    return f"{min(runs):,.0f}–{max(runs):,.0f}"


def _others(measured: Sequence[Measured]) -> str:
    most = max(one.others for one in measured)
    if most <= QUIET:
        return f"The machine was quiet: other programs took at most {most:.0%} of its processors between measurements."
    return (
        f"**Others used the machine meanwhile**: up to {most:.0%} of its processors between measurements. The rates are"
        " lower than on a quiet machine; the ratios hold better than the rates."
    )
