"""What an officer's decision changes of a person: facts corrected, a passport added, a death noted.

The caller has checked that the person lies within the officer's scope, and why.
"""

import json
from dataclasses import dataclass, replace
from datetime import date

from opencowin.kit import audit
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.registry import directory, queries, record_queries
from opencowin.registry.adding import count_registration, is_same_person
from opencowin.registry.checks import check
from opencowin.registry.household import row_of
from opencowin.registry.lists import document_types
from opencowin.registry.model import Beneficiary, Facts, Person, Registration
from opencowin.registry.record_queries import DuplicateAttempt
from opencowin.registry.refusals import DocumentRegistered, InvalidDeathDate, NoSuchBeneficiary, NotATravelDocument
from opencowin.registry.sealing import BIRTH_DATE, DOCUMENT, NAME, PASSPORT, BeneficiaryRow, open_row, seal_facts


@dataclass(frozen=True, slots=True)
class Correction:
    """Facts as they should be; what stays is None."""

    name: str | None = None
    birth_year: int | None = None
    birth_date: date | None = None
    gender_id: int | None = None
    document_type_id: int | None = None
    document_number: str | None = None

    @property
    def facts(self) -> tuple[str, ...]:
        """Which facts it changes."""
        born = self.birth_year is not None or self.birth_date is not None
        changes = {
            "name": self.name is not None,
            "birth": born,
            "gender": self.gender_id is not None,
            "document": self.document_number is not None,
        }
        return tuple(fact for fact, changed in changes.items() if changed)


async def check_correction(conn: Connection, floor: Floor, person: Person, asked: Correction) -> None:
    """Raise what `correct` would raise for facts that are not valid, and change nothing."""
    _corrected(floor, await _row(conn, person), asked)


async def correct(conn: Connection, floor: Floor, actor: Actor, person: Person, asked: Correction) -> Beneficiary:
    """Replace facts of a person, before or after the first dose; counted anew where statistics know them.

    Raises NotPermitted, NoSuchBeneficiary, DocumentRegistered, and what `checks.check` raises.
    """
    actor.require(Permission.ANSWER_CASES)
    row = await _row(conn, person)
    facts = _corrected(floor, row, asked)
    if facts.document_hash != row.document_hash:
        await _exchange(conn, row, facts)
    same = is_same_person(floor, row, facts) and facts.gender_id == row.gender_id
    sealed = seal_facts(floor.keyring, facts)
    await queries.change_beneficiary(conn, person, facts, sealed, floor.clock.now(), stays_confirmed=same)
    if (facts.gender_id, facts.birth_year) != (row.gender_id, row.birth_year):
        await count_registration(conn, floor, row, amount=-1)
        after = replace(row, gender_id=facts.gender_id, birth_year=facts.birth_year)
        await count_registration(conn, floor, after, amount=1)
    subject, detail = ("beneficiary", person.beneficiary_id), {"facts": list(asked.facts)}
    await audit.record(conn, actor, "registry.correct", subject=subject, reason="correction", detail=detail)
    return open_row(floor.keyring, await row_of(conn, person))


async def add_passport(  # noqa: PLR0917 (said in one breath: for this person, that passport)
    conn: Connection, floor: Floor, actor: Actor, person: Person, type_id: int, number: str
) -> None:
    """Add a passport beside the document of the registration; certificates for travel state it from then on.

    Raises NotPermitted, NoSuchBeneficiary, DocumentRegistered, NotATravelDocument, UnknownDocumentType,
    DocumentNumberMissing, DocumentNumberInvalid.
    """
    actor.require(Permission.ANSWER_CASES)
    row = await _row(conn, person)
    number, found_by = accept_passport(floor, type_id, number)
    if found_by is not None and found_by not in {row.document_hash, row.passport_hash}:
        if await directory.enter(conn, found_by, person):
            raise DocumentRegistered(field="photo_id_number")
        if row.passport_hash is not None and row.passport_hash != row.document_hash:
            await queries.free_document(conn, row.passport_hash, person)
    await record_queries.set_passport(conn, person, type_id, floor.keyring.seal(number, PASSPORT), found_by)
    subject = ("beneficiary", person.beneficiary_id)
    await audit.record(conn, actor, "registry.add_passport", subject=subject, reason="passport added")


