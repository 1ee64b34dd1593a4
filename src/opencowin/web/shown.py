"""An answer as the bytes that go out, plain and compressed, with its tag; only the instant in it is renewed."""

import hashlib
import zlib
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from opencowin.web.compression import takes_gzip
from opencowin.web.fresh import names

Headers = list[tuple[bytes, bytes]]
_RAW: Final = -15
_HEADER: Final = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"
LEVEL: Final = 4
"""Of zlib: a tenth larger than the smallest, in half its time; answers are packed at every change."""
SMALLEST: Final = 400
_takes_gzip = lru_cache(512)(takes_gzip)


class Shown:
    """An encoded answer. `ending` tells what stands at its end now (`as_of`), always as long; nothing where None.

    The instant is no part of what the tag is for. It is written anew without compressing anything again: the end of
    the gzip stream (RFC 1951, 1952) is a block that is stored as it is.
    """

    __slots__ = ("_begun", "_ending", "_packed", "_sum", "_told", "gzip", "plain", "size", "tag", "unchanged")

    def __init__(
        self, content: bytes, *, media_type: str, cache: str, ending: Callable[[], bytes] | None = None
    ) -> None:
        self.tag = f'W/"{hashlib.blake2b(content, digest_size=12).hexdigest()}"'
        self._ending = ending
        self._begun, self._sum = content, zlib.crc32(content)
        deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, _RAW)
        self._packed = _HEADER + deflate.compress(content) + deflate.flush(zlib.Z_FULL_FLUSH)
        self._told = b""
        kept: Headers = [
            (b"etag", self.tag.encode()),
            (b"cache-control", cache.encode()),
        ]
        self.unchanged: tuple[Headers, bytes] = kept, b""
        self.plain: tuple[Headers, bytes] = [(b"content-type", media_type.encode()), *kept], b""
        self.gzip: tuple[Headers, bytes] = [(b"content-encoding", b"gzip"), *self.plain[0]], b""
        self._write(ending() if ending else b"")
        self.size = 2 * len(self.plain[1]) + 2 * len(self.gzip[1])

    def renew(self) -> None:
        """Write the instant that it is now."""
        if self._ending is not None and (told := self._ending()) != self._told:
            self._write(told)

    def _write(self, told: bytes) -> None:
        self._told = told
        plain = self._begun + told
        stored = b"\x01" + len(told).to_bytes(2, "little") + (len(told) ^ 0xFFFF).to_bytes(2, "little") + told
        check = zlib.crc32(told, self._sum).to_bytes(4, "little") + (len(plain) % 2**32).to_bytes(4, "little")
        packed = b"".join((self._packed, stored, check))
        self.plain = _with_length(self.plain[0], plain)
        self.gzip = _with_length(self.gzip[0], packed) if len(plain) >= SMALLEST else self.plain


def _with_length(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
    told = [one for one in headers if one[0] != b"content-length"]
    return [*told, (b"content-length", str(len(body)).encode())], body


def show(request: Request, key: Hashable, shown: Shown) -> Response:
    """A route's answer from the board, which from then on may take the lane under this key."""
    request.state.board_key = key
    status, headers, body = chosen(request, shown)
    response = Response(status_code=status)
    response.body, response.raw_headers = body, [*headers, (b"vary", b"Accept-Language, Accept-Encoding")]
    return response


def chosen(request: Request, shown: Shown) -> tuple[int, Headers, bytes]:
    """Status, headers and body for this caller."""
    return picked(shown, request.headers.get("if-none-match", ""), request.headers.get("accept-encoding", ""))


def picked(shown: Shown, known_tags: str, encodings: str) -> tuple[int, Headers, bytes]:
    """Status, headers and body for who sends these headers, `If-None-Match` and `Accept-Encoding`."""
    if known_tags and names(known_tags, shown.tag):
        return 304, *shown.unchanged
    return 200, *(shown.gzip if _takes_gzip(encodings) else shown.plain)
