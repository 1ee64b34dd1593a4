"""Months of appointments that are put away: nothing live leaves, and what comes back follows its people.

A file holds ids and no facts about anybody. Claims, doses and certificates stay; so do sessions with what was given.
"""

from datetime import UTC, date, datetime, time, timedelta

import psycopg
from psycopg import sql

from opencowin.kit.archive import ArchiveRefused, Part, Shelf


def _last_day(conn: psycopg.Connection, part: Part) -> date | None:
    """On which day the last session of a part is or was held: an id alone does not tell."""
    row = conn.execute(
        sql.SQL(
            """
            SELECT max(held_on) FROM session
            JOIN (SELECT DISTINCT district_id, session_id FROM {part}) AS own USING (district_id, session_id)
            """
        ).format(part=sql.Identifier(part.partition))
    ).fetchone()
    return row[0] if row else None


def _ends(conn: psycopg.Connection, part: Part) -> datetime | None:
    last = _last_day(conn, part)
    if last is None:
        return part.ends_at
    after = datetime.combine(last + timedelta(days=1), time(), UTC)
    return max(after, part.ends_at or after)


def _close(conn: psycopg.Connection, part: Part) -> None:
    """Whoever was booked and did not come has missed it; session by session, each in a transaction of its own."""
    open_sessions = sql.SQL("SELECT DISTINCT district_id, session_id FROM {} WHERE state = 'booked'")
    for key in conn.execute(open_sessions.format(sql.Identifier(part.partition))).fetchall():
        conn.execute("SELECT session_close(%s, %s, now())", key)


def _refuse_unfinished(conn: psycopg.Connection, part: Part) -> None:
    """No appointment of it may be live, none undecided, and no session still to come."""
    last = _last_day(conn, part)
    if last is not None and last >= datetime.now(UTC).date():
        raise ArchiveRefused(f"{part.partition} has a session of {last}")
    found = conn.execute(
        sql.SQL(
            """
            SELECT EXISTS (SELECT FROM {part} WHERE state = 'booked'),
                   EXISTS (SELECT FROM claim JOIN {part} USING (district_id, session_id) WHERE claim.state = 'pending')
            """
        ).format(part=sql.Identifier(part.partition))
    ).fetchone()
    if found != (False, False):
        raise ArchiveRefused(f"{part.partition} has appointments that are live or undecided: is a worker running?")


def _follow(conn: psycopg.Connection, part: Part) -> None:
    """Whoever went into another household meanwhile is there with what comes back, too."""
    conn.execute(
        sql.SQL(
            """
            UPDATE {part} AS a SET account_id = c.account_id
            FROM claim c
            JOIN (SELECT claim_id FROM {part} AS o WHERE NOT EXISTS (
                      SELECT FROM claim WHERE claim.account_id = o.account_id AND claim.claim_id = o.claim_id)) AS gone
                USING (claim_id)
            WHERE a.claim_id = c.claim_id
            """
        ).format(part=sql.Identifier(part.partition))
    )


APPOINTMENTS = Shelf("appointment", ends=_ends, refuse=_refuse_unfinished, close=_close, returned=_follow)
