"""What every channel over HTTP sends, and what it makes of the answer to a message, and of none."""

from collections.abc import Mapping, Set
from urllib.request import getproxies

import aiohttp

from opencowin.notifications.channels.delivery import GONE, NOT_TAKEN, REFUSED, UNSURE, Outcome

NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
"""Faults before anything was sent: the service certainly has not got it."""
LONGEST_ANSWER = 65_536
KEPT_OPEN = 5.0
"""Seconds for which an idle connection is kept: services close theirs later."""
JSON = {"Content-Type": "application/json"}


class Poster:
    """One channel's calls, over connections that are kept open. No redirection is followed."""

    def __init__(self, seconds: float, headers: Mapping[str, str] | None = None) -> None:
        """`seconds` from the call to the whole answer; half of them for the connection."""
        self._seconds, self._headers = seconds, headers
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self,
        address: str,
        body: bytes,
        *,
        busy: Set[int],
        gone: Set[int] = frozenset(),
        headers: Mapping[str, str] = JSON,
    ) -> bytes | Outcome:
        """The answer of a service that took the message; else the outcome. `busy`: answers that say come again; `gone`:
        those that say that the address is no more."""
        try:
            async with self._opened().post(address, data=body, headers=headers, allow_redirects=False) as answer:
                if answer.ok and answer.status < 300:
                    return await _beginning(answer.content)
                return _refused(answer.status, busy, gone)
        except NEVER_LEFT:
            return NOT_TAKEN
        except aiohttp.InvalidURL:
            return REFUSED
        except (aiohttp.ClientError, TimeoutError):
            return UNSURE

    async def ask(self, address: str, body: bytes | None = None, *, seconds: float) -> bytes:
        """The answer to a question that may take so long; it is fetched where it has no body.

        Raises aiohttp.ClientError, TimeoutError.
        """
        wait = aiohttp.ClientTimeout(total=seconds, sock_connect=self._seconds / 2)
        how = "GET" if body is None else "POST"
        call = self._opened().request(how, address, data=body, headers=JSON, allow_redirects=False, timeout=wait)
        async with call as answer:
            answer.raise_for_status()
            return await answer.read()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_OPEN),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._seconds, sock_connect=self._seconds / 2),
                trust_env=bool(getproxies()),
            )
        return self._session


async def _beginning(content: aiohttp.StreamReader) -> bytes:
    """All of an answer that is not too long; nobody reads one that does not end."""
    read = b""
    while len(read) <= LONGEST_ANSWER and (part := await content.readany()):
        read += part
    return read[:LONGEST_ANSWER]


def _refused(status: int, busy: Set[int], gone: Set[int]) -> Outcome:
    if status in gone:
        return GONE
    if status in busy:
        return NOT_TAKEN
    return REFUSED if 400 <= status < 500 else UNSURE
