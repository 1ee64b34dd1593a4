"""Checks of a registration: every fact valid and in its one form, or a refusal that names the field."""

from opencowin.kit.floor import Floor
from opencowin.registry.lists import document_types, genders
from opencowin.registry.model import Facts, Registration
from opencowin.registry.names import clean_name
from opencowin.registry.refusals import ConsentMissing, InvalidBirthDate, InvalidBirthYear, UnknownGender

EARLIEST_BIRTH_YEAR = 1900
LONGEST_CONSENT = 20


def check(floor: Floor, asked: Registration) -> Facts:
    """The facts of a registration.

    Raises InvalidName, InvalidBirthYear, InvalidBirthDate, UnknownGender, ConsentMissing, UnknownDocumentType,
    DocumentNumberMissing, DocumentNumberInvalid.
    """
    name = clean_name(asked.name)
    _check_birth(floor, asked)
    if asked.gender_id not in {gender.gender_id for gender in genders(floor.pack)}:
        raise UnknownGender(field="gender_id")
    consent = asked.consent_version.strip()
    if not 0 < len(consent) <= LONGEST_CONSENT:
        raise ConsentMissing(field="consent_version")
    document = document_types(floor.pack).accept(asked.document_type_id, asked.document_number)
    found_by = floor.keyring.index(f"{document.type_id}:{document.normalised}", "document")
    return Facts(
        name=name,
        birth_year=asked.birth_year,
        birth_date=asked.birth_date,
        gender_id=asked.gender_id,
        document_type_id=document.type_id,
        document_number=document.normalised,
        document_masked=document.masked,
        document_hash=found_by if document.is_unique else None,
        comorbidity=asked.comorbidity,
        priority_groups=tuple(sorted(set(asked.priority_groups))),
        consent_version=consent,
    )


def _check_birth(floor: Floor, asked: Registration) -> None:
    today = floor.clock.today()
    if not EARLIEST_BIRTH_YEAR <= asked.birth_year <= today.year:
        raise InvalidBirthYear(field="birth_year", earliest=EARLIEST_BIRTH_YEAR, latest=today.year)
    if asked.birth_date and (asked.birth_date.year != asked.birth_year or asked.birth_date > today):
        raise InvalidBirthDate(field="birth_date")
