"""The European form (HC1): a health certificate as CBOR, signed COSE ES256, deflated and in base 45 (EU DCC 1.3.0)."""

import io
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import base45
import cbor2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from opencowin.certificates.checks import signable
from opencowin.certificates.issuers import Issuer, key_id
from opencowin.certificates.model import CertificateFacts, CertificateStatement, Format, IssuerProfile, Payload
from opencowin.certificates.mrz import machine_readable
from opencowin.certificates.refusals import (
    CertificateExpired,
    ContentImplausible,
    FormatImpossible,
    NotACertificate,
    SignatureBroken,
    UnknownSigner,
)

PREFIX = "HC1:"
COSE_SIGN1 = 18
ALGORITHM, KEY_ID, ES256 = 1, 4, -7
ISSUER, EXPIRES_AT, ISSUED_AT, HEALTH, EU_DCC = 1, 4, 6, -260, 1
SCALAR = 32
"""Bytes of one half of an ES256 signature."""
LARGEST = 64 * 1024
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:"
"""Of the identifier's check character: ISO 7812 (Luhn) over these 38."""
LONGEST_TEXT, LONGEST_IDENTIFIER = 80, 72


def sign_eu_dcc(statement: CertificateStatement, issuer: Issuer) -> Payload:
    """The certificate of the latest dose as QR text. Raises NotSignable or FormatImpossible."""
    tidy = signable(statement)
    protected = cbor2.dumps({ALGORITHM: ES256, KEY_ID: issuer.key_id})
    body = cbor2.dumps(_claims(tidy, issuer))
    r, s = decode_dss_signature(issuer.signer_key.sign(_to_be_signed(protected, body), ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(SCALAR, "big") + s.to_bytes(SCALAR, "big")
    cose = cbor2.dumps(cbor2.CBORTag(COSE_SIGN1, [protected, {}, body, signature]))
    return Payload(Format.EU_DCC, PREFIX + base45.b45encode(zlib.compress(cose, 9)).decode())


def verify_eu_dcc(text: str, signers: Sequence[x509.Certificate], now: datetime) -> CertificateFacts:
    """What the certificate says, if one of these document signers signed it and it is in force.

    Raises NotACertificate, UnknownSigner, SignatureBroken, CertificateExpired or ContentImplausible.
    """
    protected, unprotected, body, signature = _opened(text)
    headers = {**unprotected, **_map(protected)}
    named = [each for each in signers if key_id(each) == headers.get(KEY_ID)]
    if not named or headers.get(ALGORITHM) != ES256:
        raise UnknownSigner
    if not any(_fits(each, signature, _to_be_signed(protected, body)) for each in named):
        raise SignatureBroken
    return _facts(_map(body), now)


def hcert_signature(text: str) -> bytes:
    """The half of a signature that stands for it: of the other anybody can make a second one that fits (ECDSA)."""
    return _opened(text)[3][:SCALAR]


def uvci(profile: IssuerProfile, certificate_id: str) -> str:
    """The unique vaccination certificate identifier with its check character. Raises FormatImpossible."""
    opaque = certificate_id.upper()
    unchecked = f"URN:UVCI:01:{profile.country_code}:{profile.uvci_authority}/{opaque}"
    if any(mark not in ALPHABET for mark in unchecked) or len(unchecked) + 2 > LONGEST_IDENTIFIER:
        raise FormatImpossible(format=Format.EU_DCC, reason="its number cannot stand in a European identifier")
    return f"{unchecked}#{check_character(unchecked)}"


def check_character(text: str) -> str:
    """Luhn modulo 38 over the identifier's alphabet."""
    size, total = len(ALPHABET), 0
    for place, mark in enumerate(reversed(text)):
        addend = ALPHABET.index(mark) * (1 if place % 2 else 2)
        total += addend // size + addend % size
    return ALPHABET[-total % size]


def _claims(statement: CertificateStatement, issuer: Issuer) -> dict[int, object]:
    issued = statement.issued_at.astimezone(UTC).replace(microsecond=0)
    until = min(issued + timedelta(days=issuer.profile.hcert_valid_days), issuer.signer_certificate.not_valid_after_utc)
    return {
        ISSUER: issuer.profile.country_code,
        EXPIRES_AT: int(until.timestamp()),
        ISSUED_AT: int(issued.timestamp()),
        HEALTH: {EU_DCC: _dcc(statement, issuer.profile)},
    }


def _dcc(statement: CertificateStatement, profile: IssuerProfile) -> dict[str, object]:
    dose = statement.latest
    codes = dose.vaccine
    if not (codes.product and codes.holder and codes.prophylaxis and codes.target):
        raise FormatImpossible(format=Format.EU_DCC, reason="its vaccine has no European code")
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
        raise FormatImpossible(format=Format.EU_DCC, reason="its name cannot be written in Latin letters")
    return names | ({"gn": given[:LONGEST_TEXT], "gnt": machine_readable(given)} if given else {})


def _to_be_signed(protected: bytes, body: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", body])


def _opened(text: str) -> tuple[bytes, Mapping[Any, Any], bytes, bytes]:
    if not text.startswith(PREFIX):
        raise NotACertificate
    try:
        inflater = zlib.decompressobj()
        raw = inflater.decompress(base45.b45decode(text[len(PREFIX) :]), LARGEST)
        cose = cbor2.load(io.BytesIO(raw))
        protected, unprotected, body, signature = cose.value
    except (ValueError, zlib.error, cbor2.CBORDecodeError, AttributeError, TypeError) as odd:
        raise NotACertificate from odd
    if not isinstance(unprotected, Mapping) or {type(protected), type(body), type(signature)} != {bytes}:
        raise NotACertificate
    return protected, unprotected, body, signature


def _map(raw: bytes) -> dict[Any, Any]:
    try:
        content = cbor2.loads(raw)
    except (ValueError, cbor2.CBORDecodeError) as odd:
        raise NotACertificate from odd
    if not isinstance(content, dict):
        raise NotACertificate
    return content


def _fits(signer: x509.Certificate, signature: bytes, signed: bytes) -> bool:
    key = signer.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or len(signature) != 2 * SCALAR:
        return False
    r, s = int.from_bytes(signature[:SCALAR], "big"), int.from_bytes(signature[SCALAR:], "big")
    try:
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _facts(claims: dict[Any, Any], now: datetime) -> CertificateFacts:
    try:
        until = datetime.fromtimestamp(claims[EXPIRES_AT], UTC)
        issued_at = datetime.fromtimestamp(claims[ISSUED_AT], UTC)
        dcc = claims[HEALTH][EU_DCC]
        (dose,) = dcc["v"]
        names = dcc["nam"]
        name = " ".join(part for part in (names.get("gn"), names.get("fn")) if part) or names["fnt"]
        given_on = date.fromisoformat(dose["dt"])
        number, total, born = int(dose["dn"]), int(dose["sd"]), str(dcc["dob"])
        identifier, product = str(dose["ci"]), str(dose["mp"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as missing:
        raise NotACertificate from missing
    if now > until:
        raise CertificateExpired(until=until.date().isoformat())
    if number < 1 or total < 1 or given_on > until.date():
        raise ContentImplausible(reason="its dose or its date cannot be")
    return CertificateFacts(
        Format.EU_DCC, str(claims[ISSUER]), _certificate_id(identifier), name, born, product, number, total, given_on,
        issued_at, dcc,
    )  # fmt: skip


def _certificate_id(identifier: str) -> str:
    return identifier.partition("#")[0].rpartition("/")[2]
