"""The chain of trust: a country signing authority (CSCA), and the certificates of the signers that it vouches for."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ObjectIdentifier

from opencowin.certificates.model import Format, IssuerProfile
from opencowin.certificates.signers import PublicKey

VACCINATION_SIGNER = ObjectIdentifier("1.3.6.1.4.1.1847.2021.1.2")
"""Extended key usage of a document signer for vaccination certificates (EU Digital COVID Certificate)."""
TRAVEL_SEAL_SIGNER = ObjectIdentifier("2.23.136.1.1.14.2")
"""Extended key usage of a signer of visible digital seals (ICAO 9303 part 13); always critical."""
DOCUMENT_TYPES = ObjectIdentifier("2.23.136.1.1.6.2")
VACCINATION_SEAL = bytes.fromhex("3009020100310413024e56")
"""A list of version 0 of one document type, `NV`: a vaccination certificate as a seal."""
HEALTH_KINDS = ("1.3.6.1.4.1.1847.2021.1.", "1.3.6.1.4.1.0.1847.2021.1.")
"""The usages of the European network, and an older way of writing them."""
CSCA_YEARS, SIGNER_YEARS = 15, 7
"""A signer outlives the certificates that it signs; its authority outlives it."""
CERTIFIED: Mapping[Format, str] = MappingProxyType(
    {Format.EU_DCC: "DSC", Format.WHO_DDCC: "WHO DSC", Format.ICAO_VDS_NC: "VDS"}
)
"""The formats whose signers need a certificate, and what each signer is called."""


def new_csca(profile: IssuerProfile, key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    """A self-signed authority."""
    name = _name(profile, "CSCA")
    return (
        _begun(name, name, key.public_key(), now, CSCA_YEARS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def new_signer_certificate(
    profile: IssuerProfile,
    form: Format,
    key: PublicKey,
    *,
    csca: x509.Certificate,
    csca_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    """What the authority says of a signer: whose key it is, and for which kind of certificate."""
    name = _name(profile, CERTIFIED[form])
    if form is Format.ICAO_VDS_NC:
        # It stands in every seal, so that each letter costs.
        name = x509.Name(each for each in name if each.oid != NameOID.ORGANIZATION_NAME)
    builder = _begun(name, csca.subject, key, now, SIGNER_YEARS)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(csca_key.public_key())
    builder = builder.add_extension(authority, critical=False)
    if form is Format.ICAO_VDS_NC:
        builder = builder.add_extension(x509.ExtendedKeyUsage([TRAVEL_SEAL_SIGNER]), critical=True)
        builder = builder.add_extension(x509.UnrecognizedExtension(DOCUMENT_TYPES, VACCINATION_SEAL), critical=False)
    else:
        builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([VACCINATION_SIGNER]), critical=False)
    return builder.sign(csca_key, hashes.SHA256())


def _begun(subject: x509.Name, issuer: x509.Name, key: PublicKey, now: datetime, years: int) -> x509.CertificateBuilder:
    start = now.replace(microsecond=0)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * years))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(profile: IssuerProfile, role: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, profile.country_code),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, profile.name[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{role} {profile.country_code} vaccination"),
        ]
    )


def may_sign_vaccinations(certificate: x509.Certificate) -> bool:
    """Whether a European signer is not restricted to other kinds: tests or recoveries alone. Raises ValueError."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return True
    kinds = {usage.dotted_string for usage in found.value}
    health = {kind for kind in kinds if kind.startswith(HEALTH_KINDS)}
    return not health or any(kind.endswith(".2021.1.2") for kind in health)
