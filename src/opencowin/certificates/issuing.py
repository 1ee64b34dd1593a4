"""Issuing: a certificate for every standing dose, by itself after the dose, and its forms when somebody asks."""

import asyncio
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pydantic import TypeAdapter

from opencowin import identity, programme, registry, vaccination
from opencowin.certificates import queries
from opencowin.certificates.issuers import Issuer
from opencowin.certificates.keys import own_issuer
from opencowin.certificates.model import CertificateStatement, Format, Payload
from opencowin.certificates.printing import Sheet
from opencowin.certificates.queries import NewCertificate
from opencowin.certificates.refusals import Lacking, NotSignable, OwnCertificateRevoked
from opencowin.certificates.signing import sign_all, sign_or_tell
from opencowin.certificates.statements import places_of, state_doses
from opencowin.kit import audit
from opencowin.kit.actor import Actor, ActorKind, system
from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.errors import NotFound
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Handler, Job, Together
from opencowin.registry import Person

STATEMENT, PAYLOADS = "certificate.statement", "certificate.payloads"
_statements = TypeAdapter(CertificateStatement)
_payloads = TypeAdapter(dict[Format, str])
SWEEP_AFTER = timedelta(seconds=20)
SWEEP_BATCH = 500
MOST_AT_ONCE = 500
"""People whose certificates are issued in one transaction."""


class NoCertificateYet(NotFound):
    """There is no certificate yet: it appears after the first dose is recorded."""

    code = "CERTIFICATE00001"


class NotTheHolder(NotFound):
    """No such person is registered under this mobile."""

    code = "CERTIFICATE00003"


@dataclass(frozen=True, slots=True)
class CertificateIssued:
    """A certificate has appeared."""

    account_id: UUID
    beneficiary_id: UUID
    certificate_id: str
    dose_number: int


CERTIFICATE_ISSUED = Job("certificates.certificate_issued", CertificateIssued)


async def issue_due(conn: Connection, floor: Floor, *persons: Person) -> list[str]:
    """Issue a certificate for each standing dose of these people that never had one; their ids.

    As many statements for a thousand people as for one. Doing it again issues nothing.
    """
    found = await vaccination.doses_of_people(conn, persons)
    standing = {one: found[one.beneficiary_id] for one in persons if one.beneficiary_id in found}
    certified = await queries.certified_doses(conn, persons)
    wanted = {dose.dose_id for doses in standing.values() for dose in doses} - certified
    return await issue_for(conn, floor, standing, wanted)


async def issue_for(
    conn: Connection, floor: Floor, standing: Mapping[Person, Sequence[vaccination.Dose]], wanted: Set[UUID]
) -> list[str]:
    """Issue certificates for the wanted ones of people's standing doses (all of each person's); their ids."""
    due = {person: doses for person, doses in standing.items() if any(dose.dose_id in wanted for dose in doses)}
    if not due:
        return []
    rules, issuer = await programme.current_programme(conn), await own_issuer(conn, floor)
    reason = "certificate of a recorded dose"
    holders = await registry.read_travellers(conn, floor, system("certificates.issue"), list(due), reason)
    where = await places_of(conn, (dose for doses in due.values() for dose in doses))
    statements = [
        (person, doses[place], state_doses(floor, rules, holders[person], doses[: place + 1], where))
        for person, doses in due.items()
        if person in holders
        for place in range(len(doses))
        if doses[place].dose_id in wanted
    ]
    # Signing a hundred takes a tenth of a second: other requests of this process go on meanwhile.
    signed = await asyncio.to_thread(_signed, floor, issuer, statements)
    stored = await queries.put(conn, rules.programme_id, signed)
    news = [
        CertificateIssued(one.person.account_id, one.person.beneficiary_id, one.certificate_id, one.dose_number)
        for one in signed
        if one.certificate_id in stored
    ]
    await CERTIFICATE_ISSUED.enqueue(conn, *news)
    return [one.certificate_id for one in news]


def _signed(
    floor: Floor, issuer: Issuer, statements: Sequence[tuple[Person, vaccination.Dose, CertificateStatement]]
) -> list[NewCertificate]:
    seal = floor.keyring.seal
    return [
        NewCertificate(
            person,
            stated.certificate_id,
            dose.dose_id,
            dose.dose_number,
            statement_sealed=seal(_statements.dump_json(stated).decode(), STATEMENT),
            payloads_sealed=seal(_payloads.dump_json(dict(_texts(stated, issuer))).decode(), PAYLOADS),
            issued_at=stated.issued_at,
        )
        for person, dose, stated in statements
    ]


