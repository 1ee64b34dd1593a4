"""The published list of revoked certificates: signed, short, and of no use to whoever does not hold a certificate.

As in the European gateway (hash type SIGNATURE): of each signature that a revoked certificate carries, the first half
of its SHA-256. A signature cannot be guessed, so the list names nobody and nothing can be tried against it but a
certificate that one has before one's eyes.
"""

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from opencowin.certificates import queries
from opencowin.certificates.keys import status_key
from opencowin.certificates.marks import MARK_BYTES
from opencowin.certificates.profile import read_profile
from opencowin.certificates.published import jwk
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

TYPE = "revocation-list+jwt"
RENEWED, LASTS = timedelta(hours=6), timedelta(hours=24)
"""How often the list is signed anew though nothing changed, and how long a copy may be relied on."""


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
