"""Compresses pages and what they load; programs' JSON goes as it is, since proxies and strong ETags settle that."""

import secrets
import zlib
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COMPRESSED: Final = frozenset(
    {"text/html", "text/css", "text/javascript", "text/csv", "text/plain", "image/svg+xml", "application/jose"}
)
SMALLEST: Final = 400
"""Bytes: below, a packet is saved by nobody."""
MOST_PADDING: Final = 96
LEVEL: Final = 6
_RAW: Final = -15
_HEADER: Final = b"\x1f\x8b\x08\x08" + bytes(4) + b"\x00\xff"


class Compressed:
    """Gzips texts for readers who take gzip.

    A page that belongs to one person (`no-store`) is given a name of random length in the gzip header, so that its
    length does not tell whether a guess that came in with the address stands in it again (the BREACH attack).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        takes = scope["type"] == "http" and takes_gzip(Headers(scope=scope).get("accept-encoding", ""))
        await self.app(scope, receive, _Answer(send, takes).send if scope["type"] == "http" else send)


class _Answer:
    """One answer on its way out: its head waits for the first part of its body."""

    def __init__(self, send: Send, takes_gzip: bool) -> None:
        self._send, self._takes_gzip = send, takes_gzip
        self._head: Message | None = None
        self._packer: _Gzip | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_text(message):
            self._head = message
        elif message["type"] == "http.response.body":
            await self._send_body(message)
        else:
            await self._send(message)

    async def _send_body(self, message: Message) -> None:
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._head is not None:
            head, self._head = self._head, None
            if self._takes_gzip and (more or len(body) >= SMALLEST):
                self._packer = _Gzip(padded="no-store" in Headers(raw=head["headers"]).get("cache-control", ""))
            packed = self._packer.pack(body, last=not more) if self._packer else body
            _tell(head, None if more else len(packed), packed=self._packer is not None)
            await self._send(head)
        else:
            packed = self._packer.pack(body, last=not more) if self._packer else body
        await self._send({**message, "body": packed})


class _Gzip:
    """A gzip stream (RFC 1952), part by part."""

    def __init__(self, *, padded: bool) -> None:
        name = b"p" * secrets.randbelow(MOST_PADDING) if padded else b""
        self._begun = _HEADER + name + b"\x00"
        self._deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, _RAW)
        self._sum = self._size = 0

    def pack(self, part: bytes, *, last: bool) -> bytes:
        """The part, compressed; readers of a stream need not wait for the next."""
        self._sum, self._size = zlib.crc32(part, self._sum), self._size + len(part)
        begun, self._begun = self._begun, b""
        ending = zlib.Z_FINISH if last else zlib.Z_SYNC_FLUSH
        packed = begun + self._deflate.compress(part) + self._deflate.flush(ending)
        if last:
            packed += self._sum.to_bytes(4, "little") + (self._size % 2**32).to_bytes(4, "little")
        return packed


def _is_text(message: Message) -> bool:
    headers = Headers(raw=message["headers"])
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    whole = message["status"] not in {204, 206, 304} and "content-encoding" not in headers
    return whole and media_type in COMPRESSED


def _tell(head: Message, length: int | None, *, packed: bool) -> None:
    """Say in the head what was done with the body."""
    headers = MutableHeaders(scope=head)
    headers.add_vary_header("Accept-Encoding")
    if not packed:
        return
    headers["Content-Encoding"] = "gzip"
    del headers["Content-Length"]
    if length is not None:
        headers["Content-Length"] = str(length)
    if (tag := headers.get("etag", "")).startswith('"'):
        headers["ETag"] = f"W/{tag}"


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    for one in accepted.split(","):
        name, _, weight = one.partition(";")
        if name.strip().lower() in {"gzip", "*"}:
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
