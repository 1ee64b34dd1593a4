"""The short lane: calls that the board has a ready answer for are answered before the router is asked.

A call gets in when its route has answered the very same address before, so what is valid is the route's to say; its
own guard lets it in and counts it. Answers are those of the route in every header; they are counted and timed as its
own, but write no line of the log: under a rush that would cost more than the answer.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from random import getrandbits
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from opencowin.kit.errors import Refusal
from opencowin.web.errors import refusal_response, route_of
from opencowin.web.guard import Guard, Open, address_of
from opencowin.web.limiter import Allowance
from opencowin.web.middleware import REQUESTS, SECONDS
from opencowin.web.shown import Headers, Shown, chosen, picked
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
_Told = tuple[int, Headers, bytes, Allowance | None]
"""Status, headers, body, and what is left of the caller's rate."""


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
    """Answers from the board, or passes on."""

    def __init__(self, app: Starlette, answer: ASGIApp, locks: Mapping[str, Lock]) -> None:
        """Before an application, whose own `answer` serves what is passed on."""
        self.app = answer
        self.locks = locks
        self._application = app
        self._known: OrderedDict[_Call, tuple[Hashable, str]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        lock = self.locks.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if lock is None:
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        given: Given = dict(reversed(list(scope["headers"])))
        call = scope["path"], scope["query_string"], given.get(b"accept-language", b"")
        known = self._known.get(call)
        if known is not None:
            site: Site = self._application.state.site
            shown = site.board.ready(known[0])
            if shown is not None and (told := self._admitted(site, lock, scope, given, shown)) is not None:
                self._known.move_to_end(call)
                await _send(send, told, cors=b"origin" in given)
                _count(known[1], told[0], started)
                return
        await self.app(scope, receive, send)
        self._learn(call, scope)

    def _admitted(self, site: Site, lock: Lock, scope: Scope, given: Given, shown: Shown) -> _Told | None:
        """What is answered; None where only the router can tell who calls."""
        if type(lock) is Open and not given.get(b"x-api-key"):
            peer = scope["client"][0] if scope["client"] else ""
            address = address_of(site, peer, _text(given, b"x-forwarded-for"))
            allowance = site.limiter.spare_public(f"address:{address}")
            if allowance is not None:
                answer = picked(shown, _text(given, b"if-none-match"), _text(given, b"accept-encoding"))
                return *answer, allowance
        scope["app"] = self._application
        return _asked(lock, Request(scope), shown)

    def _learn(self, call: _Call, scope: Scope) -> None:
        key = scope.get("state", {}).get("board_key")
        if key is None or len(call[1]) + len(call[2]) > LONGEST_CALL:
            return
        self._known[call] = key, route_of(scope)
        if len(self._known) > MOST_CALLS:
            self._known.popitem(last=False)


def _text(given: Given, name: bytes) -> str:
    found = given.get(name)
    return found.decode("latin-1") if found else ""


def _asked(lock: Lock, request: Request, shown: Shown) -> _Told | None:
    """What the route's own guard lets the caller have."""
    try:
        if lock.at_once(request) is None:
            return None
        answer = chosen(request, shown)
    except Refusal as refusal:
        refused = refusal_response(request, refusal)
        answer = refused.status_code, list(refused.raw_headers), bytes(refused.body)
    return *answer, request.scope["state"].get("allowance")


async def _send(send: Send, told: _Told, *, cors: bool) -> None:
    status, headers, body, allowance = told
    sent = [*headers, VARY if status < 400 else VARY_REFUSED, (b"x-request-id", b"%032x" % getrandbits(128))]
    if cors:
        sent += CORS
    if allowance is not None:
        sent += (
            (b"ratelimit-limit", b"%d" % allowance.limit),
            (b"ratelimit-remaining", b"%d" % allowance.remaining),
            (b"ratelimit-reset", b"%d" % allowance.reset_seconds),
        )
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": body})


@lru_cache(256)
def _counters(route: str, status: int) -> tuple[Any, Any]:
    return REQUESTS.labels("GET", route, str(status)), SECONDS.labels(route)


def _count(route: str, status: int, started: float) -> None:
    requests, seconds = _counters(route, status)
    requests.inc()
    seconds.observe(time.perf_counter() - started)
