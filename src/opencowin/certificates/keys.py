"""The deployment's own issuer: its keys are made at first need, kept sealed in the database, and published."""

import hashlib
from collections.abc import Awaitable, Callable

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from opencowin.certificates.issuers import (
    Issuer,
    KeyFiles,
    dcc_trust_list,
    did_document,
    jwk,
    new_keys,
    open_issuer,
    private_pem,
)
from opencowin.certificates.profile import read_profile
from opencowin.kit import signing_keys
from opencowin.kit.crypto import Keyring
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.pack import CountryPack
from opencowin.kit.signing_keys import SigningKey

CREDENTIAL, SIGNER, AUTHORITY = "certificate.credential", "certificate.signer", "certificate.authority"
STATUS = "certificate.status"
"""Signs the list of revoked certificates, and nothing else."""


class IssuerIncomplete(RuntimeError):
    """One of the issuer's keys was retired without a successor: make new ones before certificates can be issued."""


_opened: dict[tuple[CountryPack, str, str], Issuer] = {}


async def _make_keys(conn: Connection, floor: Floor) -> None:
    """Make the issuer's keys unless there are some; two processes at once make one set."""
    await signing_keys.hold(conn, CREDENTIAL)
    # The newest, not the current one: who waited here may have begun before the moment from which it signs.
    if await signing_keys.newest(conn, floor.keyring, CREDENTIAL) is not None:
        return
    made = new_keys(read_profile(floor.pack), floor.clock.now())
    credential = load_pem_private_key(made.rsa_key.encode(), password=None).public_key()
    await _keep(conn, floor, CREDENTIAL, algorithm="PS256", private_pem=made.rsa_key, public=credential)
    for purpose, private, pem in (
        (SIGNER, made.signer_key, made.signer_certificate),
        (AUTHORITY, made.csca_key, made.csca_certificate),
    ):
        certificate = x509.load_pem_x509_certificate(pem.encode())
        await _keep(
            conn,
            floor,
            purpose,
            algorithm="ES256",
            private_pem=private,
            public=certificate.public_key(),
            certificate=certificate,
        )


async def _keep(
    conn: Connection,
    floor: Floor,
    purpose: str,
    *,
    algorithm: str,
    private_pem: str,
    public: PublicKeyTypes,
    certificate: x509.Certificate | None = None,
) -> None:
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    await signing_keys.store(
        conn,
        floor.keyring,
        purpose,
        key_id=f"{purpose}:{hashlib.sha256(der).hexdigest()[:16]}",
        algorithm=algorithm,
        private_pem=private_pem.encode(),
        public_pem=public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        certificate_pem=certificate.public_bytes(Encoding.PEM).decode() if certificate else None,
    )


async def _each(
    conn: Connection, floor: Floor, find: Callable[[Connection, Keyring, str], Awaitable[SigningKey | None]]
) -> list[SigningKey | None]:
    return [await find(conn, floor.keyring, purpose) for purpose in (CREDENTIAL, SIGNER, AUTHORITY)]


async def own_issuer(conn: Connection, floor: Floor) -> Issuer:
    """The issuer that signs today. Opened keys are kept in the process."""
    credential, signer, authority = await _each(conn, floor, signing_keys.current)
    if credential is None:
        await _make_keys(conn, floor)
        credential, signer, authority = await _each(conn, floor, signing_keys.newest)
    if credential is None or signer is None or authority is None:
        raise IssuerIncomplete
    name = (floor.pack, credential.key_id, signer.key_id)
    if name not in _opened:
        files = KeyFiles(
            rsa_key=credential.private_pem.decode(),
            signer_key=signer.private_pem.decode(),
            csca_key=authority.private_pem.decode(),
            signer_certificate=signer.certificate_pem or "",
            csca_certificate=authority.certificate_pem or "",
        )
        _opened[name] = open_issuer(read_profile(floor.pack), files)
    return _opened[name]


async def status_key(conn: Connection, floor: Floor) -> ec.EllipticCurvePrivateKey:
    """The key that signs the list of revoked certificates, made at first need."""
    found = await signing_keys.current(conn, floor.keyring, STATUS)
    if found is None:
        await signing_keys.hold(conn, STATUS)
        found = await signing_keys.newest(conn, floor.keyring, STATUS)
    if found is None:
        made = ec.generate_private_key(ec.SECP256R1())
        await _keep(conn, floor, STATUS, algorithm="ES256", private_pem=private_pem(made), public=made.public_key())
        return made
    opened = load_pem_private_key(found.private_pem, password=None)
    if not isinstance(opened, ec.EllipticCurvePrivateKey):
        raise IssuerIncomplete
    return opened


async def status_keys(conn: Connection, floor: Floor) -> list[dict[str, object]]:
    """All keys that ever signed the list of revoked certificates, as JSON Web Keys."""
    await status_key(conn, floor)
    found = [load_pem_public_key(key.public_pem.encode()) for key in await signing_keys.published(conn, STATUS)]
    return [jwk(key) for key in found if isinstance(key, ec.EllipticCurvePublicKey)]


async def document_signers(conn: Connection) -> list[x509.Certificate]:
    """The certificates of all who ever signed HC1 here."""
    return await _certificates(conn, SIGNER)


async def _certificates(conn: Connection, purpose: str) -> list[x509.Certificate]:
    found = await signing_keys.published(conn, purpose)
    return [x509.load_pem_x509_certificate(key.certificate_pem.encode()) for key in found if key.certificate_pem]


async def credential_keys(conn: Connection) -> list[rsa.RSAPublicKey]:
    """The keys of all W3C credentials that were ever signed here, the newest first."""
    found = [load_pem_public_key(key.public_pem.encode()) for key in await signing_keys.published(conn, CREDENTIAL)]
    return [key for key in found if isinstance(key, rsa.RSAPublicKey)]


async def published_did(conn: Connection, floor: Floor) -> dict[str, object]:
    """The DID document of W3C credentials: every key that ever signed, the newest first."""
    await own_issuer(conn, floor)
    return did_document(read_profile(floor.pack), await credential_keys(conn))


async def published_jwks(conn: Connection, floor: Floor) -> list[dict[str, object]]:
    """The certificates' public keys as JSON Web Keys."""
    await own_issuer(conn, floor)
    signers = [
        jwk(key, [one])
        for one in await _certificates(conn, SIGNER)
        if isinstance(key := one.public_key(), ec.EllipticCurvePublicKey)
    ]
    return [*(jwk(key) for key in await credential_keys(conn)), *signers, *await status_keys(conn, floor)]


async def published_trust_list(conn: Connection, floor: Floor) -> list[dict[str, str]]:
    """The HC1 trust list: signing authorities and document signers."""
    await own_issuer(conn, floor)
    authorities, signers = await _certificates(conn, AUTHORITY), await _certificates(conn, SIGNER)
    return dcc_trust_list(read_profile(floor.pack).country_code, authorities, signers)
