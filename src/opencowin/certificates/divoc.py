"""Co-WIN's own certificate: a W3C credential with an RSA or Ed25519 signature, zipped into the text of one QR code."""

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson

from opencowin.certificates.canon import NotMappable, canonical_credential, canonical_proof
from opencowin.certificates.checks import signable
from opencowin.certificates.encoding import from_unpadded, unpadded
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
from opencowin.certificates.reading import LARGEST, parsed, reading
from opencowin.certificates.refusals import FormatImpossible, Lacking, NotACertificate, SignatureBroken, UnknownSigner
from opencowin.certificates.signers import Algorithm, PublicKey, fits

CREDENTIALS_CONTEXT = "https://www.w3.org/2018/credentials/v1"
CONTEXTS = ("/credentials/vaccination/v1", "/credentials/vaccination/v2")
"""How the addresses of the contexts end whose meaning is Co-WIN's, whoever publishes them."""
ENTRY = "certificate.json"
LARGEST_QR = 2331
"""Bytes that version 40 holds at error correction M."""
# RsaSignature2018 is PS256 here, not RS256. The signed bytes are the two digests themselves, not their base64.
SUITES: Mapping[Algorithm, str] = MappingProxyType(
    {Algorithm.PS256: "RsaSignature2018", Algorithm.EDDSA: "Ed25519Signature2018"}
)
HEADERS: Mapping[Algorithm, str] = MappingProxyType(
    {each: unpadded(f'{{"alg":"{each.value}","b64":false,"crit":["b64"]}}'.encode()) for each in SUITES}
)
LOCAL = "PK\x03\x04"
"""How a zip begins."""
ZIP_VERSION = 20
"""The edition that brought deflating."""
Document = dict[str, Any]


def sign_divoc(statement: CertificateStatement, issuer: Issuer) -> Payload:
    """The certificate of the latest dose as QR text. Raises NotSignable or FormatImpossible."""
    tidy, identity = signable(statement), issuer.signing(Format.DIVOC)
    algorithm = identity.signer.algorithm
    document = _credential(tidy, issuer.profile)
    options = {
        "type": SUITES[algorithm],
        "created": _instant(tidy.issued_at),
        "verificationMethod": identity.name,
        "proofPurpose": "assertionMethod",
    }
    signature = identity.signer.sign(_signing_input(document, options, HEADERS[algorithm]))
    jws = f"{HEADERS[algorithm]}..{unpadded(signature)}"
    return Payload(Format.DIVOC, _pack({**document, "proof": {**options, "jws": jws}}, tidy.issued_at))


def verify_divoc(text: str, profile: IssuerProfile, keys: Sequence[PublicKey]) -> CertificateFacts:
    """What the certificate says, if one of the issuer's keys signed it.

    Raises NotACertificate, UnknownSigner, SignatureBroken or ContentImplausible: several fields share one meaning in
    Co-WIN's context, so that they can be swapped without breaking the signature and must be checked for sense.
    """
    document = opened(text)
    method = method_of(document)
    own = method == profile.verification_method or method.startswith(f"{profile.verification_method}#")
    if not own or document.get("issuer") != profile.issuer:
        raise UnknownSigner
    check_proof(document, keys)
    if not known_contexts(document, profile.context_url):
        raise NotACertificate
    return read_facts(document, profile.issuer, profile.evidence_url)


def divoc_mark(text: str) -> bytes:
    """What of the certificate's signature nobody can write otherwise while it still fits. Raises NotACertificate."""
    with reading():
        return from_unpadded(opened(text)["proof"]["jws"].rpartition(".")[2])


def known_contexts(document: Document, own: str = "") -> bool:
    """Whether the meaning of its keys is Co-WIN's: which contexts a credential names is not signed."""
    contexts = document.get("@context")
    if not isinstance(contexts, list) or len(contexts) != 2 or contexts[0] != CREDENTIALS_CONTEXT:
        return False
    return isinstance(contexts[1], str) and (contexts[1] == own or contexts[1].endswith(CONTEXTS))


def method_of(document: Document) -> str:
    """The name of the key that a credential says it was signed with. Raises NotACertificate."""
    proof = document.get("proof")
    if not isinstance(proof, dict) or not isinstance(proof.get("jws"), str):
        raise NotACertificate
    return str(proof.get("verificationMethod"))


def check_proof(document: Document, keys: Sequence[PublicKey]) -> None:
    """Raise SignatureBroken unless one of these keys signed the credential; NotACertificate where it cannot be read."""
    options = {key: value for key, value in document["proof"].items() if key != "jws"}
    header, _, written = document["proof"]["jws"].partition("..")
    algorithm = next((name for name, suite in SUITES.items() if suite == options.get("type")), None)
    if algorithm is None or header != HEADERS[algorithm] or "." in written:
        raise SignatureBroken
    try:
        signed, signature = _signing_input(document, options, header), from_unpadded(written)
    except (NotMappable, ValueError) as odd:
        raise NotACertificate from odd
    if not any(fits(key, algorithm, signature, signed) for key in keys):
        raise SignatureBroken


def _signing_input(document: Mapping[str, object], options: Mapping[str, object], header: str) -> bytes:
    body = hashlib.sha256(canonical_credential(document).encode()).digest()
    return header.encode() + b"." + _digest_of(tuple(options.items())) + body


@lru_cache(maxsize=64)
def _digest_of(options: tuple[tuple[str, object], ...]) -> bytes:
    """Of a proof's options: all certificates of a batch have the same."""
    return hashlib.sha256(canonical_proof(dict(options)).encode()).digest()


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
    text = _zipped(orjson.dumps(document), moment.astimezone(UTC)).decode("latin-1")
    if len(text.encode()) > LARGEST_QR:
        raise FormatImpossible(form=Format.DIVOC, lacking=Lacking.SPACE)
    return text


def _zipped(raw: bytes, at: datetime) -> bytes:
    """A zip of this one entry, by section 4.3 of its specification: the general writer takes a third of RSA's time."""
    packer, name = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS), ENTRY.encode()
    packed = packer.compress(raw) + packer.flush()
    clock = at.hour << 11 | at.minute << 5 | at.second // 2
    day = (at.year - 1980) << 9 | at.month << 5 | at.day
    sizes = (zlib.crc32(raw), len(packed), len(raw), len(name), 0)
    entry = struct.pack("<5H3L2H", ZIP_VERSION, 0, zipfile.ZIP_DEFLATED, clock, day, *sizes)
    local = LOCAL.encode() + entry + name + packed
    listed = b"PK\x01\x02" + struct.pack("<H", ZIP_VERSION) + entry + bytes(14) + name
    return local + listed + b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, 1, 1, len(listed), len(local), 0)


def opened(text: str) -> Document:
    """The credential in a QR code's text, nothing of it believed yet. Raises NotACertificate."""
    try:
        with zipfile.ZipFile(io.BytesIO(text.encode("latin-1"))) as archive, archive.open(ENTRY) as entry:
            alone, raw = len(archive.infolist()) == 1 and text.startswith(LOCAL), entry.read(LARGEST + 1)
        # With a second entry, or something before the first, programs differ in which of them they read.
        document = parsed(raw) if alone and len(raw) <= LARGEST else None
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, RuntimeError, EOFError) as odd:
        raise NotACertificate from odd
    if not isinstance(document, dict):
        raise NotACertificate
    return document
