"""Limits that hold across processes: how often a thing may be done in a window, counted in the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from opencowin.kit.clock import Clock
from opencowin.kit.crypto import Keyring
from opencowin.kit.db import Connection, fetch_value, run


def _window_start(now: datetime, window: timedelta) -> datetime:
    seconds = window.total_seconds()
    return datetime.fromtimestamp(now.timestamp() // seconds * seconds, tz=now.tzinfo)


async def count_use(conn: Connection, keyring: Keyring, clock: Clock, what: str, window: timedelta) -> int:
    """Count one use of `what` (kind and value, e.g. "otp:9000000001"); how often it was used in this window."""
    used = await fetch_value(
        conn,
        """
        INSERT INTO limited (subject, window_start, used) VALUES (%(subject)s, %(start)s, 1)
        ON CONFLICT (subject, window_start) DO UPDATE SET used = limited.used + 1
        RETURNING used
        """,
        subject=keyring.index(what, "limit"),
        start=_window_start(clock.now(), window),
    )
    return int(used)


async def uses(conn: Connection, keyring: Keyring, clock: Clock, what: str, window: timedelta) -> int:
    """How often `what` was used in this window, without counting."""
    used = await fetch_value(
        conn,
        "SELECT used FROM limited WHERE subject = %(subject)s AND window_start = %(start)s",
        subject=keyring.index(what, "limit"),
        start=_window_start(clock.now(), window),
    )
    return int(used or 0)


async def uses_of(conn: Connection, keyring: Keyring, clock: Clock, of: Sequence[tuple[str, timedelta]]) -> list[int]:
    """How often each of these was used in its window, without counting."""
    now = clock.now()
    cursor = await conn.execute(
        """
        SELECT coalesce(limited.used, 0)
        FROM unnest(%(subjects)s::bytea[], %(starts)s::timestamptz[]) WITH ORDINALITY AS u (subject, start, place)
        LEFT JOIN limited ON limited.subject = u.subject AND limited.window_start = u.start ORDER BY u.place
        """,
        {
            "subjects": [keyring.index(what, "limit") for what, _ in of],
            "starts": [_window_start(now, window) for _, window in of],
        },
    )
    return [int(row[0]) for row in await cursor.fetchall()]


async def count_uses(conn: Connection, keyring: Keyring, clock: Clock, of: Mapping[tuple[str, timedelta], int]) -> None:
    """Count so many uses of each, in this order."""
    now = clock.now()
    await run(
        conn,
        """
        INSERT INTO limited (subject, window_start, used)
        SELECT u.subject, u.start, u.many
        FROM unnest(%(subjects)s::bytea[], %(starts)s::timestamptz[], %(many)s::int[])
             WITH ORDINALITY AS u (subject, start, many, place) ORDER BY u.place
        ON CONFLICT (subject, window_start) DO UPDATE SET used = limited.used + EXCLUDED.used
        """,
        subjects=[keyring.index(what, "limit") for what, _ in of],
        starts=[_window_start(now, window) for _, window in of],
        many=list(of.values()),
    )


async def forget_old(conn: Connection, clock: Clock) -> int:
    """Delete counters of windows that ended more than two days ago."""
    return await run(
        conn, "DELETE FROM limited WHERE window_start < %(before)s", before=clock.now() - timedelta(days=2)
    )
