"""Exports: an officer asks for a table of the own area, and fetches it once a job has made it."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import bulk
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.errors import Invalid, Refusal
from opencowin.web.console import desk
from opencowin.web.console.desk import may_in_console
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.pages.forms import Filled, first, refused
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Officer = Annotated[Actor, may_in_console(Permission.EXPORT_RECORDS)]
LAST_DAYS = timedelta(days=30)
AGAIN = "3"


class ExportUnclear(Invalid):
    """Choose a table, and write both days."""

    code = "PAGE0031"


@router.get("/console/exports", response_class=Response)
async def exports(request: Request, actor: Officer) -> Response:
    """One's own exports, and the form for one more."""
    today = site_of(request).floor.clock.today()
    days = {"first": [str(today - LAST_DAYS)], "last": [str(today)]}
    return await _page(request, actor, Filled(days))


@router.post("/console/exports", response_class=Response)
async def ask(request: Request, actor: Officer) -> Response:
    """Have a table made."""
    fields, site, reader = await desk.read_form(request), site_of(request), ConsoleReader(request)
    try:
        try:
            kind = bulk.ExportKind(first(fields, "kind"))
            first_on, last_on = (date.fromisoformat(first(fields, name)) for name in ("first", "last"))
        except ValueError:
            raise ExportUnclear(field="kind") from None
        async with site.transaction() as conn:
            await bulk.ask_export(conn, site.floor, actor, kind, first_on, last_on)
    except Refusal as no:
        return await _page(request, actor, refused(reader, fields, no, {"kind": "kind", "last_on": "last"}))
    return desk.go(request, "/console/exports")


@router.get("/console/exports/{export_id}.csv", response_class=Response)
async def fetch(request: Request, export_id: UUID, actor: Officer) -> Response:
    """The table, for whoever asked for it."""
    site = site_of(request)
    async with site.transaction() as conn:
        export, content = await bulk.fetch_export(conn, site.floor, actor, export_id)
    name = f"{export.kind.value}-{export.first_on}-{export.last_on}.csv"
    answer = Response(content, media_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return desk.keep(request, answer)


async def _page(request: Request, actor: Actor, form: Filled) -> Response:
    site = site_of(request)
    async with site.transaction() as conn:
        found = await bulk.exports_of(conn, site.floor, actor)
    answer = console_page(
        ConsoleReader(request),
        "console/exports.html",
        400 if form.faults else 200,
        exports=found,
        kinds=[kind.value for kind in bulk.exports_for(actor)],
        form=form,
        local=site.floor.clock.local,
    )
    if any(one.made_at is None for one in found) and not form.faults:
        answer.headers["Refresh"] = AGAIN
    return answer
