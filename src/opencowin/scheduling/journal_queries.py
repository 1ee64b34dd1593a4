"""SQL of the journal of changes. One function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

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


async def changes(
    conn: Connection, after: int, until: int, *, district_ids: Sequence[int], pin_codes: Sequence[str], most: int
) -> list[SessionChange]:
    """Changes behind one number up to another, in these districts or under these codes; anywhere if none is named."""
    return await fetch_all(
        conn,
        SessionChange,
        """
        SELECT change_number, district_id, session_id, centre_id, pin_code, kind, happened_at FROM session_change
        WHERE change_number > %(after)s AND change_number <= %(until)s
          AND (%(anywhere)s OR district_id = ANY (%(districts)s::int[]) OR pin_code = ANY (%(pins)s::text[]))
        ORDER BY change_number LIMIT %(most)s
        """,
        after=after,
        until=until,
        anywhere=not (district_ids or pin_codes),
        districts=list(district_ids),
        pins=list(pin_codes),
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
