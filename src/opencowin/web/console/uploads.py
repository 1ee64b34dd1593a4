"""Bulk: an officer uploads a table, reads what is wrong in it, confirms it, watches it being saved, and undoes it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from opencowin import bulk
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.errors import Invalid, Refusal
from opencowin.web.console import desk
from opencowin.web.console.desk import may_in_console
from opencowin.web.console.shown import ROWS, ConsoleReader, console_page
from opencowin.web.pages.forms import Fault, Filled, first
from opencowin.web.pages.visits import TOKEN
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Officer = Annotated[Actor, may_in_console(Permission.PUBLISH_SESSIONS)]
CSV = "text/csv; charset=utf-8"
AGAIN = "3"
"""Seconds after which the page of an upload under way shows itself again."""


class FileNeeded(Invalid):
    """Choose what the table holds, and the file."""

    code = "PAGE0033"


@router.get("/console/bulk", response_class=Response)
async def uploads(request: Request, actor: Officer) -> Response:
    """The area's uploads, and the form for one more."""
    return await _list_page(request, actor, Filled())


@router.post("/console/bulk", response_class=Response)
async def upload(request: Request, actor: Officer) -> Response:
    """Take a file; it is checked by a job, and nothing of it is saved."""
    site, reader = site_of(request), ConsoleReader(request)
    async with request.form(max_files=1, max_fields=10) as form:
        desk.check_token(request, str(form.get(TOKEN, "")))
        kind, file = str(form.get("kind", "")), form.get("file")
        if kind not in {one.value for one in bulk.kinds_for(actor)} or not isinstance(file, UploadFile):
            return await _list_page(request, actor, _refused(reader, kind, FileNeeded(field="file")))
        name, content = file.filename or "", await file.read()
    if not content:
        return await _list_page(request, actor, _refused(reader, kind, FileNeeded(field="file")))
    try:
        async with site.transaction() as conn:
            upload_id = await bulk.receive_upload(
                conn, site.floor, actor, bulk.Kind(kind), name, content, language=reader.language.code
            )
    except Refusal as no:
        return await _list_page(request, actor, _refused(reader, kind, no))
    return desk.go(request, f"/console/bulk/{upload_id}")


@router.get("/console/bulk/template/{kind}.csv", response_class=Response)
async def template(request: Request, kind: bulk.Kind, _actor: Officer) -> Response:
    """The template of a kind, explained in the reader's language."""
    lines = bulk.template_file(bulk.columns_of(kind), ConsoleReader(request).text)
    return _file(request, StreamingResponse(lines, media_type=CSV), f"{kind.value}.csv")


@router.get("/console/bulk/{upload_id}", response_class=Response)
async def upload_page(request: Request, upload_id: UUID, actor: Officer) -> Response:
    """How far an upload is, and what is wrong in it, by row and column."""
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        shown = await bulk.read_upload(conn, site.floor, actor, upload_id)
        wrong = await bulk.wrong_rows(conn, site.floor, actor, upload_id, ROWS)
    answer = console_page(
        reader,
        "console/upload.html",
        upload=shown,
        wrong=wrong,
        more=shown.rows_wrong + shown.rows_failed + shown.rows_kept - len(wrong),
        own=str(shown.staff_id) == actor.actor_id,
        problem=reader.refusal(shown.problem) if shown.problem else "",
        told=reader.refusal,
    )
    if shown.under_way:
        answer.headers["Refresh"] = AGAIN
    return answer


@router.get("/console/bulk/{upload_id}/fix.csv", response_class=Response)
async def fix_file(request: Request, upload_id: UUID, actor: Officer) -> Response:
    """The rows that were not saved, each with what is wrong, to be put right and uploaded again."""
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        shown = await bulk.read_upload(conn, site.floor, actor, upload_id)
        rows = await bulk.every_wrong_row(conn, site.floor, actor, upload_id)
    lines = bulk.fix_file(bulk.header_of_fix_file(shown), rows, reader.refusal)
    return _file(request, StreamingResponse(lines, media_type=CSV), f"fix-{shown.kind.value}.csv")


@router.post("/console/bulk/{upload_id}/confirm", response_class=Response)
async def confirm(request: Request, upload_id: UUID, actor: Officer) -> Response:
    """Save the good rows."""
    await desk.read_form(request)
    site = site_of(request)
    async with site.transaction() as conn:
        await bulk.confirm_upload(conn, site.floor, actor, upload_id)
    return desk.go(request, f"/console/bulk/{upload_id}")


@router.post("/console/bulk/{upload_id}/drop", response_class=Response)
async def drop(request: Request, upload_id: UUID, actor: Officer) -> Response:
    """Save nothing of it."""
    await desk.read_form(request)
    site = site_of(request)
    async with site.transaction() as conn:
        await bulk.drop_upload(conn, site.floor, actor, upload_id)
    return desk.go(request, f"/console/bulk/{upload_id}")


@router.post("/console/bulk/{upload_id}/undo", response_class=Response)
async def undo(request: Request, upload_id: UUID, actor: Officer) -> Response:
    """Undo what was saved."""
    await desk.read_form(request)
    site = site_of(request)
    async with site.transaction() as conn:
        await bulk.undo_upload(conn, site.floor, actor, upload_id)
    return desk.go(request, f"/console/bulk/{upload_id}")


def _refused(reader: ConsoleReader, kind: str, no: Refusal) -> Filled:
    return Filled({"kind": [kind]}, (Fault("file", reader.refusal(no)),))


async def _list_page(request: Request, actor: Actor, form: Filled) -> Response:
    site = site_of(request)
    async with site.transaction() as conn:
        found = await bulk.uploads_of(conn, site.floor, actor, ROWS)
    return console_page(
        ConsoleReader(request),
        "console/uploads.html",
        400 if form.faults else 200,
        uploads=found,
        kinds=[kind.value for kind in bulk.kinds_for(actor)],
        most=bulk.MOST_MEGABYTES,
        form=form,
        chosen=first(form.values, "kind"),
    )


def _file(request: Request, answer: Response, name: str) -> Response:
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return desk.keep(request, answer)
