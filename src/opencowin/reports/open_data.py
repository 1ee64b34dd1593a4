"""Open data: doses by day and place, small counts withheld so that nobody can be recognised."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import LiteralString

from opencowin.kit.db import Connection
from opencowin.reports.small_counts import hide_small

DAILY: LiteralString = """
    SELECT r.on_date, d.state_id, s.name, CASE WHEN %(districts)s THEN d.district_id END,
           CASE WHEN %(districts)s THEN d.name END,
           sum(r.amount)::bigint,
           coalesce(sum(r.amount) FILTER (WHERE (r.keys ->> 'dose')::int = 1), 0)::bigint,
           coalesce(sum(r.amount) FILTER (WHERE (r.keys ->> 'dose')::int = 2), 0)::bigint,
           coalesce(sum(r.amount) FILTER (WHERE (r.keys ->> 'dose')::int > 2), 0)::bigint
    FROM report_daily r JOIN district d USING (district_id) JOIN state s USING (state_id)
    WHERE r.measure = 'dose' AND (%(since)s::date IS NULL OR r.on_date >= %(since)s)
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(r.amount) <> 0
    ORDER BY 1, 2, 4
"""


@dataclass(frozen=True, slots=True)
class DailyRow:
    """Doses of one day in one place; None where a count of one to four is withheld, or would be told by the others."""

    day: date
    state_id: int
    state: str
    district_id: int | None
    district: str | None
    doses: int | None
    first: int | None
    second: int | None
    precaution: int | None


async def daily_doses(conn: Connection, *, districts: bool, since: date | None = None) -> AsyncIterator[DailyRow]:
    """Doses of every day by state, or by district, in the order of day and place."""
    cursor = await conn.execute(DAILY, {"districts": districts, "since": since})
    rows = await cursor.fetchall()
    for _, group in groupby(rows, key=lambda row: (row[0], row[1]) if districts else row[0]):
        together = list(group)
        columns = [hide_small([row[at] for row in together]) for at in (5, 6, 7, 8)]
        for row, doses, first, second, precaution in zip(together, *columns, strict=True):
            day, state_id, state, district_id, district = row[:5]
            parts = _consistent(doses, first, second, precaution)
            yield DailyRow(day, state_id, state, district_id, district, *parts)


def _consistent(
    doses: int | None, first: int | None, second: int | None, precaution: int | None
) -> tuple[int | None, int | None, int | None, int | None]:
    """A row whose parts add up to a shown sum must not tell its one withheld part."""
    parts = [first, second, precaution]
    if doses is not None and parts.count(None) == 1:
        return None, first, second, precaution
    return doses, first, second, precaution
