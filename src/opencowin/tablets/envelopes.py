"""Records that leave a tablet as a file: sealed for this deployment alone, so that only it can read what is in them.

A tablet seals each record with a key of its own making for the deployment's public key (ECDH on P-256, HKDF-SHA-256,
AES-256-GCM). Whoever carries the file learns nothing of it, and neither does whoever finds the tablet.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from opencowin.kit import signing_keys
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

PURPOSE, ALGORITHM = "tablet-file", "ECDH-P256"
INFO = b"opencowin tablet record"


async def public_key(conn: Connection, floor: Floor) -> dict[str, str]:
    """The key that tablets seal with, made at first need: its id and the point, uncompressed, as base64."""
    key = await signing_keys.newest(conn, floor.keyring, PURPOSE)
    if key is None:
        await signing_keys.hold(conn, PURPOSE)
        key = await signing_keys.newest(conn, floor.keyring, PURPOSE) or await _make(conn, floor)
    public = serialization.load_pem_public_key(key.public_pem.encode())
    assert isinstance(public, ec.EllipticCurvePublicKey)
    point = public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return {"kid": key.key_id, "point": base64.b64encode(point).decode()}


async def open_envelope(conn: Connection, floor: Floor, envelope: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a tablet sealed: its token and a record; None for what cannot be opened here."""
    key = await signing_keys.newest(conn, floor.keyring, PURPOSE)
    if key is None:
        return None
    private = serialization.load_pem_private_key(key.private_pem, None)
    try:
        point, iv, data = (base64.b64decode(str(envelope[name]), validate=True) for name in ("key", "iv", "data"))
        other = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        shared = private.exchange(ec.ECDH(), other)
        derived = HKDF(hashes.SHA256(), 32, None, INFO).derive(shared)
        found = json.loads(AESGCM(derived).decrypt(iv, data, None))
    except (KeyError, ValueError, InvalidTag):
        return None
    return found if isinstance(found, dict) else None


async def _make(conn: Connection, floor: Floor) -> signing_keys.SigningKey:
    made = ec.generate_private_key(ec.SECP256R1())
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = made.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    key_id = f"{PURPOSE}:{hashlib.sha256(public).hexdigest()[:16]}"
    await signing_keys.store(
        conn,
        floor.keyring,
        PURPOSE,
        key_id=key_id,
        algorithm=ALGORITHM,
        private_pem=pem,
        public_pem=public.decode(),
    )
    stored = await signing_keys.newest(conn, floor.keyring, PURPOSE)
    assert stored is not None
    return stored
