"""My account: what I sign in with, where I am signed in, and another password."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import identity, tablets
from opencowin.kit.actor import Actor
from opencowin.kit.errors import Refusal
from opencowin.web.console import desk
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.pages.forms import Filled, first, refused
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Self = Annotated[Actor, desk.may_enrol()]
ACCOUNT = desk.ENROL


@router.get(ACCOUNT, response_class=Response)
async def account(request: Request, actor: Self) -> Response:
    """Second factors, recovery codes and open sessions."""
    site, session = site_of(request), desk.session_here(request)
    async with site.transaction() as conn:
        factors = await identity.factors_of(conn, actor.own_staff_id())
        passkeys = await identity.passkeys_of(conn, actor)
        sessions = await identity.open_sessions(conn, site.floor, actor)
    return console_page(
        ConsoleReader(request),
        "console/account.html",
        factors=factors,
        passkeys=passkeys,
        named=identity.name_of_credential,
        possible=identity.passkeys_possible(site.floor),
        sessions=sessions,
        session=session,
        done="done" in request.query_params,
    )


@router.post(ACCOUNT, response_class=Response)
async def end_sessions(request: Request, actor: Self) -> Response:
    """End one of my other sessions, or all of them, and tablets with them."""
    fields, site, here = await desk.read_form(request), site_of(request), desk.session_here(request)
    which = first(fields, "session")
    async with site.transaction() as conn:
        if which == "others":
            await identity.end_other_sessions(conn, site.floor, actor, here.session_id)
            await tablets.end_tablets_of(conn, site.floor, actor, actor.own_staff_id())
        elif (one := _uuid(which)) and one != here.session_id:
            await identity.end_session(conn, site.floor, actor, one)
    return desk.go(request, ACCOUNT, done="sessions")


@router.get(ACCOUNT + "/password", response_class=Response)
async def password_form(request: Request, _actor: Self) -> Response:
    """The present password and the new one, please."""
    return _password_page(request, Filled())


@router.post(ACCOUNT + "/password", response_class=Response)
async def change_password(request: Request, actor: Self) -> Response:
    """Change my password; all my other sessions end, and tablets with them."""
    fields, site, here = await desk.read_form(request), site_of(request), desk.session_here(request)
    try:
        async with site.transaction() as conn:
            await identity.confirm_password(conn, site.floor, actor, first(fields, "present"), desk.browser_of(request))
            await identity.change_password(
                conn, site.floor, actor, actor.own_staff_id(), first(fields, "password"), but=here.session_id
            )
            await tablets.end_tablets_of(conn, site.floor, actor, actor.own_staff_id())
    except Refusal as no:
        return _password_page(request, refused(ConsoleReader(request), {}, no, {"password": "password"}))
    return desk.go(request, ACCOUNT, done="password")


def _password_page(request: Request, form: Filled) -> Response:
    status = 400 if form.faults else 200
    return console_page(
        ConsoleReader(request), "console/password.html", status, form=form, least=identity.LEAST_PASSWORD
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
