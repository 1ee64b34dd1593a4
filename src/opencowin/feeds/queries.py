"""All SQL of the room `feeds`: one function, one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_value, run

_WEBHOOK: LiteralString = """
    SELECT w.webhook_id, w.key_id, w.url_sealed, w.secret_sealed, w.district_ids, w.pin_codes, w.made_at, w.cursor_at,
           w.sending_until, w.due_at, w.failures, w.failing_since, w.last_answer, w.delivered_at, w.off_at
    FROM webhook w"""


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """A webhook as the table keeps it."""

    webhook_id: UUID
    key_id: UUID
    url_sealed: bytes
    secret_sealed: bytes
    district_ids: list[int]
    pin_codes: list[str]
    made_at: datetime
    cursor_at: int
    sending_until: int | None
    due_at: datetime
    failures: int
    failing_since: datetime | None
    last_answer: str
    delivered_at: datetime | None
    off_at: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a call: by which lease it was made, from where to where it told, and when the next may be made."""

    webhook_id: UUID
    lease: datetime
    cursor: int
    until: int
    answer: str
    due_at: datetime
    off: bool


async def insert(conn: Connection, row: WebhookRow) -> None:
    """Add a webhook."""
    await run(
        conn,
        """
        INSERT INTO webhook (webhook_id, key_id, url_sealed, secret_sealed, district_ids, pin_codes, made_at,
                             cursor_at, due_at)
        VALUES (%(webhook)s, %(key)s, %(url)s, %(secret)s, %(districts)s, %(pins)s, %(at)s, %(cursor)s, %(at)s)
        """,
        webhook=row.webhook_id,
        key=row.key_id,
        url=row.url_sealed,
        secret=row.secret_sealed,
        districts=row.district_ids,
        pins=row.pin_codes,
        at=row.made_at,
        cursor=row.cursor_at,
    )


async def hold_key(conn: Connection, key_id: UUID) -> None:
    """Let webhooks of one key be made one after the other."""
    await fetch_value(conn, "SELECT pg_advisory_xact_lock(hashtextextended(%(id)s, 5))", id=str(key_id))


async def of_key(conn: Connection, key_id: UUID) -> list[WebhookRow]:
    """The webhooks of a key, newest first."""
    return await fetch_all(
        conn, WebhookRow, _WEBHOOK + " WHERE w.key_id = %(key)s ORDER BY w.made_at DESC, w.webhook_id", key=key_id
    )


async def end(conn: Connection, key_id: UUID, webhook_id: UUID) -> bool:
    """Delete a webhook of a key; False where it has none such."""
    ended = await run(
        conn,
        "DELETE FROM webhook WHERE key_id = %(key)s AND webhook_id = %(webhook)s",
        key=key_id,
        webhook=webhook_id,
    )
    return ended == 1


async def replay(conn: Connection, key_id: UUID, webhook_id: UUID, after: int, now: datetime) -> bool:
    """Let a webhook of a key be called with what follows a change, and switch it on; False where it has none such."""
    replayed = await run(
        conn,
        """
        UPDATE webhook SET cursor_at = %(after)s, sending_until = NULL, due_at = %(now)s, failures = 0,
               failing_since = NULL, off_at = NULL
        WHERE key_id = %(key)s AND webhook_id = %(webhook)s
        """,
        key=key_id,
        webhook=webhook_id,
        after=after,
        now=now,
    )
    return replayed == 1


async def pass_over(conn: Connection, newest: int, now: datetime) -> int:
    """Move those of whose places nothing was told to the end of the journal; how many."""
    return await run(
        conn,
        """
        UPDATE webhook SET cursor_at = %(newest)s WHERE webhook_id IN (
            SELECT w.webhook_id FROM webhook w
            WHERE w.off_at IS NULL AND w.sending_until IS NULL AND w.failures = 0 AND w.cursor_at < %(newest)s
              AND (w.leased_until IS NULL OR w.leased_until <= %(now)s)
              AND (w.district_ids <> '{}' OR w.pin_codes <> '{}')
              AND w.cursor_at >= (SELECT forgotten FROM session_journal)
              AND NOT EXISTS (
                  SELECT FROM session_change c WHERE c.change_number > w.cursor_at AND c.change_number <= %(newest)s
                    AND (c.district_id = ANY (w.district_ids) OR c.pin_code = ANY (w.pin_codes)))
            FOR UPDATE SKIP LOCKED)
        """,
        newest=newest,
        now=now,
    )


