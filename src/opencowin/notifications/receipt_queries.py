"""The SQL about receipts: one function, one statement."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from opencowin.kit.db import Connection, run


async def settle_unsure(conn: Connection, channel: str, cause_id: UUID, receipt: str, at: datetime) -> int:
    """Note a receipt of a gateway about a message of its own, by our name for it; the first final one stands.

    Of an unsure one the first says whether it is sent or goes out again. Returns 0 when it speaks of nothing that this
    gateway was given.
    """
    return await run(
        conn,
        """
        UPDATE message SET
            receipt = coalesce(receipt, %(receipt)s), receipt_at = coalesce(receipt_at, %(at)s),
            state = CASE WHEN state = 'sent' THEN state WHEN %(receipt)s = 'delivered' THEN 'sent'
                         WHEN receipt IS NULL THEN 'queued' ELSE state END,
            due = state = 'unsure' AND %(receipt)s <> 'delivered' AND receipt IS NULL,
            sent_at = CASE WHEN state = 'unsure' AND %(receipt)s = 'delivered' THEN %(at)s ELSE sent_at END,
            leased_until = CASE WHEN state = 'unsure' AND (%(receipt)s = 'delivered' OR receipt IS NULL)
                                THEN NULL ELSE leased_until END,
            text_sealed = CASE WHEN state = 'unsure' AND %(receipt)s = 'delivered' THEN NULL ELSE text_sealed END
        WHERE channel = %(channel)s AND state IN ('sent', 'unsure') AND cause_id = %(cause_id)s
        """,
        channel=channel,
        cause_id=cause_id,
        receipt=receipt,
        at=at,
    )


async def settle_receipts(
    conn: Connection, gateway: str, references: Sequence[str], receipts: Sequence[str], at: datetime
) -> list[str]:
    """Note receipts of a gateway about messages of its own, by its names for them; the first final one stands.

    Where it calls two messages the same, one of them is meant. Those whose message is not known by that name yet are
    kept. Returns the names that were known.
    """
    cursor = await conn.execute(
        """
        WITH told AS (
            SELECT DISTINCT ON (reference) reference, receipt
            FROM unnest(%(references)s::text[], %(receipts)s::text[]) WITH ORDINALITY AS t (reference, receipt, place)
            ORDER BY reference, place
        ), meant AS (
            SELECT told.reference, told.receipt, message_id FROM told CROSS JOIN LATERAL (
                SELECT message_id FROM message
                WHERE channel = %(gateway)s AND gateway_ref = told.reference AND state = 'sent'
                ORDER BY receipt IS NOT NULL, message_id LIMIT 1) AS m
        ), settled AS (
            UPDATE message SET receipt = coalesce(message.receipt, meant.receipt),
                               receipt_at = coalesce(message.receipt_at, %(at)s)
            FROM meant WHERE message.message_id = meant.message_id
        ), kept AS (
            INSERT INTO gateway_receipt (gateway, reference, receipt, told_at)
            SELECT %(gateway)s, reference, receipt, %(at)s FROM told
            WHERE NOT EXISTS (SELECT FROM meant WHERE meant.reference = told.reference)
            ON CONFLICT DO NOTHING
        )
        SELECT reference FROM meant
        """,
        {"gateway": gateway, "references": list(references), "receipts": list(receipts), "at": at},
    )
    return [row[0] for row in await cursor.fetchall()]


async def settle_kept(conn: Connection, since: datetime) -> int:
    """Note the receipts that came before their message was noted. Returns how many."""
    return await run(
        conn,
        """
        WITH early AS (
            SELECT k.gateway, k.reference, m.message_id FROM gateway_receipt k
            CROSS JOIN LATERAL (SELECT message_id FROM message
                                WHERE channel = k.gateway AND gateway_ref = k.reference AND state = 'sent'
                                ORDER BY receipt IS NOT NULL, message_id LIMIT 1) AS m
            WHERE k.told_at > %(since)s FOR UPDATE OF k SKIP LOCKED
        ), kept AS (
            DELETE FROM gateway_receipt k USING early
            WHERE k.gateway = early.gateway AND k.reference = early.reference
            RETURNING early.message_id, k.receipt, k.told_at
        )
        UPDATE message SET receipt = coalesce(message.receipt, kept.receipt),
                           receipt_at = coalesce(message.receipt_at, kept.told_at)
        FROM kept WHERE message.message_id = kept.message_id
        """,
        since=since,
    )


async def forget_receipts(conn: Connection, before: datetime) -> int:
    """Delete receipts that no message has claimed."""
    return await run(conn, "DELETE FROM gateway_receipt WHERE told_at < %(before)s", before=before)
