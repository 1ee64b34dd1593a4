"""SQL of staff and API keys: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from opencowin.kit.actor import Place
from opencowin.kit.db import Connection, fetch_all, fetch_one, run

_API_KEY: LiteralString = """
    SELECT key_id, name, permissions, state_id, district_id, centre_id, calls_per_minute, calls_per_day, created_at,
           expires_at, revoked_at
    FROM api_key"""
_STAFF: LiteralString = """
    SELECT staff_id, user_name, name_sealed, password_hash, permissions, role, state_id, district_id, centre_id,
           created_at, deactivated_at
    FROM staff"""


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """An API key as the table keeps it, without its hash."""

    key_id: UUID
    name: str
    permissions: list[str]
    state_id: int | None
    district_id: int | None
    centre_id: int | None
    calls_per_minute: int
    calls_per_day: int
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class _HashedRow(ApiKeyRow):
    key_hash: bytes


@dataclass(frozen=True, slots=True)
class StaffRow:
    """A member of staff as the table keeps it."""

    staff_id: UUID
    user_name: str
    name_sealed: bytes
    password_hash: str
    permissions: list[str]
    role: str
    state_id: int | None
    district_id: int | None
    centre_id: int | None
    created_at: datetime
    deactivated_at: datetime | None


async def insert_api_key(conn: Connection, row: ApiKeyRow, key_hash: bytes) -> None:
    """Add a key."""
    await run(
        conn,
        """
        INSERT INTO api_key (key_id, name, key_hash, permissions, state_id, district_id, centre_id, calls_per_minute,
                             calls_per_day, created_at, expires_at)
        VALUES (%(key)s, %(name)s, %(hash)s, %(permissions)s, %(state)s, %(district)s, %(centre)s, %(per_minute)s,
                %(per_day)s, %(at)s, %(expires)s)
        """,
        key=row.key_id,
        name=row.name,
        hash=key_hash,
        permissions=row.permissions,
        state=row.state_id,
        district=row.district_id,
        centre=row.centre_id,
        per_minute=row.calls_per_minute,
        per_day=row.calls_per_day,
        at=row.created_at,
        expires=row.expires_at,
    )


async def api_key_of(conn: Connection, key_id: UUID) -> ApiKeyRow | None:
    """A key by its id."""
    return await fetch_one(conn, ApiKeyRow, _API_KEY + " WHERE key_id = %(key)s", key=key_id)


async def api_keys_of_hashes(conn: Connection, key_hashes: Sequence[bytes]) -> dict[bytes, ApiKeyRow]:
    """Keys by the keyed hashes of their secrets; unknown ones are left out."""
    rows = await fetch_all(
        conn,
        _HashedRow,
        """
        SELECT key_id, name, permissions, state_id, district_id, centre_id, calls_per_minute, calls_per_day, created_at,
               expires_at, revoked_at, key_hash
        FROM api_key WHERE key_hash = ANY (%(hashes)s)
        """,
        hashes=list(key_hashes),
    )
    return {row.key_hash: row for row in rows}


async def api_keys(conn: Connection) -> list[ApiKeyRow]:
    """All keys, newest first."""
    return await fetch_all(conn, ApiKeyRow, _API_KEY + " ORDER BY created_at DESC, key_id")


async def revoke(conn: Connection, key_id: UUID, at: datetime) -> bool:
    """End a key; False when it had ended."""
    ended = await run(
        conn,
        "UPDATE api_key SET revoked_at = %(at)s WHERE key_id = %(key)s AND revoked_at IS NULL",
        key=key_id,
        at=at,
    )
    return ended == 1


async def insert_staff(conn: Connection, row: StaffRow) -> bool:
    """Add a member of staff; False when the user name is taken."""
    added = await run(
        conn,
        """
        INSERT INTO staff (staff_id, user_name, name_sealed, password_hash, permissions, role, state_id, district_id,
                           centre_id, created_at)
        VALUES (%(staff)s, %(user_name)s, %(name)s, %(password)s, %(permissions)s, %(role)s, %(state)s, %(district)s,
                %(centre)s, %(at)s)
        ON CONFLICT (user_name) DO NOTHING
        """,
        staff=row.staff_id,
        user_name=row.user_name,
        name=row.name_sealed,
        password=row.password_hash,
        permissions=row.permissions,
        role=row.role,
        state=row.state_id,
        district=row.district_id,
        centre=row.centre_id,
        at=row.created_at,
    )
    return added == 1


async def staff_named(conn: Connection, user_name: str) -> StaffRow | None:
    """A member of staff by user name."""
    return await fetch_one(conn, StaffRow, _STAFF + " WHERE user_name = %(user_name)s", user_name=user_name)


async def staff_of(conn: Connection, staff_id: UUID) -> StaffRow | None:
    """A member of staff by id."""
    return await fetch_one(conn, StaffRow, _STAFF + " WHERE staff_id = %(staff)s", staff=staff_id)


async def all_staff(conn: Connection) -> list[StaffRow]:
    """All staff, those who left too, by user name."""
    return await fetch_all(conn, StaffRow, _STAFF + " ORDER BY user_name")


async def set_password(conn: Connection, staff_id: UUID, password_hash: str, chosen_at: datetime | None) -> None:
    """Replace a password, or, where none was chosen, its hash by a stronger one."""
    await run(
        conn,
        """
        UPDATE staff SET password_hash = %(password)s, password_set_at = coalesce(%(at)s, password_set_at)
        WHERE staff_id = %(staff)s
        """,
        staff=staff_id,
        password=password_hash,
        at=chosen_at,
    )


async def set_role(conn: Connection, staff_id: UUID, role: str, place: Place) -> None:
    """Give somebody another role or place."""
    await run(
        conn,
        """
        UPDATE staff SET role = %(role)s, state_id = %(state)s, district_id = %(district)s, centre_id = %(centre)s,
                         permissions = '{}'
        WHERE staff_id = %(staff)s
        """,
        staff=staff_id,
        role=role,
        state=place.state_id,
        district=place.district_id,
        centre=place.centre_id,
    )


async def staff_within(
    conn: Connection, place: Place, *, begins: str, left: bool, start: int, rows: int
) -> list[StaffRow]:
    """Staff whose place lies within this one and whose user name begins so, by user name."""
    return await fetch_all(
        conn,
        StaffRow,
        _STAFF
        + """
        WHERE (%(state)s::int IS NULL OR state_id = %(state)s)
          AND (%(district)s::int IS NULL OR district_id = %(district)s)
          AND (%(centre)s::int IS NULL OR centre_id = %(centre)s)
          AND starts_with(user_name, %(begins)s) AND (deactivated_at IS NOT NULL) = %(left)s
        ORDER BY user_name OFFSET %(start)s LIMIT %(rows)s
        """,
        state=place.state_id,
        district=place.district_id,
        centre=place.centre_id,
        begins=begins,
        left=left,
        start=start,
        rows=rows,
    )


async def deactivate(conn: Connection, staff_id: UUID, at: datetime) -> None:
    """Mark a member of staff as having left."""
    await run(
        conn,
        "UPDATE staff SET deactivated_at = coalesce(deactivated_at, %(at)s) WHERE staff_id = %(staff)s",
        staff=staff_id,
        at=at,
    )


async def staff_with_ids(conn: Connection, staff_ids: Sequence[UUID]) -> list[StaffRow]:
    """Staff by their ids, those who left too."""
    return await fetch_all(conn, StaffRow, _STAFF + " WHERE staff_id = ANY (%(ids)s)", ids=list(staff_ids))


async def actors_within(conn: Connection, place: Place) -> list[str]:
    """Ids of the staff and the API keys whose place lies within this one, those that ended too."""
    cursor = await conn.execute(
        """
        SELECT id::text FROM (
            SELECT staff_id AS id, state_id, district_id, centre_id FROM staff
            UNION ALL SELECT key_id, state_id, district_id, centre_id FROM api_key) AS every
        WHERE (%(state)s::int IS NULL OR state_id = %(state)s)
          AND (%(district)s::int IS NULL OR district_id = %(district)s)
          AND (%(centre)s::int IS NULL OR centre_id = %(centre)s)
        """,
        {"state": place.state_id, "district": place.district_id, "centre": place.centre_id},
    )
    return [str(row[0]) for row in await cursor.fetchall()]
