"""Keys that sign tokens and certificates: stored sealed, rotated by adding a newer one, published for verifiers."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from cryptography.x509 import Certificate

from opencowin.kit.crypto import Keyring
from opencowin.kit.db import Connection, fetch_all, fetch_one, run

PRIVATE_KEY = "signing_key.private"
MAKING_LOCK = 0x6F_63_6B_65  # "ocke": one maker of keys at a time


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs now."""

    key_id: str
    algorithm: str
    private_pem: str
    public_pem: str
    certificate_pem: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What a verifier needs; a retired key no longer signs, but what it signed stays verifiable."""

    key_id: str
    algorithm: str
    public_pem: str
    certificate_pem: str | None
    active_from: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Row:
    key_id: str
    algorithm: str
    private_sealed: bytes
    public_pem: str
    certificate_pem: str | None
    created_at: datetime


async def lock(conn: Connection) -> None:
    """Be the only one who makes keys until the transaction ends: look again before making some."""
    await run(conn, "SELECT pg_advisory_xact_lock(%(key)s)", key=MAKING_LOCK)


def key_id_of(public_pem: str) -> str:
    """The name of a key: the start of the SHA-256 of its public half, so that one key has one name everywhere."""
    der = load_pem_public_key(public_pem.encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()[:12]).decode()


async def store(  # noqa: PLR0917 - a key is its six parts
    conn: Connection,
    keyring: Keyring,
    purpose: str,
    algorithm: str,
    private_pem: str,
    certificate: Certificate | None = None,
    *,
    active_from: datetime | None = None,
) -> str:
    """Keep a key (PKCS 8 PEM); its key id. It signs from `active_from` (default: now), so that verifiers may learn of
    it before."""
    public = load_pem_private_key(private_pem.encode(), password=None).public_key()
    public_pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    key_id = key_id_of(public_pem)
    await run(
        conn,
        """
        INSERT INTO signing_key (key_id, purpose, algorithm, private_sealed, public_pem, certificate_pem, active_from)
        VALUES (%(key_id)s, %(purpose)s, %(algorithm)s, %(private)s, %(public)s, %(certificate)s,
                coalesce(%(active_from)s, now()))
        """,
        key_id=key_id,
        purpose=purpose,
        algorithm=algorithm,
        private=keyring.seal(private_pem, PRIVATE_KEY),
        public=public_pem,
        certificate=None if certificate is None else certificate.public_bytes(Encoding.PEM).decode(),
        active_from=active_from,
    )
    return key_id


async def newest(conn: Connection, keyring: Keyring, purpose: str) -> SigningKey | None:
    """The key that was made last, whether it signs already or not yet; None when there is none."""
    row = await fetch_one(
        conn,
        _Row,
        """
        SELECT key_id, algorithm, private_sealed, public_pem, certificate_pem, created_at FROM signing_key
        WHERE purpose = %(purpose)s AND retired_at IS NULL ORDER BY active_from DESC, key_id LIMIT 1
        """,
        purpose=purpose,
    )
    return _opened(keyring, row)


async def current(conn: Connection, keyring: Keyring, purpose: str) -> SigningKey | None:
    """The key that signs now: the newest active one that is not retired; None when there is none."""
    row = await fetch_one(
        conn,
        _Row,
        """
        SELECT key_id, algorithm, private_sealed, public_pem, certificate_pem, created_at FROM signing_key
        WHERE purpose = %(purpose)s AND retired_at IS NULL AND active_from <= now()
        ORDER BY active_from DESC, key_id LIMIT 1
        """,
        purpose=purpose,
    )
    return _opened(keyring, row)


async def published(conn: Connection, purpose: str) -> list[PublicKey]:
    """All public keys of this purpose, retired ones too, newest first."""
    return await fetch_all(
        conn,
        PublicKey,
        """
        SELECT key_id, algorithm, public_pem, certificate_pem, active_from, retired_at FROM signing_key
        WHERE purpose = %(purpose)s ORDER BY active_from DESC, key_id
        """,
        purpose=purpose,
    )


async def retire(conn: Connection, key_id: str, at: datetime) -> bool:
    """Let a key sign no longer; False when there is no such key in use."""
    retired = await run(
        conn,
        "UPDATE signing_key SET retired_at = %(at)s WHERE key_id = %(key_id)s AND retired_at IS NULL",
        key_id=key_id,
        at=at,
    )
    return retired == 1


def _opened(keyring: Keyring, row: _Row | None) -> SigningKey | None:
    if row is None:
        return None
    private_pem = keyring.open(row.private_sealed, PRIVATE_KEY)
    return SigningKey(row.key_id, row.algorithm, private_pem, row.public_pem, row.certificate_pem, row.created_at)
