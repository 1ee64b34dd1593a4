"""The console's first page: figures of the own area, today and tomorrow."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import cases, identity, places, programme, registry, reports, scheduling, stock
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.stock import Short
from opencowin.web.console.desk import may_in_console
from opencowin.web.console.shown import ROWS, ConsoleReader, console_page
from opencowin.web.pages.find import vaccine_name
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
SHORTEST = 10
"""Centres short of a vaccine that the page names."""


@router.get("/console", response_class=Response)
async def overview(request: Request, actor: Annotated[Actor, may_in_console(Permission.ENTER_CONSOLE)]) -> Response:
    """Sessions, bookings and doses of today and tomorrow, open cases and short stock, within the own area."""
    site, reader = site_of(request), ConsoleReader(request)
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
        short = await stock.shortest_of_stock(conn, area, SHORTEST) if keeps_stock else []
        shortest = await _named(conn, reader, short)
        plans = Permission.PUBLISH_SESSIONS in actor.permissions
        held_back = await scheduling.held_back(conn, site.floor, area) if plans else None
    return console_page(
        reader,
        "console/overview.html",
        days=[today.isoformat(), (today + timedelta(days=1)).isoformat()],
        today=loads[0],
        tomorrow=loads[1],
        doses=doses,
        open_cases=open_cases,
        short=sum(one.in_all for one in short[:1]) if keeps_stock else None,
        shortest=shortest,
        held_back=held_back,
        alerts=alerts,
    )


async def _named(conn: Connection, reader: ConsoleReader, found: list[Short]) -> list[tuple[str, str, int]]:
    """Centres with hardly any doses of a vaccine: both names, and what is left."""
    if not found:
        return []
    rules = await programme.current_programme(conn)
    centres = await places.centres_with_ids(conn, sorted({one.centre_id for one in found}))
    code = reader.language.code
    return [
        (centres[one.centre_id].name_in(code), vaccine_name(reader, rules, one.vaccine_id), one.free) for one in found
    ]


async def _alerts(conn: Connection, actor: Actor) -> int:
    """How many alarms of the area wait for an officer; beyond a page full it does not matter how many."""
    about = await identity.actors_within(conn, actor.place)
    return len(await registry.alerts(conn, actor, about, unseen=True, start=0, rows=ROWS))
