"""What verifiers are given: public keys as a DID document, as JSON Web Keys, and as a trust list of certificates."""

import base64
from collections.abc import Iterable, Mapping, Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from opencowin.certificates.encoding import base58
from opencowin.certificates.issuers import key_id
from opencowin.certificates.model import IssuerProfile
from opencowin.certificates.signers import PublicKey, algorithms_of, jwk_members, thumbprint


def public_pem(key: PublicKey) -> str:
    """A public key as SubjectPublicKeyInfo PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def did_document(profile: IssuerProfile, keys: Mapping[str, PublicKey]) -> dict[str, object]:
    """The issuer's DID document: the keys by their names, the one in use first. Old keys stay listed."""
    methods = [{"id": name, "controller": profile.issuer, **_method(key)} for name, key in keys.items()]
    return {
        "@context": "https://w3id.org/security/v2",
        "id": profile.issuer,
        "verificationMethod": methods,
        "assertionMethod": list(keys),
    }


def _method(key: PublicKey) -> dict[str, str]:
    if isinstance(key, ed25519.Ed25519PublicKey):
        raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"type": "Ed25519VerificationKey2018", "publicKeyBase58": base58(raw)}
    return {"type": "RsaVerificationKey2018", "publicKeyPem": public_pem(key)}


def jwk(key: PublicKey, chain: Sequence[x509.Certificate] = ()) -> dict[str, object]:
    """One entry of a JSON Web Key Set, its `kid` the RFC 7638 thumbprint, with its certificates where it has some."""
    x5c = {"x5c": [base64.b64encode(each.public_bytes(Encoding.DER)).decode() for each in chain]} if chain else {}
    return {**jwk_members(key), "alg": algorithms_of(key)[0].value, "use": "sig", "kid": thumbprint(key), **x5c}


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
