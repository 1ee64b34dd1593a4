"""Proof without the old number: the identity document, and the secret code or a dose's facts; tries are counted."""

from opencowin.cases.model import RecordProof
from opencowin.cases.refusals import ProofNotFitting, TooManyProofs
from opencowin.kit.actor import Actor
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.throttle import DAY, Limit, count_all, wait_for
from opencowin.registry import (
    NoSuchBeneficiary,
    Person,
    find_person,
    has_secret_code,
    holds_document,
)
from opencowin.vaccination import doses_of

TRIES_PER_DAY = 10
BY_CODE, BY_DOSE = "secret code", "dose"


async def owner_of(conn: Connection, floor: Floor, actor: Actor, proof: RecordProof) -> tuple[Person, str]:
    """Whose record this proves to be one's own, and by what. Tells nothing of which part was wrong.

    Raises ProofNotFitting (keeps the count) and TooManyProofs.
    """
    limits = [
        Limit(f"record-proof:{proof.reference_id}", TRIES_PER_DAY, DAY),
        Limit(f"record-proof-by:{actor.own_account()}", TRIES_PER_DAY, DAY),
    ]
    if wait := await wait_for(conn, floor, limits):
        raise TooManyProofs(retry_after=wait)
    try:
        person: Person | None = await find_person(conn, proof.reference_id)
    except NoSuchBeneficiary:
        person = None
    proved_by = await _proved_by(conn, floor, person, proof) if person is not None else ""
    subject = ("beneficiary", person.beneficiary_id) if person else ("reference", "unknown")
    await record(conn, actor, "cases.prove", subject=subject, reason=proved_by or "does not fit")
    if person is None or not proved_by:
        await count_all(conn, floor, limits)
        raise ProofNotFitting(field="reference")
    return person, proved_by


async def _proved_by(conn: Connection, floor: Floor, person: Person, proof: RecordProof) -> str:
    if not await holds_document(conn, floor, person, proof.document_type_id, proof.document_number):
        return ""
    if proof.secret_code and await has_secret_code(conn, floor, person, proof.secret_code):
        return BY_CODE
    facts = {(dose.given_on, dose.vaccine_id) for dose in await doses_of(conn, person)}
    return BY_DOSE if (proof.given_on, proof.vaccine_id.strip().upper()) in facts else ""
