"""Keys that sign tokens and certificates: stored sealed, rotated by adding a newer one, published for verifiers."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from opencowin.kit.crypto import Keyring
from opencowin.kit.db import Connection, fetch_all, fetch_one, run

PRIVATE_KEY = "signing_key.private"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that signs now."""

    key_id: str
    algorithm: str
    private_pem: bytes
    public_pem: str
    certificate_pem: str | None
    age: timedelta


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
    age: timedelta


@dataclass(frozen=True, slots=True)
class _Named:
    purpose: str
    key_id: str


async def hold(conn: Connection, purpose: str) -> None:
    """Be the only one who makes keys for this purpose until the transaction ends: look again before making one."""
    key = int.from_bytes(hashlib.sha256(f"signing_key:{purpose}".encode()).digest()[:8], signed=True)
    await run(conn, "SELECT pg_advisory_xact_lock(%(key)s)", key=key)


async def store(
    conn: Connection,
    keyring: Keyring,
    purpose: str,
    *,
    key_id: str,
    algorithm: str,
    private_pem: bytes,
    public_pem: str,
    certificate_pem: str | None = None,
    signs_after: timedelta = timedelta(0),
) -> None:
    """Keep a key: its PKCS 8 PEM, or its address in a security module.

    It signs after a while (default: at once), so that verifiers may learn of it before.
    """
    await run(
        conn,
        """
        INSERT INTO signing_key (key_id, purpose, algorithm, private_sealed, public_pem, certificate_pem, active_from)
        VALUES (%(key_id)s, %(purpose)s, %(algorithm)s, %(private)s, %(public)s, %(certificate)s,
                now() + %(signs_after)s)
        """,
        key_id=key_id,
        purpose=purpose,
        algorithm=algorithm,
        private=keyring.seal(private_pem.decode("ascii"), PRIVATE_KEY),
        public=public_pem,
        certificate=certificate_pem,
        signs_after=signs_after,
    )


async def in_use(conn: Connection, purposes: Sequence[str]) -> dict[str, str]:
    """The ids of the keys that sign now, by purpose, without opening them; a purpose without one is left out.

    Now is the moment of the question, not that at which its transaction began: who waited for another one to make a
    key (`hold`) finds it.
    """
    found = await fetch_all(
        conn,
        _Named,
        """
        SELECT DISTINCT ON (purpose) purpose, key_id FROM signing_key
        WHERE purpose = ANY(%(purposes)s) AND retired_at IS NULL AND active_from <= clock_timestamp()
        ORDER BY purpose, active_from DESC, key_id
        """,
        purposes=list(purposes),
    )
    return {one.purpose: one.key_id for one in found}


async def newest(conn: Connection, keyring: Keyring, purpose: str) -> SigningKey | None:
    """The key that was made last, whether it signs already or not yet; None when there is none."""
    row = await fetch_one(
        conn,
        _Row,
        """
        SELECT key_id, algorithm, private_sealed, public_pem, certificate_pem, now() - created_at AS age
        FROM signing_key
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
        SELECT key_id, algorithm, private_sealed, public_pem, certificate_pem, now() - created_at AS age
        FROM signing_key
        WHERE purpose = %(purpose)s AND retired_at IS NULL AND active_from <= clock_timestamp()
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
    private_pem = keyring.open(row.private_sealed, PRIVATE_KEY).encode("ascii")
    return SigningKey(row.key_id, row.algorithm, private_pem, row.public_pem, row.certificate_pem, row.age)
