"""Issuing: a certificate for every standing dose, by itself after the dose, and its forms when somebody asks."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pydantic import TypeAdapter

from opencowin import identity, programme, registry, vaccination
from opencowin.certificates import queries
from opencowin.certificates.keys import own_issuer
from opencowin.certificates.model import CertificateStatement, Format, Payload
from opencowin.certificates.printing import Sheet
from opencowin.certificates.refusals import Lacking, OwnCertificateRevoked
from opencowin.certificates.signing import sign_all, sign_or_tell
from opencowin.certificates.statements import state_doses
from opencowin.kit import audit
from opencowin.kit.actor import Actor, ActorKind, system
from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.errors import NotFound
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Handler, Job
from opencowin.registry import Person

STATEMENT, PAYLOADS = "certificate.statement", "certificate.payloads"
_statements = TypeAdapter(CertificateStatement)
_payloads = TypeAdapter(dict[Format, str])
SWEEP_AFTER = timedelta(seconds=20)
SWEEP_BATCH = 200


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


async def issue_due(conn: Connection, floor: Floor, person: Person) -> list[str]:
    """Issue a certificate for each standing dose that never had one; their ids. Doing it again issues nothing."""
    doses = await vaccination.doses_of(conn, person)
    certified = await queries.certified_doses(conn, person)
    return await issue_for(conn, floor, person, doses, {dose.dose_id for dose in doses} - certified)


async def issue_for(
    conn: Connection, floor: Floor, person: Person, standing: Sequence[vaccination.Dose], wanted: Set[UUID]
) -> list[str]:
    """Issue certificates for the wanted ones of a person's standing doses; their ids."""
    if not wanted:
        return []
    doses = sorted(standing, key=lambda dose: dose.dose_number)
    rules, issuer = await programme.current_programme(conn), await own_issuer(conn, floor)
    actor = system("certificates.issue")
    reason = "certificate of a recorded dose"
    beneficiary = await registry.read_person(conn, floor, actor, person, reason=reason)
    passport = await registry.travel_document(conn, floor, actor, person, reason=reason)
    issued = []
    for place, dose in enumerate(doses):
        if dose.dose_id not in wanted:
            continue
        statement = await state_doses(conn, floor, rules, beneficiary, doses[: place + 1], passport=passport)
        payloads = {one.format: one.text for one in sign_all(statement, issuer)}
        page = Sheet(statement, payloads)
        if await _put(conn, floor, person, programme_id=rules.programme_id, dose=dose, page=page):
            issued.append(statement.certificate_id)
    return issued


async def _put(
    conn: Connection, floor: Floor, person: Person, *, programme_id: str, dose: vaccination.Dose, page: Sheet
) -> bool:
    statement, seal = page.statement, floor.keyring.seal
    stored = await queries.put(
        conn,
        person,
        certificate_id=statement.certificate_id,
        programme_id=programme_id,
        dose_id=dose.dose_id,
        dose_number=dose.dose_number,
        statement_sealed=seal(_statements.dump_json(statement).decode(), STATEMENT),
        payloads_sealed=seal(_payloads.dump_json(dict(page.payloads)).decode(), PAYLOADS),
        issued_at=statement.issued_at,
    )
    if stored:
        news = CertificateIssued(person.account_id, person.beneficiary_id, statement.certificate_id, dose.dose_number)
        await CERTIFICATE_ISSUED.enqueue(conn, news)
    return stored


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
        raise OwnCertificateRevoked if await queries.certified_doses(conn, person) else NoCertificateYet
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
    """Issue what lost jobs left undone; how many certificates."""
    late = await queries.uncertified(conn, floor.clock.now() - SWEEP_AFTER, SWEEP_BATCH)
    issued = [await issue_due(conn, floor, Person(one.account_id, one.beneficiary_id)) for one in late]
    return sum(map(len, issued))


def handlers(pool: Pool, floor: Floor) -> list[Handler]:
    """What the worker does for this room."""

    async def on_dose_recorded(news: vaccination.DoseRecorded) -> None:
        async with transaction(pool) as conn:
            await issue_due(conn, floor, Person(news.account_id, news.beneficiary_id))

    return [Handler(vaccination.DOSE_RECORDED, on_dose_recorded)]
