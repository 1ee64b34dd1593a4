"""The short lane: calls that the board has a ready answer for are answered before the router is asked.

A call gets in when its route has answered the very same address before, so what is valid is the route's to say; its
own guard lets it in and counts it. Answers are those of the route in every header; they are counted and timed as its
own, but write no line of the log: under a rush that would cost more than the answer.
"""

import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from opencowin.kit.errors import Refusal
from opencowin.web.errors import refusal_response, route_of
from opencowin.web.guard import Guard, Open
from opencowin.web.limiter import Allowance
from opencowin.web.middleware import REQUESTS, SECONDS
from opencowin.web.shown import Headers, Shown, chosen

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
Lock = Guard | Open


class _Call(NamedTuple):
    """What decides on the answer: path, query as it was written, and the languages wanted."""

    path: str
    query: bytes
    language: bytes


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

    def __init__(self, app: ASGIApp, locks: Mapping[str, Lock]) -> None:
        self.app = app
        self.locks = locks
        self._known: OrderedDict[_Call, tuple[Hashable, str]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        lock = self.locks.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if lock is None:
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(reversed(list(scope["headers"])))
        call = _Call(scope["path"], scope["query_string"], headers.get(b"accept-language", b""))
        known = self._known.get(call)
        shown = scope["app"].state.site.board.ready(known[0]) if known else None
        if known and shown and (answer := _admitted(lock, Request(scope), shown)):
            self._known.move_to_end(call)
            await _send(scope, send, answer, CORS if b"origin" in headers else [])
            _count(known[1], answer[0], started)
            return
        await self.app(scope, receive, send)
        self._learn(call, scope)

    def _learn(self, call: _Call, scope: Scope) -> None:
        key = scope.get("state", {}).get("board_key")
        if key is None or len(call.query) + len(call.language) > LONGEST_CALL:
            return
        self._known[call] = key, route_of(scope)
        if len(self._known) > MOST_CALLS:
            self._known.popitem(last=False)


def _admitted(lock: Lock, request: Request, shown: Shown) -> tuple[int, Headers, bytes] | None:
    """What is answered; None where only the router can tell who calls."""
    try:
        if lock.at_once(request) is None:
            return None
        status, headers, body = chosen(request, shown)
        return status, [*headers, VARY], body
    except Refusal as refusal:
        refused = refusal_response(request, refusal)
        return refused.status_code, [*refused.raw_headers, (b"vary", b"Origin")], bytes(refused.body)


async def _send(scope: Scope, send: Send, answer: tuple[int, Headers, bytes], cors: Headers) -> None:
    status, headers, body = answer
    allowance: Allowance | None = scope["state"].get("allowance")
    told = [*headers, *cors, (b"x-request-id", uuid.uuid4().hex.encode())]
    if allowance is not None:
        told += (
            (b"ratelimit-limit", b"%d" % allowance.limit),
            (b"ratelimit-remaining", b"%d" % allowance.remaining),
            (b"ratelimit-reset", b"%d" % allowance.reset_seconds),
        )
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})


@lru_cache(256)
def _counters(route: str, status: int) -> tuple[Any, Any]:
    return REQUESTS.labels("GET", route, str(status)), SECONDS.labels(route)


def _count(route: str, status: int, started: float) -> None:
    requests, seconds = _counters(route, status)
    requests.inc()
    seconds.observe(time.perf_counter() - started)
