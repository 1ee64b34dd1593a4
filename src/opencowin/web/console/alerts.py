"""Alarms on unusual reading, shown to the officers of the area, who look after them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import identity, registry
from opencowin.kit.actor import Actor, Permission
from opencowin.web.console.desk import go, may_in_console, read_form
from opencowin.web.console.shown import ROWS, ConsoleReader, console_page, leaf_of
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Watcher = Annotated[Actor, may_in_console(Permission.WATCH_ALERTS)]


@router.get("/console/alerts", response_class=Response)
async def alerts(request: Request, actor: Watcher, seen: bool = False) -> Response:
    """Alarms about staff and partners of the own area, those that nobody has looked after first."""
    site, leaf = site_of(request), leaf_of(request)
    async with site.transaction() as conn:
        about = await identity.actors_within(conn, actor.place)
        found = await registry.alerts(conn, actor, about, unseen=not seen, start=leaf.start, rows=ROWS + 1)
        who = await identity.who_acted(conn, [one.actor_id for one in found])
    return console_page(
        ConsoleReader(request),
        "console/alerts.html",
        alerts=found[:ROWS],
        who=who,
        local=site.floor.clock.local,
        seen=seen,
        leaf=leaf.followed(len(found)),
        done=request.query_params.get("done") == "seen",
    )


@router.post("/console/alerts/{alert_id}/seen", response_class=Response)
async def look_after(request: Request, alert_id: UUID, actor: Watcher) -> Response:
    """Note that the officer has looked after an alarm."""
    await read_form(request)
    site = site_of(request)
    async with site.transaction() as conn:
        about = await identity.actors_within(conn, actor.place)
        await registry.look_after_alert(conn, site.floor, actor, about, alert_id)
    return go(request, "/console/alerts", done="seen")
