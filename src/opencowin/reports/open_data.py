"""Open data: doses by day and place, small counts withheld so that nobody can be recognised."""

# ruff: noqa: S608  # only literals are put together: LiteralString holds the type checker to it

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, LiteralString

from opencowin.kit.db import Connection
from opencowin.reports.small_counts import consistent, hide_small

AMOUNTS: LiteralString = """
    sum(r.amount)::bigint,
    coalesce(sum(r.amount) FILTER (WHERE (r.keys ->> 'dose')::int = 1), 0)::bigint,
    coalesce(sum(r.amount) FILTER (WHERE (r.keys ->> 'dose')::int = 2), 0)::bigint,
    coalesce(sum(r.amount) FILTER (WHERE (r.keys ->> 'dose')::int > 2), 0)::bigint
"""
DAILY: LiteralString = (
    """
    SELECT r.on_date, d.state_id, s.name, CASE WHEN %(districts)s THEN d.district_id END,
           CASE WHEN %(districts)s THEN d.name END, NULL::int, NULL, NULL,"""
    + AMOUNTS
    + """
    FROM report_daily r JOIN district d USING (district_id) JOIN state s USING (state_id)
    WHERE r.measure = 'dose' AND (%(since)s::date IS NULL OR r.on_date >= %(since)s)
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(r.amount) <> 0
    ORDER BY 1, 2, 4
"""
)
SITES: LiteralString = (
    """
    SELECT r.on_date, d.state_id, s.name, d.district_id, d.name, c.centre_id, c.name, c.pin_code,"""
    + AMOUNTS
    + """
    FROM report_daily r JOIN centre c ON c.centre_id = (r.keys ->> 'centre')::int
         JOIN district d ON d.district_id = r.district_id JOIN state s USING (state_id)
    WHERE r.measure = 'site_dose' AND r.on_date = %(on)s
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(r.amount) <> 0
    ORDER BY 2, 4, 6
"""
)


@dataclass(frozen=True, slots=True)
class DailyRow:
    """Doses of one day in one place; None where a count of one to four is withheld, or would be told by the others."""

    day: date
    state_id: int
    state: str
    district_id: int | None
    district: str | None
    site_id: int | None
    site: str | None
    pin_code: str | None
    doses: int | None
    first: int | None
    second: int | None
    precaution: int | None


async def daily_doses(conn: Connection, *, districts: bool, since: date | None = None) -> list[DailyRow]:
    """Doses of every day by state, or by district, in the order of day and place."""
    cursor = await conn.execute(DAILY, {"districts": districts, "since": since})
    rows = await cursor.fetchall()
    return _withheld(rows, (lambda row: (row[0], row[1])) if districts else (lambda row: row[0]))


async def site_doses(conn: Connection, on: date) -> list[DailyRow]:
    """Doses of one day by site, in the order of state, district and site."""
    cursor = await conn.execute(SITES, {"on": on})
    return _withheld(await cursor.fetchall(), lambda row: row[3])


def _withheld(rows: Sequence[tuple[Any, ...]], whole: Callable[[tuple[Any, ...]], object]) -> list[DailyRow]:
    """The rows with small counts withheld among those that add up to one published whole."""
    shown: list[DailyRow] = []
    for _, group in groupby(rows, key=whole):
        together = list(group)
        columns = [hide_small([row[at] for row in together]) for at in (8, 9, 10, 11)]
        for row, doses, first, second, precaution in zip(together, *columns, strict=True):
            counts = consistent(doses, first, second, precaution)
            shown.append(DailyRow(*(*row[:8], *counts)))
    return shown
