"""Tickets: signed, so that they are checked without the database; and lots, which nobody can choose or draw twice.

A ticket names room and number; whose it is stands in its signature only. Signature and lot are HMAC-SHA-256 under the
keyring's index key, each for a purpose of its own.
"""

import base64
import binascii
import hmac
from uuid import UUID

from opencowin.fairness.model import Ticket
from opencowin.kit.crypto import Keyring

SIGNED, DRAWN = "queue-ticket", "queue-lot"
NUMBER_BYTES, MAC_BYTES = 6, 16
LENGTH = 16 + NUMBER_BYTES + MAC_BYTES
LONGEST_TEXT = 60


def write_ticket(keyring: Keyring, ticket: Ticket) -> str:
    """The ticket as its holder carries it."""
    number = ticket.number.to_bytes(NUMBER_BYTES, "big")
    return base64.urlsafe_b64encode(ticket.room_id.bytes + number + _mac(keyring, ticket)).decode().rstrip("=")


def read_ticket(keyring: Keyring, text: str, account_id: UUID) -> Ticket | None:
    """The ticket of this account that a text is; None for anything else."""
    if not text or len(text) > LONGEST_TEXT or not text.isascii():
        return None
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(content) != LENGTH:
        return None
    number = int.from_bytes(content[16 : 16 + NUMBER_BYTES], "big")
    ticket = Ticket(UUID(bytes=content[:16]), account_id, number)
    return ticket if hmac.compare_digest(content[-MAC_BYTES:], _mac(keyring, ticket)) else None


def lot(keyring: Keyring, room_id: UUID, account_id: UUID) -> float:
    """The lot of an account in a room, from 0 to below 1: the same however often, and from wherever, it is drawn."""
    drawn = keyring.index(f"{room_id}:{account_id}", DRAWN)
    return (int.from_bytes(drawn[:8], "big") >> 11) / (1 << 53)


def _mac(keyring: Keyring, ticket: Ticket) -> bytes:
    return keyring.index(f"{ticket.room_id}:{ticket.account_id}:{ticket.number}", SIGNED)[:MAC_BYTES]
