"""Measures: what happened, counted in the transaction in which it happened, to be folded into reports soon after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg.types.json import Jsonb

from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection, fetch_all, run

Keys = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Change:
    """The sum of many changes with the same keys."""

    measure: str
    district_id: int
    on_date: date
    hour: int
    keys: dict[str, Any]
    amount: int


async def count(
    conn: Connection,
    clock: Clock,
    measure: str,
    *,
    district_id: int,
    at: datetime,
    keys: Keys,
    amount: int = 1,
    on_date: date | None = None,
) -> None:
    """Append one change. `district_id` 0: place not known; `on_date` when it counts for another day than `at`'s."""
    local = clock.local(at)
    await run(
        conn,
        """
        INSERT INTO measure_change (measure, district_id, at, on_date, hour, keys, amount)
        VALUES (%(measure)s, %(district_id)s, %(at)s, %(on_date)s, %(hour)s, %(keys)s, %(amount)s)
        """,
        measure=measure,
        district_id=district_id,
        at=at,
        on_date=on_date or local.date(),
        hour=local.hour,
        keys=Jsonb(dict(keys)),
        amount=amount,
    )


async def count_each(conn: Connection, clock: Clock, measure: str, changes: Sequence[tuple[datetime, Keys]]) -> None:
    """Append one change for each instant with its keys, of a place that is not known."""
    local = [clock.local(at) for at, _ in changes]
    await run(
        conn,
        """
        INSERT INTO measure_change (measure, district_id, at, on_date, hour, keys, amount)
        SELECT %(measure)s, 0, u.*, 1
        FROM unnest(%(ats)s::timestamptz[], %(days)s::date[], %(hours)s::smallint[], %(keys)s::jsonb[]) AS u
        """,
        measure=measure,
        ats=[at for at, _ in changes],
        days=[at.date() for at in local],
        hours=[at.hour for at in local],
        keys=[Jsonb(dict(keys)) for _, keys in changes],
    )


async def take_changes(conn: Connection, limit: int = 50_000) -> list[Change]:
    """Remove the oldest changes and return their sums: fold them in the same transaction, so that each counts once."""
    return await fetch_all(
        conn,
        Change,
        """
        WITH taken AS (
            DELETE FROM measure_change WHERE change_id IN (
                SELECT change_id FROM measure_change ORDER BY change_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
            RETURNING measure, district_id, on_date, hour, keys, amount)
        SELECT measure, district_id, on_date, hour, keys, sum(amount)::bigint AS amount
        FROM taken GROUP BY measure, district_id, on_date, hour, keys
        """,
        limit=limit,
    )
