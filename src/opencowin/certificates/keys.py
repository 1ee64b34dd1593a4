"""The deployment's own keys: made at first need, kept sealed or in a security module, published."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from opencowin.certificates.issuers import (
    Authority,
    Identity,
    Issuer,
    IssuerIncomplete,
    certify,
    new_authority,
)
from opencowin.certificates.keepers import keeper_of_new_keys, open_key
from opencowin.certificates.model import Format, IssuerProfile
from opencowin.certificates.profile import read_algorithms, read_profile
from opencowin.certificates.published import dcc_trust_list, did_document, jwk
from opencowin.certificates.signers import Algorithm, PublicKey, algorithms_of
from opencowin.kit import signing_keys
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.pack import CountryPack

PURPOSES: Mapping[Format, str] = MappingProxyType(
    {
        Format.DIVOC: "certificate.credential",
        Format.EU_DCC: "certificate.signer",
        Format.WHO_DDCC: "certificate.who",
        Format.SMART_HEALTH_CARD: "certificate.smart",
        Format.ICAO_VDS_NC: "certificate.icao",
    }
)
AUTHORITY = "certificate.authority"
STATUS = "certificate.status"
"""Signs the list of revoked certificates, and nothing else."""
SHORT_NAME = 8


@dataclass(frozen=True, slots=True)
class _Key:
    key_id: str
    public: PublicKey
    certificate: x509.Certificate | None


_opened: dict[tuple[CountryPack, str, tuple[tuple[str, str], ...]], Issuer] = {}


def own_profile(floor: Floor) -> IssuerProfile:
    """Who issues here, at the address of this deployment: keys are published where people reach it."""
    safe = floor.settings.demo or floor.settings.address.startswith("https://")
    return read_profile(floor.pack, floor.settings.address if safe else "")


async def own_issuer(conn: Connection, floor: Floor) -> Issuer:
    """The issuer that signs today. Opened keys are kept in the process. Raises IssuerIncomplete."""
    purposes = [*PURPOSES.values(), AUTHORITY]
    using = await signing_keys.in_use(conn, purposes)
    if len(using) < len(purposes):
        await _make_missing(conn, floor)
        using = await signing_keys.in_use(conn, purposes)
    if AUTHORITY not in using:
        raise IssuerIncomplete
    profile = own_profile(floor)
    name = (floor.pack, profile.address, tuple(sorted(using.items())))
    if name not in _opened:
        authority = (await _authority(conn, floor)).certificate
        identities = {form: await _identity(conn, floor, profile, form) for form in PURPOSES if PURPOSES[form] in using}
        _opened[name] = Issuer(profile, identities, authority)
    return _opened[name]


async def _identity(conn: Connection, floor: Floor, profile: IssuerProfile, form: Format) -> Identity:
    key = await signing_keys.current(conn, floor.keyring, PURPOSES[form])
    if key is None:
        raise IssuerIncomplete
    signer = open_key(floor.settings, key.algorithm, key.private_pem.decode())
    certificate = x509.load_pem_x509_certificate(key.certificate_pem.encode()) if key.certificate_pem else None
    if certificate is not None and certificate.public_key() != signer.public_key:
        raise IssuerIncomplete
    names = _names(profile, await _published(conn, PURPOSES[Format.DIVOC])) if form is Format.DIVOC else {}
    return Identity(signer, next((name for name, one in names.items() if one == signer.public_key), ""), certificate)


def _names(profile: IssuerProfile, keys: Sequence[_Key]) -> dict[str, PublicKey]:
    """The credential's keys by the names that its proofs carry: the first ever has the bare one, so that it stays."""
    method = profile.verification_method
    short = [key.key_id.rpartition(":")[2][:SHORT_NAME] for key in keys]
    return {
        (method if key is keys[-1] else f"{method}#{name}"): key.public for key, name in zip(keys, short, strict=True)
    }


async def _make_missing(conn: Connection, floor: Floor) -> None:
    """Make the keys that never were; two processes at once make one set. What was retired is not made again."""
    await signing_keys.hold(conn, AUTHORITY)
    if not await signing_keys.published(conn, AUTHORITY):
        await new_authority_key(conn, floor, timedelta(0))
    for form, purpose in PURPOSES.items():
        if not await signing_keys.published(conn, purpose):
            await new_signing_key(conn, floor, form, timedelta(0))


async def new_authority_key(conn: Connection, floor: Floor, signs_after: timedelta) -> str:
    """Make a signing authority; its key's id. Signers that an older one certified stay what they are."""
    made = new_authority(own_profile(floor), floor.clock.now())
    private, public = _pem(made.private_key), made.private_key.public_key()
    return await _keep(
        conn, floor, AUTHORITY, algorithm=Algorithm.ES256, private_text=private, public=public,
        certificate=made.certificate, signs_after=signs_after,
    )  # fmt: skip


