"""Receipts: what gateways tell later of messages that they were given, believed of their own messages alone."""

from collections.abc import Sequence
from uuid import UUID

from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.floor import Floor
from opencowin.notifications import receipt_queries
from opencowin.notifications.model import Receipt


async def note_receipt(
    conn: Connection, floor: Floor, gateway: str, reference: str, receipt: Receipt, *, ours: bool = False
) -> bool:
    """Note what a gateway tells of a message, by its own name for it or by our reference. Returns whether it was known.

    Told again it changes nothing; of a message that this gateway was never given nothing is believed. A fast gateway
    tells before it is noted what it was given: by its own name that is kept, and settled when that is noted.
    """
    now = floor.clock.now()
    if not ours:
        return bool(await receipt_queries.settle_receipts(conn, gateway, [reference], [receipt.value], now))
    cause = _as_cause(reference)
    return cause is not None and await receipt_queries.settle_unsure(conn, gateway, cause, receipt.value, now) > 0


async def note_receipts(pool: Pool, floor: Floor, gateway: str, told: Sequence[tuple[str, Receipt]]) -> None:
    """Note what a gateway tells over its own line of many messages, by its own names for them."""
    names, receipts = [name for name, _ in told], [receipt.value for _, receipt in told]
    async with transaction(pool) as conn:
        await receipt_queries.settle_receipts(conn, gateway, names, receipts, floor.clock.now())


def _as_cause(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None
