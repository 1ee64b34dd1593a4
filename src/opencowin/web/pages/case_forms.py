"""What the form of each kind of case asks, and the case that is read from it."""

from collections.abc import Mapping
from uuid import UUID

from opencowin.cases import CaseKind, NewCase, OtherRecord, Passport, RecordProof, Wish
from opencowin.registry import Correction
from opencowin.vaccination import DoseCorrection
from opencowin.web.pages.forms import ChoiceNeeded, Fields, day, first, number, sent_id

ASKED = (
    CaseKind.FACTS_WRONG,
    CaseKind.PASSPORT,
    CaseKind.DOSE_MISSING,
    CaseKind.DOSE_WRONG,
    CaseKind.DOSE_NOT_MINE,
    CaseKind.MERGE,
    CaseKind.UNKNOWN_MEMBER,
    CaseKind.OLD_NUMBER,
    CaseKind.DEATH,
    CaseKind.CENTRE,
    CaseKind.OTHER,
)
"""The kinds that have a form, as people see them; a transfer has pages of its own."""
ABOUT_A_DOSE = frozenset({CaseKind.DOSE_WRONG, CaseKind.DOSE_NOT_MINE})
FIELDS: Mapping[str, str] = {
    "details": "details",
    "who": "who",
    "beneficiary_reference_id": "who",
    "name": "name",
    "birth_year": "birth_year",
    "birth": "birth_year",
    "birth_date": "birth_date",
    "gender_id": "gender",
    "gender": "gender",
    "photo_id_type": "document",
    "photo_id_number": "number",
    "document": "number",
    "passport": "number",
    "dose": "dose",
    "dose_id": "dose",
    "given_on": "given_on",
    "vaccine": "vaccine",
    "vaccine_batch": "batch",
    "other": "other",
    "secret_code": "secret_code",
    "reference": "reference",
    "died_on": "died_on",
    "evidence": "evidence",
}
"""From what a refusal names to the field of the form."""


def new_case(kind: CaseKind, fields: Fields) -> NewCase:
    """The case that a form of this kind says. Raises ChoiceNeeded, DayUnreadable."""
    reference = number(first(fields, "who"))
    if kind in ABOUT_A_DOSE or first(fields, "dose"):
        reference = number(first(fields, "dose").partition("/")[0]) or reference
    return NewCase(
        case_id=sent_id(fields),
        kind=kind,
        details=first(fields, "details"),
        reference_id=reference,
        wish=_wish(kind, fields),
        other=_other(fields) if kind is CaseKind.MERGE else None,
        proof=_proof(fields) if kind is CaseKind.OLD_NUMBER else None,
    )


def _wish(kind: CaseKind, fields: Fields) -> Wish | None:
    if kind is CaseKind.FACTS_WRONG:
        return Wish(facts=_facts(fields))
    if kind is CaseKind.PASSPORT:
        return Wish(passport=Passport(number(first(fields, "document")) or 0, first(fields, "number")))
    if kind in ABOUT_A_DOSE or (kind is CaseKind.DOSE_MISSING and first(fields, "dose")):
        return Wish(dose=_dose(fields))
    return Wish(died_on=day(fields, "died_on")) if kind is CaseKind.DEATH else None


def _facts(fields: Fields) -> Correction:
    typed = first(fields, "number")
    return Correction(
        name=first(fields, "name") or None,
        birth_year=number(first(fields, "birth_year")),
        birth_date=day(fields, "birth_date"),
        gender_id=number(first(fields, "gender")),
        document_type_id=number(first(fields, "document")) if typed else None,
        document_number=typed or None,
    )


def _dose(fields: Fields) -> DoseCorrection:
    try:
        dose_id = UUID(first(fields, "dose").partition("/")[2])
    except ValueError:
        raise ChoiceNeeded(field="dose") from None
    return DoseCorrection(
        dose_id, day(fields, "given_on"), first(fields, "vaccine") or None, first(fields, "batch") or None
    )


def _other(fields: Fields) -> OtherRecord | None:
    reference = number(first(fields, "other"))
    return OtherRecord(reference, first(fields, "secret_code")) if reference is not None else None


def _proof(fields: Fields) -> RecordProof | None:
    reference = number(first(fields, "reference"))
    if reference is None:
        return None
    return RecordProof(
        reference_id=reference,
        document_type_id=number(first(fields, "document")) or 0,
        document_number=first(fields, "number"),
        secret_code=first(fields, "secret_code"),
        given_on=day(fields, "given_on"),
        vaccine_id=first(fields, "vaccine"),
    )
