"""All SQL of the certificates room."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, run
from opencowin.registry import Person


@dataclass(frozen=True, slots=True)
class StoredCertificate:
    """A row of `certificate` that stands."""

    certificate_id: str
    dose_id: UUID
    dose_number: int
    version: int
    statement_sealed: bytes
    payloads_sealed: bytes
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Uncertified:
    """A person with a standing dose that no certificate states."""

    account_id: UUID
    beneficiary_id: UUID


async def standing(conn: Connection, person: Person) -> list[StoredCertificate]:
    """The certificates of a person that stand, by dose number."""
    return await fetch_all(
        conn,
        StoredCertificate,
        """
        SELECT certificate_id, dose_id, dose_number, version, statement_sealed, payloads_sealed, issued_at
        FROM certificate
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s AND revoked_at IS NULL
        ORDER BY dose_number
        """,
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
    )


async def latest(conn: Connection, person: Person) -> StoredCertificate | None:
    """The standing certificate of the person's last dose."""
    return await fetch_one(
        conn,
        StoredCertificate,
        """
        SELECT certificate_id, dose_id, dose_number, version, statement_sealed, payloads_sealed, issued_at
        FROM certificate
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s AND revoked_at IS NULL
        ORDER BY dose_number DESC LIMIT 1
        """,
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
    )


async def put(
    conn: Connection,
    person: Person,
    *,
    certificate_id: str,
    programme_id: str,
    dose_id: UUID,
    dose_number: int,
    statement_sealed: bytes,
    payloads_sealed: bytes,
    issued_at: datetime,
) -> bool:
    """Store a certificate unless one stands for the dose already; whether it was stored."""
    stored = await run(
        conn,
        """
        INSERT INTO certificate (account_id, beneficiary_id, certificate_id, programme_id, dose_id, dose_number,
                                 version, statement_sealed, payloads_sealed, issued_at)
        SELECT %(account_id)s, %(beneficiary_id)s, %(certificate_id)s, %(programme_id)s, %(dose_id)s, %(dose_number)s,
               1 + count(*), %(statement_sealed)s, %(payloads_sealed)s, %(issued_at)s
        FROM certificate
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s AND dose_id = %(dose_id)s
        ON CONFLICT DO NOTHING
        """,
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
        certificate_id=certificate_id,
        programme_id=programme_id,
        dose_id=dose_id,
        dose_number=dose_number,
        statement_sealed=statement_sealed,
        payloads_sealed=payloads_sealed,
        issued_at=issued_at,
    )
    return stored == 1


async def uncertified(conn: Connection, before: datetime, limit: int) -> list[Uncertified]:
    """Persons whose standing dose was recorded before an instant and has no certificate: a lost job left them."""
    return await fetch_all(
        conn,
        Uncertified,
        """
        SELECT DISTINCT d.account_id, d.beneficiary_id FROM dose d
        WHERE d.state = 'valid' AND d.recorded_at < %(before)s AND NOT EXISTS (
            SELECT FROM certificate c
            WHERE c.account_id = d.account_id AND c.beneficiary_id = d.beneficiary_id AND c.dose_id = d.dose_id)
        LIMIT %(limit)s
        """,
        before=before,
        limit=limit,
    )
