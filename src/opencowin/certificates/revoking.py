"""Revoking a certificate that should not stand, and issuing another in its place."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin import places, vaccination
from opencowin.certificates import queries
from opencowin.certificates.checks import clean
from opencowin.certificates.issuing import issue_for, open_payloads
from opencowin.certificates.marks import marks_of
from opencowin.certificates.queries import Revocable
from opencowin.certificates.refusals import (
    CertificateStands,
    DoseStandsNot,
    NoSuchCertificate,
    NotSignable,
    RevocationUnexplained,
)
from opencowin.kit import audit
from opencowin.kit.actor import Actor, Permission, Place
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Job
from opencowin.registry import Person

LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class CertificateRevoked:
    """A certificate ceased to stand."""

    account_id: UUID
    beneficiary_id: UUID
    certificate_id: str
    dose_number: int


@dataclass(frozen=True, slots=True)
class Revocation:
    """Since when a certificate stands no longer, and whether that was so already."""

    certificate_id: str
    revoked_at: datetime
    already: bool


CERTIFICATE_REVOKED = Job("certificates.certificate_revoked", CertificateRevoked)


async def revoke(conn: Connection, floor: Floor, actor: Actor, certificate_id: str, reason: str) -> Revocation:
    """End a certificate in every form that it was issued in; its holder is told. Doing it again changes nothing.

    No other is issued for its dose until `reissue` is called. Raises NotPermitted, RevocationUnexplained and
    NoSuchCertificate (also outside the actor's scope).
    """
    actor.require(Permission.REVOKE_CERTIFICATES)
    why = _explained(reason)
    row = await _within_scope(conn, actor, certificate_id)
    if row.revoked_at is not None:
        return Revocation(row.certificate_id, row.revoked_at, already=True)
    return Revocation(row.certificate_id, await _end(conn, floor, actor, row, why), already=False)


async def _end(conn: Connection, floor: Floor, actor: Actor, row: Revocable, why: str) -> datetime:
    now = floor.clock.now()
    await queries.revoke(conn, row.certificate_id, reason=why, by=actor.actor_id, at=now)
    await queries.put_marks(conn, row.certificate_id, marks_of(open_payloads(floor, row.payloads_sealed)))
    subject = ("certificate", row.certificate_id)
    await audit.record(conn, actor, "certificates.revoke", subject=subject, reason=why)
    news = CertificateRevoked(row.account_id, row.beneficiary_id, row.certificate_id, row.dose_number)
    await CERTIFICATE_REVOKED.enqueue(conn, news)
    return now


async def revoke_of_dose(
    conn: Connection, floor: Floor, actor: Actor, person: Person, dose_id: UUID, *, why: str
) -> bool:
    """End the certificate of a dose that was recorded by mistake; whether there was one. Its holder is told.

    For whoever undoes the dose, who has checked the place. Raises NotPermitted, RevocationUnexplained.
    """
    actor.require(Permission.VACCINATE)
    reason = _explained(why)
    number = await queries.standing_for(conn, person, dose_id)
    row = await queries.revocable(conn, number) if number else None
    if row is None or row.revoked_at is not None:
        return False
    await _end(conn, floor, actor, row, reason)
    return True


async def standing_certificate(conn: Connection, person: Person, dose_id: UUID) -> str | None:
    """The number of the certificate that stands for a dose."""
    return await queries.standing_for(conn, person, dose_id)


async def reissue(conn: Connection, floor: Floor, actor: Actor, certificate_id: str, reason: str) -> str:
    """Issue another certificate for the dose of a revoked one, from the records as they are now; its number.

    Where one stands already, that is the answer. Raises NotPermitted, RevocationUnexplained, NoSuchCertificate,
    CertificateStands and DoseStandsNot.
    """
    actor.require(Permission.REVOKE_CERTIFICATES)
    why = _explained(reason)
    row = await _within_scope(conn, actor, certificate_id)
    if row.revoked_at is None:
        raise CertificateStands(field="certificate_id")
    person = Person(row.account_id, row.beneficiary_id)
    if (standing := await queries.standing_for(conn, person, row.dose_id)) is not None:
        return standing
    doses = await vaccination.doses_of(conn, person)
    if row.dose_id not in {dose.dose_id for dose in doses}:
        raise DoseStandsNot(field="certificate_id")
    (issued,) = await issue_for(conn, floor, {person: doses}, {row.dose_id})
    await audit.record(
        conn,
        actor,
        "certificates.reissue",
        subject=("certificate", row.certificate_id),
        reason=why,
        detail={"issued": issued},
    )
    return issued


async def renew(conn: Connection, floor: Floor, actor: Actor, person: Person, reason: str) -> list[str]:
    """End every certificate of a person that stands, and issue one for each dose that stands; their numbers.

    For whoever changed the records by a decision, and checked the scope. The holder is told of the new ones. Records
    that no certificate can state, such as doses in no order, keep the decision and get none.
    Raises NotPermitted, RevocationUnexplained.
    """
    await end_all(conn, floor, actor, person, reason)
    doses = await vaccination.doses_of(conn, person)
    try:
        async with conn.transaction():
            return await issue_for(conn, floor, {person: doses}, {dose.dose_id for dose in doses})
    except NotSignable as no:
        subject = ("beneficiary", person.beneficiary_id)
        await audit.record(conn, actor, "certificates.not_issued", subject=subject, reason=no.message)
        return []


async def end_all(conn: Connection, floor: Floor, actor: Actor, person: Person, reason: str) -> int:
    """End every certificate of a person that stands, in every form; how many. The caller tells the holder.

    Raises NotPermitted, RevocationUnexplained.
    """
    actor.require(Permission.ANSWER_CASES)
    why, now = _explained(reason), floor.clock.now()
    standing = await queries.hold_standing(conn, person)
    for one in standing:
        await queries.revoke(conn, one.certificate_id, reason=why, by=actor.actor_id, at=now)
        await queries.put_marks(conn, one.certificate_id, marks_of(open_payloads(floor, one.payloads_sealed)))
        subject = ("certificate", one.certificate_id)
        await audit.record(conn, actor, "certificates.revoke", subject=subject, reason=why)
    return len(standing)


async def move_certificates(conn: Connection, person: Person, to: Person) -> int:
    """Put a person's certificates under a new key of the same person; what they say stays."""
    return await queries.move_to(conn, person, to)


async def why_revoked(conn: Connection, certificate_id: str) -> str | None:
    """The reason that was given for a revocation; None for a certificate that stands."""
    return await queries.revoked_reason(conn, certificate_id)


def _explained(reason: str) -> str:
    why = clean(reason)
    if not 3 <= len(why) <= LONGEST_REASON:
        raise RevocationUnexplained(field="reason", most=LONGEST_REASON)
    return why


async def _within_scope(conn: Connection, actor: Actor, certificate_id: str) -> Revocable:
    """The certificate, locked, if its dose was given within the actor's scope."""
    row = await queries.revocable(conn, certificate_id.strip())
    if row is None or not await _covers(conn, actor, row):
        raise NoSuchCertificate(field="certificate_id")
    return row


async def _covers(conn: Connection, actor: Actor, row: Revocable) -> bool:
    if actor.place == Place():
        return True
    if row.district_id is None:
        return False
    return await places.in_scope(conn, actor, district_id=row.district_id, centre_id=row.centre_id)
