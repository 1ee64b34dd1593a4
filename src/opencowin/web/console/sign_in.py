"""The way into the console: user name and password, a second factor where there is one, and out again."""

import secrets
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import identity
from opencowin.identity import NotSignedIn, Proof, SignIn
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.web.console import desk
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.guard import caller_address, open_to_readers
from opencowin.web.pages.forms import Filled, first, refused
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Public = Annotated[Actor, open_to_readers()]
FIRST_PAGE, SECOND = "/console", "/console/sign-in/second"


@router.get(desk.SIGN_IN, response_class=Response)
async def sign_in_form(request: Request, _actor: Public) -> Response:
    """User name and password, please."""
    return _password_page(request, Filled())


@router.post(desk.SIGN_IN, response_class=Response)
async def check_password(request: Request, _actor: Public) -> Response:
    """Check the password; then on to where the way led."""
    fields, site = await desk.read_form(request), site_of(request)
    user_name = first(fields, "user_name")
    try:
        async with site.transaction() as conn:
            actor = await identity.check_password(
                conn,
                site.floor,
                user_name,
                first(fields, "password"),
                caller_address(request),
                browser=desk.browser_of(request),
            )
            waiting = await identity.begin_sign_in(conn, site.floor, actor)
    except Refusal as no:
        return _password_page(request, refused(ConsoleReader(request), {"user_name": [user_name]}, no, {}))
    if waiting is None:
        return await _arrive(request, actor, Proof.NOTHING)
    desk.desk_of(request).waiting = str(waiting)
    return desk.go(request, SECOND)


@router.get(SECOND, response_class=Response)
async def second_factor_form(request: Request, _actor: Public) -> Response:
    """A code or a passkey, please; to the password for who has not shown one."""
    return await _second_page(request, Filled())


@router.post(SECOND, response_class=Response)
async def check_second_factor(request: Request, _actor: Public) -> Response:
    """Check the second factor; then on to where the way led."""
    fields, site = await desk.read_form(request), site_of(request)
    try:
        async with site.transaction() as conn:
            waiting = await _waiting(conn, request)
            proof = await identity.finish_sign_in(
                conn,
                site.floor,
                waiting,
                code=first(fields, "code"),
                credential=first(fields, "credential"),
                browser=desk.browser_of(request),
            )
    except NotSignedIn:
        return desk.go(request, desk.SIGN_IN)
    except Refusal as no:
        return await _second_page(request, refused(ConsoleReader(request), {}, no, {"code": "code"}))
    return await _arrive(request, waiting.actor, proof)


async def _waiting(conn: Connection, request: Request) -> SignIn:
    """The sign-in that waits here. Raises NotSignedIn."""
    try:
        sign_in_id = UUID(desk.desk_of(request).waiting)
    except ValueError:
        raise NotSignedIn from None
    return await identity.waiting_sign_in(conn, site_of(request).floor, sign_in_id, caller_address(request))


async def _second_page(request: Request, form: Filled) -> Response:
    site = site_of(request)
    try:
        async with site.transaction() as conn:
            waiting = await _waiting(conn, request)
            question = await identity.passkey_question(conn, site.floor, waiting)
    except NotSignedIn:
        return desk.go(request, desk.SIGN_IN)
    return console_page(
        ConsoleReader(request),
        "console/second_factor.html",
        400 if form.faults else 200,
        scripts=("passkey.js",) if question else (),
        form=form,
        question=question,
    )


async def _arrive(request: Request, actor: Actor, proved_by: Proof) -> Response:
    """Begin a session here, under a new cookie, and go on to where the way led."""
    site, then = site_of(request), desk.desk_of(request).then
    browser = desk.browser_of(request) or secrets.token_urlsafe(32)
    device = request.headers.get("user-agent", "")
    async with site.transaction() as conn:
        secret = await identity.begin_session(
            conn, site.floor, actor, device=device, browser=browser, proved_by=proved_by
        )
    desk.sign_in(request, secret)
    to = then if then.startswith(FIRST_PAGE) else FIRST_PAGE
    return desk.know_browser(request, desk.go(request, to), browser)


@router.post("/console/sign-out", response_class=Response)
async def sign_out(request: Request, _actor: Public) -> Response:
    """End the session that is open here."""
    await desk.read_form(request)
    site = site_of(request)
    try:
        async with site.transaction() as conn:
            session = await identity.session_of(conn, site.floor, desk.desk_of(request).secret, caller_address(request))
            await identity.end_session(conn, site.floor, session.actor, session.session_id)
    except NotSignedIn:
        pass
    desk.sign_out(request)
    return desk.go(request, desk.SIGN_IN, done="signed-out")


def _password_page(request: Request, form: Filled) -> Response:
    return console_page(
        ConsoleReader(request),
        "console/sign_in.html",
        400 if form.faults else 200,
        form=form,
        joined=request.query_params.get("done") == "joined",
        signed_out=request.query_params.get("done") == "signed-out",
    )
