"""The audit trail: who looked at or changed whom, why and from where; rows are chained by hash once committed.

Rows are written in the caller's transaction. They are chained a moment later (by a job) in the order of their
number, when no transaction that could still add an earlier row is open, so that writers never wait for each other.
"""

import hashlib
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection, fetch_all, fetch_value, run

CHAIN_LOCK = 0x6F_63_61_75  # "ocau": one chainer at a time
BATCH = 5000
GENESIS = b"\x00" * 32


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One committed row of the trail."""

    audit_id: int
    at: datetime
    actor_kind: str
    actor_id: str
    address: str
    action: str
    subject_kind: str
    subject_id: str
    reason: str
    detail: dict[str, Any]
    chain_hash: bytes | None

    def digest(self, previous: bytes) -> bytes:
        """The hash (32 bytes) of this row on top of its predecessor's."""
        fields = [
            self.audit_id,
            self.at.timestamp(),
            self.actor_kind,
            self.actor_id,
            self.address,
            self.action,
            self.subject_kind,
            self.subject_id,
            self.reason,
            json.dumps(self.detail, sort_keys=True),
        ]
        return hashlib.sha256(previous + json.dumps(fields, ensure_ascii=False).encode()).digest()


async def record(
    conn: Connection,
    actor: Actor,
    action: str,
    *,
    subject: tuple[str, object],
    reason: str,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Write one row in the open transaction. `subject` is (kind, id); no personal datum belongs in any field."""
    await run(
        conn,
        """
        INSERT INTO audit (actor_kind, actor_id, address, action, subject_kind, subject_id, reason, detail)
        VALUES (%(kind)s, %(id)s, %(address)s, %(action)s, %(subject_kind)s, %(subject_id)s, %(reason)s, %(detail)s)
        """,
        kind=actor.kind.value,
        id=actor.actor_id,
        address=actor.address,
        action=action,
        subject_kind=subject[0],
        subject_id=str(subject[1]),
        reason=reason,
        detail=Jsonb(dict(detail or {})),
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One of many rows about subjects of the same kind: who, about whom, and what else may be said."""

    actor: Actor
    subject: object
    detail: Mapping[str, object] = field(default_factory=dict)


async def record_each(conn: Connection, action: str, entries: Sequence[Entry], *, kind: str, reason: str) -> None:
    """Write a row for each of these, in one statement; `kind` is the subjects'."""
    if not entries:
        return
    await run(
        conn,
        """
        INSERT INTO audit (actor_kind, actor_id, address, action, subject_kind, subject_id, reason, detail)
        SELECT e.kind, e.id, e.address, %(action)s, %(subject_kind)s, e.subject, %(reason)s, e.detail
        FROM unnest(%(kinds)s::text[], %(ids)s::text[], %(addresses)s::text[], %(subjects)s::text[],
                    %(details)s::jsonb[]) AS e (kind, id, address, subject, detail)
        """,
        action=action,
        subject_kind=kind,
        reason=reason,
        kinds=[one.actor.kind.value for one in entries],
        ids=[one.actor.actor_id for one in entries],
        addresses=[one.actor.address for one in entries],
        subjects=[str(one.subject) for one in entries],
        details=[Jsonb(dict(one.detail)) for one in entries],
    )


async def _last_hash(conn: Connection) -> bytes:
    found = await fetch_value(
        conn, "SELECT chain_hash FROM audit WHERE chain_hash IS NOT NULL ORDER BY audit_id DESC LIMIT 1"
    )
    return GENESIS if found is None else bytes(found)


async def _rows(conn: Connection, after: int, *, chained: bool) -> list[AuditRow]:
    return await fetch_all(
        conn,
        AuditRow,
        """
        SELECT audit_id, at, actor_kind, actor_id, address, action, subject_kind, subject_id, reason, detail, chain_hash
        FROM audit
        WHERE audit_id > %(after)s AND (chain_hash IS NOT NULL) = %(chained)s
          AND (%(chained)s OR transaction_id < pg_snapshot_xmin(pg_current_snapshot()))
        ORDER BY audit_id LIMIT %(batch)s
        """,
        after=after,
        chained=chained,
        batch=BATCH,
    )


async def chain(conn: Connection) -> int:
    """Chain the rows that have been committed since; call in a transaction. Returns how many."""
    await fetch_value(conn, "SELECT pg_advisory_xact_lock(%(key)s)", key=CHAIN_LOCK)
    last_chained = await fetch_value(conn, "SELECT max(audit_id) FROM audit WHERE chain_hash IS NOT NULL") or 0
    rows = await _rows(conn, last_chained, chained=False)
    previous = await _last_hash(conn)
    hashes: list[bytes] = []
    for row in rows:
        previous = row.digest(previous)
        hashes.append(previous)
    if rows:
        await run(
            conn,
            """
            UPDATE audit SET chain_hash = new.hash
            FROM unnest(%(ids)s::bigint[], %(ats)s::timestamptz[], %(hashes)s::bytea[]) AS new (id, at, hash)
            WHERE audit.audit_id = new.id AND audit.at = new.at
            """,
            ids=[row.audit_id for row in rows],
            ats=[row.at for row in rows],
            hashes=hashes,
        )
    return len(rows)


@dataclass(frozen=True, slots=True)
class Sought:
    """Which rows of the trail are sought: by these actors (None: all), about a subject, in a span of time."""

    actors: Sequence[str] | None = None
    subject: tuple[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    kinds: Sequence[str] | None = None
    """Kinds of actors; None: all."""


async def rows_sought(conn: Connection, sought: Sought, *, start: int, rows: int) -> list[AuditRow]:
    """Rows of the trail, newest first."""
    return await fetch_all(
        conn,
        AuditRow,
        """
        SELECT audit_id, at, actor_kind, actor_id, address, action, subject_kind, subject_id, reason, detail, chain_hash
        FROM audit
        WHERE (%(actors)s::text[] IS NULL OR actor_id = ANY (%(actors)s))
          AND (%(kinds)s::text[] IS NULL OR actor_kind = ANY (%(kinds)s))
          AND (%(subject_kind)s::text IS NULL OR (subject_kind = %(subject_kind)s AND subject_id = %(subject)s))
          AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
          AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
        ORDER BY audit_id DESC LIMIT %(rows)s OFFSET %(start)s
        """,
        actors=list(sought.actors) if sought.actors is not None else None,
        kinds=list(sought.kinds) if sought.kinds is not None else None,
        subject_kind=sought.subject[0] if sought.subject else None,
        subject=sought.subject[1] if sought.subject else None,
        since=sought.since,
        until=sought.until,
        start=start,
        rows=rows,
    )


@dataclass(frozen=True, slots=True)
class _Seam:
    """Before row `audit_id` stood this hash, of a row of another part, which may be archived (`away`)."""

    audit_id: int
    previous_hash: bytes
    away: bool


async def _seams(conn: Connection) -> list[_Seam]:
    return await fetch_all(
        conn,
        _Seam,
        """
        SELECT audit_id, previous_hash, archived.partition IS NOT NULL AS away
        FROM audit_seam LEFT JOIN archived_partition archived USING (partition) ORDER BY audit_id
        """,
    )


async def verify(conn: Connection) -> tuple[int, int | None]:
    """Recompute the chain: (rows checked, number of the first row that does not fit, or None).

    Archived parts are passed over: what is in their files is held by their checksums, and by the chain once restored.
    """
    seams = await _seams(conn)
    over = {one.audit_id: one.previous_hash for one in seams if one.away}
    met = deque((one.audit_id, one.previous_hash) for one in seams if not one.away)
    previous, after, checked = GENESIS, 0, 0
    while rows := await _rows(conn, after, chained=True):
        for row in rows:
            # The row after a seam may itself be away: what stood before it must stand there still.
            while met and met[0][0] <= row.audit_id:
                following, expected = met.popleft()
                if expected != previous:
                    return checked, following
            previous = row.digest(over.get(row.audit_id, previous))
            if row.chain_hash is None or previous != bytes(row.chain_hash):
                return checked, row.audit_id
            checked += 1
        after = rows[-1].audit_id
    return checked, next((following for following, expected in met if expected != previous), None)
