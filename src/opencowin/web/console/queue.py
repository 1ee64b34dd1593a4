"""Waiting rooms at the console: those that stand in the own area, and a form to announce one."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import fairness, places
from opencowin.kit.actor import Actor, Permission
from opencowin.web.console import desk
from opencowin.web.console.desk import may_in_console
from opencowin.web.console.placing import place_called, placing
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.console.typed import EXPECTED, Typed
from opencowin.web.pages.forms import Filled
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Officer = Annotated[Actor, may_in_console(Permission.MANAGE_QUEUES)]
PATH = "/console/queue"
FIELDS = {"opens_at": "opens_day", "per_minute": "per_minute"}
PACE = "600"


@router.get(PATH, response_class=Response)
async def rooms(request: Request, actor: Officer) -> Response:
    """The rooms that stand, and the form for one more."""
    return await _page(request, actor, Filled({"per_minute": [PACE]}))


@router.post(PATH, response_class=Response)
async def announce(request: Request, actor: Officer) -> Response:
    """A room stands from now on."""
    typed, site, reader = Typed(await desk.read_form(request)), site_of(request), ConsoleReader(request)
    per_minute = _pace(typed)
    opens_at = typed.instant(site.floor.clock, "opens_day", "opens_time") if typed.has("opens_day") else None
    if not typed.wrong:
        try:
            async with site.transaction() as conn:
                place = await place_called(conn, actor, request.query_params.get("place", ""))
                await fairness.announce_room(conn, site.floor, actor, place, opens_at=opens_at, per_minute=per_minute)
            return desk.go(request, PATH, done="1")
        except EXPECTED as no:
            typed.blame(no, FIELDS)
    return await _page(request, actor, typed.shown(reader))


@router.post(PATH + "/{room_id}/pace", response_class=Response)
async def change_pace(request: Request, room_id: UUID, actor: Officer) -> Response:
    """Let in more or fewer from now on."""
    typed, site, reader = Typed(await desk.read_form(request)), site_of(request), ConsoleReader(request)
    per_minute = _pace(typed)
    if typed.wrong:
        return await _page(request, actor, typed.shown(reader))
    async with site.transaction() as conn:
        await fairness.change_pace(conn, site.floor, actor, room_id, per_minute)
    return desk.go(request, PATH, done="1")


@router.post(PATH + "/{room_id}/end", response_class=Response)
async def end(request: Request, room_id: UUID, actor: Officer) -> Response:
    """Everybody may book."""
    await desk.read_form(request)
    site = site_of(request)
    async with site.transaction() as conn:
        await fairness.close_room(conn, site.floor, actor, room_id)
    return desk.go(request, PATH, done="1")


async def _page(request: Request, actor: Actor, form: Filled) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        found = await fairness.rooms_within(conn, actor)
        trails = {one.room_id: await places.trail_of(conn, one.place) for one in found}
        chosen = await placing(conn, actor, request.query_params.get("place", ""), reader.language.code)
    return console_page(
        reader,
        "console/queue.html",
        400 if form.faults else 200,
        rooms=found,
        trails=trails,
        now=site.floor.clock.now(),
        chosen=replace(chosen, options=()) if chosen.place.district_id is not None else chosen,
        form=form,
        done=bool(request.query_params.get("done")),
    )


def _pace(typed: Typed) -> int:
    return typed.number("per_minute", 1, fairness.MOST_PER_MINUTE)
