"""SQL of households' addresses: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run


@dataclass(frozen=True, slots=True)
class StoredAddress:
    """A proved address as stored."""

    medium: str
    address_hash: bytes
    address_sealed: bytes


@dataclass(frozen=True, slots=True)
class StoredProof:
    """An address that is being proved, as stored."""

    account_id: UUID
    medium: str
    address_sealed: bytes | None
    proof_hash: bytes
    tries: int


@dataclass(frozen=True, slots=True)
class StoredWay:
    """By what else than its number a household is reached: an address of a medium; `sms` without one: SMS last."""

    account_id: UUID
    medium: str
    address_sealed: bytes


async def ways_of(conn: Connection, accounts: Sequence[UUID]) -> list[StoredWay]:
    """The devices and proved addresses of households, oldest first, and which of them want an SMS last."""
    return await fetch_all(
        conn,
        StoredWay,
        """
        SELECT account_id, medium, address_sealed FROM (
            SELECT account_id, 'web_push' AS medium, address_sealed, made_at AS since, address_hash FROM device
            WHERE account_id = ANY (%(accounts)s::uuid[])
            UNION ALL
            SELECT account_id, medium, address_sealed, proved_at, address_hash FROM household_address
            WHERE account_id = ANY (%(accounts)s::uuid[])
            UNION ALL
            SELECT account_id, 'sms', ''::bytea, chosen_at, ''::bytea FROM sms_last
            WHERE account_id = ANY (%(accounts)s::uuid[])
        ) AS way ORDER BY since, address_hash
        """,
        accounts=list(accounts),
    )


async def of_account(conn: Connection, account_id: UUID) -> list[StoredAddress]:
    """The proved addresses of a household, oldest first."""
    return await fetch_all(
        conn,
        StoredAddress,
        """
        SELECT medium, address_hash, address_sealed FROM household_address
        WHERE account_id = %(account)s ORDER BY proved_at, address_hash
        """,
        account=account_id,
    )


async def accounts_at(conn: Connection, medium: str, address_hash: bytes) -> list[UUID]:
    """Whose messages go to an address, who proved it last first."""
    cursor = await conn.execute(
        """
        SELECT account_id FROM household_address WHERE medium = %(medium)s AND address_hash = %(hash)s
        ORDER BY proved_at DESC, account_id
        """,
        {"medium": medium, "hash": address_hash},
    )
    return [row[0] for row in await cursor.fetchall()]


async def insert(conn: Connection, account_id: UUID, address: StoredAddress, at: datetime) -> int:
    """Write a proved address; the same one again is proved anew."""
    return await run(
        conn,
        """
        INSERT INTO household_address (account_id, medium, address_hash, address_sealed, proved_at)
        VALUES (%(account)s, %(medium)s, %(hash)s, %(sealed)s, %(at)s)
        ON CONFLICT (account_id, medium, address_hash) DO UPDATE SET proved_at = excluded.proved_at
        """,
        account=account_id,
        medium=address.medium,
        hash=address.address_hash,
        sealed=address.address_sealed,
        at=at,
    )


async def end(conn: Connection, account_id: UUID, address_hash: bytes) -> int:
    """Delete an address of a household."""
    return await run(
        conn,
        "DELETE FROM household_address WHERE account_id = %(account)s AND address_hash = %(hash)s",
        account=account_id,
        hash=address_hash,
    )


async def forget(conn: Connection, hashes: Sequence[bytes]) -> int:
    """Delete addresses, whosever they are."""
    return await run(
        conn, "DELETE FROM household_address WHERE address_hash = ANY (%(hashes)s::bytea[])", hashes=list(hashes)
    )


async def ask(conn: Connection, proof: StoredProof, at: datetime) -> int:
    """Write what is being proved, in the place of what was before."""
    return await run(
        conn,
        """
        INSERT INTO address_proof (account_id, medium, address_sealed, proof_hash, asked_at)
        VALUES (%(account)s, %(medium)s, %(sealed)s, %(proof)s, %(at)s)
        ON CONFLICT (account_id, medium) DO UPDATE SET address_sealed = excluded.address_sealed,
            proof_hash = excluded.proof_hash, tries = 0, asked_at = excluded.asked_at
        """,
        account=proof.account_id,
        medium=proof.medium,
        sealed=proof.address_sealed,
        proof=proof.proof_hash,
        at=at,
    )


async def proofs_of(conn: Connection, account_id: UUID, since: datetime) -> list[StoredProof]:
    """What a household is proving."""
    return await fetch_all(
        conn,
        StoredProof,
        """
        SELECT account_id, medium, address_sealed, proof_hash, tries FROM address_proof
        WHERE account_id = %(account)s AND asked_at > %(since)s ORDER BY medium FOR UPDATE
        """,
        account=account_id,
        since=since,
    )


async def take_token(conn: Connection, proof_hash: bytes, since: datetime) -> UUID | None:
    """Use a token up: whose it was."""
    found: UUID | None = await fetch_value(
        conn,
        """
        DELETE FROM address_proof WHERE medium = 'telegram' AND proof_hash = %(proof)s AND asked_at > %(since)s
        RETURNING account_id
        """,
        proof=proof_hash,
        since=since,
    )
    return found


async def count_try(conn: Connection, account_id: UUID, medium: str) -> int:
    """Count a wrong code."""
    return await run(
        conn,
        "UPDATE address_proof SET tries = tries + 1 WHERE account_id = %(account)s AND medium = %(medium)s",
        account=account_id,
        medium=medium,
    )


async def end_proof(conn: Connection, account_id: UUID, medium: str) -> int:
    """Delete what is being proved."""
    return await run(
        conn,
        "DELETE FROM address_proof WHERE account_id = %(account)s AND medium = %(medium)s",
        account=account_id,
        medium=medium,
    )


async def forget_proofs(conn: Connection, before: datetime) -> int:
    """Delete what was not proved in time."""
    return await run(conn, "DELETE FROM address_proof WHERE asked_at < %(before)s", before=before)


async def put_sms_last(conn: Connection, account_id: UUID, at: datetime) -> int:
    """Let a household have an SMS only where nothing else worked."""
    return await run(
        conn,
        "INSERT INTO sms_last (account_id, chosen_at) VALUES (%(account)s, %(at)s) ON CONFLICT DO NOTHING",
        account=account_id,
        at=at,
    )


async def put_sms_first(conn: Connection, account_id: UUID) -> int:
    """Let a household have an SMS always."""
    return await run(conn, "DELETE FROM sms_last WHERE account_id = %(account)s", account=account_id)


@dataclass(frozen=True, slots=True)
class Line:
    """Where to go on reading what people write."""

    next_update: int


async def take_line(conn: Connection, gateway: str, holder: UUID, now: datetime, until: datetime) -> Line | None:
    """Take the reading of a gateway's line for oneself until an instant; None while another worker has it."""
    return await fetch_one(
        conn,
        Line,
        """
        INSERT INTO chat_line AS line (gateway, held_by, held_until) VALUES (%(gateway)s, %(holder)s, %(until)s)
        ON CONFLICT (gateway) DO UPDATE SET held_by = excluded.held_by, held_until = excluded.held_until
            WHERE line.held_by = excluded.held_by OR line.held_by IS NULL OR line.held_until <= %(now)s
        RETURNING next_update
        """,
        gateway=gateway,
        holder=holder,
        now=now,
        until=until,
    )


async def hear_next(conn: Connection, gateway: str, holder: UUID, update: int) -> bool:
    """Note that an update is heard; False when it was before, or when another worker has the line by now."""
    return bool(
        await run(
            conn,
            """
            UPDATE chat_line SET next_update = %(update)s + 1
            WHERE gateway = %(gateway)s AND held_by = %(holder)s AND next_update <= %(update)s
            """,
            gateway=gateway,
            holder=holder,
            update=update,
        )
    )


async def leave_line(conn: Connection, gateway: str, holder: UUID) -> int:
    """Let another worker read at once."""
    return await run(
        conn,
        "UPDATE chat_line SET held_by = NULL WHERE gateway = %(gateway)s AND held_by = %(holder)s",
        gateway=gateway,
        holder=holder,
    )
