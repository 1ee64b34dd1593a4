"""What growth costs, as lines while it is measured and as the document docs/growth.md."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.footprint import Size

HEAD = """# Growth

Measured by `make growth MILLIONS="1 10 30"`, which writes this file: millions of invented people in the real tables,
then the platform's own verbs over one connection. A figure of a larger nation is to be read beside the references of
the same minutes: others used this machine meanwhile, and the ratios hold better than the milliseconds.

"""
METHOD = """
## Method
- **People**: each has half an account (two in a household), an entry in each directory, a document, a claim, an
  appointment and a first dose, 100,000 registered a day. Keys are random, what is sealed is sealed and as long as it
  really is, and mobile numbers are found by their real keyed hash. Rows are made by the server without indexes; these
  are built anew, those of random keys 70% full, as they stand when filled row by row, those by time 90%. Then all is
  vacuumed and analysed.
- **Calls**: for one person after another every step in turn, and both references with them, so that a busy moment
  strikes all. Whole transactions, each commit flushed. *In memory*: the rows of these people were read once before, so
  the working set is in memory; *anybody*: people drawn from all, whose rows lie where they lie. Nobody is called
  twice. The supply that is searched and booked (50 districts, 4 centres in each, 14 days) is the same at every size;
  the sessions of the past grow with the people.
- **Processor**: seconds that the calling process and the connection's backend worked, the median call's; what others
  do on the machine lengthens waits, not this. *Half* and *95%* are by the clock: so many calls took no longer.
- **Of the smallest**: a step's processor time divided by the reference's (the select's for what only reads, the
  insert's for what writes), over the same at the smallest size.
- **Memory**: proportional share (PSS) of one web process with its supervisor, after a first round of calls and after
  each of the storms that follow (calendars looked at, passwords asked for and confirmed, people registered).

## What this does not say
- One machine, one connection, no standby; nothing of certificates (some kilobytes for each dose) and of the audit
  trail (ADR 25), which are written once and read rarely.
- What happens when the working set does not fit into memory is told by *anybody* only as far as this machine's memory
  is smaller than the data.
"""
WRITING = "inserted"
READS = ("listed", "searched", "selected")
FIXED = ("session", "session_directory", "slot", "slot_capacity", "session_stock")
PER_PERSON = ("beneficiary", "beneficiary_reference", "identity_document", "account", "mobile_directory", "household")
PER_APPOINTMENT = ("appointment", "claim")


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds that a step takes: half of the calls, and all but one of twenty; and of processors, half of the calls."""

    half: float
    most: float
    used: float


@dataclass(frozen=True, slots=True)
class Grown:
    """Everything measured at one size."""

    people: int
    anybody: Mapping[str, Spent]
    warm: Mapping[str, Spent]
    sizes: Sequence[Size]
    whole: int
    memory: Sequence[int]
    loaded: float
    """Seconds that it took to get from the size before to this one."""
    others: float


def line(one: Grown) -> str:
    """A size for the terminal."""
    steps = "\n".join(
        f"    {step:60} {_told(one.warm[step])}   anybody {_told(spent)}" for step, spent in one.anybody.items()
    )
    memory = ", ".join(f"{size / 2**20:.0f}" for size in one.memory)
    bytes_ = f"{sum(_each(one, PER_PERSON)):.0f} B a person"
    return f"{one.people:,} people, {one.whole / 1e9:.1f} GB, {bytes_}, PSS {memory} MiB\n{steps}"


def _told(spent: Spent) -> str:
    return f"{spent.used * 1000:6.2f} ms used {spent.half * 1000:6.2f} ms {spent.most * 1000:6.2f} ms"


def document(machine: str, grown: Sequence[Grown]) -> str:
    """The document."""
    told = f"{datetime.now(UTC):%d %B %Y}, on {machine}.\n"
    return HEAD + told + _costs(grown) + _bytes(grown[-1]) + _memory(grown) + METHOD


def _costs(grown: Sequence[Grown]) -> str:
    head = (
        "\n## What calls cost\n\n| call | people | in memory: processor | of the smallest | half | 95%"
        " | anybody: processor | half | 95% |\n"
    )
    rows = [_row(grown[0], one, step) for step in grown[0].warm for one in grown]
    worst = max(_growth(grown[0], one, step) for one in grown for step in grown[0].warm if not _reference(step))
    verdict = "reached" if worst <= 1.2 else "missed"
    goal = (
        f"\nGoal: at most 1.2 times the cost at the smallest size while the working set is in memory: {verdict}, the"
        f" most is {worst:.2f}.\n"
    )
    return head + "| --- " * 9 + "|\n" + "".join(rows) + goal


def _row(smallest: Grown, one: Grown, step: str) -> str:
    warm, anybody = one.warm[step], one.anybody[step]
    share = "" if _reference(step) else f"{_growth(smallest, one, step):.2f}"
    cells = (
        _ms(warm.used),
        share,
        _ms(warm.half),
        _ms(warm.most),
        *map(_ms, (anybody.used, anybody.half, anybody.most)),
    )
    return f"| {step} | {one.people:,} | {' | '.join(cells)} |\n"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def _growth(smallest: Grown, one: Grown, step: str) -> float:
    return _ratio(one, step) / _ratio(smallest, step)


def _ratio(one: Grown, step: str) -> float:
    """A step by the reference that does what it does, read or write."""
    reads = any(word in step for word in READS)
    reference = next(name for name in one.warm if _reference(name) and (WRITING in name) != reads)
    return one.warm[step].used / one.warm[reference].used


def _reference(step: str) -> bool:
    return step.startswith("reference")


def _bytes(one: Grown) -> str:
    person, booked = sum(_each(one, PER_PERSON)), sum(_each(one, PER_APPOINTMENT))
    dose, places = sum(_each(one, ["dose"])), sum(_each(one, FIXED))
    head = (
        f"\n## What is kept, with {one.people:,} people\n\n"
        f"**{person:,.0f} bytes for a person**, **{booked:,.0f} for an appointment** (with its claim),"
        f" **{dose:,.0f} for a dose**, and {places:,.0f} for each appointment's share of the sessions' rows (100 to a"
        f" session): indexes and all, {one.whole / 1e9:.1f} GB in all. Those beyond the size before took"
        f" {one.loaded:,.0f} s to load.\n\n"
        "| table | index | rows | bytes a row | bytes a person | MB |\n| --- | --- | --- | --- | --- | --- |\n"
    )
    rows = (
        f"| {size.table} | {size.index or '*the rows*'} | {size.rows:,} | {size.each:,.1f}"
        f" | {size.size / one.people:,.1f} | {size.size / 1e6:,.0f} |\n"
        for size in one.sizes
    )
    return head + "".join(rows)


def _each(one: Grown, tables: Sequence[str]) -> list[float]:
    return [size.size / one.people for size in one.sizes if size.table in tables]


def _memory(grown: Sequence[Grown]) -> str:
    head = "\n## Memory of a web process\n\n| people | before | after each storm |\n| --- | --- | --- |\n"
    rows = [
        f"| {one.people:,} | {one.memory[0] / 2**20:.0f} MiB |"
        f" {', '.join(f'{size / 2**20:.0f}' for size in one.memory[1:])} MiB |\n"
        for one in grown
    ]
    return head + "".join(rows)
