"""Co-WIN's own certificate: a W3C credential signed RsaSignature2018, zipped into the text of one QR code (DIVOC)."""

import base64
import binascii
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from opencowin.certificates.canon import NotMappable, canonical_credential, canonical_proof
from opencowin.certificates.checks import signable
from opencowin.certificates.issuers import Issuer
from opencowin.certificates.meaning import read_facts
from opencowin.certificates.model import (
    CertificateFacts,
    CertificateStatement,
    DoseStatement,
    Facility,
    Format,
    IssuerProfile,
    Payload,
)
from opencowin.certificates.refusals import (
    FormatImpossible,
    NotACertificate,
    SignatureBroken,
    UnknownSigner,
)

CREDENTIALS_CONTEXT = "https://www.w3.org/2018/credentials/v1"
ENTRY = "certificate.json"
LARGEST = 64 * 1024
"""A certificate is about 2 kB; anything that unpacks to more than this many bytes is none."""
LARGEST_QR = 2331
"""Bytes that version 40 holds at error correction M."""
HEADER = base64.urlsafe_b64encode(b'{"alg":"PS256","b64":false,"crit":["b64"]}').rstrip(b"=").decode()
# RsaSignature2018 is PS256 with a salt as long as the hash, not RS256.
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
Document = dict[str, Any]


def sign_divoc(statement: CertificateStatement, issuer: Issuer) -> Payload:
    """The certificate of the latest dose as QR text. Raises NotSignable or FormatImpossible."""
    tidy = signable(statement)
    document = _credential(tidy, issuer.profile)
    options = {
        "type": "RsaSignature2018",
        "created": _instant(tidy.issued_at),
        "verificationMethod": issuer.profile.verification_method,
        "proofPurpose": "assertionMethod",
    }
    signature = issuer.rsa_key.sign(_signing_input(document, options), PSS, hashes.SHA256())
    jws = f"{HEADER}..{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    return Payload(Format.DIVOC, _pack({**document, "proof": {**options, "jws": jws}}, tidy.issued_at))


def verify_divoc(text: str, profile: IssuerProfile, keys: Sequence[rsa.RSAPublicKey]) -> CertificateFacts:
    """What the certificate says, if one of the issuer's keys signed it.

    Raises NotACertificate, UnknownSigner, SignatureBroken or ContentImplausible: several fields share one meaning in
    Co-WIN's context, so that they can be swapped without breaking the signature and must be checked for sense.
    """
    document = _unpack(text)
    proof = document.get("proof")
    if not isinstance(proof, dict) or not isinstance(jws := proof.get("jws"), str):
        raise NotACertificate
    if proof.get("verificationMethod") != profile.verification_method or document.get("issuer") != profile.issuer:
        raise UnknownSigner
    options = {key: value for key, value in proof.items() if key != "jws"}
    header, _, signature = jws.partition("..")
    try:
        signed, raw = _signing_input(document, options), base64.urlsafe_b64decode(signature + "==")
    except (NotMappable, binascii.Error, ValueError) as odd:
        raise NotACertificate from odd
    if header != HEADER or not any(_fits(key, raw, signed) for key in keys):
        raise SignatureBroken
    return read_facts(document, profile)


def divoc_signature(text: str) -> bytes:
    """The signature of a certificate of our own making."""
    jws = str(_unpack(text)["proof"]["jws"])
    return base64.urlsafe_b64decode(jws.rpartition(".")[2] + "==")


def _fits(key: rsa.RSAPublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed, PSS, hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _signing_input(document: Mapping[str, object], options: Mapping[str, object]) -> bytes:
    digests = (canonical_proof(options), canonical_credential(document))
    return HEADER.encode() + b"." + b"".join(hashlib.sha256(text.encode()).digest() for text in digests)


def _credential(statement: CertificateStatement, profile: IssuerProfile) -> Document:
    return {
        "@context": [CREDENTIALS_CONTEXT, profile.context_url],
        "type": ["VerifiableCredential", "ProofOfVaccinationCredential"],
        "credentialSubject": _subject(statement, profile),
        "issuer": profile.issuer,
        "issuanceDate": _instant(statement.issued_at),
        "evidence": [_evidence(statement, statement.latest, profile)],
        "nonTransferable": "true",
    }


def _subject(statement: CertificateStatement, profile: IssuerProfile) -> Document:
    # The v1 context knows an age but no date of birth; the age is that on the day of the dose.
    day, born = statement.latest.given_on, statement.birth_date
    age = day.year - statement.birth_year - (born is not None and (day.month, day.day) < (born.month, born.day))
    return {
        "type": "Person",
        "id": statement.subject_id,
        "refId": statement.beneficiary_reference,
        "name": statement.name,
        "gender": statement.sex,
        "age": str(age),
        "nationality": profile.nationality,
        "address": _address(Facility("", statement.district, statement.state, statement.postal_code), profile),
    }


def _evidence(statement: CertificateStatement, dose: DoseStatement, profile: IssuerProfile) -> Document:
    at, number = dose.facility, statement.certificate_id
    return {
        "id": profile.evidence_url + number,
        "type": ["Vaccination"],
        "certificateId": number,
        "feedbackUrl": profile.feedback_url + number,
        "infoUrl": profile.info_url + number,
        "batch": dose.batch,
        "vaccine": dose.vaccine.name,
        "manufacturer": dose.vaccine.manufacturer,
        "date": dose.given_on.isoformat(),
        **({"effectiveStart": dose.valid_from.isoformat()} if dose.valid_from else {}),
        **({"effectiveUntil": dose.valid_until.isoformat()} if dose.valid_until else {}),
        "dose": dose.number,
        "totalDoses": dose.total,
        "verifier": {"name": dose.vaccinator},
        "facility": {"name": at.name, "address": _address(at, profile)},
    }


def _address(at: Facility, profile: IssuerProfile) -> Document:
    return {
        "streetAddress": at.street,
        "streetAddress2": "",
        "district": at.district,
        "city": at.city,
        "addressRegion": at.state,
        "addressCountry": profile.country_code,
        "postalCode": at.postal_code,
    }


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _pack(document: Document, moment: datetime) -> str:
    """One deflated entry; each byte of the zip becomes one Latin-1 character, for a QR writer to encode as UTF-8."""
    at = moment.astimezone(UTC)
    entry = zipfile.ZipInfo(ENTRY, (at.year, at.month, at.day, at.hour, at.minute, at.second))
    entry.compress_type = zipfile.ZIP_DEFLATED
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(entry, json.dumps(document, ensure_ascii=False, separators=(",", ":")))
    text = packed.getvalue().decode("latin-1")
    if len(text.encode()) > LARGEST_QR:
        raise FormatImpossible(format=Format.DIVOC, reason="it is too long for one QR code")
    return text


def _unpack(text: str) -> Document:
    try:
        with zipfile.ZipFile(io.BytesIO(text.encode("latin-1"))) as archive, archive.open(ENTRY) as entry:
            raw = entry.read(LARGEST + 1)
        document = json.loads(raw) if len(raw) <= LARGEST else None
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, RuntimeError, EOFError) as odd:
        raise NotACertificate from odd
    if not isinstance(document, dict):
        raise NotACertificate
    return document
