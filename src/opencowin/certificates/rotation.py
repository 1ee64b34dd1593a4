"""Looking after keys: which there are, a new one in good time, and letting one go."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from opencowin.certificates.keys import (
    AUTHORITY,
    PURPOSES,
    new_authority_key,
    new_signing_key,
    own_authorities,
    own_issuer,
)
from opencowin.certificates.model import Format
from opencowin.kit import signing_keys
from opencowin.kit.db import Connection
from opencowin.kit.errors import Conflict, NotFound
from opencowin.kit.floor import Floor

USES = {**{purpose: form.value for form, purpose in PURPOSES.items()}, AUTHORITY: "csca"}
"""What each purpose is called: a format, or the signing authority."""


class NoSuchKey(NotFound):
    """There is no such key in use. `opencowin keys list` shows them."""

    code = "CERTIFICATE00022"


class LastKey(Conflict):
    """This is the only key that signs {use} now. Make its successor first: opencowin keys rotate {use}."""

    code = "CERTIFICATE00023"


@dataclass(frozen=True, slots=True)
class KeyShown:
    """A key as an operator sees it; never the key itself."""

    key_id: str
    use: str
    algorithm: str
    signs_from: datetime
    retired_at: datetime | None
    signs_now: bool
    waits: bool
    """Published, but not signing yet."""
    certified_until: datetime | None


async def list_keys(conn: Connection, floor: Floor) -> list[KeyShown]:
    """Every key that there was, those of one format together, the newest first."""
    await own_issuer(conn, floor)
    signing = set((await signing_keys.in_use(conn, list(USES))).values())
    return [
        KeyShown(
            key.key_id,
            use,
            key.algorithm,
            key.active_from,
            key.retired_at,
            key.key_id in signing,
            key.active_from > floor.clock.now(),
            x509.load_pem_x509_certificate(key.certificate_pem.encode()).not_valid_after_utc
            if key.certificate_pem
            else None,
        )
        for purpose, use in USES.items()
        for key in await signing_keys.published(conn, purpose)
    ]


async def rotate_key(conn: Connection, floor: Floor, form: Format | None, overlap: timedelta) -> str:
    """Make a successor for a format's key, or for the authority (None); its id.

    It is published at once and signs after the overlap, so that verifiers who fetch keys now and then know it by
    then; until then the older one signs. What older keys signed stays verifiable.
    """
    await own_issuer(conn, floor)
    await signing_keys.hold(conn, AUTHORITY)
    if form is None:
        return await new_authority_key(conn, floor, overlap)
    return await new_signing_key(conn, floor, form, overlap)


async def retire_key(conn: Connection, floor: Floor, key_id: str) -> None:
    """Let a key sign no longer; what it signed stays verifiable. Raises NoSuchKey, LastKey."""
    await signing_keys.hold(conn, AUTHORITY)
    found = next((key for key in await list_keys(conn, floor) if key.key_id == key_id and not key.retired_at), None)
    if found is None:
        raise NoSuchKey
    now = floor.clock.now()
    others = [
        key
        for key in await list_keys(conn, floor)
        if key.use == found.use and key.key_id != key_id and not key.retired_at and key.signs_from <= now
    ]
    if found.signs_now and not others:
        raise LastKey(use=found.use)
    await signing_keys.retire(conn, key_id, now)


async def csca_pem(conn: Connection, floor: Floor) -> str:
    """The certificates of the signing authorities as PEM, the newest first: what other countries load."""
    await own_issuer(conn, floor)
    pem = [one.public_bytes(Encoding.PEM).decode() for one in await own_authorities(conn)]
    return "".join(pem)
