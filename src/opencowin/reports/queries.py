"""All SQL of the room `reports`: one function, one statement."""

# ruff: noqa: S608  # only literals are put together: LiteralString holds the type checker to it

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, LiteralString, Self

import orjson

from opencowin.kit.db import Connection, fetch_all, fetch_value, run

IN_SCOPE: LiteralString = """
    (%(district_id)s::int IS NULL OR r.district_id = %(district_id)s)
    AND (%(state_id)s::int IS NULL OR r.district_id IN (SELECT d.district_id FROM district d
                                                        WHERE d.state_id = %(state_id)s))
"""
UP_TO: LiteralString = """
    (SELECT district_id, measure, keys, amount FROM report_total
     WHERE measure = ANY (ARRAY['dose', 'aefi', 'session', 'registration'])
     UNION ALL
     SELECT district_id, measure, keys, -amount FROM report_daily
     WHERE measure = ANY (ARRAY['dose', 'aefi', 'session', 'registration']) AND on_date > %(on)s)
"""


@dataclass(frozen=True, slots=True)
class Rollup:
    """An amount to be added; `keys` is JSON text with sorted keys, so that equal breakdowns are equal."""

    measure: str
    district_id: int
    on_date: date
    hour: int
    keys: str
    amount: int = 0

    @classmethod
    def of(cls, measure: str, district_id: int, on_date: date, hour: int, keys: dict[str, Any]) -> Self:
        """The roll-up that a change adds to."""
        return cls(measure, district_id, on_date, hour, orjson.dumps(keys, option=orjson.OPT_SORT_KEYS).decode())

    def times(self, amount: int) -> Self:
        """The same with its amount."""
        return replace(self, amount=amount)


@dataclass(frozen=True, slots=True)
class Figure:
    """A sum with its breakdown."""

    measure: str
    keys: dict[str, Any]
    amount: int


@dataclass(frozen=True, slots=True)
class HourFigure:
    """A sum of one hour."""

    hour: int
    measure: str
    keys: dict[str, Any]
    amount: int


@dataclass(frozen=True, slots=True)
class DayFigure:
    """A sum of one day."""

    on_date: date
    measure: str
    keys: dict[str, Any]
    amount: int


@dataclass(frozen=True, slots=True)
class PlaceFigure:
    """Doses of one number in one place."""

    place_id: int
    dose_number: int
    amount: int


def _columns(rollups: Sequence[Rollup]) -> dict[str, list[Any]]:
    return {
        "measures": [rollup.measure for rollup in rollups],
        "districts": [rollup.district_id for rollup in rollups],
        "dates": [rollup.on_date for rollup in rollups],
        "hours": [rollup.hour for rollup in rollups],
        "keys": [rollup.keys for rollup in rollups],
        "amounts": [rollup.amount for rollup in rollups],
    }


async def add_to_daily(conn: Connection, rollups: Sequence[Rollup]) -> int:
    """Add to the days; in the order of the key, so that two workers never wait for each other in a ring."""
    return await run(
        conn,
        """
        INSERT INTO report_daily (measure, on_date, district_id, keys, amount)
        SELECT n.measure, n.on_date, d.district_id, n.keys, sum(n.amount)
        FROM unnest(%(measures)s::text[], %(dates)s::date[], %(districts)s::int[], %(keys)s::jsonb[],
                    %(amounts)s::bigint[]) AS n (measure, on_date, district_id, keys, amount)
        LEFT JOIN district d USING (district_id)
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        ON CONFLICT ON CONSTRAINT report_daily_once DO UPDATE SET amount = report_daily.amount + excluded.amount
        """,
        **_columns(rollups),
    )


