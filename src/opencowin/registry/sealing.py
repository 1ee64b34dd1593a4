"""Sealing and opening a person's facts: the only place that turns a beneficiary's row into a readable person."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from opencowin.kit.crypto import Keyring
from opencowin.registry.likeness import birth_likeness, likeness
from opencowin.registry.model import Beneficiary, Facts, Person

NAME = "beneficiary.name"
BIRTH_DATE = "beneficiary.birth_date"
DOCUMENT = "beneficiary.document"
DOCUMENT_MASKED = "beneficiary.document_masked"
PASSPORT = "beneficiary.passport"
SECRET_CODE = "beneficiary.secret_code"  # noqa: S105  the name of a purpose


@dataclass(frozen=True, slots=True)
class SealedFacts:
    """The sealed columns of a beneficiary."""

    name: bytes
    birth_date: bytes | None
    document: bytes
    document_masked: bytes
    likeness: bytes | None
    """Keyed hashes by which records of one person are noticed."""
    birth_likeness: bytes | None


@dataclass(frozen=True, slots=True)
class BeneficiaryRow:
    """A beneficiary as the table keeps it."""

    account_id: UUID
    beneficiary_id: UUID
    reference_id: int
    member_number: int
    name_sealed: bytes
    birth_year: int
    birth_date_sealed: bytes | None
    gender_id: int
    document_type_id: int
    document_sealed: bytes
    document_masked_sealed: bytes
    document_hash: bytes | None
    comorbidity: bool
    priority_groups: list[str]
    consent_version: str
    document_confirmed_by: str | None
    secret_code_sealed: bytes
    registered_at: datetime
    locked_at: datetime | None
    passport_sealed: bytes | None
    passport_type_id: int | None
    passport_hash: bytes | None
    died_on: date | None

    @property
    def person(self) -> Person:
        """The key of this person."""
        return Person(self.account_id, self.beneficiary_id)


def seal_facts(keyring: Keyring, facts: Facts) -> SealedFacts:
    """The facts that nobody may read in the database."""
    return SealedFacts(
        name=keyring.seal(facts.name, NAME),
        birth_date=keyring.seal(facts.birth_date.isoformat(), BIRTH_DATE) if facts.birth_date else None,
        document=keyring.seal(facts.document_number, DOCUMENT),
        document_masked=keyring.seal(facts.document_masked, DOCUMENT_MASKED),
        likeness=likeness(keyring, facts.name, facts.birth_year, facts.gender_id),
        birth_likeness=birth_likeness(keyring, facts.name, facts.birth_date, facts.gender_id),
    )


def empty_facts(keyring: Keyring) -> SealedFacts:
    """What overwrites the facts of a person who was removed."""
    seal = keyring.seal
    return SealedFacts(seal("", NAME), None, seal("", DOCUMENT), seal("", DOCUMENT_MASKED), None, None)


def open_row(keyring: Keyring, row: BeneficiaryRow) -> Beneficiary:
    """The person of a row."""
    born = keyring.open(row.birth_date_sealed, BIRTH_DATE) if row.birth_date_sealed is not None else None
    return Beneficiary(
        person=row.person,
        reference_id=row.reference_id,
        name=keyring.open(row.name_sealed, NAME),
        birth_year=row.birth_year,
        birth_date=date.fromisoformat(born) if born else None,
        gender_id=row.gender_id,
        document_type_id=row.document_type_id,
        document_masked=keyring.open(row.document_masked_sealed, DOCUMENT_MASKED),
        comorbidity=row.comorbidity,
        priority_groups=tuple(row.priority_groups),
        consent_version=row.consent_version,
        document_confirmed_by=row.document_confirmed_by,
        secret_code=keyring.open(row.secret_code_sealed, SECRET_CODE),
        registered_at=row.registered_at,
        locked_at=row.locked_at,
        died_on=row.died_on,
        has_passport=row.passport_sealed is not None,
    )
