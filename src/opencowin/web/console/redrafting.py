"""A draft made another session: another day, vaccine, price or other times, before anybody knows of it."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import programme, scheduling
from opencowin.kit.actor import Actor
from opencowin.kit.clock import Clock
from opencowin.scheduling import NotADraft, Plan
from opencowin.web.console import desk
from opencowin.web.console.session_forms import (
    FIELDS,
    offered,
    read_new_session,
    rows_of,
    with_more_rows,
    written_facts,
    written_slots,
)
from opencowin.web.console.sessions import Planner
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.console.typed import EXPECTED, Typed
from opencowin.web.pages.forms import Filled
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)


@router.get("/console/sessions/{session_id}/edit", response_class=Response)
async def edit(request: Request, session_id: UUID, actor: Planner) -> Response:
    """The form of a draft."""
    return await _page(request, actor, session_id, None, 200)


@router.post("/console/sessions/{session_id}/edit", response_class=Response)
async def change(request: Request, session_id: UUID, actor: Planner) -> Response:
    """Change a draft; when it is published stays as it is set."""
    typed, site, reader = Typed(await desk.read_form(request)), site_of(request), ConsoleReader(request)
    if typed.has("more"):
        return await _page(request, actor, session_id, with_more_rows(typed.fields), 200)
    try:
        async with site.transaction() as conn:
            plan = await scheduling.plan_of(conn, actor, session_id)
            rules = await programme.current_programme(conn)
            new = read_new_session(typed, site.floor.clock, plan.centre, rules, offered(reader, rules))
            if not typed.wrong:
                await scheduling.change_draft(conn, site.floor, actor, session_id, new)
                return desk.go(request, f"/console/sessions/{session_id}", done="changed")
    except EXPECTED as no:
        typed.blame(no, FIELDS)
    return await _page(request, actor, session_id, typed.shown(reader), 400)


def _written(plan: Plan, clock: Clock) -> dict[str, list[str]]:
    """A draft as the form holds it."""
    session = plan.session
    slots = [(at, one.starts_at, one.ends_at, one.seats) for at, one in enumerate(plan.slots, 1)]
    fields = written_slots(slots) | written_facts(session) | {"held_on": [f"{session.held_on}"]}
    for name, at in (("opens", session.opens_to_all_at), ("bookable", session.bookable_from)):
        if at is not None:
            there = clock.local(at)
            fields |= {f"{name}_day": [f"{there:%Y-%m-%d}"], f"{name}_time": [f"{there:%H:%M}"]}
    return fields


async def _page(request: Request, actor: Actor, session_id: UUID, form: Filled | None, status: int) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        plan = await scheduling.plan_of(conn, actor, session_id)
        rules = await programme.current_programme(conn)
    if plan.session.state != "draft":
        raise NotADraft(field="session_id")
    shown = form or Filled(_written(plan, site.floor.clock))
    return console_page(
        reader,
        "console/new_session.html",
        status,
        centre=plan.centre,
        draft=session_id,
        offer=offered(reader, rules),
        rows=rows_of(shown.values),
        form=shown,
    )
