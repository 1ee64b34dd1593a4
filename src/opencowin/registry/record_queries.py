"""SQL of what happens to records as a whole: moved, merged, parted, compared. One function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, run
from opencowin.registry.model import Person


@dataclass(frozen=True, slots=True)
class Merged:
    """A record that was merged into another."""

    account_id: UUID
    beneficiary_id: UUID
    member_number: int
    document_hash: bytes | None
    passport_hash: bytes | None


@dataclass(frozen=True, slots=True)
class DuplicateAttempt:
    """A second registration of a document, with whom it belongs to by now."""

    attempt_id: int
    account_id: UUID
    attempted_at: datetime
    facts_sealed: bytes | None
    reference_id: int | None


@dataclass(frozen=True, slots=True)
class Unlikened:
    """A person whose likeness was not computed yet."""

    account_id: UUID
    beneficiary_id: UUID
    name_sealed: bytes
    birth_year: int
    birth_date_sealed: bytes | None
    gender_id: int


async def set_passport(conn: Connection, person: Person, type_id: int, sealed: bytes, found_by: bytes | None) -> None:
    """Add a passport to a person."""
    await run(
        conn,
        """
        UPDATE beneficiary SET passport_type_id = %(type)s, passport_sealed = %(sealed)s, passport_hash = %(hash)s
        WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s
        """,
        account=person.account_id,
        beneficiary=person.beneficiary_id,
        type=type_id,
        sealed=sealed,
        hash=found_by,
    )


async def set_death(conn: Connection, person: Person, on: date, at: datetime) -> None:
    """Note the day of a death."""
    await run(
        conn,
        """
        UPDATE beneficiary SET died_on = %(on)s, changed_at = %(at)s
        WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s
        """,
        account=person.account_id,
        beneficiary=person.beneficiary_id,
        on=on,
        at=at,
    )


async def move_beneficiary(
    conn: Connection, person: Person, account_id: UUID, *, member_number: int, secret_code_sealed: bytes, at: datetime
) -> int:
    """Put a person into another household, with another secret code."""
    return await run(
        conn,
        """
        UPDATE beneficiary SET account_id = %(to)s, member_number = %(number)s, changed_at = %(at)s,
            secret_code_sealed = %(code)s
        WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s AND deleted_at IS NULL
          AND merged_into IS NULL
        """,
        account=person.account_id,
        beneficiary=person.beneficiary_id,
        to=account_id,
        number=member_number,
        code=secret_code_sealed,
        at=at,
    )


async def move_reference(conn: Connection, person: Person, account_id: UUID) -> None:
    """Let a person's reference lead to the new household."""
    await run(
        conn,
        """
        UPDATE beneficiary_reference SET account_id = %(to)s
        WHERE reference_id = (SELECT reference_id FROM beneficiary
                              WHERE account_id = %(to)s AND beneficiary_id = %(beneficiary)s)
        """,
        beneficiary=person.beneficiary_id,
        to=account_id,
    )


async def move_documents(conn: Connection, holder: Person, to: Person) -> None:
    """Let all documents of one person be entered for another key."""
    await run(
        conn,
        """
        UPDATE identity_document SET account_id = %(to_account)s, beneficiary_id = %(to_beneficiary)s
        WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s
        """,
        account=holder.account_id,
        beneficiary=holder.beneficiary_id,
        to_account=to.account_id,
        to_beneficiary=to.beneficiary_id,
    )


async def give_back_documents(conn: Connection, hashes: Sequence[bytes], to: Person) -> None:
    """Let these documents be entered for this person again."""
    await run(
        conn,
        """
        UPDATE identity_document SET account_id = %(account)s, beneficiary_id = %(beneficiary)s
        WHERE document_hash = ANY (%(hashes)s)
        """,
        account=to.account_id,
        beneficiary=to.beneficiary_id,
        hashes=list(hashes),
    )


async def set_merged(conn: Connection, person: Person, into: int | None, member_number: int) -> int:
    """Let a record go into another one (a reference id), or (None) stand by itself again."""
    return await run(
        conn,
        """
        UPDATE beneficiary SET merged_into = %(into)s, member_number = %(number)s
        WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s AND deleted_at IS NULL
          AND (merged_into IS NULL) = (%(into)s::bigint IS NOT NULL)
        """,
        account=person.account_id,
        beneficiary=person.beneficiary_id,
        into=into,
        number=member_number,
    )


async def merged_record(conn: Connection, reference_id: int) -> Merged | None:
    """A record that went into another, by its own reference."""
    return await fetch_one(
        conn,
        Merged,
        """
        SELECT account_id, beneficiary_id, member_number, document_hash, passport_hash FROM beneficiary
        WHERE (account_id, beneficiary_id) = (SELECT account_id, beneficiary_id FROM beneficiary_reference
                                              WHERE reference_id = %(reference)s)
          AND deleted_at IS NULL AND merged_into IS NOT NULL FOR UPDATE
        """,
        reference=reference_id,
    )


async def take_attempts(conn: Connection, limit: int, at: datetime) -> list[DuplicateAttempt]:
    """The oldest second registrations that nobody has taken up; from now on they are."""
    return await fetch_all(
        conn,
        DuplicateAttempt,
        """
        WITH taken AS (
            UPDATE duplicate_attempt SET resolved_at = %(at)s
            WHERE attempt_id IN (SELECT attempt_id FROM duplicate_attempt WHERE resolved_at IS NULL
                                 ORDER BY attempt_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
            RETURNING attempt_id, document_hash, account_id, attempted_at, facts_sealed)
        SELECT attempt_id, taken.account_id, attempted_at, facts_sealed, one.reference_id
        FROM taken
        LEFT JOIN identity_document held USING (document_hash)
        LEFT JOIN beneficiary one ON one.account_id = held.account_id AND one.beneficiary_id = held.beneficiary_id
                                 AND one.deleted_at IS NULL
        ORDER BY attempt_id
        """,
        at=at,
        limit=limit,
    )


async def without_likeness(conn: Connection, limit: int) -> list[Unlikened]:
    """Persons who were registered before there was a likeness."""
    return await fetch_all(
        conn,
        Unlikened,
        """
        SELECT account_id, beneficiary_id, name_sealed, birth_year, birth_date_sealed, gender_id FROM beneficiary
        WHERE likeness_hash IS NULL AND deleted_at IS NULL
        ORDER BY registered_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        """,
        limit=limit,
    )


async def set_likeness(conn: Connection, people: Sequence[Person], hashes: Sequence[tuple[bytes, bytes | None]]) -> int:
    """Keep the likenesses of these persons; they count as changed, so that they are compared."""
    return await run(
        conn,
        """
        UPDATE beneficiary SET likeness_hash = new.likeness, birth_likeness_hash = new.birth, changed_at = now()
        FROM unnest(%(accounts)s::uuid[], %(beneficiaries)s::uuid[], %(likenesses)s::bytea[], %(births)s::bytea[])
            AS new (account, beneficiary, likeness, birth)
        WHERE account_id = new.account AND beneficiary_id = new.beneficiary
        """,
        accounts=[one.account_id for one in people],
        beneficiaries=[one.beneficiary_id for one in people],
        likenesses=[one[0] for one in hashes],
        births=[one[1] for one in hashes],
    )
