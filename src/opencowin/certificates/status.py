"""The published list of revoked certificates: signed, short, and of no use to whoever does not hold a certificate.

As in the European gateway (hash type SIGNATURE): of each signature that a revoked certificate carries, the first half
of its SHA-256. A signature cannot be guessed, so the list names nobody and nothing can be tried against it but a
certificate that one has before one's eyes.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from opencowin.certificates import queries
from opencowin.certificates.divoc import divoc_signature
from opencowin.certificates.hcert import hcert_signature
from opencowin.certificates.issuers import jwk
from opencowin.certificates.keys import status_key
from opencowin.certificates.model import Format
from opencowin.certificates.profile import read_profile
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

MARK_BYTES = 16
TYPE = "revocation-list+jwt"
RENEWED, LASTS = timedelta(hours=6), timedelta(hours=24)
"""How often the list is signed anew though nothing changed, and how long a copy may be relied on."""
SIGNATURES: Mapping[Format, Callable[[str], bytes]] = MappingProxyType(
    {Format.DIVOC: divoc_signature, Format.EU_DCC: hcert_signature}
)
"""What of a payload is hashed: a part of its signature that nobody can change while it still fits."""


@dataclass(frozen=True, slots=True)
class StatusList:
    """The list as it is published: a JSON Web Signature (ES256), and the mark of its content."""

    text: str
    tag: str


@dataclass(frozen=True, slots=True)
class _Edition:
    signer: str
    since: datetime
    marks: int


_latest: dict[_Edition, StatusList] = {}


def marks_of(payloads: Mapping[Format, str]) -> list[bytes]:
    """What the list says of a revoked certificate, one mark for each form that it was issued in."""
    return [mark_of(SIGNATURES[form](text)) for form, text in payloads.items()]


def mark_of(signature: bytes) -> bytes:
    """What the list says of one signature."""
    return hashlib.sha256(signature).digest()[:MARK_BYTES]


async def published_status(conn: Connection, floor: Floor) -> StatusList:
    """The list as of now. All processes make the same bytes of the same rows, and keep them while nothing changes."""
    key = await status_key(conn, floor)
    name = str(jwk(key.public_key())["kid"])
    edition = _Edition(name, _began(floor.clock.now()), await queries.count_marks(conn))
    if edition not in _latest:
        marks = await queries.all_marks(conn)
        for older in [one for one in _latest if one.signer == name]:
            _latest.pop(older, None)
        _latest[edition] = _signed(key, edition, read_profile(floor.pack).issuer, marks)
    return _latest[edition]


def _began(now: datetime) -> datetime:
    seconds = int(now.timestamp())
    return now.replace(microsecond=0) - timedelta(seconds=seconds % int(RENEWED.total_seconds()))


def _signed(key: ec.EllipticCurvePrivateKey, edition: _Edition, issuer: str, marks: bytes) -> StatusList:
    since = int(edition.since.timestamp())
    head = {"alg": "ES256", "kid": edition.signer, "typ": TYPE}
    body = {
        "iss": issuer,
        "iat": since,
        "next_update": since + int(LASTS.total_seconds()),
        "hash_type": "SIGNATURE",
        "hash_bytes": MARK_BYTES,
        "count": len(marks) // MARK_BYTES,
        "hashes": _unpadded(marks),
    }
    signed = ".".join(_unpadded(json.dumps(part, separators=(",", ":")).encode()) for part in (head, body))
    # Deterministic (RFC 6979), so that every process publishes the same bytes under the same tag.
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    text = f"{signed}.{_unpadded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
    return StatusList(text, f'"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"')


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
