"""Keys in a security module (PKCS #11): made there, never readable, asked to sign; needs the extra `hsm`."""

import hashlib
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any

import pkcs11
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pkcs11 import MGF, Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from opencowin.certificates.keepers import HSM_SCHEME, NewKey
from opencowin.certificates.signers import RSA_BITS, Algorithm, PublicKey, Signer, algorithms_of

PSS = (Mechanism.SHA256, MGF.SHA256, 32)


class SecurityModule:
    """One token of a module, held open; one thread at a time."""

    def __init__(self, library: str, token: str, pin: str) -> None:
        self._lock = threading.Lock()
        self._session = pkcs11.lib(library).get_token(token_label=token).open(user_pin=pin, rw=True)

    def make(self, algorithm: Algorithm) -> NewKey:
        """A fresh key pair, its private half neither readable nor removable by copying."""
        label = f"opencowin-{secrets.token_hex(8)}"
        hidden = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
        with self._lock:
            if algorithm is Algorithm.PS256:
                self._session.generate_keypair(KeyType.RSA, RSA_BITS, label=label, store=True, private_template=hidden)
            elif algorithm is Algorithm.ES256:
                curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
                parameters = self._session.create_domain_parameters(KeyType.EC, curve, local=True)
                parameters.generate_keypair(label=label, store=True, private_template=hidden)
            else:
                raise ValueError(f"keys for {algorithm} are not made in a security module: choose ES256 or PS256")
        text = f"{HSM_SCHEME}object={label}"
        return NewKey(self.open(algorithm, text), text)

    def open(self, algorithm: str, private_text: str) -> Signer:
        """The signer of a key by its label. Raises ValueError where it is not in the module or of another kind."""
        label = private_text.removeprefix(f"{HSM_SCHEME}object=")
        try:
            with self._lock:
                private = self._session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=label)
                public = self._session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=label)
                encode = encode_rsa_public_key if public.key_type is KeyType.RSA else encode_ec_public_key
                der = encode(public)  # type: ignore[arg-type]  # asked for by its class
        except pkcs11.NoSuchKey as missing:
            raise ValueError(f"the security module has no key {label}") from missing
        key = load_der_public_key(der)
        if algorithm not in algorithms_of(key):
            raise ValueError(f"the key {label} is not one for {algorithm}")
        return _Signer(Algorithm(algorithm), key, private, self._lock)  # type: ignore[arg-type]  # told by algorithms_of


@dataclass(frozen=True, slots=True)
class _Signer:
    algorithm: Algorithm
    public_key: PublicKey
    _private: Any
    _lock: threading.Lock = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """The signature in its JOSE and COSE form, which for both kinds is what a module gives."""
        digest = hashlib.sha256(message).digest()
        with self._lock:
            if self.algorithm is Algorithm.PS256:
                made = self._private.sign(digest, mechanism=Mechanism.RSA_PKCS_PSS, mechanism_param=PSS)
            else:
                made = self._private.sign(digest, mechanism=Mechanism.ECDSA)
        return bytes(made)
