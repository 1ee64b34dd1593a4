"""All SQL about the keys of other issuers."""

from dataclasses import dataclass
from datetime import datetime

from opencowin.kit.db import Connection, fetch_all, run


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key of somebody else whose signatures are believed here."""

    kind: str
    key_id: str
    fingerprint: str
    issuer: str
    public_pem: str
    source: str
    valid_from: datetime | None
    valid_until: datetime | None


@dataclass(frozen=True, slots=True)
class TrustSource:
    """A file that was loaded: how many keys of a kind it brought."""

    source: str
    kind: str
    keys: int
    issuers: int
    first_until: datetime | None
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class _Kind:
    kind: str


async def put_trusted(conn: Connection, key: TrustedKey, loaded_at: datetime) -> None:
    """Believe a key, or know it anew: the newest source counts."""
    await run(
        conn,
        """
        INSERT INTO trusted_key (kind, key_id, fingerprint, issuer, public_pem, source, valid_from, valid_until,
                                 loaded_at)
        VALUES (%(kind)s, %(key_id)s, %(fingerprint)s, %(issuer)s, %(public_pem)s, %(source)s, %(valid_from)s,
                %(valid_until)s, %(loaded_at)s)
        ON CONFLICT (kind, key_id, fingerprint) DO UPDATE
        SET issuer = excluded.issuer, source = excluded.source, loaded_at = excluded.loaded_at
        """,
        kind=key.kind,
        key_id=key.key_id,
        fingerprint=key.fingerprint,
        issuer=key.issuer,
        public_pem=key.public_pem,
        source=key.source,
        valid_from=key.valid_from,
        valid_until=key.valid_until,
        loaded_at=loaded_at,
    )


async def drop_source(conn: Connection, source: str) -> int:
    """Believe nothing of this source any more; how many keys went."""
    return await run(conn, "DELETE FROM trusted_key WHERE source = %(source)s", source=source)


async def trusted(conn: Connection, kind: str, key_id: str) -> list[TrustedKey]:
    """The believed keys of this name."""
    return await fetch_all(
        conn,
        TrustedKey,
        """
        SELECT kind, key_id, fingerprint, issuer, public_pem, source, valid_from, valid_until FROM trusted_key
        WHERE kind = %(kind)s AND key_id = %(key_id)s ORDER BY fingerprint
        """,
        kind=kind,
        key_id=key_id,
    )


async def sources(conn: Connection) -> list[TrustSource]:
    """What was loaded, by source and kind."""
    return await fetch_all(
        conn,
        TrustSource,
        """
        SELECT source, kind, count(*) AS keys, count(DISTINCT issuer) AS issuers, min(valid_until) AS first_until,
               max(loaded_at) AS loaded_at
        FROM trusted_key GROUP BY source, kind ORDER BY source, kind
        """,
    )


async def kinds(conn: Connection) -> list[str]:
    """The kinds of which any key is believed."""
    found = await fetch_all(conn, _Kind, "SELECT DISTINCT kind FROM trusted_key ORDER BY kind")
    return [one.kind for one in found]
