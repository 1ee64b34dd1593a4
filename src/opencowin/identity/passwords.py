"""Passwords of staff: argon2id, computed in a thread, and as long for a user name that does not exist."""

import asyncio
import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from opencowin.identity.refusals import PasswordTooShort

LEAST = 10
GENERATED_BYTES = 12
_HASHER = PasswordHasher()


@lru_cache(maxsize=1)
def _nobody() -> str:
    """The hash of a password that nobody knows, to be checked where there is no user."""
    return _HASHER.hash(secrets.token_urlsafe(32))


def generate() -> str:
    """A password that nobody can guess, of 16 characters."""
    return secrets.token_urlsafe(GENERATED_BYTES)


async def hash_password(password: str) -> str:
    """The argon2id hash to keep. Raises PasswordTooShort."""
    if len(password) < LEAST:
        raise PasswordTooShort(field="password", least=LEAST)
    return await asyncio.to_thread(_HASHER.hash, password)


async def is_right(password_hash: str | None, password: str) -> bool:
    """Whether the password fits; without a hash the same work is done, and the answer is no."""
    return await asyncio.to_thread(_verify, password_hash or _nobody(), password) and password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False
