"""Receipts: what gateways tell later of messages that they were given, believed of their own messages alone."""

from uuid import UUID

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.notifications import queries
from opencowin.notifications.model import Receipt


async def note_receipt(
    conn: Connection, floor: Floor, gateway: str, reference: str, receipt: Receipt, *, ours: bool = False
) -> bool:
    """Note what a gateway tells of a message, by its own name for it or by our reference. Returns whether it was known.

    Told again it changes nothing; of a message that this gateway was never given nothing is believed. A fast gateway
    tells before it is noted what it was given: by its own name that is kept, and settled when that is noted.
    """
    cause = _as_cause(reference) if ours else None
    found = await queries.settle_receipt(
        conn,
        gateway,
        reference="" if ours else reference,
        cause_id=cause,
        receipt=receipt.value,
        at=floor.clock.now(),
    )
    if not found and not ours:
        await queries.keep_receipt(conn, gateway, reference, receipt.value, floor.clock.now())
    return found > 0


def _as_cause(reference: str) -> UUID | None:
    try:
        return UUID(reference)
    except ValueError:
        return None
