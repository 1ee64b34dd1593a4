"""Draws of the own area: opened over sessions, followed, revealed with the public number, or called off."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import draw, places, programme, scheduling
from opencowin.draw import NewDraw
from opencowin.kit.actor import Actor, NotPermitted
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection
from opencowin.scheduling import Planned, PlanWish
from opencowin.web.console import desk
from opencowin.web.console.placing import within
from opencowin.web.console.sessions import Planner
from opencowin.web.console.shown import ROWS, ConsoleReader, console_page
from opencowin.web.console.typed import EXPECTED, FieldEmpty, Typed
from opencowin.web.pages.forms import Filled
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
DAYS = 60
RANKS = (1, 2, 3)
FIELDS = {"closes_at": "closes_day", "number_source": "number_source", "sessions": "session", "groups": "group1"}


@router.get("/console/draws", response_class=Response)
async def draws(request: Request, actor: Planner) -> Response:
    """The draws of the own area."""
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        area = await places.area_of(conn, actor.place)
        found = await draw.draws_in(conn, area.district_list)
        names = await places.place_names(conn, sorted({one.district_id for one in found}))
    return console_page(reader, "console/draws.html", draws=found, names=names)


@router.get("/console/draws/new", response_class=Response)
async def new_draw(request: Request, actor: Planner) -> Response:
    """The form for a draw, once the district is chosen."""
    return await _new_page(request, actor, Filled(), 200)


@router.post("/console/draws/new", response_class=Response)
async def open_draw(request: Request, actor: Planner) -> Response:
    """Open a draw over the sessions that are ticked."""
    typed, site, reader = Typed(await desk.read_form(request)), site_of(request), ConsoleReader(request)
    try:
        async with site.transaction() as conn:
            where = await within(conn, actor, request, reader.language.code)
            groups = (await programme.current_programme(conn)).groups
            if where.place.district_id is not None:
                new = _read(typed, site.floor.clock, where.place.district_id, list(groups))
                if not typed.wrong:
                    draw_id = await draw.open_draw(conn, site.floor, actor, new)
                    return desk.go(request, f"/console/draws/{draw_id}", done="opened")
    except EXPECTED as no:
        typed.blame(no, FIELDS)
    return await _new_page(request, actor, typed.shown(reader), 400)


@router.get("/console/draws/{draw_id}", response_class=Response)
async def draw_page(request: Request, draw_id: UUID, actor: Planner) -> Response:
    """A draw: how many have entered, and what is to be done next."""
    return await _draw_page(request, actor, draw_id, Filled())


@router.post("/console/draws/{draw_id}/reveal", response_class=Response)
async def reveal(request: Request, draw_id: UUID, actor: Planner) -> Response:
    """Enter the public number."""
    typed, site = Typed(await desk.read_form(request)), site_of(request)
    number = typed.text("number")
    if not typed.wrong:
        try:
            async with site.transaction() as conn:
                await draw.reveal(conn, site.floor, actor, draw_id, number)
            return desk.go(request, f"/console/draws/{draw_id}", done="revealed")
        except EXPECTED as no:
            typed.blame(no, {"number": "number"})
    return await _draw_page(request, actor, draw_id, typed.shown(ConsoleReader(request)))


@router.post("/console/draws/{draw_id}/cancel", response_class=Response)
async def cancel(request: Request, draw_id: UUID, actor: Planner) -> Response:
    """Call a draw off, with the reason that everybody reads."""
    typed, site = Typed(await desk.read_form(request)), site_of(request)
    reason = typed.text("reason", most=300)
    if not typed.wrong:
        try:
            async with site.transaction() as conn:
                await draw.cancel_draw(conn, site.floor, actor, draw_id, reason)
            return desk.go(request, f"/console/draws/{draw_id}", done="cancelled")
        except EXPECTED as no:
            typed.blame(no, {"reason": "reason"})
    return await _draw_page(request, actor, draw_id, typed.shown(ConsoleReader(request)))


def _read(typed: Typed, clock: Clock, district_id: int, groups: list[str]) -> NewDraw:
    """The draw that the form describes."""
    chosen = [_id(one) for one in typed.fields.get("session", ())]
    if not chosen:
        typed.wrong["session"] = FieldEmpty(field="session")
    ranked = [typed.choice(f"group{rank}", groups, optional=True) for rank in RANKS]
    return NewDraw(
        district_id=district_id,
        session_ids=tuple(chosen),
        groups=tuple(one for one in ranked if one),
        closes_at=typed.instant(clock, "closes_day", "closes_time"),
        number_source=typed.text("number_source", most=300),
    )


def _id(text: str) -> UUID:
    """The id, or one that nothing has."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


async def _new_page(request: Request, actor: Actor, form: Filled, status: int) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    today, language = site.floor.clock.today(), reader.language.code
    async with site.transaction() as conn:
        where = await within(conn, actor, request, language)
        if where.place.centre_id is not None or actor.place.centre_id is not None:
            raise NotPermitted
        found: list[Planned] = []
        if where.place.district_id is not None:
            last = today + timedelta(days=DAYS)
            wish = PlanWish(first=today, last=last, place=replace(where.place, centre_id=None), state="published")
            planned = await scheduling.plans_in(conn, wish, start=0, rows=ROWS * 4)
            found = [one for one in planned if not (one.closed or one.reserved_for or one.draw_id)]
        centres = await places.centres_with_ids(conn, sorted({one.centre_id for one in found}))
        groups = (await programme.current_programme(conn)).groups
    return console_page(
        reader,
        "console/new_draw.html",
        status,
        where=where,
        sessions=[(one.session_id, _named(reader, one, centres[one.centre_id])) for one in found],
        groups=[(key, one.name_l.get(language) or one.name) for key, one in groups.items()],
        ranks=RANKS,
        placed=Filled(where.chosen),
        form=form,
    )


def _named(reader: ConsoleReader, one: Planned, centre: places.Centre) -> str:
    begins = reader.clock_time(one.starts_at)
    return f"{reader.weekday(one.held_on)} {begins}, {centre.name_in(reader.language.code)}"


async def _draw_page(request: Request, actor: Actor, draw_id: UUID, form: Filled) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        found = await draw.draw_of(conn, draw_id)
        await _require_area(conn, actor, found.district_id)
        tally = await draw.tally_of(conn, draw_id)
        names = await places.place_names(conn, [found.district_id])
        sessions = await draw.sessions_of(conn, draw_id)
        centres = await places.centres_with_ids(conn, sorted({one.centre_id for one in sessions}))
    return console_page(
        reader,
        "console/draw.html",
        400 if form.faults else 200,
        draw=found,
        tally=tally,
        place=names[found.district_id],
        sessions=[(one, centres[one.centre_id]) for one in sessions],
        form=form,
        done=request.query_params.get("done", ""),
    )


async def _require_area(conn: Connection, actor: Actor, district_id: int) -> None:
    """Raise NotPermitted for a draw outside the actor's area; who plans for one centre sees its district's."""
    area = await places.area_of(conn, actor.place)
    if area.district_list is not None and district_id not in area.district_list:
        raise NotPermitted
