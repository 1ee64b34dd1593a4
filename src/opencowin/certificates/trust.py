"""Trust lists: whose certificates are believed here besides our own, read from the forms in which they are published.

A list of the EU gateway (JSON), certificates (PEM), JSON Web Keys with their issuer, DID documents. What cannot be
read is told and left out; the rest is taken.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from cryptography.x509.oid import NameOID

from opencowin.certificates import trust_queries
from opencowin.certificates.encoding import from_base58, from_unpadded
from opencowin.certificates.issuers import key_id
from opencowin.certificates.published import public_pem
from opencowin.certificates.signers import PublicKey, algorithms_of
from opencowin.certificates.trust_queries import TrustedKey, TrustSource
from opencowin.kit.db import Connection
from opencowin.kit.errors import Invalid
from opencowin.kit.floor import Floor

LARGEST_FILE = 32 * 1024 * 1024
USE = "certificateType"
"""Where a list of the EU gateway says of an entry whether it signs certificates of health (DSC) or of keys (CSCA)."""
BEGIN = "-----BEGIN CERTIFICATE-----"
END = "-----END CERTIFICATE-----"
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, UnsupportedAlgorithm, x509.DuplicateExtension)


class TrustKind(StrEnum):
    """What a believed key signs."""

    CREDENTIAL = "credential"
    SIGNER = "signer"
    CARD = "card"
    AUTHORITY = "authority"


class NoTrustList(Invalid):
    """{file} is no trust list that can be read: {problem}."""

    code = "CERTIFICATE00024"


@dataclass(slots=True)
class TrustList:
    """What a file brought, and what of it could not be read."""

    source: str
    keys: list[TrustedKey] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


async def load_trust(conn: Connection, floor: Floor, found: TrustList) -> None:
    """Believe the keys of a list, and no longer what an older list of the same name brought and this one does not."""
    await trust_queries.drop_source(conn, found.source)
    for key in found.keys:
        await trust_queries.put_trusted(conn, key, floor.clock.now())


async def drop_trust(conn: Connection, source: str) -> int:
    """Believe nothing of a source any more; how many keys went."""
    return await trust_queries.drop_source(conn, source)


async def trust_sources(conn: Connection) -> list[TrustSource]:
    """What is believed, by source."""
    return await trust_queries.sources(conn)


def read_trust(path: Path, issuer: str = "") -> TrustList:
    """The keys in a file; `issuer` names the one of a key set that does not say. Raises NoTrustList."""
    found = TrustList(path.name)
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise NoTrustList(file=path.name, problem="it is too large")
        text = path.read_text("utf-8")
        entries = _pem(text) if BEGIN in text else _json(json.loads(text), issuer)
        for place, entry in enumerate(entries, start=1):
            _take(found, place, entry)
    except (OSError, ValueError) as odd:
        raise NoTrustList(file=path.name, problem=str(odd)) from odd
    if not found.keys and not found.unread:
        raise NoTrustList(file=path.name, problem="it holds no key")
    return found


Entry = Mapping[str, Any]
"""One key as a file has it, with `form` telling how to read it."""


def _pem(text: str) -> Iterator[Entry]:
    for part in text.split(BEGIN)[1:]:
        yield {"form": "certificate", "der": "".join(part.partition(END)[0].split())}


def _json(content: Any, issuer: str) -> Iterator[Entry]:
    if isinstance(content, list):
        for one in content:
            yield {"form": "certificate", "der": one.get("rawData"), "kid": one.get("kid"), USE: one.get(USE)}
    elif isinstance(content, dict) and isinstance(content.get("keys"), list):
        owner = str(content.get("iss") or issuer).rstrip("/")
        if not owner:
            raise ValueError("it does not say whose keys these are: give --issuer with the address")
        yield from ({"form": "jwk", "iss": owner, "jwk": one} for one in content["keys"])
    elif isinstance(content, dict) and "id" in content:
        methods = [*content.get("publicKey", []), *content.get("verificationMethod", [])]
        yield from ({"form": "did", "owner": content["id"], "method": one} for one in methods)
    else:
        raise ValueError("it is neither a list of certificates nor a key set nor a DID document")


def _take(found: TrustList, place: int, entry: Entry) -> None:
    try:
        if entry["form"] == "certificate":
            found.keys.append(_of_certificate(found.source, entry))
        elif entry["form"] == "jwk":
            key = _jwk(entry["jwk"])
            if isinstance(key, ec.EllipticCurvePublicKey):
                name = card_name(entry["iss"], str(entry["jwk"]["kid"]))
                found.keys.append(_of_key(found.source, TrustKind.CARD, name, entry["iss"], key))
        else:
            method = entry["method"]
            owner = str(method.get("controller") or entry["owner"])
            found.keys.append(_of_key(found.source, TrustKind.CREDENTIAL, str(method["id"]), owner, _did_key(method)))
    except UNREADABLE as odd:
        found.unread.append(f"number {place}: {odd}")


def _of_certificate(source: str, entry: Entry) -> TrustedKey:
    certificate = x509.load_der_x509_certificate(base64.b64decode(entry["der"]))
    if not algorithms_of(certificate.public_key()):
        raise ValueError("a key of a kind that is not used here")
    kid = base64.b64decode(entry["kid"]) if entry.get("kid") else key_id(certificate)
    # Greece and Latvia sign with keys that certify themselves: what the list says of its entry comes first.
    authority = entry[USE] == "CSCA" if entry.get(USE) else _is_authority(certificate)
    return TrustedKey(
        kind=TrustKind.AUTHORITY if authority else TrustKind.SIGNER,
        key_id=authority_name(certificate.subject) if authority else kid.hex(),
        fingerprint=hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest(),
        issuer=_country(certificate),
        public_pem=certificate.public_bytes(Encoding.PEM).decode(),
        source=source,
        valid_from=certificate.not_valid_before_utc,
        valid_until=certificate.not_valid_after_utc,
    )


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return certificate.subject == certificate.issuer


def _country(certificate: x509.Certificate) -> str:
    named = certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    return str(named[0].value).upper() if named else certificate.subject.rfc4514_string()


def authority_name(name: x509.Name) -> str:
    """By what an authority is found: a hash of its name, which is the issuer's name on its signers' certificates."""
    return hashlib.sha256(name.public_bytes()).hexdigest()


def card_name(issuer: str, name: str) -> str:
    """By what a card's key is found: its issuer's address and its own name."""
    return f"{issuer.rstrip('/')}#{name}"


def _of_key(source: str, kind: TrustKind, name: str, owner: str, key: PublicKey) -> TrustedKey:
    fingerprint = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    return TrustedKey(kind, name, fingerprint, owner, public_pem(key), source, None, None)


def _did_key(method: Mapping[str, Any]) -> PublicKey:
    if "publicKeyBase58" in method:
        return ed25519.Ed25519PublicKey.from_public_bytes(from_base58(method["publicKeyBase58"]))
    key = load_pem_public_key(method["publicKeyPem"].encode()) if "publicKeyPem" in method else None
    return key_for_signatures(key or _jwk(method["publicKeyJwk"]))


def _jwk(members: Mapping[str, Any]) -> PublicKey | None:
    """A point on P-256, or an Ed25519 key; None for a key that no format here uses."""
    if members.get("kty") == "EC" and members.get("crv") == "P-256":
        x, y = (int.from_bytes(from_unpadded(members[axis]), "big") for axis in ("x", "y"))
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    if members.get("crv") == "Ed25519":
        return ed25519.Ed25519PublicKey.from_public_bytes(from_unpadded(members["x"]))
    return None


def key_for_signatures(key: object) -> PublicKey:
    """The key, if it is of a kind that certificates are signed with. Raises ValueError."""
    if not algorithms_of(key):
        raise ValueError("a key of a kind that is not used here")
    return key  # type: ignore[return-value]  # told by algorithms_of


def certificates_of(keys: Sequence[TrustedKey]) -> list[x509.Certificate]:
    """The certificates of believed signers or authorities."""
    return [x509.load_pem_x509_certificate(key.public_pem.encode()) for key in keys]


def public_keys_of(keys: Sequence[TrustedKey]) -> list[PublicKey]:
    """The public keys of believed issuers of credentials and cards."""
    return [key_for_signatures(load_pem_public_key(key.public_pem.encode())) for key in keys]
