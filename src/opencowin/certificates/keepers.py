"""Who keeps private keys: the sealed table of the database, or a security module; a key service would be a third.

A keeper makes keys and opens them again by a text that is stored (sealed) in the key's row: the PEM itself, or the
address of a key that never leaves its module.
"""

import importlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from opencowin.certificates.signers import Algorithm, LocalSigner, Signer, local_signer, new_private_key
from opencowin.kit.errors import Invalid
from opencowin.kit.settings import Settings

HSM_SCHEME = "pkcs11:"


class NoSecurityModule(Invalid):
    """The key is in a security module: install the extra hsm, set OPENCOWIN_HSM_MODULE, its token and its PIN."""

    code = "CERTIFICATE00020"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: the signer, and the text by which its keeper opens it again."""

    signer: Signer
    private_text: str


class Keeper(Protocol):
    """Makes keys and opens them again."""

    def make(self, algorithm: Algorithm) -> NewKey:
        """A fresh key."""

    def open(self, algorithm: str, private_text: str) -> Signer:
        """The signer of a key that this keeper made. Raises ValueError where the key is not one for the algorithm."""


class Table:
    """Keys as PEM, in the memory of this process while they sign."""

    def make(self, algorithm: Algorithm) -> NewKey:
        """A fresh key."""
        key = new_private_key(algorithm)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return NewKey(LocalSigner(algorithm, key), pem)

    def open(self, algorithm: str, private_text: str) -> Signer:
        """The signer of a PEM."""
        return local_signer(algorithm, private_text)


def keeper_of_new_keys(settings: Settings) -> Keeper:
    """Where new keys are made: in the security module where there is one. Raises NoSecurityModule."""
    return _module(settings) if settings.hsm_module else Table()


def open_key(settings: Settings, algorithm: str, private_text: str) -> Signer:
    """The signer of a stored key. Raises NoSecurityModule where its module is not known here."""
    keeper = _module(settings) if private_text.startswith(HSM_SCHEME) else Table()
    return keeper.open(algorithm, private_text)


def _module(settings: Settings) -> Keeper:
    if settings.hsm_module is None or settings.hsm_pin is None:
        raise NoSecurityModule
    return _opened(str(settings.hsm_module), settings.hsm_token, settings.hsm_pin.get_secret_value())


@lru_cache(maxsize=2)
def _opened(library: str, token: str, pin: str) -> Keeper:
    # The library is an extra, so that its module is imported only where a deployment has one.
    try:
        hsm = importlib.import_module("opencowin.certificates.hsm")
    except ImportError as missing:
        raise NoSecurityModule from missing
    keeper: Keeper = hsm.SecurityModule(library, token, pin)
    return keeper
