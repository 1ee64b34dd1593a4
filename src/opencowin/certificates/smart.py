"""SMART Health Card: a FHIR bundle in a compact JSON Web Signature, as digits in one QR code."""

import json
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from opencowin.certificates.checks import signable
from opencowin.certificates.encoding import from_unpadded, unpadded
from opencowin.certificates.issuers import Issuer
from opencowin.certificates.model import CertificateFacts, CertificateStatement, DoseStatement, Format, Payload
from opencowin.certificates.mrz import latin_name
from opencowin.certificates.reading import GRACE, day_of, plausible, reading, unpacked
from opencowin.certificates.refusals import (
    CertificateExpired,
    FormatImpossible,
    Lacking,
    NotACertificate,
    SignatureBroken,
    UnknownSigner,
)
from opencowin.certificates.signers import Algorithm, PublicKey, fits, thumbprint

PREFIX = "shc:/"
TYPES = [f"https://smarthealth.cards#{kind}" for kind in ("health-card", "immunization", "covid19")]
CVX = "http://hl7.org/fhir/sid/cvx"
LONGEST = 1195
"""Characters of the signed text that fit one code, as the specification has it."""
LONGEST_BATCH, LONGEST_CENTRE = 20, 40
FIRST_MARK = 45
"""Each character is written as two digits: its code point less this."""
DIGITS = tuple(f"{max(byte - FIRST_MARK, 0):02d}" for byte in range(128))

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Card:
    """What came out of the digits, nothing of it believed yet."""

    signed: bytes
    signature: bytes
    key_id: str
    issuer: str
    document: Document

    def checked(self, keys: Sequence[PublicKey]) -> Document:
        """The content, if one of these keys, all of this issuer and name, signed it. Raises CertificateRefused."""
        if not keys:
            raise UnknownSigner
        if not any(fits(key, Algorithm.ES256, self.signature, self.signed) for key in keys):
            raise SignatureBroken
        return self.document


def sign_smart(statement: CertificateStatement, issuer: Issuer) -> Payload:
    """The certificate of every dose as QR text. Raises NotSignable or FormatImpossible."""
    tidy, identity = signable(statement), issuer.signing(Format.SMART_HEALTH_CARD)
    if not issuer.profile.address:
        raise FormatImpossible(form=Format.SMART_HEALTH_CARD, lacking=Lacking.ADDRESS)
    document = {
        "iss": issuer.profile.address,
        "nbf": int(tidy.issued_at.timestamp()),
        "vc": {"type": TYPES, "credentialSubject": {"fhirVersion": "4.0.1", "fhirBundle": _bundle(tidy)}},
    }
    header = {"zip": "DEF", "alg": "ES256", "kid": thumbprint(identity.signer.public_key)}
    signed = f"{unpadded(orjson.dumps(header))}.{unpadded(_deflated(orjson.dumps(document)))}"
    jws = f"{signed}.{unpadded(identity.signer.sign(signed.encode()))}"
    if len(jws) > LONGEST:
        raise FormatImpossible(form=Format.SMART_HEALTH_CARD, lacking=Lacking.SPACE)
    return Payload(Format.SMART_HEALTH_CARD, PREFIX + "".join([DIGITS[byte] for byte in jws.encode()]))


def wallet_file(text: str) -> bytes:
    """A card as the file that wallets of phones take (`.smart-health-card`): its signed text in JSON."""
    return orjson.dumps({"verifiableCredential": [_undigited(text.removeprefix(PREFIX))]})


def _undigited(digits: str) -> str:
    return "".join(chr(int(digits[at : at + 2]) + FIRST_MARK) for at in range(0, len(digits), 2))


def _bundle(statement: CertificateStatement) -> Document:
    if not all(dose.vaccine.cvx for dose in statement.doses):
        raise FormatImpossible(form=Format.SMART_HEALTH_CARD, lacking=Lacking.CODE)
    resources = [_patient(statement), *(_immunization(dose) for dose in statement.doses)]
    entries = [{"fullUrl": f"resource:{place}", "resource": one} for place, one in enumerate(resources)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _patient(statement: CertificateStatement) -> Document:
    name: Document = {"text": latin_name(statement.name)}
    if statement.family_name:
        given = latin_name(statement.given_name or "").split()
        name = {"family": latin_name(statement.family_name)} | ({"given": given} if given else {})
    if not all(name.values()):
        raise FormatImpossible(form=Format.SMART_HEALTH_CARD, lacking=Lacking.LATIN_NAME)
    return {"resourceType": "Patient", "name": [name], "birthDate": statement.birth}


def _immunization(dose: DoseStatement) -> Document:
    centre = latin_name(dose.facility.name)[:LONGEST_CENTRE].strip()
    return {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": {"coding": [{"system": CVX, "code": dose.vaccine.cvx}]},
        "patient": {"reference": "resource:0"},
        "occurrenceDateTime": dose.given_on.isoformat(),
        **({"performer": [{"actor": {"display": centre}}]} if centre else {}),
        **({"lotNumber": dose.batch[:LONGEST_BATCH]} if dose.batch else {}),
    }


def opened(text: str) -> Card:
    """What is in the digits. Raises NotACertificate."""
    with reading():
        digits = text.removeprefix(PREFIX)
        if not text.startswith(PREFIX) or len(digits) % 2 or not (digits.isascii() and digits.isdigit()):
            raise NotACertificate
        head, body, signature = _undigited(digits).split(".")
        header = json.loads(from_unpadded(head))
        document = json.loads(unpacked(from_unpadded(body), -zlib.MAX_WBITS))
        signed, named = f"{head}.{body}".encode(), str(header["kid"])
        return Card(signed, from_unpadded(signature), named, str(document["iss"]), document)


def smart_facts(document: Document, named: Callable[[str], str], now: datetime) -> CertificateFacts:
    """What a card that was found signed says; `named` tells a vaccine by its CVX code.

    Raises NotACertificate where it says nothing about a vaccination, CertificateExpired and ContentImplausible.
    """
    with reading():
        issued_at = datetime.fromtimestamp(document["nbf"], UTC)
        until = datetime.fromtimestamp(document["exp"], UTC) if "exp" in document else None
        entries = [entry["resource"] for entry in document["vc"]["credentialSubject"]["fhirBundle"]["entry"]]
        (patient,) = [one for one in entries if one["resourceType"] == "Patient"]
        given = sorted(
            (one for one in entries if one["resourceType"] == "Immunization" and one["status"] == "completed"),
            key=lambda one: str(one["occurrenceDateTime"]),
        )
        code = str(given[-1]["vaccineCode"]["coding"][0]["code"])
        given_on, name = day_of(given[-1]["occurrenceDateTime"]), _name(patient["name"][0])
        born, issuer = str(patient.get("birthDate", "")), str(document["iss"])
    if until is not None and now > until:
        raise CertificateExpired(until=until.date().isoformat())
    plausible(issued_at <= now + GRACE, "it was issued in the future")
    plausible(given_on.toordinal() <= now.toordinal() + 1, "a dose was given in the future")
    count = len(given)
    return CertificateFacts(
        Format.SMART_HEALTH_CARD, issuer, "", name, born, named(code), count, count, given_on, issued_at, document
    )


def _name(name: Document) -> str:
    return str(name.get("text") or " ".join([*name.get("given", []), name["family"]]))


def _deflated(raw: bytes) -> bytes:
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflater.compress(raw) + deflater.flush()