def accept_passport(floor: Floor, type_id: int, number: str) -> tuple[str, bytes | None]:
    """A passport's number in its one form, and the hash by which it is found. Raises as `add_passport`."""
    kinds = document_types(floor.pack)
    if not kinds.get(type_id).travel:
        raise NotATravelDocument(field="photo_id_type")
    document = kinds.accept(type_id, number)
    found_by = floor.keyring.index(f"{type_id}:{document.normalised}", "document") if document.is_unique else None
    return document.normalised, found_by


async def confirm_death(conn: Connection, floor: Floor, actor: Actor, person: Person, died_on: date) -> None:
    """Note the day on which a person died. Raises NotPermitted, NoSuchBeneficiary, InvalidDeathDate."""
    actor.require(Permission.ANSWER_CASES)
    row = await _row(conn, person)
    if not row.birth_year <= died_on.year or died_on > floor.clock.today():
        raise InvalidDeathDate(field="died_on")
    await record_queries.set_death(conn, person, died_on, floor.clock.now())
    subject = ("beneficiary", person.beneficiary_id)
    await audit.record(conn, actor, "registry.confirm_death", subject=subject, reason="death reported")


async def holds_document(conn: Connection, floor: Floor, person: Person, type_id: int, number: str) -> bool:
    """Whether this is the document of the person; False for a number that is none."""
    row = await queries.beneficiary_of(conn, person)
    try:
        document = document_types(floor.pack).accept(type_id, number)
    except Refusal:
        return False
    return row is not None and (
        (row.document_type_id, floor.keyring.open(row.document_sealed, DOCUMENT)) == (type_id, document.normalised)
    )


async def take_duplicates(conn: Connection, floor: Floor, limit: int) -> list[DuplicateAttempt]:
    """Second registrations of documents that nobody has taken up yet; they are taken up by this."""
    return await record_queries.take_attempts(conn, limit, floor.clock.now())


def typed_facts(floor: Floor, attempt: DuplicateAttempt) -> dict[str, str | int]:
    """What was typed at a second registration: name, birth and gender_id."""
    if attempt.facts_sealed is None:
        return {}
    found: dict[str, str | int] = json.loads(floor.keyring.open(attempt.facts_sealed, directory.ATTEMPT))
    return found


async def _row(conn: Connection, person: Person) -> BeneficiaryRow:
    row = await queries.beneficiary_of(conn, person)
    if row is None:
        raise NoSuchBeneficiary
    held = await queries.hold_member(conn, person.account_id, row.reference_id)
    if held is None:
        raise NoSuchBeneficiary
    return held


def _corrected(floor: Floor, row: BeneficiaryRow, asked: Correction) -> Facts:
    """The facts with the corrections, checked. A year without a date leaves no date of another year."""
    born = floor.keyring.open(row.birth_date_sealed, BIRTH_DATE) if row.birth_date_sealed else None
    birth_date = asked.birth_date or (date.fromisoformat(born) if born else None)
    year = asked.birth_date.year if asked.birth_date else asked.birth_year or row.birth_year
    changes_document = asked.document_number is not None
    return check(
        floor,
        Registration(
            name=floor.keyring.open(row.name_sealed, NAME) if asked.name is None else asked.name,
            birth_year=year,
            birth_date=birth_date if birth_date and birth_date.year == year else None,
            gender_id=row.gender_id if asked.gender_id is None else asked.gender_id,
            document_type_id=(asked.document_type_id or 0) if changes_document else row.document_type_id,
            document_number=asked.document_number or floor.keyring.open(row.document_sealed, DOCUMENT),
            comorbidity=row.comorbidity,
            consent_version=row.consent_version,
            priority_groups=tuple(row.priority_groups),
        ),
    )


async def _exchange(conn: Connection, row: BeneficiaryRow, facts: Facts) -> None:
    """Enter the new document and free the old one; one that somebody else holds is a plain refusal here."""
    fresh = facts.document_hash if facts.document_hash != row.passport_hash else None
    if fresh is not None and await directory.enter(conn, fresh, row.person):
        raise DocumentRegistered(field="photo_id_number")
    if row.document_hash is not None and row.document_hash != row.passport_hash:
        await queries.free_document(conn, row.document_hash, row.person)
