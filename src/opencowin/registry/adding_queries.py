"""SQL by which members are added, for one or many at once: one function, one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from opencowin.kit.db import Connection, fetch_all, run
from opencowin.registry.model import Channel, Facts, Person
from opencowin.registry.queries import COLUMNS, LIVE
from opencowin.registry.sealing import BeneficiaryRow, SealedFacts


@dataclass(frozen=True, slots=True)
class NewBeneficiary:
    """A beneficiary to be added."""

    person: Person
    facts: Facts
    sealed: SealedFacts
    reference_id: int
    member_number: int
    secret_code_sealed: bytes


async def reserve_documents(conn: Connection, persons: Mapping[bytes, Person]) -> set[bytes]:
    """Enter documents for these persons unless they are entered; which of them are these persons' from now on.

    Waits for whoever is entering one of them just now, in the order of the documents.
    """
    hashes = sorted(persons)
    cursor = await conn.execute(
        """
        INSERT INTO identity_document (document_hash, account_id, beneficiary_id)
        SELECT u.h, u.a, u.b
        FROM unnest(%(hashes)s::bytea[], %(accounts)s::uuid[], %(beneficiaries)s::uuid[])
             WITH ORDINALITY AS u (h, a, b, place) ORDER BY u.place
        ON CONFLICT (document_hash) DO NOTHING RETURNING document_hash
        """,
        {
            "hashes": hashes,
            "accounts": [persons[one].account_id for one in hashes],
            "beneficiaries": [persons[one].beneficiary_id for one in hashes],
        },
    )
    return {bytes(row[0]) for row in await cursor.fetchall()}


async def free_documents(conn: Connection, hashes: Sequence[bytes]) -> None:
    """Let documents be registered that this transaction has entered."""
    if hashes:
        await run(conn, "DELETE FROM identity_document WHERE document_hash = ANY (%(hashes)s)", hashes=list(hashes))


async def hold_households(conn: Connection, account_ids: Sequence[UUID]) -> None:
    """Hold the accounts' households in one order, made where there are none: members are added one call at a time."""
    # What the condition leaves unchanged is locked all the same.
    await run(
        conn,
        """
        INSERT INTO household AS held (account_id) SELECT unnest(%(accounts)s::uuid[])
        ON CONFLICT (account_id) DO UPDATE SET account_id = held.account_id WHERE false
        """,
        accounts=sorted(account_ids),
    )


async def members_of(conn: Connection, account_ids: Sequence[UUID]) -> list[BeneficiaryRow]:
    """The members of these households."""
    return await fetch_all(conn, BeneficiaryRow, LIVE + " AND account_id = ANY (%(ids)s)", ids=list(account_ids))


async def reserve_references(conn: Connection, persons: Mapping[int, Person]) -> set[int]:
    """Give each reference id to its person unless it was ever given; which of them were."""
    references = sorted(persons)
    cursor = await conn.execute(
        """
        INSERT INTO beneficiary_reference (reference_id, account_id, beneficiary_id)
        SELECT * FROM unnest(%(references)s::bigint[], %(accounts)s::uuid[], %(beneficiaries)s::uuid[])
        ON CONFLICT (reference_id) DO NOTHING RETURNING reference_id
        """,
        {
            "references": references,
            "accounts": [persons[one].account_id for one in references],
            "beneficiaries": [persons[one].beneficiary_id for one in references],
        },
    )
    return {int(row[0]) for row in await cursor.fetchall()}


async def insert_beneficiaries(
    conn: Connection, new: Sequence[NewBeneficiary], *, channel: Channel, at: datetime
) -> list[BeneficiaryRow]:
    """Add beneficiaries; in no order."""
    return await fetch_all(
        conn,
        BeneficiaryRow,
        f"""
        INSERT INTO beneficiary (account_id, beneficiary_id, reference_id, member_number, name_sealed, birth_year,
            birth_date_sealed, gender_id, document_type_id, document_sealed, document_masked_sealed, document_hash,
            comorbidity, consent_version, secret_code_sealed, likeness_hash, birth_likeness_hash,
            priority_groups, channel, registered_at, changed_at)
        SELECT a, b, reference, number, name, born, birth_date, gender, kind, document, masked, hash, comorbid,
            consent, code, alike, born_alike,
            ARRAY(SELECT jsonb_array_elements_text(groups)), %(channel)s, %(at)s, %(at)s
        FROM unnest(%(accounts)s::uuid[], %(beneficiaries)s::uuid[], %(references)s::bigint[],
            %(numbers)s::smallint[], %(names)s::bytea[], %(birth_years)s::smallint[], %(birth_dates)s::bytea[],
            %(genders)s::smallint[], %(document_types)s::smallint[], %(documents)s::bytea[], %(masked)s::bytea[],
            %(document_hashes)s::bytea[], %(comorbid)s::boolean[], %(consents)s::text[], %(secret_codes)s::bytea[],
            %(likenesses)s::bytea[], %(birth_likenesses)s::bytea[], %(groups)s::jsonb[])
            AS u (a, b, reference, number, name, born, birth_date, gender, kind, document, masked, hash, comorbid,
                  consent, code, alike, born_alike, groups)
        RETURNING {COLUMNS}
        """,  # noqa: S608 (the columns are a literal)
        **_columns(new),
        channel=channel.value,
        at=at,
    )


def _columns(new: Sequence[NewBeneficiary]) -> dict[str, list[object]]:
    return {
        "accounts": [one.person.account_id for one in new],
        "beneficiaries": [one.person.beneficiary_id for one in new],
        "references": [one.reference_id for one in new],
        "numbers": [one.member_number for one in new],
        "names": [one.sealed.name for one in new],
        "birth_years": [one.facts.birth_year for one in new],
        "birth_dates": [one.sealed.birth_date for one in new],
        "genders": [one.facts.gender_id for one in new],
        "document_types": [one.facts.document_type_id for one in new],
        "documents": [one.sealed.document for one in new],
        "masked": [one.sealed.document_masked for one in new],
        "document_hashes": [one.facts.document_hash for one in new],
        "comorbid": [one.facts.comorbidity for one in new],
        "groups": [Jsonb(one.facts.priority_groups) for one in new],
        "consents": [one.facts.consent_version for one in new],
        "secret_codes": [one.secret_code_sealed for one in new],
        "likenesses": [one.sealed.likeness for one in new],
        "birth_likenesses": [one.sealed.birth_likeness for one in new],
    }
