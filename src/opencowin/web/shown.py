"""An answer as the bytes that go out, plain and compressed, with its tag; only the instant in it is renewed."""

import hashlib
import zlib
from collections.abc import Callable, Hashable
from functools import lru_cache
from http import HTTPStatus
from typing import Final, NamedTuple

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
VARY: Final = (b"vary", b"Accept-Language, Accept-Encoding")
_takes_gzip = lru_cache(512)(takes_gzip)


class Form(NamedTuple):
    """An answer in one of its forms."""

    status: int
    headers: Headers
    body: bytes
    head: bytes
    """The status line and these headers as they go over the wire, each line ended."""


def head_of(status: int, headers: Headers) -> bytes:
    """A status line and headers as they go over the wire, each line ended."""
    line = b"HTTP/1.1 %d %b\r\n" % (status, HTTPStatus(status).phrase.encode())
    return line + b"".join(b"%b: %b\r\n" % one for one in headers)


class Shown:
    """An encoded answer. `ending` tells what stands at its end now (`as_of`), always as long; nothing where None.

    The instant is no part of what the tag is for. It is written anew without compressing anything again: the end of
    the gzip stream (RFC 1951, 1952) is a block that is stored as it is.
    """

    __slots__ = (
        "_begun",
        "_ending",
        "_headers",
        "_packed",
        "_sum",
        "_told",
        "gzip",
        "plain",
        "size",
        "tag",
        "unchanged",
    )

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
        self.unchanged = _form(304, kept, b"")
        self._headers: Headers = [(b"content-type", media_type.encode()), *kept]
        self._write(ending() if ending else b"")
        self.size = 2 * len(self.plain.body) + 2 * len(self.gzip.body)

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
        self.plain = _form(200, [*self._headers, _length(plain)], plain)
        if len(plain) >= SMALLEST:
            self.gzip = _form(200, [(b"content-encoding", b"gzip"), *self._headers, _length(packed)], packed)
        else:
            self.gzip = self.plain


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", b"%d" % len(body)


def _form(status: int, headers: Headers, body: bytes) -> Form:
    return Form(status, headers, body, head_of(status, headers))


def show(request: Request, key: Hashable, shown: Shown) -> Response:
    """A route's answer from the board, which from then on may take the lane under this key."""
    request.state.board_key = key
    form = picked(shown, request.headers.get("if-none-match", ""), request.headers.get("accept-encoding", ""))
    response = Response(status_code=form.status)
    response.body, response.raw_headers = form.body, [*form.headers, VARY]
    return response


def picked(shown: Shown, known_tags: str, encodings: str) -> Form:
    """The form for who sends these headers, `If-None-Match` and `Accept-Encoding`."""
    if known_tags and names(known_tags, shown.tag):
        return shown.unchanged
    return shown.gzip if _takes_gzip(encodings) else shown.plain
