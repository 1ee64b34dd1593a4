"""All SQL of the certificates room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run
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
class NewCertificate:
    """A certificate about to be stored."""

    person: Person
    certificate_id: str
    dose_id: UUID
    dose_number: int
    statement_sealed: bytes
    payloads_sealed: bytes
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """A certificate that was stored."""

    certificate_id: str


@dataclass(frozen=True, slots=True)
class Certified:
    """A dose that has, or had, a certificate."""

    dose_id: UUID


@dataclass(frozen=True, slots=True)
class Revocable:
    """A certificate, whether it stands or not, with the place of its dose."""

    account_id: UUID
    beneficiary_id: UUID
    certificate_id: str
    dose_id: UUID
    dose_number: int
    payloads_sealed: bytes
    revoked_at: datetime | None
    district_id: int | None
    centre_id: int | None


@dataclass(frozen=True, slots=True)
class Uncertified:
    """A person with a standing dose that no certificate states."""

    account_id: UUID
    beneficiary_id: UUID


async def certified_doses(conn: Connection, persons: Sequence[Person]) -> set[UUID]:
    """The doses of these people that have, or had, a certificate."""
    found = await fetch_all(
        conn,
        Certified,
        """
        SELECT DISTINCT dose_id FROM certificate
        JOIN unnest(%(accounts)s::uuid[], %(beneficiaries)s::uuid[]) AS wanted (account_id, beneficiary_id)
          USING (account_id, beneficiary_id)
        """,
        accounts=[one.account_id for one in persons],
        beneficiaries=[one.beneficiary_id for one in persons],
    )
    return {one.dose_id for one in found}


async def standing_for(conn: Connection, person: Person, dose_id: UUID) -> str | None:
    """The number of the certificate that stands for a dose."""
    found: str | None = await fetch_value(
        conn,
        """
        SELECT certificate_id FROM certificate
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s AND dose_id = %(dose_id)s
          AND revoked_at IS NULL
        """,
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
        dose_id=dose_id,
    )
    return found


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


async def put(conn: Connection, programme_id: str, certificates: Sequence[NewCertificate]) -> set[str]:
    """Store certificates, but for doses that one stands for already; the numbers of those stored."""
    found = await fetch_all(
        conn,
        Stored,
        """
        INSERT INTO certificate (account_id, beneficiary_id, certificate_id, programme_id, dose_id, dose_number,
                                 version, statement_sealed, payloads_sealed, issued_at)
        SELECT account_id, beneficiary_id, new.certificate_id, %(programme_id)s, dose_id, new.dose_number,
               1 + (SELECT count(*) FROM certificate old
                    WHERE (old.account_id, old.beneficiary_id, old.dose_id)
                        = (new.account_id, new.beneficiary_id, new.dose_id)),
               new.statement_sealed, new.payloads_sealed, new.issued_at
        FROM unnest(%(accounts)s::uuid[], %(beneficiaries)s::uuid[], %(numbers)s::text[], %(doses)s::uuid[],
                    %(dose_numbers)s::int[], %(statements)s::bytea[], %(payloads)s::bytea[], %(issued)s::timestamptz[])
          AS new (account_id, beneficiary_id, certificate_id, dose_id, dose_number, statement_sealed, payloads_sealed,
                  issued_at)
        ON CONFLICT DO NOTHING RETURNING certificate_id
        """,
        programme_id=programme_id,
        accounts=[one.person.account_id for one in certificates],
        beneficiaries=[one.person.beneficiary_id for one in certificates],
        numbers=[one.certificate_id for one in certificates],
        doses=[one.dose_id for one in certificates],
        dose_numbers=[one.dose_number for one in certificates],
        statements=[one.statement_sealed for one in certificates],
        payloads=[one.payloads_sealed for one in certificates],
        issued=[one.issued_at for one in certificates],
    )
    return {one.certificate_id for one in found}


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


async def revocable(conn: Connection, certificate_id: str) -> Revocable | None:
    """A certificate by its number, locked until the transaction ends."""
    return await fetch_one(
        conn,
        Revocable,
        """
        SELECT c.account_id, c.beneficiary_id, c.certificate_id, c.dose_id, c.dose_number, c.payloads_sealed,
               c.revoked_at, d.district_id, d.centre_id
        FROM certificate c
        JOIN dose d ON (d.account_id, d.beneficiary_id, d.dose_id) = (c.account_id, c.beneficiary_id, c.dose_id)
        WHERE c.certificate_id = %(certificate_id)s
        FOR UPDATE OF c
        """,
        certificate_id=certificate_id,
    )


async def revoke(conn: Connection, certificate_id: str, *, reason: str, by: str, at: datetime) -> None:
    """Let a certificate stand no longer."""
    await run(
        conn,
        """
        UPDATE certificate SET revoked_at = %(at)s, revoked_reason = %(reason)s, revoked_by = %(by)s
        WHERE certificate_id = %(certificate_id)s AND revoked_at IS NULL
        """,
        certificate_id=certificate_id,
        reason=reason,
        by=by,
        at=at,
    )


async def hold_standing(conn: Connection, person: Person) -> list[StoredCertificate]:
    """The certificates of a person that stand, locked until the transaction ends."""
    return await fetch_all(
        conn,
        StoredCertificate,
        """
        SELECT certificate_id, dose_id, dose_number, version, statement_sealed, payloads_sealed, issued_at
        FROM certificate
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s AND revoked_at IS NULL
        ORDER BY certificate_id FOR UPDATE
        """,
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
    )


async def move_to(conn: Connection, person: Person, to: Person) -> int:
    """Put a person's certificates under another key."""
    return await run(
        conn,
        """
        UPDATE certificate SET account_id = %(to_account)s, beneficiary_id = %(to_beneficiary)s
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s
        """,
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
        to_account=to.account_id,
        to_beneficiary=to.beneficiary_id,
    )


