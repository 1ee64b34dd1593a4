"""The form of the WHO (DDCC:VS core data set) as the health claim of the same envelope as the European one."""

from datetime import date, datetime
from typing import Any

from opencowin.certificates import cose
from opencowin.certificates.checks import signable
from opencowin.certificates.hcert import certificate_number, uvci
from opencowin.certificates.issuers import Issuer
from opencowin.certificates.model import (
    CertificateFacts,
    CertificateStatement,
    DoseStatement,
    Format,
    IssuerProfile,
    Payload,
)
from opencowin.certificates.mrz import latin_name
from opencowin.certificates.reading import day_of, plausible, reading
from opencowin.certificates.refusals import FormatImpossible, Lacking

DDCC_VS = 3
"""The vaccination status in the health claim."""
VERSION = "RC2"
ICD11 = "http://id.who.int/icd11/mms"
COUNTRIES = "urn:iso:std:iso:3166"


def sign_who(statement: CertificateStatement, issuer: Issuer) -> Payload:
    """The certificate of the latest dose as QR text. Raises NotSignable or FormatImpossible."""
    tidy, identity = signable(statement), issuer.signing(Format.WHO_DDCC)
    health = {DDCC_VS: _status(tidy, issuer.profile)}
    claims = cose.claimed(issuer.profile, identity, tidy.issued_at, health)
    return Payload(Format.WHO_DDCC, cose.sealed(claims, identity))


def _status(statement: CertificateStatement, profile: IssuerProfile) -> dict[str, object]:
    dose = statement.latest
    if not dose.vaccine.icd11:
        raise FormatImpossible(form=Format.WHO_DDCC, lacking=Lacking.CODE)
    name = latin_name(statement.name)
    if not name:
        raise FormatImpossible(form=Format.WHO_DDCC, lacking=Lacking.LATIN_NAME)
    return {
        "name": name,
        "birthDate": statement.birth,
        **({"identifier": {"value": statement.travel_document}} if statement.travel_document else {}),
        "certificate": {
            "issuer": {"identifier": {"value": profile.issuer}},
            "hcid": {"value": uvci(profile, statement.certificate_id)},
            "version": VERSION,
        },
        "vaccination": _event(dose, profile),
    }


def _event(dose: DoseStatement, profile: IssuerProfile) -> dict[str, object]:
    codes = dose.vaccine
    return {
        "vaccine": {"system": ICD11, "code": codes.icd11},
        "brand": {"display": codes.name},
        "manufacturer": {"display": codes.manufacturer},
        "lot": dose.batch,
        "date": dose.given_on.isoformat(),
        "dose": dose.number,
        "totalDoses": dose.total,
        "country": {"system": COUNTRIES, "code": profile.country_code_3},
        **({"centre": dose.facility.name} if dose.facility.name else {}),
        **({"disease": {"system": ICD11, "code": codes.target_icd11}} if codes.target_icd11 else {}),
        **({"validFrom": dose.valid_from.isoformat()} if dose.valid_from else {}),
    }


def who_facts(claims: cose.Claims, now: datetime) -> CertificateFacts:
    """What claims that were found signed say. Raises NotACertificate, CertificateExpired or ContentImplausible."""
    issued_at = cose.issued_within(claims, now)
    with reading():
        status: dict[str, Any] = claims[cose.HEALTH][DDCC_VS]
        event = status["vaccination"]
        name, born, number = str(status["name"]), str(status.get("birthDate", "")), int(event["dose"])
        total, given_on = int(event.get("totalDoses", number)), day_of(event["date"])
        vaccine = _shown(event.get("brand")) or _shown(event["vaccine"])
        issuer, identifier = str(claims[cose.ISSUER]), str(status["certificate"]["hcid"]["value"])
    plausible(number >= 1 and total >= 1 and given_on <= date.fromordinal(now.toordinal() + 1), "its dose cannot be")
    return CertificateFacts(
        Format.WHO_DDCC, issuer, certificate_number(identifier), name, born, vaccine, number, total, given_on,
        issued_at, status,
    )  # fmt: skip


def _shown(coding: object) -> str:
    return str(coding.get("display") or coding.get("code") or "") if isinstance(coding, dict) else str(coding or "")
