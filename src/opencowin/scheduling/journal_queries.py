"""SQL of the journal of changes. One function, one statement."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.types.json import Jsonb

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value


@dataclass(frozen=True, slots=True)
class SessionChange:
    """One change of a session, as the journal keeps it."""

    change_number: int
    district_id: int
    session_id: UUID
    centre_id: int
    pin_code: str
    kind: str
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class ReadChange(SessionChange):
    """A change, and the place of its reader among those that were asked for."""

    place: int


@dataclass(frozen=True, slots=True)
class Reader:
    """How far somebody has read, and of which places; of everywhere where none is named. Nothing beyond `until`."""

    after: int
    until: int | None = None
    district_ids: tuple[int, ...] = ()
    pin_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """From where to where the journal can be read: the last number that was deleted, and the last that was given."""

    forgotten: int
    newest: int


async def number(conn: Connection, most: int) -> int:
    """Give numbers to changes that have none; how many, or -1 while somebody else does."""
    found: int = await fetch_value(conn, "SELECT session_news_number(%(most)s)", most=most)
    return found


async def reach(conn: Connection) -> Reach:
    """How far the journal goes."""
    found = await fetch_one(conn, Reach, "SELECT forgotten, newest FROM session_journal")
    assert found is not None
    return found


async def changes(conn: Connection, readers: Sequence[Reader], most: int) -> list[ReadChange]:
    """What each of these readers has not read, of each so many at most; in their order and that of the journal."""
    return await fetch_all(
        conn,
        ReadChange,
        """
        SELECT r.place - 1 AS place, c.* FROM ROWS FROM (
            jsonb_to_recordset(%(readers)s) AS (after bigint, until bigint, district_ids int[], pin_codes text[])
        ) WITH ORDINALITY AS r (after, until, district_ids, pin_codes, place)
        CROSS JOIN LATERAL (
            SELECT change_number, district_id, session_id, centre_id, pin_code, kind, happened_at FROM session_change
            WHERE change_number > r.after AND change_number <= r.until
              AND (cardinality(r.district_ids) + cardinality(r.pin_codes) = 0
                   OR district_id = ANY (r.district_ids) OR pin_code = ANY (r.pin_codes))
            ORDER BY change_number LIMIT %(most)s) AS c
        ORDER BY r.place, c.change_number
        """,
        readers=Jsonb([asdict(one) for one in readers]),
        most=most,
    )


async def forget(conn: Connection, kept: timedelta) -> int:
    """Delete changes that are older, and note how far; how many."""
    found: int = await fetch_value(
        conn,
        """
        WITH last AS (
            SELECT max(change_number) AS number FROM session_change WHERE happened_at < now() - %(kept)s
        ), gone AS (
            DELETE FROM session_change WHERE change_number <= (SELECT number FROM last) RETURNING change_number
        ), noted AS (
            UPDATE session_journal SET forgotten = (SELECT number FROM last)
            WHERE EXISTS (SELECT FROM gone)
        )
        SELECT count(*) FROM gone
        """,
        kept=kept,
    )
    return found
