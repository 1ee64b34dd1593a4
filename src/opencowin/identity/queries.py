"""SQL of accounts and one-time passwords: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run


@dataclass(frozen=True, slots=True)
class OtpRow:
    """A one-time password as the table keeps it."""

    txn_id: UUID
    mobile_hash: bytes
    mobile_sealed: bytes
    code_hash: bytes
    purpose: str
    language: str
    created_at: datetime
    expires_at: datetime
    tries: int
    spent_at: datetime | None
    detail_sealed: bytes | None


async def hold_number(conn: Connection, mobile_hash: bytes) -> None:
    """Be the only one who asks for a password for this number (or signs in by its like) until the transaction ends."""
    key = int.from_bytes(mobile_hash[:8], signed=True)
    await run(conn, "SELECT pg_advisory_xact_lock(%(key)s)", key=key)


async def last_asked_at(conn: Connection, mobile_hash: bytes) -> datetime | None:
    """When a one-time password for this number was last asked for."""
    found: datetime | None = await fetch_value(
        conn, "SELECT max(created_at) FROM otp WHERE mobile_hash = %(hash)s", hash=mobile_hash
    )
    return found


async def insert_otp(conn: Connection, row: OtpRow) -> None:
    """Keep a one-time password's hash."""
    await run(
        conn,
        """
        INSERT INTO otp (txn_id, mobile_hash, mobile_sealed, code_hash, purpose, language, created_at, expires_at,
                         detail_sealed)
        VALUES (%(txn)s, %(hash)s, %(mobile)s, %(code)s, %(purpose)s, %(language)s, %(at)s, %(expires)s, %(detail)s)
        """,
        txn=row.txn_id,
        hash=row.mobile_hash,
        mobile=row.mobile_sealed,
        code=row.code_hash,
        purpose=row.purpose,
        language=row.language,
        at=row.created_at,
        expires=row.expires_at,
        detail=row.detail_sealed,
    )


async def hold_otp(conn: Connection, txn_id: UUID) -> OtpRow | None:
    """A one-time password, held so that tries at it come one after another."""
    return await fetch_one(
        conn,
        OtpRow,
        """
        SELECT txn_id, mobile_hash, mobile_sealed, code_hash, purpose, language, created_at, expires_at, tries,
               spent_at, detail_sealed
        FROM otp WHERE txn_id = %(txn)s FOR UPDATE
        """,
        txn=txn_id,
    )


async def count_wrong_try(conn: Connection, txn_id: UUID, allowed: int, at: datetime) -> None:
    """Count a wrong try, and mark the password as spent when it was the last that is allowed."""
    await run(
        conn,
        """
        UPDATE otp SET tries = least(tries + 1, %(allowed)s),
                       spent_at = CASE WHEN tries + 1 >= %(allowed)s THEN coalesce(spent_at, %(at)s) ELSE spent_at END
        WHERE txn_id = %(txn)s
        """,
        txn=txn_id,
        allowed=allowed,
        at=at,
    )


async def spend_otp(conn: Connection, txn_id: UUID, at: datetime) -> None:
    """Mark a one-time password as used."""
    await run(conn, "UPDATE otp SET spent_at = %(at)s WHERE txn_id = %(txn)s", txn=txn_id, at=at)


async def delete_otps(conn: Connection, before: datetime) -> int:
    """Delete the one-time passwords that were asked for before an instant; how many."""
    return await run(conn, "DELETE FROM otp WHERE created_at < %(before)s", before=before)


async def reserve_mobile(conn: Connection, mobile_hash: bytes, account_id: UUID) -> bool:
    """Let the number lead to this account unless it leads to one; waits for whoever is entering it just now."""
    entered = await run(
        conn,
        """
        INSERT INTO mobile_directory (mobile_hash, account_id) VALUES (%(hash)s, %(account)s)
        ON CONFLICT (mobile_hash) DO NOTHING
        """,
        hash=mobile_hash,
        account=account_id,
    )
    return entered == 1


