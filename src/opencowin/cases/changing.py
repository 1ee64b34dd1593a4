"""What accepting a case would change: each fact as it is on record, and as it is asked to be. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from opencowin.cases.model import Case
from opencowin.cases.reviewing import RecordShown, Reviewed
from opencowin.registry import Correction

Value = str | int | date | None


class Fact(StrEnum):
    """What may be put right."""

    NAME = "name"
    BIRTH = "birth"
    GENDER = "gender"
    DOCUMENT_TYPE = "document_type"
    DOCUMENT = "document"
    DEATH = "death"
    GIVEN_ON = "given_on"
    VACCINE = "vaccine"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Change:
    """One fact, before and after; kinds of documents and genders by their numbers."""

    fact: Fact
    before: Value
    after: Value


def changes(found: Reviewed) -> list[Change]:
    """The facts that a case asks to have put right, beside what stands on the record that it is about now."""
    return list(_changes(found.case, found.records[0])) if found.records else []


def _changes(case: Case, record: RecordShown) -> Iterator[Change]:
    wish, who = case.wish, record.beneficiary
    if wish.facts is not None:
        yield from _facts(wish.facts, record)
    if wish.typed is not None:
        yield Change(Fact.NAME, who.name, wish.typed.get("name"))
        yield Change(Fact.BIRTH, str(who.birth_date or who.birth_year), wish.typed.get("birth"))
        yield Change(Fact.GENDER, who.gender_id, wish.typed.get("gender_id"))
    if wish.passport is not None:
        yield Change(Fact.DOCUMENT_TYPE, None, wish.passport.type_id)
        yield Change(Fact.DOCUMENT, None, wish.passport.number)
    if wish.died_on is not None:
        yield Change(Fact.DEATH, who.died_on, wish.died_on)
    if wish.dose is not None:
        dose = next((one for one in record.doses if one.dose_id == wish.dose.dose_id), None)
        if dose is None:
            return
        asked: tuple[tuple[Fact, Value, Value], ...] = (
            (Fact.GIVEN_ON, dose.given_on, wish.dose.given_on),
            (Fact.VACCINE, dose.vaccine_id, wish.dose.vaccine_id),
            (Fact.BATCH, dose.batch_number, wish.dose.batch_number),
        )
        for fact, before, after in asked:
            if after is not None:
                yield Change(fact, before, after)


def _facts(asked: Correction, record: RecordShown) -> Iterator[Change]:
    who = record.beneficiary
    born: Value = asked.birth_date or asked.birth_year
    for fact, before, after in (
        (Fact.NAME, who.name, asked.name),
        (Fact.BIRTH, who.birth_date or who.birth_year, born),
        (Fact.GENDER, who.gender_id, asked.gender_id),
        (Fact.DOCUMENT_TYPE, who.document_type_id, asked.document_type_id if asked.document_number else None),
        (Fact.DOCUMENT, who.document_masked, asked.document_number),
    ):
        if after is not None:
            yield Change(fact, before, after)
