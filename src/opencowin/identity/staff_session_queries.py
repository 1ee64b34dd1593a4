"""SQL of the sessions of staff at the console: one function, one statement."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session of a member of staff as the table keeps it, without its hash."""

    session_id: UUID
    staff_id: UUID
    proved_by: str
    address: str
    device: str
    begun_at: datetime
    seen_at: datetime
    ended_at: datetime | None


async def insert(conn: Connection, row: SessionRow, secret_hash: bytes) -> None:
    """Begin a session."""
    await run(
        conn,
        """
        INSERT INTO staff_session (session_id, staff_id, secret_hash, proved_by, address, device, begun_at, seen_at)
        VALUES (%(session)s, %(staff)s, %(secret)s, %(proved_by)s, %(address)s, %(device)s, %(begun)s, %(seen)s)
        """,
        session=row.session_id,
        staff=row.staff_id,
        secret=secret_hash,
        proved_by=row.proved_by,
        address=row.address,
        device=row.device,
        begun=row.begun_at,
        seen=row.seen_at,
    )


async def open_session(conn: Connection, secret_hash: bytes) -> SessionRow | None:
    """The session with this secret that nobody has ended."""
    return await fetch_one(
        conn,
        SessionRow,
        """
        SELECT session_id, staff_id, proved_by, address, device, begun_at, seen_at, ended_at FROM staff_session
        WHERE secret_hash = %(secret)s AND ended_at IS NULL
        """,
        secret=secret_hash,
    )


async def sessions_of(
    conn: Connection, staff_id: UUID, *, begun_after: datetime, seen_after: datetime
) -> list[SessionRow]:
    """The sessions of one person that have neither been ended nor rested or lasted too long, newest first."""
    return await fetch_all(
        conn,
        SessionRow,
        """
        SELECT session_id, staff_id, proved_by, address, device, begun_at, seen_at, ended_at FROM staff_session
        WHERE staff_id = %(staff)s AND ended_at IS NULL AND begun_at > %(begun)s AND seen_at > %(seen)s
        ORDER BY begun_at DESC
        """,
        staff=staff_id,
        begun=begun_after,
        seen=seen_after,
    )


async def touch(conn: Connection, session_id: UUID, at: datetime) -> None:
    """Note that a page was opened."""
    await run(
        conn, "UPDATE staff_session SET seen_at = %(at)s WHERE session_id = %(session)s", session=session_id, at=at
    )


async def prove(conn: Connection, staff_id: UUID, session_id: UUID, proved_by: str) -> None:
    """Note what was shown in a session beside the password."""
    await run(
        conn,
        "UPDATE staff_session SET proved_by = %(proof)s WHERE session_id = %(session)s AND staff_id = %(staff)s",
        proof=proved_by,
        session=session_id,
        staff=staff_id,
    )


async def end(conn: Connection, staff_id: UUID, session_id: UUID, at: datetime) -> bool:
    """End one session of this person; False when there was none."""
    ended = await run(
        conn,
        """
        UPDATE staff_session SET ended_at = %(at)s
        WHERE session_id = %(session)s AND staff_id = %(staff)s AND ended_at IS NULL
        """,
        session=session_id,
        staff=staff_id,
        at=at,
    )
    return ended == 1


async def end_all(conn: Connection, staff_id: UUID, but: UUID | None, at: datetime) -> int:
    """End all sessions of a person but one; how many."""
    return await run(
        conn,
        """
        UPDATE staff_session SET ended_at = %(at)s
        WHERE staff_id = %(staff)s AND ended_at IS NULL AND session_id IS DISTINCT FROM %(but)s::uuid
        """,
        staff=staff_id,
        but=but,
        at=at,
    )


async def delete_begun_before(conn: Connection, at: datetime) -> int:
    """Forget sessions of long ago."""
    return await run(conn, "DELETE FROM staff_session WHERE begun_at < %(at)s", at=at)


async def know_device(conn: Connection, staff_id: UUID, device_hash: bytes, at: datetime) -> None:
    """Remember that this person has signed in with this browser."""
    await run(
        conn,
        """
        INSERT INTO staff_device (staff_id, device_hash, known_at, seen_at)
        VALUES (%(staff)s, %(device)s, %(at)s, %(at)s)
        ON CONFLICT (staff_id, device_hash) DO UPDATE SET seen_at = excluded.seen_at
        """,
        staff=staff_id,
        device=device_hash,
        at=at,
    )


async def is_known_address(conn: Connection, user_name: str, address: str, since: datetime) -> bool:
    """Whether the person of this name has signed in at the console from this address lately."""
    return bool(
        await fetch_value(
            conn,
            """
            SELECT true FROM staff_session JOIN staff USING (staff_id)
            WHERE user_name = %(user_name)s AND staff_session.address = %(address)s AND begun_at > %(since)s LIMIT 1
            """,
            user_name=user_name,
            address=address,
            since=since,
        )
    )


async def is_known_device(conn: Connection, user_name: str, device_hash: bytes, since: datetime) -> bool:
    """Whether the person of this name has signed in with this browser lately."""
    return bool(
        await fetch_value(
            conn,
            """
            SELECT true FROM staff_device JOIN staff USING (staff_id)
            WHERE user_name = %(user_name)s AND device_hash = %(device)s AND seen_at > %(since)s
            """,
            user_name=user_name,
            device=device_hash,
            since=since,
        )
    )