async def account_of_hash(conn: Connection, mobile_hash: bytes) -> UUID | None:
    """The account that a number leads to."""
    found: UUID | None = await fetch_value(
        conn, "SELECT account_id FROM mobile_directory WHERE mobile_hash = %(hash)s", hash=mobile_hash
    )
    return found


async def insert_account(
    conn: Connection, account_id: UUID, *, mobile_sealed: bytes | None, language: str, at: datetime
) -> None:
    """Add an account."""
    await run(
        conn,
        """
        INSERT INTO account (account_id, mobile_sealed, language, created_at)
        VALUES (%(account)s, %(mobile)s, %(language)s, %(at)s)
        """,
        account=account_id,
        mobile=mobile_sealed,
        language=language,
        at=at,
    )


async def mobile_of_account(conn: Connection, account_id: UUID) -> bytes | None:
    """The sealed number of an account: empty when it has none, None when there is no such account."""
    found = await fetch_value(
        conn, "SELECT coalesce(mobile_sealed, '') FROM account WHERE account_id = %(account)s", account=account_id
    )
    return None if found is None else bytes(found)


@dataclass(frozen=True, slots=True)
class ReachedRow:
    """Where and how an account is reached: no bytes where it has no number."""

    account_id: UUID
    mobile_sealed: bytes
    language: str


async def reached(conn: Connection, account_ids: Sequence[UUID]) -> list[ReachedRow]:
    """The sealed numbers and the languages of accounts, those that there are."""
    return await fetch_all(
        conn,
        ReachedRow,
        """
        SELECT account_id, coalesce(mobile_sealed, '') AS mobile_sealed, language
        FROM account WHERE account_id = ANY (%(accounts)s)
        """,
        accounts=list(account_ids),
    )


async def set_mobile(conn: Connection, account_id: UUID, mobile_sealed: bytes) -> None:
    """Give an account its number."""
    await run(
        conn,
        "UPDATE account SET mobile_sealed = %(mobile)s WHERE account_id = %(account)s",
        account=account_id,
        mobile=mobile_sealed,
    )


async def language_of_account(conn: Connection, account_id: UUID) -> str | None:
    """The language of an account's messages."""
    found: str | None = await fetch_value(
        conn, "SELECT language FROM account WHERE account_id = %(account)s", account=account_id
    )
    return found


async def set_language(conn: Connection, account_id: UUID, language: str) -> None:
    """Choose the language of an account's messages."""
    await run(
        conn,
        "UPDATE account SET language = %(language)s WHERE account_id = %(account)s",
        account=account_id,
        language=language,
    )


async def note_sign_in(conn: Connection, account_id: UUID, at: datetime) -> None:
    """Note the last sign-in."""
    await run(
        conn, "UPDATE account SET last_sign_in_at = %(at)s WHERE account_id = %(account)s", account=account_id, at=at
    )


async def account_of_subject(conn: Connection, subject_hash: bytes) -> UUID | None:
    """The account that a provider's subject leads to."""
    found: UUID | None = await fetch_value(
        conn, "SELECT account_id FROM national_id WHERE subject_hash = %(hash)s", hash=subject_hash
    )
    return found


async def insert_subject(
    conn: Connection, subject_hash: bytes, account_id: UUID, provider_id: str, at: datetime
) -> None:
    """Let a provider's subject lead to this account."""
    await run(
        conn,
        """
        INSERT INTO national_id (subject_hash, account_id, provider_id, linked_at, last_sign_in_at)
        VALUES (%(hash)s, %(account)s, %(provider)s, %(at)s, %(at)s)
        """,
        hash=subject_hash,
        account=account_id,
        provider=provider_id,
        at=at,
    )


async def note_subject(conn: Connection, subject_hash: bytes, at: datetime) -> None:
    """Note that a provider's subject has signed in."""
    await run(
        conn,
        "UPDATE national_id SET last_sign_in_at = %(at)s WHERE subject_hash = %(hash)s",
        hash=subject_hash,
        at=at,
    )
