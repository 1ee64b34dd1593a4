"""Web Push (RFC 8030, 8291, 8292) and UnifiedPush: the carrier forwards what only the device can read."""

import base64
import ipaddress
import json
import time
from functools import lru_cache
from urllib.parse import SplitResult, unquote, urlsplit

from cryptography.hazmat.primitives import serialization
from py_vapid import Vapid02
from pywebpush import WebPusher

from opencowin.notifications.channels.delivery import HANDED_ON, REFUSED, Outcome
from opencowin.notifications.channels.posting import Poster
from opencowin.notifications.gateways import Gateway
from opencowin.notifications.model import Outgoing

DAY = 86_400
HALF_DAY = 43_200
BUSY, GONE = frozenset({429, 503}), frozenset({404, 410})


def is_public_endpoint(endpoint: str, *, trusted: tuple[str, ...] = ()) -> bool:
    """Whether a push endpoint may be called: https to a named host, never to an address of an inner network; or one
    that lies under one which the operator trusts, such as the nation's own distributor."""
    try:
        parts = urlsplit(endpoint)
        origin = _origin(parts)
    except ValueError:
        return False
    if not parts.hostname or "@" in parts.netloc:
        return False
    if any(origin == _origin(one) and _lies_under(parts.path, one.path) for one in map(urlsplit, trusted)):
        return True
    if parts.scheme != "https" or parts.port not in (None, 443):
        return False
    try:
        ipaddress.ip_address(parts.hostname)
    except ValueError:
        return "." in parts.hostname and not parts.hostname.endswith((".local", ".internal", ".localhost"))
    return False


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    """Raises ValueError where the port is none."""
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


def _lies_under(path: str, folder: str) -> bool:
    steps = unquote(path).split("/")
    return ".." not in steps and f"{path}/".startswith(f"{folder.rstrip('/')}/")


@lru_cache(maxsize=4)
def public_key(secret: str) -> str:
    """The public half of a VAPID key (PEM): an uncompressed point, in base64 for addresses."""
    form = serialization.PublicFormat.UncompressedPoint
    point = Vapid02.from_pem(secret.encode()).public_key.public_bytes(serialization.Encoding.X962, form)
    return base64.urlsafe_b64encode(point).decode().rstrip("=")


class WebPushChannel:
    """All push services that browsers and distributors name. The secret is the VAPID key, `sender` its contact."""

    keeps_text = False

    def __init__(self, gateway: Gateway, secret: str) -> None:
        self.name, self._gateway = gateway.name, gateway
        self._key = Vapid02.from_pem(secret.encode())
        self._http = Poster(gateway.seconds)

    async def send(self, outgoing: Outgoing) -> Outcome:
        """Hand one message over, sealed for the device; `recipient` is the subscription its browser made, as JSON."""
        subscription = json.loads(outgoing.recipient)
        endpoint = str(subscription["endpoint"])
        if not is_public_endpoint(endpoint, trusted=(self._gateway.address,) if self._gateway.address else ()):
            return REFUSED
        sealed = WebPusher(subscription).encode(outgoing.text.encode(), content_encoding="aes128gcm")
        headers = self._headers(endpoint, urgent=outgoing.urgent)
        answer = await self._http.post(endpoint, bytes(sealed["body"]), busy=BUSY, gone=GONE, headers=headers)
        return answer if isinstance(answer, Outcome) else HANDED_ON

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _headers(self, endpoint: str, *, urgent: bool) -> dict[str, str]:
        parts = urlsplit(endpoint)
        claims = {
            "aud": f"{parts.scheme}://{parts.netloc}",
            "sub": f"mailto:{self._gateway.sender}",
            "exp": str(int(time.time()) + HALF_DAY),
        }
        return {
            **self._key.sign(claims),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(DAY),
            "Urgency": "high" if urgent else "normal",
        }
