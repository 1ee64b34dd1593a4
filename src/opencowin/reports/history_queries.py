"""SQL of historic series: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from opencowin.kit.db import Connection, copy_rows, fetch_all, run


@dataclass(frozen=True, slots=True)
class Series:
    """An imported series."""

    series_id: str
    name: str
    source: str
    first_day: date
    last_day: date
    imported_at: datetime


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One published sum: of a state, or of the nation (None), up to a day."""

    state_id: int | None
    on_date: date
    figure: str
    amount: int


async def all_series(conn: Connection) -> list[Series]:
    """The imported series, by name."""
    return await fetch_all(
        conn,
        Series,
        "SELECT series_id, name, source, first_day, last_day, imported_at FROM history_series ORDER BY series_id",
    )


async def delete_series(conn: Connection, series_id: str) -> int:
    """Delete a series with its figures."""
    return await run(conn, "DELETE FROM history_series WHERE series_id = %(series_id)s", series_id=series_id)


async def insert_series(conn: Connection, series: Series) -> int:
    """Enter a series."""
    return await run(
        conn,
        """
        INSERT INTO history_series (series_id, name, source, first_day, last_day, imported_at)
        VALUES (%(series_id)s, %(name)s, %(source)s, %(first_day)s, %(last_day)s, %(imported_at)s)
        """,
        series_id=series.series_id,
        name=series.name,
        source=series.source,
        first_day=series.first_day,
        last_day=series.last_day,
        imported_at=series.imported_at,
    )


async def copy_figures(conn: Connection, series_id: str, rows: Sequence[HistoryRow]) -> int:
    """Enter a series' figures."""
    return await copy_rows(
        conn,
        "COPY history_figure (series_id, state_id, on_date, figure, amount) FROM STDIN",
        [(series_id, row.state_id, row.on_date, row.figure, row.amount) for row in rows],
    )


async def figures(conn: Connection, series_id: str, state_id: int | None, on: date) -> dict[str, int]:
    """Every sum of a place up to a day."""
    cursor = await conn.execute(
        """
        SELECT figure, amount FROM history_figure
        WHERE series_id = %(series_id)s AND state_id IS NOT DISTINCT FROM %(state_id)s AND on_date = %(on)s
        """,
        {"series_id": series_id, "state_id": state_id, "on": on},
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}


async def doses_by_day(conn: Connection, series_id: str, state_id: int | None, until: date) -> list[tuple[date, int]]:
    """The sums of doses of a place, day by day."""
    cursor = await conn.execute(
        """
        SELECT on_date, amount FROM history_figure
        WHERE series_id = %(series_id)s AND state_id IS NOT DISTINCT FROM %(state_id)s AND on_date <= %(until)s
          AND figure = 'doses' ORDER BY on_date
        """,
        {"series_id": series_id, "state_id": state_id, "until": until},
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]


async def doses_by_state(conn: Connection, series_id: str, on: date) -> dict[int, int]:
    """The sums of doses by state up to a day."""
    cursor = await conn.execute(
        """
        SELECT state_id, amount FROM history_figure
        WHERE series_id = %(series_id)s AND state_id IS NOT NULL AND on_date = %(on)s AND figure = 'doses'
        """,
        {"series_id": series_id, "on": on},
    )
    return {row[0]: row[1] for row in await cursor.fetchall()}
