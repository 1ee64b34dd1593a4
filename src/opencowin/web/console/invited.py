"""Joining the staff by the link of an invitation, or choosing another password by one."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from opencowin import identity
from opencowin.identity import Invitation
from opencowin.kit.actor import Actor, NotPermitted
from opencowin.kit.errors import Refusal
from opencowin.web.console import desk
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.guard import caller_address, open_to_readers
from opencowin.web.pages.forms import Filled, first, refused
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Public = Annotated[Actor, open_to_readers()]
Link = Annotated[str, Path(max_length=80)]
JOIN = "/console/join/{link}"


@router.get(JOIN, response_class=Response)
async def join_form(request: Request, link: Link, _actor: Public) -> Response:
    """A password, please. Opening the link does not use it up."""
    return _page(request, link, await _invitation(request, link), Filled())


@router.post(JOIN, response_class=Response)
async def join(request: Request, link: Link, _actor: Public) -> Response:
    """Join the staff with the password that was chosen; then on to the sign-in."""
    fields, site = await desk.read_form(request), site_of(request)
    invitation = await _invitation(request, link)
    try:
        async with site.transaction() as conn:
            password, address = first(fields, "password"), caller_address(request)
            _, enrolment = await identity.accept_invitation(conn, site.floor, link, password, address)
    except NotPermitted:
        raise identity.InvitationOver from None
    except Refusal as no:
        form = refused(ConsoleReader(request), {}, no, {"password": "password"})
        return _page(request, link, invitation, form)
    desk.desk_of(request).enrolment = enrolment
    return desk.go(request, desk.SIGN_IN, done="joined")


async def _invitation(request: Request, link: str) -> Invitation:
    """What a link invites to. Raises InvitationOver."""
    site = site_of(request)
    async with site.transaction() as conn:
        return await identity.read_invitation(conn, site.floor, link)


def _page(request: Request, link: str, invitation: Invitation, form: Filled) -> Response:
    return console_page(
        ConsoleReader(request),
        "console/join.html",
        400 if form.faults else 200,
        form=form,
        invitation=invitation,
        link=link,
        least=identity.LEAST_PASSWORD,
    )
