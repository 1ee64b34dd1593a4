"""The web application: builds one process's site, mounts the routes, and says what every answer may be."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache, partial
from operator import attrgetter
from typing import Any, LiteralString

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute
from starlette.types import Receive, Scope, Send

from opencowin import __version__, fairness, registry, scheduling
from opencowin.identity import KeyBook, Reception, TokenBook
from opencowin.kit.db import make_pool, transaction
from opencowin.kit.floor import Floor, build_floor
from opencowin.kit.i18n import read_catalogues
from opencowin.kit.listening import Hearer, Hearers, listen
from opencowin.kit.logs import configure_logs
from opencowin.kit.settings import settings
from opencowin.web import (
    bulk_publish,
    case_review,
    centre,
    devices,
    draws,
    feed,
    health,
    home,
    inbound,
    keypad,
    manage,
    own_key,
    queue,
    slot_alerts,
    stock_exchange,
    verification,
    voice,
    waiting,
    webhooks,
    wellknown,
)
from opencowin.web.board import Board
from opencowin.web.centre_app import shell
from opencowin.web.compression import Compressed
from opencowin.web.console.routes import CONSOLE
from opencowin.web.cowin import (
    appointments,
    auth,
    availability,
    certificates,
    members,
    metadata,
    reports,
    status,
    vaccinator,
)
from opencowin.web.crowd import Crowd
from opencowin.web.entrance import look_at_session
from opencowin.web.errors import MAX_BODY_BYTES, WIDER, Error, add_error_handlers
from opencowin.web.lane import EXPOSED, Lane, locks_of
from opencowin.web.limiter import Limiter
from opencowin.web.links import add_links
from opencowin.web.middleware import BoundedBody, Headed, LenientJson, Observed, Unbroken
from opencowin.web.national_id import relying_parties
from opencowin.web.pages.routes import FIGURES, PEOPLE
from opencowin.web.site import Site
from opencowin.web.straight import Straight, ways_of
from opencowin.web.tail import Tail

Lifespan = Callable[["Application"], AbstractAsyncContextManager[None]]
REQUESTS = 1024
"""Calls that are answered at one time in a process, besides streams: who comes later waits."""
DESCRIPTION = """The Co-WIN API, version 2, as an open platform. Sign in with a one-time password, find a session, book,
and fetch the certificate. Dates are DD-MM-YYYY. Errors carry a stable `errorCode`; all codes are at
`/api/open/v1/errors`. `Accept-Language: hi_IN` adds names in that language as `*_l`. Poll with `If-None-Match`, or
read what changed: `/api/open/v1/availability`, webhooks; see `/developers`."""
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Error, "description": "Not valid, or not found: the text says what to do."},
    401: {"model": Error, "description": "Not signed in, or no longer."},
    403: {"model": Error, "description": "Not permitted."},
    409: {"model": Error, "description": "Right, but not possible as things stand: full, already booked, …"},
    413: {"model": Error, "description": "The body is too large."},
    429: {"model": Error, "description": "Too many requests: wait Retry-After seconds."},
    503: {"model": Error, "description": "Not now: wait Retry-After seconds."},
}

PLAIN: dict[str, Any] = {
    "title": "Open Co-WIN",
    "version": __version__,
    "description": DESCRIPTION,
    "license_info": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
    "strict_content_type": False,
    "generate_unique_id_function": attrgetter("name"),
}
MIDDLEWARE = [
    Middleware(Crowd),
    Middleware(Observed),
    Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=EXPOSED,
    ),
    Middleware(Headed),
    Middleware(Unbroken),
    Middleware(
        Straight,
        ways=[ways_of("/api", one.router, one.STRAIGHT) for one in (appointments, auth, members, vaccinator)],
        most=MAX_BODY_BYTES,
    ),
    Middleware(Compressed),
    Middleware(BoundedBody, most=MAX_BODY_BYTES, wider=WIDER),
    Middleware(LenientJson),
]
"""From the outside in."""
API = (
    appointments,
    availability,
    auth,
    members,
    metadata,
    certificates,
    vaccinator,
    status,
    reports,
    manage,
    centre,
    case_review,
    slot_alerts,
    waiting,
    draws,
    feed,
    queue,
    webhooks,
    own_key,
    devices,
    stock_exchange,
    inbound,
    keypad,
    voice,
)
"""What is called most comes first, since routes are tried in their order."""
OUTSIDE_API = (
    bulk_publish.router,
    certificates.external,
    reports.assets,
    verification.router,
    wellknown.router,
    health.router,
    *FIGURES,
)


@asynccontextmanager
async def _hearing(dsn: str, board: Board, tail: Tail, entrance: fairness.Entrance) -> AsyncIterator[None]:
    """Hear what the database announces, for the board, the streams of changes and the waiting rooms."""
    hearers: dict[LiteralString, Hearer] = {scheduling.BOARD: Hearers(board, tail), fairness.CHANNEL: entrance}
    tasks = {
        asyncio.create_task(listen(dsn, hearers)),
        asyncio.create_task(tail.follow()),
    }
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await entrance.close()
        await board.close()


class Application(FastAPI):
    """The application, with the short lane beside it that the server asks first."""

    def __init__(self, lifespan: Lifespan, at_once: int) -> None:
        """`at_once`: so many calls are answered at one time, streams that stay open among them; others wait."""
        super().__init__(lifespan=lifespan, middleware=MIDDLEWARE, docs_url=None, redoc_url=None, **PLAIN)
        self._room = asyncio.Semaphore(at_once)
        self.lane = Lane(self, locks_of("/api", availability.router, availability.BOARDED))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        async with self._room:
            await super().__call__(scope, receive, send)
        self.lane.learn(scope)


@cache
def _mounted() -> tuple[list[BaseRoute], dict[str, Any]]:
    """All routes and the document that describes them, put together once in a process: it takes half a second."""
    app = FastAPIOffline(redoc_url=None, **PLAIN)
    for part in API:
        app.include_router(part.router, prefix="/api", responses=REFUSALS)
    for router in OUTSIDE_API:
        app.include_router(router, responses=REFUSALS)
    for router in (home.router, *PEOPLE, *CONSOLE, shell.router):
        app.include_router(router)
    document = app.openapi()
    add_links(document)
    return app.router.routes, document


def prepare() -> None:
    """Make what all applications of this process, and of processes forked from it, have in common."""
    _mounted()
    read_catalogues()


def build_app(floor: Floor, dsn: str) -> Application:
    """The application on a floor and a migrated database."""

    @asynccontextmanager
    async def lifespan(app: Application) -> AsyncIterator[None]:
        async with make_pool(dsn, size=floor.settings.database_pool) as pool, relying_parties(floor) as national_ids:
            tokens, board = TokenBook(floor, pool), Board(floor.settings.board_megabytes * 1_000_000)
            opened = partial(transaction, pool, board.changed_here)
            entrance = fairness.Entrance(floor, opened, look_at_session)
            await tokens.refresh()
            app.state.site = Site(
                floor=floor,
                pool=pool,
                tokens=tokens,
                keys=KeyBook(floor, pool.connection),
                catalogues=read_catalogues(),
                documents=registry.document_types(floor.pack),
                genders={gender.gender_id: gender for gender in registry.genders(floor.pack)},
                limiter=Limiter(floor.settings.api_calls_per_5_minutes, floor.settings.page_views_per_5_minutes),
                national_ids=national_ids,
                board=board,
                reception=Reception(floor, partial(transaction, pool)),
                registrations=registry.RegistrationDesk(floor, partial(transaction, pool)),
                desk=scheduling.Desk(floor, opened),
                vaccinations=scheduling.VaccinationDesk(floor, opened),
                tail=(tail := feed.make_tail(floor, pool)),
                entrance=entrance,
                proofs=fairness.Proofs(floor),
            )
            app.lane.site = app.state.site
            async with _hearing(dsn, board, tail, entrance):
                yield

    app = Application(lifespan, at_once=REQUESTS + floor.settings.feed_streams)
    app.router.routes[:], document = _mounted()
    app.openapi = lambda: document  # type: ignore[method-assign]  # as FastAPI's manual says
    add_error_handlers(app)
    return app


def create_app() -> Application:
    """The application of this deployment, for the web server to load: settings name the database."""
    chosen = settings()
    configure_logs(chosen.log_level)
    if chosen.database_url is None:
        raise RuntimeError("a web process is told its database by OPENCOWIN_DATABASE_URL; start with `opencowin serve`")
    return build_app(build_floor(chosen), chosen.database_url.get_secret_value())
