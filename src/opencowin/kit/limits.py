"""Limits that hold across processes: how often a thing may be done in a window, counted in the database."""

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


async def forget_old(conn: Connection, clock: Clock) -> int:
    """Delete counters of windows that ended more than two days ago."""
    return await run(
        conn, "DELETE FROM limited WHERE window_start < %(before)s", before=clock.now() - timedelta(days=2)
    )
