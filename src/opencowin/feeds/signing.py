"""Signatures of calls, in the form of Standard Webhooks: HMAC-SHA-256 over id, instant and body."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping

PREFIX = "whsec_"
SECRET_BYTES = 32
TOLERANCE = 300
"""Seconds by which a call may be old; older ones may be replayed by somebody else."""


def new_secret() -> str:
    """A secret to sign with, as its owner is shown it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed(secret: str, call_id: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of a call; `at` is in seconds since 1970."""
    return {
        "webhook-id": call_id,
        "webhook-timestamp": str(at),
        "webhook-signature": "v1," + _signature(secret, call_id, str(at), body),
    }


def verified(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a call is ours and fresh, as its receiver finds out."""
    call_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (at.isascii() and at.isdigit()) or abs(now - int(at)) > TOLERANCE:
        return False
    wanted = _signature(secret, call_id, at, body)
    given = [one.partition(",") for one in headers.get("webhook-signature", "").split()]
    return any(version == "v1" and hmac.compare_digest(code, wanted) for version, _, code in given)


def _signature(secret: str, call_id: str, at: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, f"{call_id}.{at}.".encode() + body, hashlib.sha256)).decode()
