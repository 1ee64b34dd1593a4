"""The envelope HC1: claims as CBOR, signed in COSE, deflated, in base 45, whatever it holds."""

import io
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import base45
import cbor2
from cryptography import x509

from opencowin.certificates.issuers import Identity, key_id
from opencowin.certificates.model import IssuerProfile
from opencowin.certificates.reading import GRACE, plausible, reading, unpacked
from opencowin.certificates.refusals import (
    CannotCheck,
    CertificateExpired,
    NotACertificate,
    SignatureBroken,
    UnknownSigner,
)
from opencowin.certificates.signers import Algorithm, fits

PREFIX = "HC1:"
COSE_SIGN1 = 18
ALGORITHM, KEY_ID = 1, 4
ISSUER, EXPIRES_AT, ISSUED_AT, HEALTH = 1, 4, 6, -260
LABELS: Mapping[Algorithm, int] = MappingProxyType({Algorithm.ES256: -7, Algorithm.PS256: -37})
BROKEN = (ValueError, zlib.error, cbor2.CBORDecodeError, AttributeError, TypeError, RecursionError, OverflowError)
"""What the readers of base 45, deflate and CBOR raise on nonsense."""

Claims = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What came out of an HC1 text, nothing of it believed yet."""

    protected: bytes
    headers: Mapping[Any, Any]
    body: bytes
    signature: bytes

    @property
    def key_id(self) -> bytes:
        """The name of the signer's key; empty where none is given."""
        named = self.headers.get(KEY_ID)
        return named if isinstance(named, bytes) else b""

    @property
    def algorithm(self) -> Algorithm | None:
        """How it says that it was signed; None for a way that is not known here."""
        return next((name for name, label in LABELS.items() if label == self.headers.get(ALGORITHM)), None)

    def checked(self, signers: Sequence[x509.Certificate]) -> Claims:
        """The claims, if one of these signers, all of this key id, signed them. Raises CertificateRefused."""
        if not signers:
            raise UnknownSigner
        if (algorithm := self.algorithm) is None:
            raise CannotCheck
        message = _to_be_signed(self.protected, self.body)
        if not any(fits(signer.public_key(), algorithm, self.signature, message) for signer in signers):
            raise SignatureBroken
        return _map(self.body)


def sealed(claims: Mapping[int, object], identity: Identity) -> str:
    """The claims signed, as QR text."""
    signer = identity.signer
    protected = cbor2.dumps({ALGORITHM: LABELS[signer.algorithm], KEY_ID: key_id(identity.certified)})
    body = cbor2.dumps(claims)
    signature = signer.sign(_to_be_signed(protected, body))
    cose = cbor2.dumps(cbor2.CBORTag(COSE_SIGN1, [protected, {}, body, signature]))
    return f"{PREFIX}{base45.b45encode(zlib.compress(cose, 9)).decode()}"


def claimed(
    profile: IssuerProfile, identity: Identity, issued_at: datetime, health: Mapping[int, object]
) -> dict[int, object]:
    """Health claims between who says so, since when and until when: no longer than the signer's certificate."""
    issued = issued_at.astimezone(UTC).replace(microsecond=0)
    until = min(issued + timedelta(days=profile.hcert_valid_days), identity.certified.not_valid_after_utc)
    return {
        ISSUER: profile.country_code,
        EXPIRES_AT: int(until.timestamp()),
        ISSUED_AT: int(issued.timestamp()),
        HEALTH: health,
    }


def opened(text: str) -> Envelope:
    """What is in an HC1 text. Raises NotACertificate."""
    if not text.startswith(PREFIX):
        raise NotACertificate
    try:
        raw = unpacked(base45.b45decode(text[len(PREFIX) :]), zlib.MAX_WBITS)
        cose = cbor2.load(io.BytesIO(raw))
        # Some issuers leave the tag out, and some write that of claims around it.
        while isinstance(cose, cbor2.CBORTag):
            cose = cose.value
        protected, unprotected, body, signature = cose
    except BROKEN as odd:
        raise NotACertificate from odd
    if not isinstance(unprotected, Mapping) or {type(protected), type(body), type(signature)} != {bytes}:
        raise NotACertificate
    return Envelope(protected, {**unprotected, **(_map(protected) if protected else {})}, body, signature)


def issued_within(claims: Claims, now: datetime) -> datetime:
    """When they were issued. Raises NotACertificate where they do not say, CertificateExpired, ContentImplausible."""
    with reading():
        until = datetime.fromtimestamp(claims[EXPIRES_AT], UTC)
        issued_at = datetime.fromtimestamp(claims[ISSUED_AT], UTC)
    if now > until:
        raise CertificateExpired(until=until.date().isoformat())
    plausible(issued_at <= now + GRACE, "it was issued in the future")
    return issued_at


def _to_be_signed(protected: bytes, body: bytes) -> bytes:
    return cbor2.dumps(["Signature1", protected, b"", body])


def _map(raw: bytes) -> dict[Any, Any]:
    try:
        content = cbor2.loads(raw)
    except BROKEN as odd:
        raise NotACertificate from odd
    if not isinstance(content, dict):
        raise NotACertificate
    return content
