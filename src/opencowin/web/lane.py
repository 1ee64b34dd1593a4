"""The short lane: calls that the board has a ready answer for are answered as they come in, before the application.

A call gets in when its route has answered the very same address before, so what is valid is the route's to say; its
own guard lets it in and counts it. Answers are those of the route in every header; they are counted as its own, ten
times a second, but not timed, and write no line of the log: under a rush that would cost as much as the answer.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from random import getrandbits
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import Scope

from opencowin.kit.errors import Refusal
from opencowin.web.errors import refusal_response, route_of
from opencowin.web.guard import Guard, Open, address_of
from opencowin.web.limiter import Allowance
from opencowin.web.middleware import REQUESTS
from opencowin.web.shown import Form, Headers, Shown, head_of, picked
from opencowin.web.site import Site

EXPOSED = [
    "ETag",
    "Retry-After",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "X-Queue-Ticket",
    "X-Queue-Position",
    "X-Altcha-Challenge",
]
MOST_CALLS = 20_000
"""Forms of calls that are remembered, the least lately used forgotten first."""
LONGEST_CALL = 600
MOST_HEADS, LONGEST_HEAD = 5_000, 2_000
"""Calls that are remembered as they were written, so as not to be read again: a rush is made of a few clients."""
HEAD = re.compile(rb'GET (/[^ ?#%]*)(?:\?([!"$-~]*))? HTTP/1\.1\r\n((?:[\w-]+:[ -~]*\r\n)+)\r\n')
"""A whole call as clients write it; whatever looks otherwise is read by the server's own parser."""
PARTICULAR = frozenset((b"content-length", b"transfer-encoding", b"expect", b"upgrade"))
"""Headers of calls that ask for more than an answer."""
STAYS = b"keep-alive"
SECRET = frozenset((b"authorization", b"cookie"))
"""Headers that are not kept."""
CORS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", ", ".join(EXPOSED).encode()),
]
VARY = (b"vary", b"Accept-Language, Accept-Encoding, Origin")
VARY_REFUSED = (b"vary", b"Origin")
Lock = Guard | Open

_Call = tuple[str, bytes, bytes]
"""What decides on the answer: path, query as it was written, and the languages wanted."""
Given = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A call that was read, to a route that has answered it before."""

    key: Hashable
    route: str
    lock: Lock
    headers: Headers
    path: str
    forwarded: str
    known_tags: str
    encodings: str
    public: bool
    """Whether nothing but its address tells who calls."""
    lines: bytes
    """Headers that every answer to it has."""


def locks_of(prefix: str, router: APIRouter, boarded: frozenset[Callable[..., Any]]) -> dict[str, Lock]:
    """The guards of these of a router's routes, by path."""
    ours = [one for one in router.routes if isinstance(one, APIRoute) and one.endpoint in boarded]
    return {prefix + route.path: lock_of(route) for route in ours}


def lock_of(route: APIRoute) -> Lock:
    """The guard of a route."""
    (lock,) = (one.call for one in route.dependant.dependencies if type(one.call) in {Guard, Open})
    assert isinstance(lock, Guard | Open)
    return lock


