"""Our own surface for developers: what changed for people who look for a seat, by cursor and as a stream."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import date as day
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from opencowin import feeds, scheduling
from opencowin.kit.actor import Actor, ActorKind
from opencowin.kit.db import Pool, transaction
from opencowin.kit.errors import Invalid
from opencowin.kit.floor import Floor
from opencowin.web.cowin.availability import InvalidPincode
from opencowin.web.errors import Error
from opencowin.web.guard import open_to_all
from opencowin.web.site import Site, site_of
from opencowin.web.tail import Page, Tail, Told, Unreadable

router = APIRouter(prefix="/open/v1/availability", tags=["Our own surface"])
MOST = 200
HEARTBEAT = 15.0
"""Seconds of silence after which a stream says that it is still there, and how far it has come."""
RECONNECT = b"retry: 3000\n\n"
STREAM = "text/event-stream"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

Public = Annotated[Actor, open_to_all()]
Districts = Annotated[list[Annotated[int, Field(ge=0, le=2**31 - 1)]], Query(max_length=50)]
Pins = Annotated[list[Annotated[str, Field(max_length=12)]], Query(max_length=50)]
After = Annotated[int | None, Query(ge=0, le=2**62, description="Cursor; left out: from now on.")]


class CentreTold(BaseModel):
    """Where a session is held."""

    name: str
    address: str
    block_name: str
    district_name: str
    state_name: str
    latitude: float
    longitude: float


class SessionTold(BaseModel):
    """A session as it stands."""

    date: day
    vaccine: str
    min_age_limit: int
    max_age_limit: int | None
    fee: str
    available_capacity: int
    available_capacity_by_dose: dict[str, int]
    slots: list[str]
    bookable_from: datetime | None = Field(description="When booking opens; null when it has.")
    draw_id: str | None = Field(description="The draw that allots its seats (`/api/open/v1/draws`), while it lasts.")
    center: CentreTold


class ChangeTold(BaseModel):
    """A change. The session is told as it stands when it is read, which may be later."""

    number: int = Field(description="The change's place in the journal; as a cursor it means: what follows this.")
    kind: Literal["published", "changed", "withdrawn", "seats_gone", "seats_released"]
    at: datetime
    session_id: str
    center_id: int
    district_id: int
    pincode: str
    session: SessionTold | None = Field(description="Null where it cannot be found any more.")


class ChangesTold(BaseModel):
    """Changes in their order."""

    changes: list[ChangeTold]
    cursor: int = Field(description="Send it as `after` in the next call.")
    more: bool = Field(description="Whether more is ready to be read: call again at once.")


GONE: dict[int | str, dict[str, Any]] = {
    410: {"model": Error, "description": "That cursor is too old, or was never given."}
}
CHANGES_OUT: dict[int | str, dict[str, Any]] = {200: {"model": ChangesTold}, **GONE}
STREAM_OUT: dict[int | str, dict[str, Any]] = {200: {"content": {STREAM: {"schema": {"type": "string"}}}}, **GONE}


@dataclass(frozen=True, slots=True)
class Where:
    """Districts and postal codes; anywhere where none is named."""

    district_ids: frozenset[int]
    pin_codes: frozenset[str]

    def covers(self, one: Told) -> bool:
        """Whether a change happened there."""
        anywhere = not (self.district_ids or self.pin_codes)
        return anywhere or one.district_id in self.district_ids or one.pin_code in self.pin_codes


@router.get("/changes", response_class=Response, responses=CHANGES_OUT)
async def changes(  # noqa: PLR0917 (a query's parameters)
    request: Request,
    actor: Public,
    after: After = None,
    wait: Annotated[float, Query(ge=0, le=60, description="Seconds to wait for a change where there is none.")] = 0,
    district_id: Districts = [],  # noqa: B006 (FastAPI reads it, nobody writes it)
    pincode: Pins = [],  # noqa: B006
) -> Response:
    """Sessions that were published, changed or withdrawn, and seats that are gone or free again, after a cursor.

    Read the sessions first, with a cursor that was fetched before them; then only what changed. Each change is told
    once, none is left out, and no person's data is in it. Changes are kept for three days.
    """
    site = site_of(request)
    where = _where(site, district_id, pincode)
    if after is None:
        return _page_response(Page([], await _newest(site), more=False))
    page = await _read(site, after, where)
    if wait and not page.told:
        with site.tail.seat(_caller(actor)):
            page = await _awaited(site, page, where, min(wait, site.floor.settings.feed_wait_seconds))
    return _page_response(page)


@router.get("/stream", response_class=StreamingResponse, responses=STREAM_OUT)
async def stream(  # noqa: PLR0917 (a query's parameters)
    request: Request,
    actor: Public,
    after: After = None,
    last_event_id: Annotated[str, Header(max_length=20, description="As browsers send it: goes on after it.")] = "",
    district_id: Districts = [],  # noqa: B006
    pincode: Pins = [],  # noqa: B006
) -> StreamingResponse:
    """The same changes as server-sent events: the kind is the event's name, its number the id, the change its data.

    A stream ends after half an hour; who reads it with an EventSource goes on by itself, without a gap.
    """
    site = site_of(request)
    where = _where(site, district_id, pincode)
    resumed = int(last_event_id) if last_event_id.isascii() and last_event_id.isdigit() else after
    cursor = await _newest(site) if resumed is None else resumed
    page = await _read(site, cursor, where)
    return Seated(site.tail.seat(_caller(actor)), _events(site, page, where))


def make_tail(floor: Floor, pool: Pool) -> Tail:
    """The end of the journal, for this process."""

    async def read(after: int | None) -> Page:
        async with transaction(pool) as conn:
            await scheduling.number_changes(conn)
        async with transaction(pool) as conn:
            cursor = await scheduling.newest_change(conn) if after is None else after
            try:
                return _written(await scheduling.changes_after(conn, floor, cursor, most=MOST))
            except scheduling.ChangesForgotten as gone:
                raise Unreadable from gone

    chosen = floor.settings
    return Tail(read, most=chosen.feed_streams, most_each=chosen.feed_streams_per_caller)


class Seated(StreamingResponse):
    """A stream that takes a seat, and gives it back however it ends. Raises TooManyStreams."""

    def __init__(self, seat: AbstractContextManager[None], events: AsyncIterator[bytes]) -> None:
        super().__init__(events, media_type=STREAM, headers=HEADERS)
        self._seat = ExitStack()
        self._seat.enter_context(seat)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream."""
        with self._seat:
            await super().__call__(scope, receive, send)