async def put_marks(conn: Connection, certificate_id: str, marks: Sequence[bytes]) -> None:
    """Add to the published list what it says of a certificate."""
    await run(
        conn,
        """
        INSERT INTO revocation_mark (mark, certificate_id)
        SELECT mark, %(certificate_id)s FROM unnest(%(marks)s::bytea[]) AS mark ON CONFLICT DO NOTHING
        """,
        certificate_id=certificate_id,
        marks=list(marks),
    )


async def count_marks(conn: Connection) -> int:
    """How many marks the published list has: it only ever grows, so the number names its state."""
    return int(await fetch_value(conn, "SELECT count(*) FROM revocation_mark"))


async def all_marks(conn: Connection) -> bytes:
    """The whole list, in the order of the marks, which tells nothing."""
    found = await fetch_value(conn, "SELECT string_agg(mark, ''::bytea ORDER BY mark) FROM revocation_mark")
    return bytes(found or b"")


async def revoked_at(conn: Connection, mark: bytes, certificate_id: str) -> datetime | None:
    """When the certificate with this signature, or of ours this number, was revoked; None for one that stands."""
    found: datetime | None = await fetch_value(
        conn,
        """
        SELECT max(revoked_at) FROM certificate
        WHERE certificate_id = ANY (ARRAY(SELECT certificate_id FROM revocation_mark WHERE mark = %(mark)s)
                                    || %(certificate_id)s::text)
        """,
        mark=mark,
        certificate_id=certificate_id,
    )
    return found


async def revoked_reason(conn: Connection, certificate_id: str) -> str | None:
    """Why a certificate was revoked."""
    found: str | None = await fetch_value(
        conn,
        "SELECT revoked_reason FROM certificate WHERE certificate_id = %(certificate_id)s",
        certificate_id=certificate_id,
    )
    return found


async def replace_payloads(
    conn: Connection, person: Person, certificate_id: str, *, before: bytes, payloads_sealed: bytes
) -> bool:
    """Put more payloads beside those of a certificate that stands, unless somebody changed them; whether it was so."""
    changed = await run(
        conn,
        """
        UPDATE certificate SET payloads_sealed = %(payloads_sealed)s
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s
          AND certificate_id = %(certificate_id)s AND payloads_sealed = %(before)s AND revoked_at IS NULL
        """,
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
        certificate_id=certificate_id,
        before=before,
        payloads_sealed=payloads_sealed,
    )
    return changed == 1