async def new_signing_key(conn: Connection, floor: Floor, form: Format, signs_after: timedelta) -> str:
    """Make a key of a format, certified where it must be, that signs after a while; its id. Raises IssuerIncomplete."""
    algorithm = read_algorithms(floor.pack)[form]
    made = keeper_of_new_keys(floor.settings).make(algorithm)
    certificate = certify(own_profile(floor), form, made.signer, await _authority(conn, floor), floor.clock.now())
    return await _keep(
        conn, floor, PURPOSES[form], algorithm=algorithm, private_text=made.private_text,
        public=made.signer.public_key, certificate=certificate, signs_after=signs_after,
    )  # fmt: skip


async def _authority(conn: Connection, floor: Floor) -> Authority:
    key = await signing_keys.current(conn, floor.keyring, AUTHORITY)
    if key is None or key.certificate_pem is None:
        raise IssuerIncomplete
    private = load_pem_private_key(key.private_pem, password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise IssuerIncomplete
    return Authority(private, x509.load_pem_x509_certificate(key.certificate_pem.encode()))


async def _keep(
    conn: Connection,
    floor: Floor,
    purpose: str,
    *,
    algorithm: Algorithm,
    private_text: str,
    public: PublicKey,
    certificate: x509.Certificate | None,
    signs_after: timedelta,
) -> str:
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    key_id = f"{purpose}:{hashlib.sha256(der).hexdigest()[:16]}"
    await signing_keys.store(
        conn,
        floor.keyring,
        purpose,
        key_id=key_id,
        algorithm=algorithm.value,
        private_pem=private_text.encode(),
        public_pem=public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        certificate_pem=certificate.public_bytes(Encoding.PEM).decode() if certificate else None,
        signs_after=signs_after,
    )
    return key_id


async def status_key(conn: Connection, floor: Floor) -> ec.EllipticCurvePrivateKey:
    """The key that signs the list of revoked certificates, made at first need."""
    found = await signing_keys.current(conn, floor.keyring, STATUS)
    if found is None:
        await signing_keys.hold(conn, STATUS)
        found = await signing_keys.current(conn, floor.keyring, STATUS)
    if found is None:
        made = ec.generate_private_key(ec.SECP256R1())
        await _keep(
            conn, floor, STATUS, algorithm=Algorithm.ES256, private_text=_pem(made), public=made.public_key(),
            certificate=None, signs_after=timedelta(0),
        )  # fmt: skip
        return made
    opened = load_pem_private_key(found.private_pem, password=None)
    if not isinstance(opened, ec.EllipticCurvePrivateKey):
        raise IssuerIncomplete
    return opened


async def status_keys(conn: Connection, floor: Floor) -> list[dict[str, object]]:
    """All keys that ever signed the list of revoked certificates, as JSON Web Keys."""
    await status_key(conn, floor)
    return [jwk(one.public) for one in await _published(conn, STATUS)]


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


async def _published(conn: Connection, purpose: str) -> list[_Key]:
    found = []
    for key in await signing_keys.published(conn, purpose):
        public = load_pem_public_key(key.public_pem.encode())
        pem = key.certificate_pem
        certificate = x509.load_pem_x509_certificate(pem.encode()) if pem else None
        if algorithms_of(public):
            found.append(_Key(key.key_id, public, certificate))  # type: ignore[arg-type]  # told by algorithms_of
    return found


async def own_certificates(conn: Connection, forms: Sequence[Format]) -> list[x509.Certificate]:
    """The certificates of every signer that these formats ever had, the newest first."""
    return [one.certificate for form in forms for one in await _published(conn, PURPOSES[form]) if one.certificate]


async def own_authorities(conn: Connection) -> list[x509.Certificate]:
    """Every signing authority that there was, the newest first."""
    return [one.certificate for one in await _published(conn, AUTHORITY) if one.certificate]


async def own_keys(conn: Connection, form: Format) -> list[PublicKey]:
    """Every public key that a format ever had, the newest first."""
    return [one.public for one in await _published(conn, PURPOSES[form])]


async def published_did(conn: Connection, floor: Floor) -> dict[str, object]:
    """The DID document of W3C credentials: every key that ever signed, the newest first."""
    await own_issuer(conn, floor)
    profile = own_profile(floor)
    return did_document(profile, _names(profile, await _published(conn, PURPOSES[Format.DIVOC])))


async def published_jwks(conn: Connection, floor: Floor) -> list[dict[str, object]]:
    """The certificates' public keys as JSON Web Keys."""
    await own_issuer(conn, floor)
    keys = [one for purpose in PURPOSES.values() for one in await _published(conn, purpose)]
    signers = [jwk(one.public, [one.certificate] if one.certificate else []) for one in keys]
    return [*signers, *await status_keys(conn, floor)]


async def published_trust_list(conn: Connection, floor: Floor) -> list[dict[str, str]]:
    """The HC1 trust list: signing authorities and document signers."""
    await own_issuer(conn, floor)
    signers = await own_certificates(conn, [Format.EU_DCC, Format.WHO_DDCC])
    return dcc_trust_list(own_profile(floor).country_code, await own_authorities(conn), signers)
