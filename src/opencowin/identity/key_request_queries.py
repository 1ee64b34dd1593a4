"""SQL of requests for API keys: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run

_REQUEST: LiteralString = """
    SELECT request_id, name, contact_sealed, purpose, language, asked_at, decided_at, decided_by, approved, permissions,
           calls_per_minute, calls_per_day, claim_until, key_id
    FROM api_key_request"""


@dataclass(frozen=True, slots=True)
class KeyRequestRow:
    """A request as the table keeps it, without the hash of its link."""

    request_id: UUID
    name: str
    contact_sealed: bytes
    purpose: str
    language: str
    asked_at: datetime
    decided_at: datetime | None
    decided_by: UUID | None
    approved: bool | None
    permissions: list[str]
    calls_per_minute: int | None
    calls_per_day: int | None
    claim_until: datetime | None
    key_id: UUID | None


async def insert(
    conn: Connection,
    request_id: UUID,
    *,
    name: str,
    contact: bytes,
    purpose: str,
    language: str,
    asked_at: datetime,
) -> int:
    """Add a request."""
    return await run(
        conn,
        """
        INSERT INTO api_key_request (request_id, name, contact_sealed, purpose, language, asked_at)
        VALUES (%(request)s, %(name)s, %(contact)s, %(purpose)s, %(language)s, %(at)s)
        """,
        request=request_id,
        name=name,
        contact=contact,
        purpose=purpose,
        language=language,
        at=asked_at,
    )


async def undecided(conn: Connection, rows: int) -> list[KeyRequestRow]:
    """Requests that wait for a decision, the oldest first."""
    return await fetch_all(
        conn,
        KeyRequestRow,
        _REQUEST + " WHERE decided_at IS NULL ORDER BY asked_at, request_id LIMIT %(rows)s",
        rows=rows,
    )


async def one(conn: Connection, request_id: UUID) -> KeyRequestRow | None:
    """One request."""
    return await fetch_one(conn, KeyRequestRow, _REQUEST + " WHERE request_id = %(request)s", request=request_id)


async def approve(
    conn: Connection,
    request_id: UUID,
    *,
    by: UUID,
    permissions: Sequence[str],
    calls: tuple[int, int],
    claim_hash: bytes,
    now: datetime,
    until: datetime,
) -> bool:
    """Approve a request; False when it is decided already."""
    approved = await run(
        conn,
        """
        UPDATE api_key_request SET decided_at = %(now)s, decided_by = %(by)s, approved = true,
               permissions = %(permissions)s, calls_per_minute = %(minute)s, calls_per_day = %(day)s,
               claim_hash = %(hash)s, claim_until = %(until)s
        WHERE request_id = %(request)s AND decided_at IS NULL
        """,
        request=request_id,
        by=by,
        permissions=list(permissions),
        minute=calls[0],
        day=calls[1],
        hash=claim_hash,
        now=now,
        until=until,
    )
    return approved == 1


async def refuse(conn: Connection, request_id: UUID, by: UUID, now: datetime) -> bool:
    """Refuse a request; False when it is decided already."""
    refused = await run(
        conn,
        """
        UPDATE api_key_request SET decided_at = %(now)s, decided_by = %(by)s, approved = false
        WHERE request_id = %(request)s AND decided_at IS NULL
        """,
        request=request_id,
        by=by,
        now=now,
    )
    return refused == 1


async def by_link(conn: Connection, claim_hash: bytes, now: datetime) -> KeyRequestRow | None:
    """The request whose link this is, while it is good; held until the transaction ends."""
    return await fetch_one(
        conn,
        KeyRequestRow,
        _REQUEST + " WHERE claim_hash = %(hash)s AND claim_until > %(now)s AND key_id IS NULL FOR UPDATE",
        hash=claim_hash,
        now=now,
    )


async def note_claimed(conn: Connection, request_id: UUID, key_id: UUID) -> int:
    """The key was made and shown: the link is good no more."""
    return await run(
        conn,
        "UPDATE api_key_request SET key_id = %(key)s, claim_hash = NULL WHERE request_id = %(request)s",
        request=request_id,
        key=key_id,
    )


async def of_key(conn: Connection, key_id: UUID) -> KeyRequestRow | None:
    """The request that led to a key."""
    return await fetch_one(conn, KeyRequestRow, _REQUEST + " WHERE key_id = %(key)s", key=key_id)


async def all_keys(conn: Connection) -> dict[str, Any]:
    """Every key and every request, as the tables keep them."""
    found: dict[str, Any] = await fetch_value(
        conn,
        """
        SELECT jsonb_build_object(
            'keys', (SELECT coalesce(jsonb_agg(to_jsonb(k)), '[]') FROM api_key k),
            'requests', (SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]') FROM api_key_request r))
        """,
    )
    return found


async def put_back(conn: Connection, kept: dict[str, Any]) -> int:
    """Write keys and requests as they were; how many keys."""
    return await run(
        conn,
        """
        WITH requests AS (
            INSERT INTO api_key_request SELECT * FROM jsonb_populate_recordset(NULL::api_key_request, %(requests)s)
        )
        INSERT INTO api_key SELECT * FROM jsonb_populate_recordset(NULL::api_key, %(keys)s)
        """,
        keys=Jsonb(kept["keys"]),
        requests=Jsonb(kept["requests"]),
    )


async def forget(conn: Connection, before: datetime) -> int:
    """Delete requests of before that led to no key, or to one that ended before; how many."""
    return await run(
        conn,
        """
        DELETE FROM api_key_request r WHERE r.asked_at < %(before)s AND (
            (r.key_id IS NULL AND coalesce(r.decided_at, r.asked_at) < %(before)s)
            OR r.key_id IN (SELECT key_id FROM api_key WHERE coalesce(revoked_at, expires_at) < %(before)s))
        """,
        before=before,
    )
