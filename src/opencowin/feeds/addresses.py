"""Addresses of others that we call: https on the open internet alone, judged anew at each look-up."""

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from opencowin.kit.errors import Invalid

LONGEST = 500
PORTS = frozenset({443, 8443})
LOOK_UP_SECONDS = 5.0
_CARRIERS = tuple(
    ipaddress.ip_network(one) for one in ("2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48", "::/96")
)
"""Addresses of version 6 that carry one of version 4 within."""


class AddressUnusable(Invalid):
    """This address cannot be called: give one that begins with https:// and lies on the open internet."""

    code = "FEED0003"


@dataclass(frozen=True, slots=True)
class Target:
    """Where to call: a name that was looked up once, and the address that it had then."""

    host: str
    port: int
    address: str
    secure: bool
    path: str

    @property
    def url(self) -> str:
        """The address by number, so that nothing is looked up again."""
        number = f"[{self.address}]" if ":" in self.address else self.address
        return f"{'https' if self.secure else 'http'}://{number}:{self.port}{self.path}"

    @property
    def called(self) -> str:
        """The name as the header `Host` has it."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == (443 if self.secure else 80) else f"{name}:{self.port}"


def check_url(url: str, *, trial: bool) -> tuple[str, int, bool, str]:
    """Host, port, whether it is https, and path of an address. Raises AddressUnusable.

    On trial (on one machine) an address may be http, on any port.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise AddressUnusable(field="url") from None
    secure = parts.scheme == "https"
    port = (443 if secure else 80) if port is None else port
    written = url.isascii() and url.isprintable() and " " not in url and len(url) <= LONGEST
    allowed = (secure and port in PORTS) or (trial and parts.scheme in {"http", "https"})
    if not (written and host and allowed) or parts.username is not None or parts.password is not None:
        raise AddressUnusable(field="url")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return host, port, secure, path


async def look_up(url: str, *, trial: bool) -> Target:
    """Where an address leads now. Raises AddressUnusable: one that leads into a private network, even among others."""
    host, port, secure, path = check_url(url, trial=trial)
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        raise AddressUnusable(field="url") from None
    addresses = [str(one[4][0]) for one in found]
    if not addresses or not (trial or all(is_open(one) for one in addresses)):
        raise AddressUnusable(field="url")
    return Target(host, port, addresses[0], secure, path)


def is_open(address: str) -> bool:
    """Whether an address lies on the open internet, and not in a network of somebody's own, ours least of all."""
    number = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(number, ipaddress.IPv6Address):
        if number.ipv4_mapped is not None:
            number = number.ipv4_mapped
        elif any(number in carrier for carrier in _CARRIERS):
            return False
    return number.is_global and not (number.is_multicast or number.is_reserved or number.is_unspecified)