async def _events(site: Site, page: Page, where: Where) -> AsyncIterator[bytes]:
    """Changes as they come, until the stream's time is over."""
    end = time.monotonic() + site.floor.settings.feed_stream_seconds
    yield RECONNECT
    while True:
        for one in page.told:
            yield b"id: %d\nevent: %s\ndata: %s\n\n" % (one.number, one.kind.encode(), one.body)
        if not page.more:
            left = end - time.monotonic()
            if left <= 0 or site.tail.closed:
                return
            if not await site.tail.growth(page.cursor, min(HEARTBEAT, left)) and not site.tail.closed:
                yield b": still here\nid: %d\n\n" % page.cursor
        try:
            page = await _next(site, page.cursor, where)
        except scheduling.ChangesForgotten:
            return


async def _awaited(site: Site, page: Page, where: Where, seconds: float) -> Page:
    """What comes within so many seconds; an empty page where nothing does."""
    end = time.monotonic() + seconds
    while not page.told and await site.tail.growth(page.cursor, end - time.monotonic()):
        page = await _next(site, page.cursor, where)
    return page


async def _next(site: Site, cursor: int, where: Where) -> Page:
    page = site.tail.after(cursor)
    if page is None:
        return await _read(site, cursor, where)
    return Page([one for one in page.told if where.covers(one)], page.cursor, more=False)


async def _newest(site: Site) -> int:
    async with site.transaction() as conn:
        await scheduling.number_changes(conn)
    async with site.transaction() as conn:
        return await scheduling.newest_change(conn)


async def _read(site: Site, after: int, where: Where) -> Page:
    async with site.transaction() as conn:
        await scheduling.number_changes(conn)
    async with site.transaction() as conn:
        found = await scheduling.changes_after(
            conn, site.floor, after, district_ids=where.district_ids, pin_codes=where.pin_codes, most=MOST
        )
    return _written(found)


def _written(found: scheduling.Changes) -> Page:
    return Page([_told(one) for one in found.changes], found.cursor, found.more)


def _told(change: scheduling.Change) -> Told:
    noted = change.noted
    body = orjson.dumps(feeds.written(change))
    return Told(noted.change_number, noted.district_id, noted.pin_code, noted.kind, body)


def _page_response(page: Page) -> Response:
    more = b"true" if page.more else b"false"
    body = b'{"changes":[%s],"cursor":%d,"more":%s}' % (b",".join(one.body for one in page.told), page.cursor, more)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


def _where(site: Site, district_ids: Sequence[int], pin_codes: Sequence[str]) -> Where:
    try:
        pins = frozenset(site.floor.country.postal_code.normalise(one) for one in pin_codes)
    except Invalid as wrong:
        raise InvalidPincode(field="pincode") from wrong
    return Where(frozenset(district_ids), pins)


def _caller(actor: Actor) -> str:
    return f"key:{actor.actor_id}" if actor.kind is ActorKind.PARTNER else f"address:{actor.address}"
