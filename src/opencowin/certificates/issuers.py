"""An issuer's key material, made, kept and published: RSA for the W3C credential, an EC signer under a CSCA for HC1."""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID, ObjectIdentifier

from opencowin.certificates.model import IssuerProfile

VACCINATION_SIGNER = ObjectIdentifier("1.3.6.1.4.1.1847.2021.1.2")
"""Extended key usage of a document signer for vaccination certificates (EU Digital COVID Certificate)."""
RSA_BITS = 2048
CSCA_YEARS, SIGNER_YEARS = 15, 7
"""A signer outlives the certificates that it signs; its authority outlives it."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Everything needed to sign: who, and with which keys."""

    profile: IssuerProfile
    rsa_key: rsa.RSAPrivateKey
    signer_key: ec.EllipticCurvePrivateKey
    signer_certificate: x509.Certificate
    csca_certificate: x509.Certificate

    @property
    def key_id(self) -> bytes:
        """The HC1 key id: the first 8 bytes of SHA-256 over the signer certificate."""
        return key_id(self.signer_certificate)


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """An issuer's keys as PEM text. Only the first three are secret; the CSCA's key is best kept off line."""

    rsa_key: str
    signer_key: str
    csca_key: str
    signer_certificate: str
    csca_certificate: str


def new_keys(profile: IssuerProfile, now: datetime) -> KeyFiles:
    """Fresh keys for one issuer, its certificates valid from `now`."""
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    csca_key, signer_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    csca = _csca(profile, csca_key, now)
    signer = _document_signer(profile, signer_key.public_key(), csca, csca_key, now)
    return KeyFiles(
        rsa_key=private_pem(rsa_key),
        signer_key=private_pem(signer_key),
        csca_key=private_pem(csca_key),
        signer_certificate=signer.public_bytes(Encoding.PEM).decode(),
        csca_certificate=csca.public_bytes(Encoding.PEM).decode(),
    )


def open_issuer(profile: IssuerProfile, keys: KeyFiles) -> Issuer:
    """The issuer of these keys. Raises ValueError where they are of another kind or do not belong together."""
    rsa_key = load_pem_private_key(keys.rsa_key.encode(), password=None)
    signer_key = load_pem_private_key(keys.signer_key.encode(), password=None)
    if not isinstance(rsa_key, rsa.RSAPrivateKey) or not isinstance(signer_key, ec.EllipticCurvePrivateKey):
        raise ValueError("an issuer needs one RSA and one elliptic-curve key")
    signer = x509.load_pem_x509_certificate(keys.signer_certificate.encode())
    csca = x509.load_pem_x509_certificate(keys.csca_certificate.encode())
    if signer.public_key() != signer_key.public_key():
        raise ValueError("the signer's certificate is for another key")
    signer.verify_directly_issued_by(csca)
    return Issuer(profile, rsa_key, signer_key, signer, csca)


def key_id(certificate: x509.Certificate) -> bytes:
    """The 8 bytes by which HC1 names a signer."""
    return certificate.fingerprint(hashes.SHA256())[:8]


def public_pem(key: rsa.RSAPublicKey) -> str:
    """A public key as SubjectPublicKeyInfo PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def did_document(profile: IssuerProfile, keys: Sequence[rsa.RSAPublicKey]) -> dict[str, object]:
    """The issuer's DID document. Old keys stay listed, the one in use first."""
    methods = [
        {
            "id": profile.verification_method,
            "type": "RsaVerificationKey2018",
            "controller": profile.issuer,
            "publicKeyPem": public_pem(key),
        }
        for key in keys
    ]
    return {
        "@context": "https://w3id.org/security/v2",
        "id": profile.issuer,
        "verificationMethod": methods,
        "assertionMethod": [profile.verification_method],
    }


def jwk(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, chain: Sequence[x509.Certificate] = ()) -> dict[str, object]:
    """One entry of a JSON Web Key Set, its `kid` the RFC 7638 thumbprint, with its certificates where it has some."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        members = {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
        use = {"alg": "PS256", "use": "sig"}
    else:
        point = key.public_numbers()
        members = {"crv": "P-256", "kty": "EC", "x": _number(point.x, 32), "y": _number(point.y, 32)}
        use = {"alg": "ES256", "use": "sig"}
    thumbprint = hashlib.sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()
    x5c = {"x5c": [base64.b64encode(each.public_bytes(Encoding.DER)).decode() for each in chain]} if chain else {}
    return {**members, **use, "kid": _unpadded(thumbprint), **x5c}


def dcc_trust_list(
    country: str, cscas: Iterable[x509.Certificate], signers: Iterable[x509.Certificate]
) -> list[dict[str, str]]:
    """The trust list in the form of the EU gateway's: certificates with their key ids, authorities first."""
    return [_trusted(country, "CSCA", each) for each in cscas] + [_trusted(country, "DSC", each) for each in signers]


def _trusted(country: str, kind: str, certificate: x509.Certificate) -> dict[str, str]:
    return {
        "certificateType": kind,
        "country": country,
        "kid": base64.b64encode(key_id(certificate)).decode(),
        "thumbprint": certificate.fingerprint(hashes.SHA256()).hex(),
        "timestamp": certificate.not_valid_before_utc.isoformat(timespec="seconds"),
        "rawData": base64.b64encode(certificate.public_bytes(Encoding.DER)).decode(),
    }


def _csca(profile: IssuerProfile, key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = _name(profile, "CSCA")
    builder = _builder(name, name, key.public_key(), now, CSCA_YEARS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_key_usage(signs_certificates=True), critical=True)
    return builder.sign(key, hashes.SHA256())


def _document_signer(
    profile: IssuerProfile,
    key: ec.EllipticCurvePublicKey,
    csca: x509.Certificate,
    csca_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    builder = _builder(_name(profile, "DSC"), csca.subject, key, now, SIGNER_YEARS)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(csca_key.public_key())
    builder = builder.add_extension(authority, critical=False)
    builder = builder.add_extension(_key_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([VACCINATION_SIGNER]), critical=False)
    return builder.sign(csca_key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, years: int
) -> x509.CertificateBuilder:
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


def private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """A private key as PKCS 8 PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _number(value: int, size: int | None = None) -> str:
    return _unpadded(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
