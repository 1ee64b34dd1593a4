"""Field encryption: AES-256-GCM under a versioned keyring, and keyed hashes (blind indexes) to find what is sealed."""

import base64
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_BYTES = 32


class SealBroken(Exception):
    """A sealed value could not be opened: another key, another purpose, or altered bytes."""


@lru_cache(maxsize=64)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by version; new values are sealed with `current`, old ones stay readable until they are re-sealed."""

    current: int
    keys: Mapping[int, bytes]
    index_key: bytes

    def seal(self, text: str, purpose: str) -> bytes:
        """Encrypt text: version (1 byte) + nonce (12) + ciphertext with tag. `purpose` is bound in, not stored."""
        return self.seal_bytes(text.encode(), purpose)

    def open(self, sealed: bytes, purpose: str) -> str:
        """Decrypt what `seal` made for the same purpose. Raises SealBroken."""
        return self.open_bytes(sealed, purpose).decode()

    def seal_bytes(self, content: bytes, purpose: str) -> bytes:
        """Encrypt bytes as `seal` does."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = _cipher(self.keys[self.current]).encrypt(nonce, content, purpose.encode())
        return bytes([self.current]) + nonce + sealed

    def open_bytes(self, sealed: bytes, purpose: str) -> bytes:
        """Decrypt what `seal_bytes` made for the same purpose. Raises SealBroken."""
        key = self.keys.get(sealed[0]) if sealed else None
        if key is None:
            raise SealBroken(purpose)
        nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return _cipher(key).decrypt(nonce, body, purpose.encode())
        except (InvalidTag, ValueError) as broken:
            raise SealBroken(purpose) from broken

    def index(self, value: str, purpose: str) -> bytes:
        """The keyed hash (32 bytes) under which a value is found again: HMAC-SHA-256 of purpose and value."""
        return hmac.digest(self.index_key, f"{purpose}\x00{value}".encode(), hashlib.sha256)

    def rotated(self) -> "Keyring":
        """The same keyring with one more key, which seals from now on."""
        version = max(self.keys) + 1
        return Keyring(version, {**self.keys, version: secrets.token_bytes(KEY_BYTES)}, self.index_key)

    def dump(self) -> str:
        """The keyring as JSON text: a secret."""
        keys = {str(version): base64.b64encode(key).decode() for version, key in self.keys.items()}
        index_key = base64.b64encode(self.index_key).decode()
        return json.dumps({"current": self.current, "keys": keys, "index_key": index_key})


def new_keyring() -> Keyring:
    """A fresh keyring with one random key."""
    return Keyring(1, {1: secrets.token_bytes(KEY_BYTES)}, secrets.token_bytes(KEY_BYTES))


def read_keyring(path: Path) -> Keyring:
    """The keyring kept in a file."""
    data = json.loads(path.read_text("utf-8"))
    keys = {int(version): base64.b64decode(key) for version, key in data["keys"].items()}
    return Keyring(int(data["current"]), keys, base64.b64decode(data["index_key"]))


def write_keyring(path: Path, keyring: Keyring, *, replace: bool = False) -> None:
    """Write a keyring readable by its owner only; an existing one is kept unless `replace` (then swapped at once)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path.with_suffix(".new") if replace else path
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(keyring.dump())
        out.flush()
        os.fsync(out.fileno())
    if replace:
        target.replace(path)
