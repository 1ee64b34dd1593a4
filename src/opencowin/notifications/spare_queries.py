"""SQL of spare messages: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, run


@dataclass(frozen=True, slots=True)
class SettledSpare:
    """A spare of which it is known whether it is needed."""

    cause_id: UUID
    draft_sealed: bytes
    is_needed: bool


async def keep(  # noqa: PLR0917 (a row's facts)
    conn: Connection,
    cause_id: UUID,
    instead_of: Sequence[UUID],
    draft_sealed: bytes,
    kept_at: datetime,
    waits_until: datetime,
) -> int:
    """Keep a message until it is known what became of the others."""
    return await run(
        conn,
        """
        INSERT INTO spare_message (cause_id, instead_of, draft_sealed, kept_at, waits_until)
        VALUES (%(cause)s, %(instead_of)s, %(sealed)s, %(at)s, %(until)s) ON CONFLICT DO NOTHING
        """,
        cause=cause_id,
        instead_of=list(instead_of),
        sealed=draft_sealed,
        at=kept_at,
        until=waits_until,
    )


async def take_settled(conn: Connection, now: datetime, most: int) -> list[SettledSpare]:
    """Take up to so many spares of which it is known: not needed once one of the others was handed on and not told to
    be undelivered; needed once all of them ended without, or time is up."""
    return await fetch_all(
        conn,
        SettledSpare,
        """
        WITH known AS (
            SELECT s.cause_id, (SELECT count(*) FROM message m WHERE m.cause_id = ANY (s.instead_of)
                                AND m.state = 'sent' AND m.receipt IS DISTINCT FROM 'undelivered') = 0 AS is_needed
            FROM spare_message s
            WHERE s.waits_until <= %(now)s
               OR EXISTS (SELECT FROM message m WHERE m.cause_id = ANY (s.instead_of)
                          AND m.state = 'sent' AND m.receipt IS DISTINCT FROM 'undelivered')
               OR cardinality(s.instead_of) = (
                    SELECT count(*) FROM message m WHERE m.cause_id = ANY (s.instead_of)
                    AND m.state NOT IN ('queued', 'unsure'))
            ORDER BY s.kept_at LIMIT %(most)s FOR UPDATE OF s SKIP LOCKED
        )
        DELETE FROM spare_message USING known WHERE spare_message.cause_id = known.cause_id
        RETURNING spare_message.cause_id, draft_sealed, known.is_needed
        """,
        now=now,
        most=most,
    )
