"""SQL of invitations to the staff: one function, one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from opencowin.kit.actor import Place
from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run

_INVITATION: LiteralString = """
    SELECT invitation_id, user_name, name_sealed, role, state_id, district_id, centre_id, invited_by, invited_at,
           expires_at, ended_at, staff_id
    FROM staff_invitation"""


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An invitation as the table keeps it, without its hash."""

    invitation_id: UUID
    user_name: str
    name_sealed: bytes
    role: str
    state_id: int | None
    district_id: int | None
    centre_id: int | None
    invited_by: str
    invited_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    staff_id: UUID | None


async def insert(conn: Connection, row: InvitationRow, token_hash: bytes) -> bool:
    """Add an invitation; False when one for this user name is open."""
    added = await run(
        conn,
        """
        INSERT INTO staff_invitation (invitation_id, token_hash, user_name, name_sealed, role, state_id, district_id,
                                      centre_id, invited_by, invited_at, expires_at, staff_id)
        VALUES (%(invitation)s, %(token)s, %(user_name)s, %(name)s, %(role)s, %(state)s, %(district)s, %(centre)s,
                %(by)s, %(at)s, %(expires)s, %(staff)s)
        ON CONFLICT (user_name) WHERE ended_at IS NULL DO NOTHING
        """,
        invitation=row.invitation_id,
        token=token_hash,
        user_name=row.user_name,
        name=row.name_sealed,
        role=row.role,
        state=row.state_id,
        district=row.district_id,
        centre=row.centre_id,
        by=row.invited_by,
        at=row.invited_at,
        expires=row.expires_at,
        staff=row.staff_id,
    )
    return added == 1


async def open_invitation(conn: Connection, token_hash: bytes, now: datetime) -> InvitationRow | None:
    """The invitation that a link opens now."""
    return await fetch_one(
        conn,
        InvitationRow,
        _INVITATION + " WHERE token_hash = %(token)s AND ended_at IS NULL AND expires_at > %(now)s",
        token=token_hash,
        now=now,
    )


async def end(conn: Connection, invitation_id: UUID, at: datetime) -> bool:
    """An invitation is accepted or withdrawn; False when it had ended."""
    ended = await run(
        conn,
        """
        UPDATE staff_invitation SET ended_at = %(at)s
        WHERE invitation_id = %(invitation)s AND ended_at IS NULL
        """,
        invitation=invitation_id,
        at=at,
    )
    return ended == 1


async def note_joined(conn: Connection, invitation_id: UUID, staff_id: UUID) -> None:
    """Who accepted an invitation."""
    await run(
        conn,
        "UPDATE staff_invitation SET staff_id = %(staff)s WHERE invitation_id = %(invitation)s",
        invitation=invitation_id,
        staff=staff_id,
    )


async def end_for(conn: Connection, user_name: str, at: datetime, *, only_expired: bool) -> None:
    """End what is open for a user name, so that another invitation may take its place."""
    await run(
        conn,
        """
        UPDATE staff_invitation SET ended_at = %(at)s
        WHERE user_name = %(user_name)s AND ended_at IS NULL AND (expires_at <= %(at)s OR NOT %(expired)s)
        """,
        user_name=user_name,
        at=at,
        expired=only_expired,
    )


async def delete_expired(conn: Connection, before: datetime) -> int:
    """Forget invitations of long ago, names and all; how many."""
    return await run(conn, "DELETE FROM staff_invitation WHERE expires_at < %(at)s", at=before)


async def is_awaited(conn: Connection, user_name: str, now: datetime) -> bool:
    """Whether an invitation for this user name waits to be accepted."""
    return bool(
        await fetch_value(
            conn,
            """
            SELECT EXISTS (SELECT FROM staff_invitation
                           WHERE user_name = %(user_name)s AND ended_at IS NULL AND expires_at > %(now)s)
            """,
            user_name=user_name,
            now=now,
        )
    )


async def invitation_of(conn: Connection, invitation_id: UUID) -> InvitationRow | None:
    """An invitation by its id."""
    return await fetch_one(
        conn, InvitationRow, _INVITATION + " WHERE invitation_id = %(invitation)s", invitation=invitation_id
    )


async def invitations_within(conn: Connection, place: Place, now: datetime, rows: int) -> list[InvitationRow]:
    """Invitations to places within this one that wait to be accepted, newest first."""
    return await fetch_all(
        conn,
        InvitationRow,
        _INVITATION
        + """
        WHERE ended_at IS NULL AND expires_at > %(now)s AND staff_id IS NULL
          AND (%(state)s::int IS NULL OR state_id = %(state)s)
          AND (%(district)s::int IS NULL OR district_id = %(district)s)
          AND (%(centre)s::int IS NULL OR centre_id = %(centre)s)
        ORDER BY invited_at DESC, invitation_id LIMIT %(rows)s
        """,
        now=now,
        state=place.state_id,
        district=place.district_id,
        centre=place.centre_id,
        rows=rows,
    )
