"""Codes of authenticator apps: TOTP as RFC 6238 has it, six digits every thirty seconds from a shared secret."""

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote

STEP_SECONDS, DIGITS, SECRET_BYTES = 30, 6, 20
DRIFT = 1
"""Steps by which a telephone's clock may be wrong, either way."""


def new_secret() -> str:
    """A secret as apps take it, in base 32."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def step_of(moment: datetime) -> int:
    """The time step of a moment."""
    return int(moment.timestamp()) // STEP_SECONDS


def code_at(secret: str, step: int, digits: int = DIGITS) -> str:
    """The code of a time step."""
    mac = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    start = mac[-1] & 15
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}}"


def step_shown(secret: str, code: str, now: datetime, *, after: int = 0) -> int | None:
    """The time step of which this is the code, if it is one of now and later than `after`; None when there is none."""
    here = step_of(now)
    for step in range(here - DRIFT, here + DRIFT + 1):
        if step > after and hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            return step
    return None


def address_of(secret: str, user_name: str, issuer: str) -> str:
    """What an app reads from the QR code."""
    label = quote(f"{issuer}:{user_name}", safe=":")
    return f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer)}"
