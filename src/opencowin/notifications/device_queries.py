"""SQL of devices: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_value, run


@dataclass(frozen=True, slots=True)
class StoredDevice:
    """A device as stored."""

    address_hash: bytes
    address_sealed: bytes


async def hold_account(conn: Connection, account_id: UUID) -> None:
    """Let devices of one account be registered one after the other."""
    await fetch_value(conn, "SELECT pg_advisory_xact_lock(hashtextextended(%(id)s, 6))", id=str(account_id))


async def of_account(conn: Connection, account_id: UUID) -> list[StoredDevice]:
    """The devices of an account, oldest first."""
    return await fetch_all(
        conn,
        StoredDevice,
        "SELECT address_hash, address_sealed FROM device WHERE account_id = %(account)s ORDER BY made_at, address_hash",
        account=account_id,
    )


async def insert(conn: Connection, account_id: UUID, address_hash: bytes, address_sealed: bytes, at: datetime) -> int:
    """Write a device."""
    return await run(
        conn,
        """
        INSERT INTO device (account_id, address_hash, address_sealed, made_at)
        VALUES (%(account)s, %(hash)s, %(sealed)s, %(at)s) ON CONFLICT DO NOTHING
        """,
        account=account_id,
        hash=address_hash,
        sealed=address_sealed,
        at=at,
    )


async def end(conn: Connection, account_id: UUID, hashes: Sequence[bytes]) -> int:
    """Delete devices of an account."""
    return await run(
        conn,
        "DELETE FROM device WHERE account_id = %(account)s AND address_hash = ANY (%(hashes)s::bytea[])",
        account=account_id,
        hashes=list(hashes),
    )


async def forget(conn: Connection, hashes: Sequence[bytes]) -> int:
    """Delete devices by address, whosever they are."""
    return await run(conn, "DELETE FROM device WHERE address_hash = ANY (%(hashes)s::bytea[])", hashes=list(hashes))