class Lane:
    """Answers from the board of an application, once that has a site."""

    def __init__(self, application: Starlette, locks: Mapping[str, Lock]) -> None:
        """Beside an application that serves what is not answered here."""
        self._application = application
        self.locks = locks
        self._known: OrderedDict[_Call, tuple[Hashable, str]] = OrderedDict()
        self._asked: dict[bytes, _Asked] = {}
        self._answered = Counter[tuple[str, int]]()
        """Answers that are not yet among those counted, by route and status."""
        self.site: Site | None = None

    def answer(self, call: bytes, peer: str, date: bytes) -> tuple[bytes, bytes] | None:
        """Head and body of the answer to a call as it came from a peer; None where the application has to answer."""
        asked = self._asked.get(call) or self._read(call)
        if asked is None or (site := self.site) is None or (shown := site.board.ready(asked.key)) is None:
            return None
        if asked.public:
            address = address_of(site, peer, asked.forwarded)
            allowance = site.limiter.spare_public(f"address:{address}")
            if allowance is not None:
                form = picked(shown, asked.known_tags, asked.encodings)
                self._answered[asked.route, form.status] += 1
                return b"".join((form.head, asked.lines, _own(date, allowance))), form.body
        return self._guarded(asked, peer, shown, date)

    def learn(self, scope: Scope) -> None:
        """Remember under which key the board has the answer to a call, if its route has just told."""
        key = scope.get("state", {}).get("board_key")
        if key is None:
            return
        languages = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
        call = scope["path"], scope["query_string"], languages
        if len(call[1]) + len(call[2]) <= LONGEST_CALL:
            self._known[call] = key, route_of(scope)
            if len(self._known) > MOST_CALLS:
                self._known.popitem(last=False)

    def count(self) -> None:
        """Count what was answered since this was last done."""
        for (route, status), answers in self._answered.items():
            REQUESTS.labels("GET", route, str(status)).inc(answers)
        self._answered.clear()

    def _read(self, call: bytes) -> _Asked | None:
        if len(call) > LONGEST_HEAD or (written := HEAD.fullmatch(call)) is None:
            return None
        path = written[1].decode("latin-1")
        if (lock := self.locks.get(path)) is None:
            return None
        headers = _headers(written[3])
        given: Given = dict(reversed(headers))
        if any(name in PARTICULAR or (name == b"connection" and value.lower() != STAYS) for name, value in headers):
            return None
        known = self._known.get(wanted := (path, written[2] or b"", given.get(b"accept-language", b"")))
        if known is None:
            return None
        self._known.move_to_end(wanted)
        asked = _asked(known, lock, path, headers, given)
        if asked.public and SECRET.isdisjoint(given):
            if len(self._asked) >= MOST_HEADS:
                del self._asked[next(iter(self._asked))]
            self._asked[call] = asked
        return asked

    def _guarded(self, asked: _Asked, peer: str, shown: Shown, date: bytes) -> tuple[bytes, bytes] | None:
        """What the route's own guard lets the caller have; None where only the router can tell who calls."""
        request = Request(
            {
                "type": "http",
                "method": "GET",
                "path": asked.path,
                "headers": asked.headers,
                "client": (peer, 0),
                "app": self._application,
                "state": {},
            }
        )
        try:
            if asked.lock.at_once(request) is None:
                return None
            form, lines = picked(shown, asked.known_tags, asked.encodings), asked.lines
        except Refusal as refusal:
            refused = refusal_response(request, refusal)
            headers = list(refused.raw_headers)
            form = Form(refused.status_code, headers, bytes(refused.body), head_of(refused.status_code, headers))
            lines = _lines(VARY_REFUSED, asked.headers)
        self._answered[asked.route, form.status] += 1
        return b"".join((form.head, lines, _own(date, request.scope["state"].get("allowance")))), form.body


def _headers(lines: bytes) -> Headers:
    split = (line.partition(b":") for line in lines.split(b"\r\n")[:-1])
    return [(name.lower(), value.strip()) for name, _, value in split]


def _asked(known: tuple[Hashable, str], lock: Lock, path: str, headers: Headers, given: Given) -> _Asked:
    return _Asked(
        *known,
        lock=lock,
        headers=headers,
        path=path,
        forwarded=_text(given, b"x-forwarded-for"),
        known_tags=_text(given, b"if-none-match"),
        encodings=_text(given, b"accept-encoding"),
        public=type(lock) is Open and not given.get(b"x-api-key"),
        lines=_lines(VARY, headers),
    )


def _text(given: Given, name: bytes) -> str:
    return given.get(name, b"").decode("latin-1")


def _lines(vary: tuple[bytes, bytes], headers: Headers) -> bytes:
    told = [vary, *CORS] if any(name == b"origin" for name, _ in headers) else [vary]
    return b"".join(b"%b: %b\r\n" % one for one in told)


def _own(date: bytes, allowance: Allowance | None) -> bytes:
    """The headers that no other answer has, and the end of the head."""
    if allowance is None:
        return b"date: %b\r\nx-request-id: %032x\r\n\r\n" % (date, getrandbits(128))
    return (
        b"date: %b\r\nx-request-id: %032x\r\nratelimit-limit: %d\r\nratelimit-remaining: %d\r\nratelimit-reset: %d"
        b"\r\n\r\n" % (date, getrandbits(128), *allowance)
    )