async def add_to_total(conn: Connection, rollups: Sequence[Rollup]) -> int:
    """Add to the sums over all days, in the order of the key."""
    return await run(
        conn,
        """
        INSERT INTO report_total (measure, district_id, keys, amount)
        SELECT n.measure, d.district_id, n.keys, sum(n.amount)
        FROM unnest(%(measures)s::text[], %(districts)s::int[], %(keys)s::jsonb[], %(amounts)s::bigint[])
             AS n (measure, district_id, keys, amount)
        LEFT JOIN district d USING (district_id)
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT ON CONSTRAINT report_total_once DO UPDATE SET amount = report_total.amount + excluded.amount
        """,
        **_columns(rollups),
    )


async def add_to_hourly(conn: Connection, rollups: Sequence[Rollup]) -> int:
    """Add to the hours, in the order of the key."""
    return await run(
        conn,
        """
        INSERT INTO report_hourly (measure, on_date, hour, district_id, keys, amount)
        SELECT n.measure, n.on_date, n.hour, d.district_id, n.keys, sum(n.amount)
        FROM unnest(%(measures)s::text[], %(dates)s::date[], %(hours)s::smallint[], %(districts)s::int[],
                    %(keys)s::jsonb[], %(amounts)s::bigint[]) AS n (measure, on_date, hour, district_id, keys, amount)
        LEFT JOIN district d USING (district_id)
        GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
        ON CONFLICT ON CONSTRAINT report_hourly_once DO UPDATE SET amount = report_hourly.amount + excluded.amount
        """,
        **_columns(rollups),
    )


async def mark_fresh(conn: Connection) -> int:
    """Note up to when the roll-ups are complete: the oldest change still unfolded, else now. Never goes back."""
    return await run(
        conn,
        """
        INSERT INTO report_freshness (folded_at)
        SELECT coalesce((SELECT at FROM measure_change ORDER BY change_id LIMIT 1), now())
        ON CONFLICT (only_row) DO UPDATE
        SET folded_at = greatest(report_freshness.folded_at, excluded.folded_at)
        """,
    )


async def fresh_at(conn: Connection) -> datetime | None:
    """Up to when the roll-ups are complete; None before anything was ever folded."""
    found: datetime | None = await fetch_value(conn, "SELECT folded_at FROM report_freshness")
    return found


async def delete_hours_before(conn: Connection, day: date) -> int:
    """Delete the hours of earlier days."""
    return await run(conn, "DELETE FROM report_hourly WHERE on_date < %(day)s", day=day)


async def figures_up_to(conn: Connection, state_id: int | None, district_id: int | None, on: date) -> list[Figure]:
    """Sums over all days up to this one, by measure and breakdown."""
    return await fetch_all(
        conn,
        Figure,
        "SELECT r.measure, r.keys, sum(r.amount)::bigint AS amount FROM "
        + UP_TO
        + " AS r WHERE "
        + IN_SCOPE
        + "GROUP BY r.measure, r.keys HAVING sum(r.amount) <> 0",
        state_id=state_id,
        district_id=district_id,
        on=on,
    )


async def sites_up_to(conn: Connection, state_id: int | None, district_id: int | None, on: date) -> int:
    """How many sites held a session on a day up to this one."""
    found = await fetch_value(
        conn,
        """
        SELECT count(*) FROM (
            SELECT r.keys FROM (
                SELECT district_id, keys, amount FROM report_total WHERE measure = 'site'
                UNION ALL
                SELECT district_id, keys, -amount FROM report_daily WHERE measure = 'site' AND on_date > %(on)s) AS r
            WHERE """
        + IN_SCOPE
        + "GROUP BY r.keys HAVING sum(r.amount) > 0) AS held",
        state_id=state_id,
        district_id=district_id,
        on=on,
    )
    return int(found)


async def figures_on(conn: Connection, state_id: int | None, district_id: int | None, on: date) -> list[Figure]:
    """Sums of this day, by measure and breakdown; sites that hold no session any more are left out."""
    return await fetch_all(
        conn,
        Figure,
        """
        SELECT r.measure, r.keys, sum(r.amount)::bigint AS amount FROM report_daily r
        WHERE r.measure = ANY (ARRAY['dose', 'session', 'site', 'registration']) AND r.on_date = %(on)s AND """
        + IN_SCOPE
        + "GROUP BY r.measure, r.keys HAVING sum(r.amount) > 0",
        state_id=state_id,
        district_id=district_id,
        on=on,
    )


