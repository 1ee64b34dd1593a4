"""What a Co-WIN certificate must mean: in its context several fields share one meaning, so signatures survive swaps.

Batch, vaccine, manufacturer and number are all `schema:id`, the dates all `schema:date`, the two dose numbers both
`schema:doseValue`; equal values of one meaning count once. Whatever can be moved without breaking the signature is
pinned here: by type, by order, by the evidence's own address, and by the list of vaccines.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from opencowin.certificates.model import CertificateFacts, Format
from opencowin.certificates.refusals import CannotCheck, CertificateExpired, ContentImplausible

Document = Mapping[str, Any]
TEXTS = ("certificateId", "batch", "vaccine", "manufacturer", "date")
ICD11 = re.compile("XM[0-9A-Z]{3,5}")
"""A vaccine in ICD-11. Which edition of the context a credential names is not signed, and the second one has a fourth
key of the same meaning: without this a batch could be moved there."""
BOUNDS = ("effectiveStart", "effectiveUntil")


def read_facts(document: Document, issuer: str, evidence_url: str) -> CertificateFacts:
    """What a credential says whose signature fits; its issuer's evidence has addresses that begin like this.

    Raises ContentImplausible.
    """
    subject, evidence = _sole(document, "credentialSubject"), _sole(document, "evidence")
    name, reference, age = subject.get("name"), subject.get("refId"), subject.get("age")
    _plausible(isinstance(name, str) and isinstance(reference, str), "it names nobody")
    _plausible("uhid" not in subject, "its reference was given another name")
    _plausible(age is None or isinstance(age, str), "its age is none")
    _plausible(all(isinstance(evidence.get(key), str) for key in TEXTS), "a fact is missing")
    code = evidence.get("icd11Code")
    _plausible(code is None or (isinstance(code, str) and bool(ICD11.fullmatch(code))), "its ICD-11 code is none")
    number, dose, total = evidence["certificateId"], evidence.get("dose"), evidence.get("totalDoses")
    _plausible(evidence.get("id") == f"{evidence_url}{number}", "its number and its address differ")
    if not isinstance(dose, int) or not isinstance(total, int) or not 1 <= dose <= total:
        raise ContentImplausible(reason="the dose is beyond the last one")
    days = [_day(evidence["date"]), *(_day(evidence[key]) for key in BOUNDS if evidence.get(key) is not None)]
    _plausible(days == sorted(days), "dates out of order")
    return CertificateFacts(
        format=Format.DIVOC,
        issuer=issuer,
        certificate_id=number,
        name=str(name),
        birth=f"age:{age}" if age else str(subject.get("dob") or ""),
        vaccine=evidence["vaccine"],
        dose=dose,
        total=total,
        given_on=days[0],
        issued_at=_instant(document.get("issuanceDate")),
        document=document,
    )


def evidence_url(document: Document) -> str:
    """How the address of a stranger's evidence begins; the number must be its tail. Raises ContentImplausible."""
    evidence = _sole(document, "evidence")
    address, number = evidence.get("id"), evidence.get("certificateId")
    if not isinstance(address, str) or not isinstance(number, str) or not address.endswith(f"/{number}"):
        raise ContentImplausible(reason="its number and its address differ")
    return address.removesuffix(number)


def check_vaccine(facts: CertificateFacts, manufacturers: Mapping[str, str], *, ours: bool) -> None:
    """The vaccine is one of the programme's and its maker's: neither is a batch.

    Other countries write makers in their own way; a vaccine of theirs that is not known here may be a batch. Raises
    ContentImplausible, or CannotCheck where it is not ours.
    """
    if facts.format is not Format.DIVOC:
        return
    if not ours:
        if facts.vaccine.casefold() not in {vaccine.casefold() for vaccine in manufacturers}:
            raise CannotCheck
        return
    maker = _sole(facts.document, "evidence")["manufacturer"]
    _plausible(manufacturers.get(facts.vaccine) == maker, "no such vaccine is made by its manufacturer")


def check_in_force(facts: CertificateFacts, now: datetime, today: date) -> None:
    """Its time is not over; the European form has said so already. Raises CertificateExpired, ContentImplausible."""
    if facts.format is not Format.DIVOC:
        return
    ends, until = facts.document.get("expirationDate"), _sole(facts.document, "evidence").get("effectiveUntil")
    if ends is not None and (at := _instant(ends)) < now:
        raise CertificateExpired(until=at.date().isoformat())
    if until is not None and _day(until) < today:
        raise CertificateExpired(until=_day(until).isoformat())


def _sole(document: Document, key: str) -> Document:
    listed = document.get(key)
    one = listed[0] if isinstance(listed, list) and len(listed) == 1 else listed
    if not isinstance(one, Mapping):
        raise ContentImplausible(reason="it is not about one person and one dose")
    return one


def _day(text: object) -> date:
    try:
        return date.fromisoformat(text[:10] if isinstance(text, str) else "")
    except ValueError as odd:
        raise ContentImplausible(reason="a date is none") from odd


def _instant(text: object) -> datetime:
    try:
        at = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError as odd:
        raise ContentImplausible(reason="an instant is none") from odd
    _plausible(at.tzinfo is not None, "an instant has no time zone")
    return at


def _plausible(holds: bool, reason: str) -> None:
    if not holds:
        raise ContentImplausible(reason=reason)
