"""All SQL of the registry: one function, one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run
from opencowin.registry.model import Facts, Person
from opencowin.registry.sealing import BeneficiaryRow, SealedFacts

COLUMNS: LiteralString = """
    account_id, beneficiary_id, reference_id, member_number, name_sealed, birth_year, birth_date_sealed,
    gender_id, document_type_id, document_sealed, document_masked_sealed, document_hash, comorbidity,
    priority_groups, consent_version, document_confirmed_by, secret_code_sealed, registered_at, locked_at,
    passport_sealed, passport_type_id, passport_hash, died_on"""
LIVE: LiteralString = (
    "SELECT " + COLUMNS + " FROM beneficiary WHERE deleted_at IS NULL AND merged_into IS NULL"  # noqa: S608 (literals)
)
_MEMBER: LiteralString = LIVE + " AND account_id = %(account)s"


async def lock_household(conn: Connection, account_id: UUID) -> None:
    """Hold the household, so that its members are added one at a time."""
    await run(conn, "SELECT 1 FROM household WHERE account_id = %(account)s FOR UPDATE", account=account_id)


async def holder_of_document(conn: Connection, document_hash: bytes) -> Person | None:
    """Whom the document is entered for."""
    return await fetch_one(
        conn,
        Person,
        "SELECT account_id, beneficiary_id FROM identity_document WHERE document_hash = %(hash)s",
        hash=document_hash,
    )


async def free_document(conn: Connection, document_hash: bytes, person: Person) -> None:
    """Let the document be registered again."""
    await run(
        conn,
        """
        DELETE FROM identity_document WHERE document_hash = %(hash)s
          AND account_id = %(account)s AND beneficiary_id = %(beneficiary)s
        """,
        hash=document_hash,
        account=person.account_id,
        beneficiary=person.beneficiary_id,
    )


async def add_duplicate_attempt(
    conn: Connection, document_hash: bytes, account_id: UUID, at: datetime, facts_sealed: bytes
) -> None:
    """Keep a second registration of a document for a human to look at."""
    await run(
        conn,
        """
        INSERT INTO duplicate_attempt (document_hash, account_id, attempted_at, facts_sealed)
        VALUES (%(hash)s, %(account)s, %(at)s, %(facts)s)
        """,
        facts=facts_sealed,
        hash=document_hash,
        account=account_id,
        at=at,
    )


async def change_beneficiary(
    conn: Connection, person: Person, facts: Facts, sealed: SealedFacts, at: datetime, *, stays_confirmed: bool
) -> None:
    """Replace a beneficiary's facts; priority groups, reference and secret code stay."""
    await run(
        conn,
        """
        UPDATE beneficiary SET name_sealed = %(name)s, birth_year = %(birth_year)s, birth_date_sealed = %(birth_date)s,
            gender_id = %(gender)s, document_type_id = %(document_type)s, document_sealed = %(document)s,
            document_masked_sealed = %(document_masked)s, document_hash = %(document_hash)s,
            comorbidity = %(comorbidity)s, consent_version = %(consent)s, changed_at = %(at)s,
            likeness_hash = %(likeness)s, birth_likeness_hash = %(birth_likeness)s,
            document_confirmed_by = CASE WHEN %(confirmed)s THEN document_confirmed_by END,
            document_confirmed_at = CASE WHEN %(confirmed)s THEN document_confirmed_at END
        WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s
        """,
        account=person.account_id,
        beneficiary=person.beneficiary_id,
        name=sealed.name,
        birth_year=facts.birth_year,
        birth_date=sealed.birth_date,
        gender=facts.gender_id,
        document_type=facts.document_type_id,
        document=sealed.document,
        document_masked=sealed.document_masked,
        document_hash=facts.document_hash,
        comorbidity=facts.comorbidity,
        consent=facts.consent_version,
        likeness=sealed.likeness,
        birth_likeness=sealed.birth_likeness,
        confirmed=stays_confirmed,
        at=at,
    )


async def confirm_document(conn: Connection, person: Person, provider_id: str, at: datetime) -> None:
    """Note that a provider of national IDs confirmed who this is."""
    await run(
        conn,
        """
        UPDATE beneficiary SET document_confirmed_by = %(provider)s, document_confirmed_at = %(at)s
        WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s
        """,
        account=person.account_id,
        beneficiary=person.beneficiary_id,
        provider=provider_id,
        at=at,
    )


async def erase_beneficiary(
    conn: Connection, person: Person, empty: SealedFacts, secret_code_sealed: bytes, at: datetime
) -> None:
    """Overwrite what is known of a person and mark the row as removed."""
    await run(
        conn,
        """
        UPDATE beneficiary SET name_sealed = %(name)s, birth_date_sealed = NULL, document_sealed = %(document)s,
            document_masked_sealed = %(document_masked)s, document_hash = NULL, secret_code_sealed = %(secret_code)s,
            document_confirmed_by = NULL, document_confirmed_at = NULL, likeness_hash = NULL,
            birth_likeness_hash = NULL, passport_sealed = NULL, passport_type_id = NULL, passport_hash = NULL,
            comorbidity = false, priority_groups = '{}', changed_at = %(at)s, deleted_at = %(at)s
        WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s
        """,
        account=person.account_id,
        beneficiary=person.beneficiary_id,
        name=empty.name,
        document=empty.document,
        document_masked=empty.document_masked,
        secret_code=secret_code_sealed,
        at=at,
    )


async def set_locked(conn: Connection, people: Sequence[Person], at: datetime) -> int:
    """Lock beneficiaries' facts; of how many, those who were removed left out."""
    return await run(
        conn,
        """
        UPDATE beneficiary SET locked_at = coalesce(locked_at, %(at)s)
        WHERE account_id = ANY (%(accounts)s) AND beneficiary_id = ANY (%(beneficiaries)s) AND deleted_at IS NULL
        """,
        accounts=[person.account_id for person in people],
        beneficiaries=[person.beneficiary_id for person in people],
        at=at,
    )


