"""Who issues: for each wire format a signer, under one country signing authority."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from opencowin.certificates.chain import CERTIFIED, new_csca, new_signer_certificate
from opencowin.certificates.model import Format, IssuerProfile
from opencowin.certificates.signers import Algorithm, LocalSigner, Signer, new_private_key

ALGORITHMS: Mapping[Format, tuple[Algorithm, ...]] = MappingProxyType(
    {
        Format.DIVOC: (Algorithm.PS256, Algorithm.EDDSA),
        Format.EU_DCC: (Algorithm.ES256, Algorithm.PS256),
        Format.WHO_DDCC: (Algorithm.ES256, Algorithm.PS256),
        Format.SMART_HEALTH_CARD: (Algorithm.ES256,),
        Format.ICAO_VDS_NC: (Algorithm.ES256,),
    }
)
"""What each format may be signed with; the first unless the country pack chooses another."""


class IssuerIncomplete(RuntimeError):
    """There is no key in use for this format: make one with `opencowin keys rotate`."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A signer, the name that its signatures carry where the format has one, and its certificate where it needs one."""

    signer: Signer
    name: str = ""
    certificate: x509.Certificate | None = None

    @property
    def certified(self) -> x509.Certificate:
        """The certificate. Raises IssuerIncomplete where there is none."""
        if self.certificate is None:
            raise IssuerIncomplete
        return self.certificate


@dataclass(frozen=True, slots=True)
class Issuer:
    """Everything needed to sign: who, and with which keys."""

    profile: IssuerProfile
    identities: Mapping[Format, Identity]
    csca_certificate: x509.Certificate

    def signing(self, form: Format) -> Identity:
        """Who signs a format. Raises IssuerIncomplete."""
        if form not in self.identities:
            raise IssuerIncomplete
        return self.identities[form]


@dataclass(frozen=True, slots=True)
class Authority:
    """The country signing authority with its key, which is needed only to certify signers."""

    private_key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def new_authority(profile: IssuerProfile, now: datetime) -> Authority:
    """A fresh authority, valid from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Authority(key, new_csca(profile, key, now))


def certify(
    profile: IssuerProfile, form: Format, signer: Signer, authority: Authority, now: datetime
) -> x509.Certificate | None:
    """The certificate of a signer, where its format wants one."""
    if form not in CERTIFIED:
        return None
    return new_signer_certificate(
        profile, form, signer.public_key, csca=authority.certificate, csca_key=authority.private_key, now=now
    )


def new_issuer(profile: IssuerProfile, now: datetime, chosen: Mapping[Format, Algorithm] | None = None) -> Issuer:
    """An issuer with fresh keys in this process's memory for every format."""
    authority = new_authority(profile, now)
    identities = {}
    for form, allowed in ALGORITHMS.items():
        algorithm = (chosen or {}).get(form, allowed[0])
        signer = LocalSigner(algorithm, new_private_key(algorithm))
        identities[form] = Identity(signer, profile.verification_method, certify(profile, form, signer, authority, now))
    return Issuer(profile, identities, authority.certificate)


@lru_cache(maxsize=64)
def key_id(certificate: x509.Certificate) -> bytes:
    """The 8 bytes by which HC1 names a signer: the beginning of a hash of its certificate."""
    return certificate.fingerprint(hashes.SHA256())[:8]