def _texts(statement: CertificateStatement, issuer: Issuer) -> dict[Format, str]:
    return {one.format: one.text for one in sign_all(statement, issuer)}


async def sheet(conn: Connection, floor: Floor, actor: Actor, person: Person) -> Sheet:
    """The person's latest certificate that stands, issued now if its job has not come round.

    Raises NoCertificateYet, and OwnCertificateRevoked where no other stands.
    The caller has shown the right to see it; anybody but the household is written down.
    """
    await issue_due(conn, floor, person)
    page = await _completed(conn, floor, person)
    if actor.kind is not ActorKind.CITIZEN:
        subject = ("beneficiary", person.beneficiary_id)
        await audit.record(conn, actor, "certificates.sheet", subject=subject, reason="certificate printed")
    return page


async def _completed(conn: Connection, floor: Floor, person: Person) -> Sheet:
    """The latest certificate with the forms that it could have but has not: it is older than they are, or than a code.

    What is not stored is not handed out: it could not be revoked. Raises NoCertificateYet, OwnCertificateRevoked.
    """
    found = await queries.latest(conn, person)
    if found is None:
        raise OwnCertificateRevoked if await queries.certified_doses(conn, [person]) else NoCertificateYet
    statement = _statements.validate_json(floor.keyring.open(found.statement_sealed, STATEMENT))
    payloads = open_payloads(floor, found.payloads_sealed)
    absent = [form for form in Format if form not in payloads]
    if not absent:
        return Sheet(statement, payloads)
    issuer = await own_issuer(conn, floor)
    tried = {form: sign_or_tell(form, statement, issuer) for form in absent}
    signed = {form: one.text for form, one in tried.items() if isinstance(one, Payload)}
    lacking = {form: one for form, one in tried.items() if isinstance(one, Lacking)}
    whole = Sheet(statement, {**payloads, **signed}, lacking)
    if not signed:
        return whole
    sealed = floor.keyring.seal(_payloads.dump_json(dict(whole.payloads)).decode(), PAYLOADS)
    number, before = found.certificate_id, found.payloads_sealed
    stored = await queries.replace_payloads(conn, person, number, before=before, payloads_sealed=sealed)
    return whole if stored else await _completed(conn, floor, person)


def open_payloads(floor: Floor, sealed: bytes) -> Mapping[Format, str]:
    """The signed payloads of a stored certificate by format."""
    return _payloads.validate_json(floor.keyring.open(sealed, PAYLOADS))


async def holder(conn: Connection, floor: Floor, reference_id: int, mobile: str) -> Person:
    """The person of this reference, if registered under this mobile. Raises NotTheHolder either way it is wrong."""
    try:
        person = await registry.find_person(conn, reference_id)
    except NotFound as unknown:
        raise NotTheHolder from unknown
    account = await identity.account_of_mobile(conn, floor, mobile)
    if account != person.account_id:
        raise NotTheHolder
    return person


async def sweep(conn: Connection, floor: Floor) -> int:
    """Issue what lost jobs left undone; how many certificates. Records that cannot be certified hold up no others."""
    late = await queries.uncertified(conn, floor.clock.now() - SWEEP_AFTER, SWEEP_BATCH)
    people = [Person(one.account_id, one.beneficiary_id) for one in late]
    issued = await _issued_if_signable(conn, floor, people)
    if issued is not None:
        return issued
    return sum([await _issued_if_signable(conn, floor, [one]) or 0 for one in people])


async def _issued_if_signable(conn: Connection, floor: Floor, people: Sequence[Person]) -> int | None:
    """How many certificates were issued; None, and nothing done, where one cannot be."""
    try:
        async with conn.transaction():
            return len(await issue_due(conn, floor, *people))
    except NotSignable:
        return None


def handlers(pool: Pool, floor: Floor) -> list[Handler]:
    """What the worker does for this room."""

    async def issue(news: Sequence[vaccination.DoseRecorded]) -> None:
        async with transaction(pool) as conn:
            await issue_due(conn, floor, *{Person(one.account_id, one.beneficiary_id) for one in news})

    return [Handler(vaccination.DOSE_RECORDED, Together(issue, MOST_AT_ONCE))]
