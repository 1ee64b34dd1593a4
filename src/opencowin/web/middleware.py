"""Around every request: id, log line, metrics, rate-limit headers, a net under defects, bounded and lenient bodies."""

import time
import uuid
from collections.abc import Mapping

import structlog
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from opencowin.kit.logs import way_to
from opencowin.web.errors import broken_response, route_of
from opencowin.web.limiter import Allowance

log = structlog.get_logger("opencowin.access")
REQUESTS = Counter("opencowin_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram(
    "opencowin_request_seconds",
    "Time to answer.",
    ["route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
API = "/api/"
TALKS = "/api/open/v1/talks/"


class Observed:
    """Gives each request an id, counts and times it by route template, and writes one log line without its query."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status, request_id = time.perf_counter(), 500, uuid.uuid4().hex
        structlog.contextvars.bind_contextvars(request_id=request_id)
        scope.setdefault("state", {})

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                _tell_allowance(headers, scope["state"].get("allowance"))
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            seconds = time.perf_counter() - started
            route = route_of(scope)
            REQUESTS.labels(scope["method"], route, str(status)).inc()
            SECONDS.labels(route).observe(seconds)
            log.info("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))
            structlog.contextvars.clear_contextvars()


def _tell_allowance(headers: MutableHeaders, allowance: Allowance | None) -> None:
    if allowance is not None:
        headers["RateLimit-Limit"] = str(allowance.limit)
        headers["RateLimit-Remaining"] = str(allowance.remaining)
        headers["RateLimit-Reset"] = str(allowance.reset_seconds)


class Unbroken:
    """Answers 500 to a defect of ours; logs the way to it, never its message, which may quote what somebody sent."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as fault:
            if scope["type"] != "http":
                raise
            log.error("unexpected error", error=type(fault).__name__, route=route_of(scope), where=way_to(fault))
            if not begun:
                await broken_response()(scope, receive, send)


class BoundedBody:
    """Reads at most so much of a body, whether its length was told or not: 413 beyond, in our words.

    Paths in `wider`, and those below one that ends in a slash, have bounds of their own.
    """

    def __init__(self, app: ASGIApp, most: int, wider: Mapping[str, int]) -> None:
        self.app = app
        self.most = most
        self.wider = wider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        most = self._most(scope["path"])
        told = Headers(scope=scope).get("content-length", "")
        read = int(told) if told.isdecimal() else 0

        async def bounded() -> Message:
            nonlocal read
            if read > most:
                raise HTTPException(413)
            message = await receive()
            if not told:
                read += len(message.get("body", b""))
            if read > most:
                raise HTTPException(413)
            return message

        await self.app(scope, bounded, send)

    def _most(self, path: str) -> int:
        below = (most for folder, most in self.wider.items() if folder.endswith("/") and path.startswith(folder))
        return self.wider.get(path) or next(below, self.most)


def _takes_json(path: str) -> bool:
    """Whether every body there is JSON: gateways of phones send forms too."""
    return path.startswith(API) and not path.startswith(TALKS)


class LenientJson:
    """Old clients post JSON under no content type, or a form's: on API paths a body is JSON whatever it is called."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] in {"POST", "PUT"} and _takes_json(scope["path"]):
            kept = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
            scope["headers"] = [*kept, (b"content-type", b"application/json")]
        await self.app(scope, receive, send)


class Headed:
    """Answers HEAD as GET is answered, without the body (RFC 9110, 9.3.2): proxies look so."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def bodiless(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**scope, "method": "GET"}, receive, bodiless)
