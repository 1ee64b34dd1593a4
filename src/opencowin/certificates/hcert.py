"""The European form (HC1): the EU Digital COVID Certificate 1.3.0 as the health claim of a COSE envelope."""

from datetime import datetime
from typing import Any

from opencowin.certificates import cose
from opencowin.certificates.checks import signable
from opencowin.certificates.issuers import Issuer
from opencowin.certificates.model import CertificateFacts, CertificateStatement, Format, IssuerProfile, Payload
from opencowin.certificates.mrz import machine_readable
from opencowin.certificates.reading import day_of, plausible, reading
from opencowin.certificates.refusals import FormatImpossible, Lacking

EU_DCC = 1
"""The European certificate's key in the health claim."""
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:"
"""Of the identifier's check character: ISO 7812 (Luhn) over these 38."""
LONGEST_TEXT, LONGEST_IDENTIFIER = 80, 72


def sign_eu_dcc(statement: CertificateStatement, issuer: Issuer) -> Payload:
    """The certificate of the latest dose as QR text. Raises NotSignable or FormatImpossible."""
    tidy, identity = signable(statement), issuer.signing(Format.EU_DCC)
    health = {EU_DCC: _dcc(tidy, issuer.profile)}
    return Payload(Format.EU_DCC, cose.sealed(cose.claimed(issuer.profile, identity, tidy.issued_at, health), identity))


def uvci(profile: IssuerProfile, certificate_id: str) -> str:
    """The unique vaccination certificate identifier with its check character. Raises FormatImpossible."""
    opaque = certificate_id.upper()
    unchecked = f"URN:UVCI:01:{profile.country_code}:{profile.uvci_authority}/{opaque}"
    if any(mark not in ALPHABET for mark in unchecked) or len(unchecked) + 2 > LONGEST_IDENTIFIER:
        raise FormatImpossible(form=Format.EU_DCC, lacking=Lacking.NUMBER)
    return f"{unchecked}#{check_character(unchecked)}"


def check_character(text: str) -> str:
    """Luhn modulo 38 over the identifier's alphabet."""
    size, total = len(ALPHABET), 0
    for place, mark in enumerate(reversed(text)):
        addend = ALPHABET.index(mark) * (1 if place % 2 else 2)
        total += addend // size + addend % size
    return ALPHABET[-total % size]


def _dcc(statement: CertificateStatement, profile: IssuerProfile) -> dict[str, object]:
    dose = statement.latest
    codes = dose.vaccine
    if not (codes.product and codes.holder and codes.prophylaxis and codes.target):
        raise FormatImpossible(form=Format.EU_DCC, lacking=Lacking.CODE)
    vaccination = {
        "tg": codes.target,
        "vp": codes.prophylaxis,
        "mp": codes.product,
        "ma": codes.holder,
        "dn": dose.number,
        "sd": dose.total,
        "dt": dose.given_on.isoformat(),
        "co": profile.country_code,
        "is": profile.name[:LONGEST_TEXT],
        "ci": uvci(profile, statement.certificate_id),
    }
    return {"ver": "1.3.0", "nam": _names(statement), "dob": statement.birth, "v": [vaccination]}


def _names(statement: CertificateStatement) -> dict[str, str]:
    """Where only one name is known it is the family name, as in a passport of one who has but one."""
    family = statement.family_name or statement.name
    given = statement.given_name if statement.family_name else None
    names = {"fn": family[:LONGEST_TEXT], "fnt": machine_readable(family)}
    if not names["fnt"]:
        raise FormatImpossible(form=Format.EU_DCC, lacking=Lacking.LATIN_NAME)
    return names | ({"gn": given[:LONGEST_TEXT], "gnt": machine_readable(given)} if given else {})


def eu_facts(claims: cose.Claims, now: datetime) -> CertificateFacts:
    """What claims that were found signed say. Raises NotACertificate, CertificateExpired or ContentImplausible."""
    issued_at = cose.issued_within(claims, now)
    with reading():
        dcc: dict[str, Any] = claims[cose.HEALTH][EU_DCC]
        dose = max(dcc["v"], key=lambda one: str(one["dt"]))
        names = dcc["nam"]
        name = " ".join(part for part in (names.get("gn"), names.get("fn")) if part) or names["fnt"]
        given_on = day_of(dose["dt"])
        number, total, born = int(dose["dn"]), int(dose["sd"]), str(dcc["dob"])[:10]
        identifier, product = str(dose["ci"]), str(dose["mp"])
        until = datetime.fromtimestamp(claims[cose.EXPIRES_AT], issued_at.tzinfo)
        issuer = str(claims[cose.ISSUER])
    plausible(number >= 1 and total >= 1 and given_on <= until.date(), "its dose or its date cannot be")
    return CertificateFacts(
        Format.EU_DCC, issuer, certificate_number(identifier), name, born, product, number, total, given_on,
        issued_at, dcc,
    )  # fmt: skip


def certificate_number(identifier: str) -> str:
    """The issuer's own number in a unique identifier: what stands last, without the check character."""
    return identifier.partition("#")[0].rpartition("/")[2]
