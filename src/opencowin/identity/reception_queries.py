"""SQL of sign-ins that come together: what `queries` has for one number, for many. One function, one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.identity.queries import OtpRow
from opencowin.kit.db import Connection, fetch_all, run


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be added."""

    account_id: UUID
    mobile_sealed: bytes
    language: str


async def hold_numbers(conn: Connection, mobile_hashes: Sequence[bytes]) -> None:
    """As `hold_number`, for each of these numbers in one order."""
    keys = sorted(int.from_bytes(one[:8], signed=True) for one in mobile_hashes)
    await run(conn, "SELECT pg_advisory_xact_lock(k) FROM unnest(%(keys)s::bigint[]) AS k", keys=keys)


async def asked_since(conn: Connection, mobile_hashes: Sequence[bytes], since: datetime) -> set[bytes]:
    """For which of these numbers a one-time password was asked since an instant."""
    cursor = await conn.execute(
        "SELECT mobile_hash FROM otp WHERE mobile_hash = ANY (%(hashes)s) AND created_at > %(since)s",
        {"hashes": list(mobile_hashes), "since": since},
    )
    return {bytes(row[0]) for row in await cursor.fetchall()}


async def insert_otps(conn: Connection, rows: Sequence[OtpRow]) -> None:
    """Keep the hashes of one-time passwords to which no detail belongs."""
    await run(
        conn,
        """
        INSERT INTO otp (txn_id, mobile_hash, mobile_sealed, code_hash, purpose, language, created_at, expires_at)
        SELECT * FROM unnest(%(txns)s::uuid[], %(hashes)s::bytea[], %(mobiles)s::bytea[], %(codes)s::bytea[],
                             %(purposes)s::text[], %(languages)s::text[], %(ats)s::timestamptz[],
                             %(expire)s::timestamptz[])
        """,
        txns=[row.txn_id for row in rows],
        hashes=[row.mobile_hash for row in rows],
        mobiles=[row.mobile_sealed for row in rows],
        codes=[row.code_hash for row in rows],
        purposes=[row.purpose for row in rows],
        languages=[row.language for row in rows],
        ats=[row.created_at for row in rows],
        expire=[row.expires_at for row in rows],
    )


async def hold_otps(conn: Connection, txn_ids: Sequence[UUID]) -> list[OtpRow]:
    """One-time passwords, held in one order so that tries at them come one after another."""
    return await fetch_all(
        conn,
        OtpRow,
        """
        SELECT txn_id, mobile_hash, mobile_sealed, code_hash, purpose, language, created_at, expires_at, tries,
               spent_at, detail_sealed
        FROM otp WHERE txn_id = ANY (%(txns)s) ORDER BY txn_id FOR UPDATE
        """,
        txns=list(txn_ids),
    )


async def spend_otps(conn: Connection, txn_ids: Sequence[UUID], at: datetime) -> None:
    """Mark one-time passwords as used."""
    await run(conn, "UPDATE otp SET spent_at = %(at)s WHERE txn_id = ANY (%(txns)s)", txns=list(txn_ids), at=at)


async def reserve_mobiles(conn: Connection, accounts: Mapping[bytes, UUID]) -> set[bytes]:
    """As `reserve_mobile`, in the order of the numbers; which of them lead to their account from now on."""
    hashes = sorted(accounts)
    cursor = await conn.execute(
        """
        INSERT INTO mobile_directory (mobile_hash, account_id)
        SELECT u.h, u.a FROM unnest(%(hashes)s::bytea[], %(accounts)s::uuid[]) WITH ORDINALITY AS u (h, a, place)
        ORDER BY u.place
        ON CONFLICT (mobile_hash) DO NOTHING RETURNING mobile_hash
        """,
        {"hashes": hashes, "accounts": [accounts[one] for one in hashes]},
    )
    return {bytes(row[0]) for row in await cursor.fetchall()}


async def accounts_of_hashes(conn: Connection, mobile_hashes: Sequence[bytes]) -> dict[bytes, UUID]:
    """The accounts that these numbers lead to."""
    cursor = await conn.execute(
        "SELECT mobile_hash, account_id FROM mobile_directory WHERE mobile_hash = ANY (%(hashes)s)",
        {"hashes": list(mobile_hashes)},
    )
    return {bytes(row[0]): row[1] for row in await cursor.fetchall()}


async def insert_accounts(conn: Connection, accounts: Sequence[NewAccount], at: datetime) -> None:
    """Add accounts whose holders sign in with it."""
    await run(
        conn,
        """
        INSERT INTO account (account_id, mobile_sealed, language, created_at, last_sign_in_at)
        SELECT u.a, u.m, u.l, %(at)s, %(at)s
        FROM unnest(%(accounts)s::uuid[], %(mobiles)s::bytea[], %(languages)s::text[]) AS u (a, m, l)
        """,
        accounts=[one.account_id for one in accounts],
        mobiles=[one.mobile_sealed for one in accounts],
        languages=[one.language for one in accounts],
        at=at,
    )


async def note_sign_ins(conn: Connection, account_ids: Sequence[UUID], at: datetime) -> None:
    """Note the last sign-in of each, in one order."""
    await run(
        conn,
        """
        WITH held AS (
            SELECT account_id FROM account WHERE account_id = ANY (%(accounts)s)
            ORDER BY account_id FOR NO KEY UPDATE)
        UPDATE account SET last_sign_in_at = %(at)s FROM held WHERE account.account_id = held.account_id
        """,
        accounts=list(account_ids),
        at=at,
    )
