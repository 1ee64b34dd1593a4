"""All SQL of the room `feeds`: one function, one statement."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run

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


async def pass_over(conn: Connection, newest: int) -> int:
    """Move those of whose places nothing was told to the end of the journal; how many."""
    return await run(
        conn,
        """
        UPDATE webhook w SET cursor_at = %(newest)s
        WHERE w.off_at IS NULL AND w.sending_until IS NULL AND w.failures = 0 AND w.cursor_at < %(newest)s
          AND (w.district_ids <> '{}' OR w.pin_codes <> '{}')
          AND w.cursor_at >= (SELECT forgotten FROM session_journal)
          AND NOT EXISTS (
              SELECT FROM session_change c WHERE c.change_number > w.cursor_at AND c.change_number <= %(newest)s
                AND (c.district_id = ANY (w.district_ids) OR c.pin_code = ANY (w.pin_codes)))
        """,
        newest=newest,
    )


async def lease_due(conn: Connection, newest: int, now: datetime, until: datetime, most: int) -> list[UUID]:
    """Take webhooks that something is to be told, while at most so many are taken at once."""
    cursor = await conn.execute(
        """
        UPDATE webhook SET leased_until = %(until)s WHERE webhook_id IN (
            SELECT w.webhook_id FROM webhook w JOIN api_key k USING (key_id)
            WHERE w.off_at IS NULL AND w.due_at <= %(now)s AND w.cursor_at < %(newest)s
              AND (w.leased_until IS NULL OR w.leased_until <= %(now)s)
              AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
            ORDER BY w.due_at
            LIMIT greatest(0, %(most)s - (SELECT count(*) FROM webhook WHERE leased_until > %(now)s))
            FOR UPDATE OF w SKIP LOCKED)
        RETURNING webhook_id
        """,
        {"newest": newest, "now": now, "until": until, "most": most},
    )
    return [row[0] for row in await cursor.fetchall()]


async def leased(conn: Connection, webhook_id: UUID, now: datetime) -> WebhookRow | None:
    """A webhook that is taken and whose key still stands."""
    return await fetch_one(
        conn,
        WebhookRow,
        _WEBHOOK
        + """
         JOIN api_key k USING (key_id)
        WHERE w.webhook_id = %(webhook)s AND w.off_at IS NULL AND w.leased_until > %(now)s
          AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
        """,
        webhook=webhook_id,
        now=now,
    )


async def note_sending(conn: Connection, webhook_id: UUID, until: int) -> int:
    """Note how far the call goes that is tried now."""
    return await run(
        conn, "UPDATE webhook SET sending_until = %(until)s WHERE webhook_id = %(id)s", id=webhook_id, until=until
    )


async def note_taken(conn: Connection, row: WebhookRow, until: int, answer: str, now: datetime) -> int:
    """It took what it was sent, unless it was told meanwhile to begin elsewhere."""
    return await run(
        conn,
        """
        UPDATE webhook SET cursor_at = %(until)s, sending_until = NULL, failures = 0, failing_since = NULL,
               last_answer = %(answer)s, delivered_at = %(now)s, due_at = %(now)s
        WHERE webhook_id = %(webhook)s AND cursor_at = %(cursor)s AND sending_until = %(until)s
        """,
        webhook=row.webhook_id,
        cursor=row.cursor_at,
        until=until,
        answer=answer,
        now=now,
    )


async def note_failed(
    conn: Connection, webhook_id: UUID, answer: str, now: datetime, due_at: datetime, *, off: bool
) -> int:
    """It did not take it: it is tried again, or switched off."""
    return await run(
        conn,
        """
        UPDATE webhook SET failures = failures + 1, failing_since = coalesce(failing_since, %(now)s),
               last_answer = %(answer)s, due_at = %(due)s, off_at = CASE WHEN %(off)s THEN %(now)s END
        WHERE webhook_id = %(webhook)s AND off_at IS NULL
        """,
        webhook=webhook_id,
        answer=answer,
        now=now,
        due=due_at,
        off=off,
    )


async def give_back(conn: Connection, webhook_id: UUID) -> int:
    """Another job may take it."""
    return await run(conn, "UPDATE webhook SET leased_until = NULL WHERE webhook_id = %(id)s", id=webhook_id)
