"""Setting up and giving up second factors: an authenticator app, passkeys, recovery codes on paper."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from opencowin import identity
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.qr import qr_svg
from opencowin.web.console import desk
from opencowin.web.console.account import ACCOUNT
from opencowin.web.console.shown import ConsoleReader, console_page
from opencowin.web.pages.forms import Fields, Filled, first, refused
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Self = Annotated[Actor, desk.may_enrol()]
APP, PASSKEY, CODES, REMOVE = (f"{ACCOUNT}/{page}" for page in ("app", "passkey", "codes", "remove"))
NAMES = {"password": "password", "code": "code", "enrolment": "enrolment"}


@router.get(APP, response_class=Response)
async def app_form(request: Request, actor: Self) -> Response:
    """The secret for an authenticator app, as a QR code and as text."""
    return await _app_page(request, actor, Filled())


@router.post(APP, response_class=Response)
async def set_up_app(request: Request, actor: Self) -> Response:
    """The app shows the right code: it is needed from now on."""
    site, here = site_of(request), desk.session_here(request)

    async def enrol(conn: Connection, fields: Fields, enrolment: str) -> list[str]:
        sealed, code = first(fields, "sealed"), first(fields, "code")
        return await identity.confirm_app(
            conn, site.floor, actor, here.session_id, sealed=sealed, code=code, enrolment=enrolment
        )

    return await _set_up(request, actor, enrol, _app_page, "sealed")


@router.get(PASSKEY, response_class=Response)
async def passkey_form(request: Request, actor: Self) -> Response:
    """What the browser needs to make a passkey."""
    return await _passkey_page(request, actor, Filled())


@router.post(PASSKEY, response_class=Response)
async def add_passkey(request: Request, actor: Self) -> Response:
    """Keep the passkey that the browser made."""
    site, here = site_of(request), desk.session_here(request)

    async def enrol(conn: Connection, fields: Fields, enrolment: str) -> list[str]:
        return await identity.add_passkey(
            conn,
            site.floor,
            actor,
            here.session_id,
            name=first(fields, "name") or here.staff.user_name,
            sealed=first(fields, "sealed"),
            credential=first(fields, "credential"),
            enrolment=enrolment,
        )

    return await _set_up(request, actor, enrol, _passkey_page, "name")


@router.get(CODES, response_class=Response)
async def codes_form(request: Request, _actor: Self) -> Response:
    """The password, please, before recovery codes are made anew."""
    return _password_page(request, Filled(), "")


@router.post(CODES, response_class=Response)
async def make_codes(request: Request, actor: Self) -> Response:
    """Recovery codes, shown once."""
    fields, site = await desk.read_form(request), site_of(request)
    try:
        async with site.transaction() as conn:
            await _confirm(conn, request, actor, fields)
            codes = await identity.new_recovery_codes(conn, site.floor, actor)
    except Refusal as no:
        return _password_page(request, refused(ConsoleReader(request), {}, no, NAMES), "")
    return _enrolled(request, codes)


@router.get(REMOVE, response_class=Response)
async def remove_form(request: Request, _actor: Self, factor: str = "app") -> Response:
    """The password, please, before a factor is given up."""
    return _password_page(request, Filled(), factor)


@router.post(REMOVE, response_class=Response)
async def remove(request: Request, actor: Self) -> Response:
    """Do without an authenticator app or a passkey."""
    fields, site = await desk.read_form(request), site_of(request)
    factor = first(fields, "factor")
    try:
        async with site.transaction() as conn:
            await _confirm(conn, request, actor, fields)
            if factor == "app":
                await identity.remove_app(conn, site.floor, actor)
            else:
                await identity.remove_passkey(conn, site.floor, actor, identity.credential_named(factor))
    except Refusal as no:
        return _password_page(request, refused(ConsoleReader(request), {}, no, NAMES), factor)
    return desk.go(request, ACCOUNT, done="removed")


async def _set_up(
    request: Request,
    actor: Actor,
    enrol: Callable[[Connection, Fields, str], Awaitable[list[str]]],
    page: Callable[[Request, Actor, Filled], Awaitable[Response]],
    kept: str,
) -> Response:
    """Set a factor up by its form; again the form, with this field kept, where it is refused."""
    fields, here = await desk.read_form(request), desk.desk_of(request)
    try:
        async with site_of(request).transaction() as conn:
            await _confirm(conn, request, actor, fields)
            codes = await enrol(conn, fields, first(fields, "enrolment") or here.enrolment)
    except Refusal as no:
        return await page(request, actor, refused(ConsoleReader(request), {kept: fields.get(kept, [])}, no, NAMES))
    here.enrolment = ""
    return _enrolled(request, codes)


def _asks(request: Request, form: Filled) -> dict[str, bool]:
    """What the form asks for beside the factor: the password, or the enrolment code for the first one."""
    enrolling, known = desk.session_here(request).enrolling, desk.desk_of(request).enrolment
    return {"password": not enrolling, "enrolment": enrolling and (not known or bool(form.faults))}


async def _confirm(conn: Connection, request: Request, actor: Actor, fields: Fields) -> None:
    """The password again, unless it was shown a moment ago to set up the first factor."""
    if not desk.session_here(request).enrolling:
        password, browser = first(fields, "password"), desk.browser_of(request)
        await identity.confirm_password(conn, site_of(request).floor, actor, password, browser)


async def _app_page(request: Request, actor: Actor, form: Filled) -> Response:
    site, staff = site_of(request), desk.session_here(request).staff
    try:
        begun = identity.begun_app(site.floor, actor, staff.user_name, form.value("sealed"))
    except Refusal:
        begun = identity.begin_app(site.floor, actor, staff.user_name)
    return console_page(
        ConsoleReader(request),
        "console/app.html",
        400 if form.faults else 200,
        form=form,
        begun=begun,
        qr=Markup(qr_svg(begun.address)),  # noqa: S704 (our own drawing)
        asks=_asks(request, form),
    )


async def _passkey_page(request: Request, actor: Actor, form: Filled) -> Response:
    site, session = site_of(request), desk.session_here(request)
    offer = None
    if identity.passkeys_possible(site.floor):
        async with site.transaction() as conn:
            offer = await identity.offer_passkey(conn, site.floor, actor, session.staff.user_name)
    return console_page(
        ConsoleReader(request),
        "console/passkey.html",
        400 if form.faults else 200,
        scripts=("passkey.js",) if offer else (),
        form=form,
        offer=offer,
        asks=_asks(request, form),
    )


def _password_page(request: Request, form: Filled, factor: str) -> Response:
    """Asks for the password before a factor is given up, or (no factor named) before recovery codes are made."""
    status = 400 if form.faults else 200
    return console_page(ConsoleReader(request), "console/confirm.html", status, form=form, factor=factor)


def _enrolled(request: Request, codes: list[str]) -> Response:
    """The recovery codes, where there are new ones: they are never shown again."""
    if not codes:
        return desk.go(request, ACCOUNT, done="factor")
    return console_page(ConsoleReader(request), "console/codes.html", codes=codes)
