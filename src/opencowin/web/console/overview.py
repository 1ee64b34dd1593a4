"""The console's first page: figures of the own area, today and tomorrow."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import cases, identity, places, registry, reports, scheduling, stock
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.web.console.desk import may_in_console
from opencowin.web.console.shown import ROWS, ConsoleReader, console_page
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)


@router.get("/console", response_class=Response)
async def overview(request: Request, actor: Annotated[Actor, may_in_console(Permission.ENTER_CONSOLE)]) -> Response:
    """Sessions, bookings and doses of today and tomorrow, open cases and short stock, within the own area."""
    site = site_of(request)
    today = site.floor.clock.today()
    answers_cases = Permission.ANSWER_CASES in actor.permissions and actor.place.centre_id is None
    async with site.transaction() as conn:
        area = await places.area_of(conn, actor.place)
        loads = [await scheduling.load_of_day(conn, area, today + timedelta(days=ahead)) for ahead in (0, 1)]
        doses = await reports.doses_on(conn, area, today)
        open_cases = await cases.count_open_cases(conn, actor) if answers_cases else None
        watches = Permission.WATCH_ALERTS in actor.permissions
        alerts = await _alerts(conn, actor) if watches else None
        keeps_stock = Permission.MANAGE_STOCK in actor.permissions
        short = await stock.short_of_stock(conn, area) if keeps_stock else None
    return console_page(
        ConsoleReader(request),
        "console/overview.html",
        today=loads[0],
        tomorrow=loads[1],
        doses=doses,
        open_cases=open_cases,
        short=short,
        alerts=alerts,
    )


async def _alerts(conn: Connection, actor: Actor) -> int:
    """How many alarms of the area wait for an officer; beyond a page full it does not matter how many."""
    about = await identity.actors_within(conn, actor.place)
    return len(await registry.alerts(conn, actor, about, unseen=True, start=0, rows=ROWS))
