"""What must hold before a statement is signed: clean text, dates in order, doses that count."""

import unicodedata
from dataclasses import fields, replace
from datetime import date
from functools import lru_cache

from opencowin.certificates.model import CertificateStatement, DoseStatement, Facility, VaccineCodes
from opencowin.certificates.refusals import NotSignable

ZERO_WIDTH_JOINERS = "\u200c\u200d"
"""Format characters that Indic and Arabic spelling needs; all others are dropped."""


def clean(text: str) -> str:
    """NFC, without control and format characters, runs of white space made one space.

    A tab is why: the JSON-LD canonizers of two languages write it differently; a signature over it fits in one only.
    """
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = (
        " " if unicodedata.category(mark) in ("Zs", "Zl", "Zp") or mark in "\t\n\r\v\f" else mark
        for mark in unicodedata.normalize("NFC", text)
        if mark in "\t\n\r\v\f" or mark in ZERO_WIDTH_JOINERS or not unicodedata.category(mark).startswith("C")
    )
    return " ".join("".join(kept).split())


@lru_cache(maxsize=4)
def signable(statement: CertificateStatement) -> CertificateStatement:
    """The statement with its texts cleaned. Raises NotSignable where it contradicts itself.

    The last few are remembered: each form, and then the page, asks for the same one.
    """
    tidy = _clean_statement(statement)
    _require(bool(tidy.name), "it has no name")
    _require(bool(tidy.certificate_id) and tidy.certificate_id.isascii(), "its number is empty or not plain ASCII")
    _require("/" not in tidy.certificate_id and " " not in tidy.certificate_id, "its number holds a slash or a space")
    _require(":" in tidy.subject_id and " " not in tidy.subject_id, "the subject is not a URI")
    _require(tidy.issued_at.tzinfo is not None, "the instant of issue has no time zone")
    _check_birth(tidy)
    _check_doses(tidy)
    return tidy


def _require(holds: bool, reason: str) -> None:
    if not holds:
        raise NotSignable(reason=reason)


def _clean_statement(statement: CertificateStatement) -> CertificateStatement:
    return replace(
        statement,
        certificate_id=clean(statement.certificate_id),
        beneficiary_reference=clean(statement.beneficiary_reference),
        subject_id=clean(statement.subject_id),
        name=clean(statement.name),
        given_name=clean(statement.given_name or "") or None,
        family_name=clean(statement.family_name or "") or None,
        sex=clean(statement.sex),
        identity=clean(statement.identity),
        travel_document=clean(statement.travel_document),
        district=clean(statement.district),
        state=clean(statement.state),
        postal_code=clean(statement.postal_code),
        doses=tuple(_clean_dose(dose) for dose in statement.doses),
    )


def _clean_dose(dose: DoseStatement) -> DoseStatement:
    facility, vaccine = _clean_facility(dose.facility), _clean_vaccine(dose.vaccine)
    return replace(dose, batch=clean(dose.batch), vaccinator=clean(dose.vaccinator), facility=facility, vaccine=vaccine)


@lru_cache(maxsize=1024)
def _clean_facility(at: Facility) -> Facility:
    return Facility(**{each.name: clean(getattr(at, each.name)) for each in fields(at)})


@lru_cache(maxsize=64)
def _clean_vaccine(what: VaccineCodes) -> VaccineCodes:
    return VaccineCodes(**{each.name: clean(getattr(what, each.name)) for each in fields(what)})


def _check_birth(statement: CertificateStatement) -> None:
    _require(1870 <= statement.birth_year <= statement.issued_at.year, "the year of birth is impossible")
    if statement.birth_date:
        _require(statement.birth_date.year == statement.birth_year, "the date and the year of birth differ")


def _check_doses(statement: CertificateStatement) -> None:
    _require(bool(statement.doses), "it states no dose")
    numbers = [dose.number for dose in statement.doses]
    _require(numbers == sorted(set(numbers)), "its doses are not in order")
    given = [dose.given_on for dose in statement.doses]
    _require(given == sorted(given), "its doses' dates are not in order")
    born = statement.birth_date or date(statement.birth_year, 1, 1)
    for dose in statement.doses:
        _require(1 <= dose.number <= dose.total <= 9, f"dose {dose.number} of {dose.total} cannot be")
        _require(born <= dose.given_on, "a dose was given before birth")
        # A day of grace: the dose's date is local, the instant of issue is not.
        _require((dose.given_on - statement.issued_at.date()).days <= 1, "a dose was given after the day of issue")
        _require(bool(dose.vaccine.name), "a dose names no vaccine")
        if dose.valid_from and dose.valid_until:
            _require(dose.valid_from <= dose.valid_until, "a dose's validity ends before it begins")