async def live_members(conn: Connection, account_id: UUID) -> list[BeneficiaryRow]:
    """The members of a household, in the order of their numbers."""
    return await fetch_all(
        conn,
        BeneficiaryRow,
        _MEMBER + " ORDER BY member_number",
        account=account_id,
    )


async def share_members(
    conn: Connection, account_ids: Sequence[UUID], reference_ids: Sequence[int]
) -> list[BeneficiaryRow]:
    """Who of these households has one of these references, kept as they are until the transaction ends.

    In the order of their ids. Keys that are compared each for itself are looked up in the index, however few people
    the planner knows of.
    """
    return await fetch_all(
        conn,
        BeneficiaryRow,
        LIVE
        + """ AND account_id = ANY (%(accounts)s) AND reference_id = ANY (%(references)s)
        ORDER BY beneficiary_id FOR SHARE""",
        accounts=list(account_ids),
        references=list(reference_ids),
    )


async def hold_member(conn: Connection, account_id: UUID, reference_id: int) -> BeneficiaryRow | None:
    """One member of a household, held for a change."""
    return await fetch_one(
        conn,
        BeneficiaryRow,
        _MEMBER + " AND reference_id = %(reference)s FOR UPDATE",
        account=account_id,
        reference=reference_id,
    )


async def beneficiary_of(conn: Connection, person: Person) -> BeneficiaryRow | None:
    """One beneficiary."""
    return await fetch_one(
        conn,
        BeneficiaryRow,
        _MEMBER + " AND beneficiary_id = %(beneficiary)s",
        account=person.account_id,
        beneficiary=person.beneficiary_id,
    )


async def beneficiaries_of(conn: Connection, people: Sequence[Person]) -> list[BeneficiaryRow]:
    """These beneficiaries, those who were removed left out."""
    return await fetch_all(
        conn,
        BeneficiaryRow,
        LIVE  # noqa: S608 (both parts are literals)
        + """ AND (account_id, beneficiary_id) IN (
            SELECT * FROM unnest(%(accounts)s::uuid[], %(beneficiaries)s::uuid[]))""",
        accounts=[person.account_id for person in people],
        beneficiaries=[person.beneficiary_id for person in people],
    )


async def hold_beneficiaries(conn: Connection, people: Sequence[Person], *, wait: bool) -> list[BeneficiaryRow]:
    """These beneficiaries, in the order of their ids, held for a change; unless one waits, those nobody else holds."""
    mode: LiteralString = "" if wait else "SKIP LOCKED"
    statement: LiteralString = LIVE + (
        """ AND account_id = ANY (%(accounts)s) AND beneficiary_id = ANY (%(beneficiaries)s)
        ORDER BY beneficiary_id FOR NO KEY UPDATE """
    )
    return await fetch_all(
        conn,
        BeneficiaryRow,
        statement + mode,
        accounts=[person.account_id for person in people],
        beneficiaries=[person.beneficiary_id for person in people],
    )


async def people_of_references(conn: Connection, reference_ids: Sequence[int]) -> dict[int, Person]:
    """Whom reference ids name, unless that person was removed; of a merged record, the one it went into."""
    cursor = await conn.execute(
        """
        WITH RECURSIVE named AS (
            SELECT given.reference_id, one.account_id, one.beneficiary_id, one.deleted_at, one.merged_into
            FROM beneficiary_reference given JOIN beneficiary one USING (account_id, beneficiary_id)
            WHERE given.reference_id = ANY (%(references)s)
            UNION SELECT named.reference_id, one.account_id, one.beneficiary_id, one.deleted_at, one.merged_into
            FROM named JOIN beneficiary_reference given ON given.reference_id = named.merged_into
            JOIN beneficiary one ON (one.account_id, one.beneficiary_id) = (given.account_id, given.beneficiary_id))
        SELECT reference_id, account_id, beneficiary_id FROM named WHERE deleted_at IS NULL AND merged_into IS NULL
        """,
        {"references": list(reference_ids)},
    )
    return {int(row[0]): Person(row[1], row[2]) for row in await cursor.fetchall()}


async def hold_secret_code(conn: Connection, person: Person) -> bytes | None:
    """The sealed secret code, held so that tries at one person come one after another."""
    found = await fetch_value(
        conn,
        """
        SELECT secret_code_sealed FROM beneficiary
        WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s AND deleted_at IS NULL
          AND merged_into IS NULL FOR NO KEY UPDATE
        """,
        account=person.account_id,
        beneficiary=person.beneficiary_id,
    )
    return None if found is None else bytes(found)


async def add_to_group(conn: Connection, person: Person, group_id: str, at: datetime) -> bool:
    """Put a person on a group's list; False when that was so."""
    added = await run(
        conn,
        """
        UPDATE beneficiary SET priority_groups = priority_groups || %(group)s::text, changed_at = %(at)s
        WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s AND NOT %(group)s = ANY (priority_groups)
        """,
        account=person.account_id,
        beneficiary=person.beneficiary_id,
        group=group_id,
        at=at,
    )
    return added == 1


async def take_from_group(conn: Connection, person: Person, group_id: str, at: datetime) -> None:
    """Take a person off a group's list."""
    await run(
        conn,
        """
        UPDATE beneficiary SET priority_groups = array_remove(priority_groups, %(group)s), changed_at = %(at)s
        WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s
        """,
        account=person.account_id,
        beneficiary=person.beneficiary_id,
        group=group_id,
        at=at,
    )
