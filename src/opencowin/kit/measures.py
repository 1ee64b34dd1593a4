"""Measures: what happened, counted in the transaction in which it happened, to be folded into reports soon after."""

from collections.abc import Mapping
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


@dataclass(frozen=True, slots=True)
class Counted:
    """So many at an instant: `district_id` 0: place not known; `on_date` when it counts for another day than `at`'s."""

    at: datetime
    keys: Keys
    district_id: int = 0
    amount: int = 1
    on_date: date | None = None


async def count(conn: Connection, clock: Clock, measure: str, *counted: Counted) -> None:
    """Append these changes."""
    local = [clock.local(one.at) for one in counted]
    await run(
        conn,
        """
        INSERT INTO measure_change (measure, district_id, at, on_date, hour, keys, amount)
        SELECT %(measure)s, u.*
        FROM unnest(%(districts)s::integer[], %(ats)s::timestamptz[], %(days)s::date[], %(hours)s::smallint[]
                  , %(keys)s::jsonb[], %(amounts)s::integer[]) AS u
        """,
        measure=measure,
        districts=[one.district_id for one in counted],
        ats=[one.at for one in counted],
        days=[one.on_date or at.date() for one, at in zip(counted, local, strict=True)],
        hours=[at.hour for at in local],
        keys=[Jsonb(dict(one.keys)) for one in counted],
        amounts=[one.amount for one in counted],
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