async def due(conn: Connection, newest: int, now: datetime, most: int) -> list[WebhookRow]:
    """Webhooks that something is to be told and that nobody holds, who has waited longest first; locked."""
    return await fetch_all(
        conn,
        WebhookRow,
        _WEBHOOK
        + """
        JOIN api_key k USING (key_id)
        WHERE w.off_at IS NULL AND w.due_at <= %(now)s AND w.cursor_at < %(newest)s
          AND (w.leased_until IS NULL OR w.leased_until <= %(now)s)
          AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
        ORDER BY w.due_at LIMIT %(most)s FOR UPDATE OF w SKIP LOCKED
        """,
        newest=newest,
        now=now,
        most=most,
    )


async def hold(conn: Connection, reach: Mapping[UUID, int], until: datetime) -> int:
    """Hold webhooks until an instant, and note how far the calls go that are tried now."""
    return await run(
        conn,
        """
        UPDATE webhook w SET leased_until = %(until)s, sending_until = u.reach
        FROM unnest(%(ids)s::uuid[], %(reach)s::bigint[]) AS u (id, reach) WHERE w.webhook_id = u.id
        """,
        until=until,
        ids=list(reach),
        reach=list(reach.values()),
    )


async def pass_on(conn: Connection, reach: Mapping[UUID, int]) -> int:
    """Move webhooks that are not called."""
    return await run(
        conn,
        """
        UPDATE webhook w SET cursor_at = u.reach
        FROM unnest(%(ids)s::uuid[], %(reach)s::bigint[]) AS u (id, reach) WHERE w.webhook_id = u.id
        """,
        ids=list(reach),
        reach=list(reach.values()),
    )


async def note_taken(conn: Connection, told: Sequence[Told], now: datetime) -> int:
    """They took what they were sent; one that was told meanwhile to begin elsewhere stays there."""
    return await run(
        conn,
        """
        UPDATE webhook w SET cursor_at = t.until, sending_until = NULL, failures = 0, failing_since = NULL,
                             last_answer = t.answer, delivered_at = %(now)s, due_at = %(now)s,
                             leased_until = CASE WHEN w.leased_until <> t.lease THEN w.leased_until END
        FROM unnest(%(ids)s::uuid[], %(leases)s::timestamptz[], %(cursors)s::bigint[], %(untils)s::bigint[],
                    %(answers)s::text[]) AS t (id, lease, cursor, until, answer)
        WHERE w.webhook_id = t.id AND w.cursor_at = t.cursor AND w.sending_until = t.until
        """,
        now=now,
        ids=[one.webhook_id for one in told],
        leases=[one.lease for one in told],
        cursors=[one.cursor for one in told],
        untils=[one.until for one in told],
        answers=[one.answer for one in told],
    )


async def note_failed(conn: Connection, told: Sequence[Told], now: datetime) -> list[UUID]:
    """They did not take it: each is tried again, or switched off; those that are. As `note_taken`, and of one that
    somebody else holds by now nothing is noted."""
    cursor = await conn.execute(
        """
        UPDATE webhook w SET failures = failures + 1, failing_since = coalesce(failing_since, %(now)s),
                             last_answer = t.answer, due_at = t.due, leased_until = NULL,
                             off_at = CASE WHEN t.off THEN %(now)s END
        FROM unnest(%(ids)s::uuid[], %(leases)s::timestamptz[], %(cursors)s::bigint[], %(untils)s::bigint[],
                    %(answers)s::text[], %(dues)s::timestamptz[], %(offs)s::boolean[])
             AS t (id, lease, cursor, until, answer, due, off)
        WHERE w.webhook_id = t.id AND w.leased_until = t.lease AND w.cursor_at = t.cursor
          AND w.sending_until = t.until AND w.off_at IS NULL
        RETURNING CASE WHEN t.off THEN w.webhook_id END
        """,
        {
            "now": now,
            "ids": [one.webhook_id for one in told],
            "leases": [one.lease for one in told],
            "cursors": [one.cursor for one in told],
            "untils": [one.until for one in told],
            "answers": [one.answer for one in told],
            "dues": [one.due_at for one in told],
            "offs": [one.off for one in told],
        },
    )
    return [row[0] for row in await cursor.fetchall() if row[0] is not None]


async def give_back(conn: Connection, told: Sequence[Told]) -> int:
    """Others may take those of which nothing was noted; one that somebody else holds by now stays theirs.

    No two leases of a webhook end at the same instant, since the next is given when the one before has ended.
    """
    return await run(
        conn,
        """
        UPDATE webhook w SET leased_until = NULL
        FROM unnest(%(ids)s::uuid[], %(leases)s::timestamptz[]) AS t (id, lease)
        WHERE w.webhook_id = t.id AND w.leased_until = t.lease
        """,
        ids=[one.webhook_id for one in told],
        leases=[one.lease for one in told],
    )
