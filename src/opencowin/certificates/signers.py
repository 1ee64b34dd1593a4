"""Signing and checking by algorithm, whatever holds the key: this process, a security module, a key service."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from types import MappingProxyType
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from opencowin.certificates.encoding import unpadded

RSA_BITS = 2048
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
"""The salt is as long as the hash."""

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Hash = hashes.SHA256 | hashes.SHA384 | hashes.SHA512


class Algorithm(StrEnum):
    """Signatures by their JOSE names. We sign with the first three; the others are met on foreign certificates."""

    PS256 = "PS256"
    ES256 = "ES256"
    EDDSA = "EdDSA"
    ES384 = "ES384"
    ES512 = "ES512"


CURVES: Mapping[Algorithm, tuple[str, Hash, int]] = MappingProxyType(
    {
        Algorithm.ES256: ("secp256r1", hashes.SHA256(), 32),
        Algorithm.ES384: ("secp384r1", hashes.SHA384(), 48),
        Algorithm.ES512: ("secp521r1", hashes.SHA512(), 66),
    }
)
"""Curve, hash, and bytes of one half of the signature."""


class Signer(Protocol):
    """Somebody who signs: the one thing that a security module or a key service must offer."""

    @property
    def algorithm(self) -> Algorithm:
        """How it signs."""

    @property
    def public_key(self) -> PublicKey:
        """What its signatures are checked with."""

    def sign(self, message: bytes) -> bytes:
        """The signature in its JOSE and COSE form: of an elliptic curve, both halves without padding."""


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """A key in the memory of this process."""

    algorithm: Algorithm
    private_key: PrivateKey

    @property
    def public_key(self) -> PublicKey:
        """What its signatures are checked with."""
        return self.private_key.public_key()

    def sign(self, message: bytes) -> bytes:
        """The signature in its JOSE and COSE form."""
        if isinstance(self.private_key, rsa.RSAPrivateKey):
            return self.private_key.sign(message, PSS, hashes.SHA256())
        if isinstance(self.private_key, ed25519.Ed25519PrivateKey):
            return self.private_key.sign(message)
        _, digest, half = CURVES[self.algorithm]
        r, s = decode_dss_signature(self.private_key.sign(message, ec.ECDSA(digest)))
        return r.to_bytes(half, "big") + s.to_bytes(half, "big")


def new_private_key(algorithm: Algorithm) -> PrivateKey:
    """A fresh key for one of the algorithms that we sign with."""
    if algorithm is Algorithm.PS256:
        return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    if algorithm is Algorithm.EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1())


def local_signer(algorithm: str, private_pem: str) -> LocalSigner:
    """The signer of a key written as PEM. Raises ValueError where the key is not of this algorithm."""
    key = load_pem_private_key(private_pem.encode(), password=None)
    if not isinstance(key, PrivateKey) or algorithm not in algorithms_of(key.public_key()):
        raise ValueError(f"the key is not one for {algorithm}")
    return LocalSigner(Algorithm(algorithm), key)


def algorithms_of(key: object) -> tuple[Algorithm, ...]:
    """The algorithms that a public key can be used with here; none for one of another kind."""
    if isinstance(key, rsa.RSAPublicKey):
        return (Algorithm.PS256,)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return (Algorithm.EDDSA,)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return tuple(algorithm for algorithm, (curve, _, _) in CURVES.items() if curve == key.curve.name)
    return ()


def fits(key: object, algorithm: Algorithm, signature: bytes, message: bytes) -> bool:
    """Whether this key made this signature, in its JOSE or COSE form, with this algorithm."""
    if algorithm not in algorithms_of(key):
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, PSS, hashes.SHA256())
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            _, digest, half = CURVES[algorithm]
            if len(signature) != 2 * half:
                return False
            r, s = int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(digest))
    except InvalidSignature:
        return False
    return True


def lasting(algorithm: Algorithm, signature: bytes) -> bytes:
    """What of a signature nobody can write otherwise while it still fits: of (r, s) of a curve, as -s fits too, r."""
    return signature[: len(signature) // 2] if algorithm in CURVES else signature


def thumbprint(key: PublicKey) -> str:
    """The name of a key by RFC 7638: a hash over its members."""
    canonical = json.dumps(jwk_members(key), sort_keys=True, separators=(",", ":"))
    return unpadded(sha256(canonical.encode()).digest())


def jwk_members(key: PublicKey) -> dict[str, str]:
    """The members of a JSON Web Key that make the key."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"e": _number(numbers.e), "kty": "RSA", "n": _number(numbers.n)}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return {"crv": "Ed25519", "kty": "OKP", "x": unpadded(key.public_bytes(Encoding.Raw, PublicFormat.Raw))}
    point, half = key.public_numbers(), (key.curve.key_size + 7) // 8
    names = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
    return {"crv": names[key.curve.name], "kty": "EC", "x": _number(point.x, half), "y": _number(point.y, half)}


def _number(value: int, size: int | None = None) -> str:
    return unpadded(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))
