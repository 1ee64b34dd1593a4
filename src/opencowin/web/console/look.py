"""A worker looks at one person who is here: booked today, or with the secret code of the slip. There is no list."""

from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import scheduling
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.errors import Refusal
from opencowin.scheduling import Seen
from opencowin.web.console.desk import may_in_console, read_form
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.pages.forms import Filled, first, number, refused
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Finder = Annotated[Actor, may_in_console(Permission.FIND_BENEFICIARIES)]
FIELDS = {"secret_code": "secret_code", "beneficiary_reference_id": "reference"}


@router.get("/console/look", response_class=Response)
async def look_form(request: Request, _actor: Finder) -> Response:
    """Reference and secret code, please."""
    return _page(request, Filled(), None)


@router.post("/console/look", response_class=Response)
async def look(request: Request, actor: Finder) -> Response:
    """Show the person, if there is proof that the person is here. The look is written down with its reason."""
    fields, site = await read_form(request), site_of(request)
    reference = number(first(fields, "reference").replace(" ", "")) or 0
    try:
        async with site.transaction() as conn:
            seen = await scheduling.see_person(conn, site.floor, actor, reference, first(fields, "secret_code"))
    except Refusal as no:
        kept = {"reference": fields.get("reference", [])}
        return _page(request, refused(ConsoleReader(request), kept, no, FIELDS), None)
    return _page(request, Filled(), seen)


def _page(request: Request, form: Filled, seen: Seen | None) -> Response:
    site, status = site_of(request), 400 if form.faults else 200
    document = site.documents.get(seen.person.document_type_id) if seen else None
    return console_page(ConsoleReader(request), "console/look.html", status, form=form, seen=seen, document=document)