async def figures_by_hour(
    conn: Connection, state_id: int | None, district_id: int | None, on: date
) -> list[HourFigure]:
    """Doses and registrations of this day by hour."""
    return await fetch_all(
        conn,
        HourFigure,
        """
        SELECT r.hour, r.measure, r.keys, sum(r.amount)::bigint AS amount FROM report_hourly r
        WHERE r.measure = ANY (ARRAY['dose', 'registration']) AND r.on_date = %(on)s AND """
        + IN_SCOPE
        + "GROUP BY r.hour, r.measure, r.keys",
        state_id=state_id,
        district_id=district_id,
        on=on,
    )


async def figures_by_day(
    conn: Connection, state_id: int | None, district_id: int | None, measures: list[str], *, since: date, until: date
) -> list[DayFigure]:
    """These measures' sums by day, from `since` to `until`."""
    return await fetch_all(
        conn,
        DayFigure,
        """
        SELECT r.on_date, r.measure, r.keys, sum(r.amount)::bigint AS amount FROM report_daily r
        WHERE r.measure = ANY (%(measures)s) AND r.on_date BETWEEN %(since)s AND %(until)s AND """
        + IN_SCOPE
        + "GROUP BY r.on_date, r.measure, r.keys",
        state_id=state_id,
        district_id=district_id,
        measures=measures,
        since=since,
        until=until,
    )


async def doses_by_place(
    conn: Connection, state_id: int | None, district_id: int | None, on: date, *, districts: bool
) -> list[PlaceFigure]:
    """Doses up to a day by number and by state, or by district."""
    return await fetch_all(
        conn,
        PlaceFigure,
        """
        SELECT CASE WHEN %(districts)s THEN p.district_id ELSE p.state_id END AS place_id,
               (r.keys ->> 'dose')::int AS dose_number, sum(r.amount)::bigint AS amount
        FROM """
        + UP_TO
        + " AS r JOIN district p USING (district_id) WHERE r.measure = 'dose' AND "
        + IN_SCOPE
        + "GROUP BY 1, 2",
        state_id=state_id,
        district_id=district_id,
        on=on,
        districts=districts,
    )


async def doses_by_place_on(
    conn: Connection, state_id: int | None, district_id: int | None, on: date, *, districts: bool
) -> list[PlaceFigure]:
    """Doses of one day by number and by state, or by district."""
    return await fetch_all(
        conn,
        PlaceFigure,
        """
        SELECT CASE WHEN %(districts)s THEN p.district_id ELSE p.state_id END AS place_id,
               (r.keys ->> 'dose')::int AS dose_number, sum(r.amount)::bigint AS amount
        FROM report_daily r JOIN district p USING (district_id)
        WHERE r.measure = 'dose' AND r.on_date = %(on)s AND """
        + IN_SCOPE
        + "GROUP BY 1, 2",
        state_id=state_id,
        district_id=district_id,
        on=on,
        districts=districts,
    )


async def doses_so_far(conn: Connection) -> int:
    """All doses that were ever counted."""
    return int(await fetch_value(conn, "SELECT sum(amount) FROM report_total WHERE measure = 'dose'") or 0)


async def doses_on(conn: Connection, districts: Sequence[int] | None, centre_id: int | None, on: date) -> int:
    """Doses of one day in these districts, or in one centre of them; in the whole nation when both are None."""
    found = await fetch_value(
        conn,
        """
        SELECT coalesce(sum(amount), 0) FROM report_daily
        WHERE measure = 'dose' AND on_date = %(on)s
          AND (%(districts)s::int[] IS NULL OR district_id = ANY (%(districts)s))
          AND (%(centre)s::int IS NULL OR (keys ->> 'centre')::int = %(centre)s)
        """,
        on=on,
        districts=list(districts) if districts is not None else None,
        centre=centre_id,
    )
    return int(found)
