"""Historic daily series: published elsewhere, imported as they are, and kept apart from what is counted here."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection
from opencowin.kit.errors import Invalid, NotFound
from opencowin.kit.pack import CountryPack
from opencowin.places import State, all_states
from opencowin.reports import history_queries
from opencowin.reports.history_queries import HistoryRow, Series

FILE = "history.toml"


class NoSuchSeries(NotFound):
    """There is no series called {series}."""

    code = "REPORT0011"


class NoSuchLayout(Invalid):
    """The country pack describes no series laid out as {layout}: it knows {known}."""

    code = "REPORT0012"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a published table is laid out: its columns, and what places are called in it."""

    layout_id: str
    name: str
    source: str
    day: str
    day_format: str
    place: str
    nation: str
    places: Mapping[str, str]
    figures: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in the table, and where (lines count from 1, the header being the first)."""

    line: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class History:
    """A table as it was read: its figures, and what could not be read."""

    rows: list[HistoryRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class HistoryDay:
    """One day of a series for one place: sums up to it, the day before, its parts, and doses of each day until then."""

    series: Series
    on: date
    figures: Mapping[str, int]
    before: Mapping[str, int]
    by_state: Mapping[int, int]
    by_state_before: Mapping[int, int]
    days: list[tuple[date, int]]


def layout_called(pack: CountryPack, layout_id: str) -> Layout:
    """The layout of this name in the country pack. Raises NoSuchLayout."""
    known = pack.toml(FILE) if (pack.folder / FILE).is_file() else {}
    if layout_id not in known:
        raise NoSuchLayout(layout=layout_id, known=", ".join(known) or "none")
    return Layout(layout_id=layout_id, **{"places": {}, **known[layout_id]})


def read_history(lines: Iterable[str], layout: Layout, states: Sequence[State]) -> History:
    """The figures of a table in CSV. What cannot be read is told by line and column; nothing is guessed."""
    found = History()
    table = csv.DictReader(lines)
    wanted = [layout.day, layout.place, *layout.figures.values()]
    if missing := [column for column in wanted if column not in (table.fieldnames or ())]:
        found.problems.extend(Problem(1, column, "there is no such column") for column in missing)
        return found
    numbers: dict[str, int | None] = {state.name: state.state_id for state in states}
    numbers |= {theirs: numbers[ours] for theirs, ours in layout.places.items() if ours in numbers}
    numbers[layout.nation] = None
    seen: set[tuple[int | None, date]] = set()
    for line, row in enumerate(table, start=2):
        try:
            day = datetime.strptime(row[layout.day].strip(), layout.day_format).date()  # noqa: DTZ007 (a day, no time)
        except ValueError:
            found.problems.append(Problem(line, layout.day, f"{row[layout.day]!r} is no day"))
            continue
        place = row[layout.place].strip()
        if place not in numbers:
            found.problems.append(Problem(line, layout.place, f"{place!r} is not known"))
        elif (numbers[place], day) in seen:
            found.problems.append(Problem(line, layout.day, f"{place} has this day already"))
        else:
            seen.add((numbers[place], day))
            found.rows.extend(_figures(row, layout, numbers[place], day, found.problems, line))
    return found


def _figures(  # noqa: PLR0917 (one row of a table, and where it stands)
    row: Mapping[str, str], layout: Layout, state_id: int | None, day: date, problems: list[Problem], line: int
) -> Iterator[HistoryRow]:
    for figure, column in layout.figures.items():
        text = (row[column] or "").strip()
        if not text:
            continue
        try:
            amount = float(text)
        except ValueError:
            amount = -1.0
        if amount < 0 or not amount.is_integer():
            problems.append(Problem(line, column, f"{text!r} is no whole number"))
        else:
            yield HistoryRow(state_id, day, figure, int(amount))


async def import_history(conn: Connection, clock: Clock, layout: Layout, history: History) -> Series:
    """Keep a series as read, instead of an earlier import of it. The caller has seen that there are no problems."""
    days = [row.on_date for row in history.rows]
    series = Series(layout.layout_id, layout.name, layout.source, min(days), max(days), clock.now())
    await history_queries.delete_series(conn, layout.layout_id)
    await history_queries.insert_series(conn, series)
    await history_queries.copy_figures(conn, layout.layout_id, history.rows)
    return series


async def remove_history(conn: Connection, series_id: str) -> None:
    """Remove an imported series. Raises NoSuchSeries."""
    if not await history_queries.delete_series(conn, series_id):
        raise NoSuchSeries(series=series_id)


async def known_states(conn: Connection) -> list[State]:
    """The states that a table's places may name."""
    return await all_states(conn)


async def all_series(conn: Connection) -> list[Series]:
    """The imported series, by name."""
    return await history_queries.all_series(conn)


async def history_day(conn: Connection, series_id: str, state_id: int | None, on: date | None) -> HistoryDay:
    """A series as it stood on a day (None: its last). Raises NoSuchSeries."""
    series = next((one for one in await history_queries.all_series(conn) if one.series_id == series_id), None)
    if series is None:
        raise NoSuchSeries(series=series_id)
    day = min(max(on or series.last_day, series.first_day), series.last_day)
    sums = await history_queries.doses_by_day(conn, series_id, state_id, day)
    by_state = await history_queries.doses_by_state(conn, series_id, day)
    earlier = sums[-2][0] if len(sums) > 1 else None
    return HistoryDay(
        series=series,
        on=day,
        figures=await history_queries.figures(conn, series_id, state_id, day),
        before=await history_queries.figures(conn, series_id, state_id, earlier) if earlier else {},
        by_state=by_state,
        by_state_before=await history_queries.doses_by_state(conn, series_id, earlier) if earlier else {},
        days=list(_each_day(sums)),
    )


def _each_day(sums: Sequence[tuple[date, int]]) -> Iterator[tuple[date, int]]:
    """Doses of each day from sums; where a sum fell, the source had put a count right, and the day shows 0."""
    before = 0
    for day, amount in sums:
        yield day, max(amount - before, 0)
        before = amount
