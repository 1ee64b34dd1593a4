"""Desks: who of the staff is signed in at the console. The cookie holds a secret, the database everything else."""

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from opencowin import identity, places
from opencowin.identity import NotSignedIn, StaffSession
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.crypto import SealBroken
from opencowin.kit.named import Named
from opencowin.web.guard import Guard, caller_address
from opencowin.web.pages.visits import SEE_OTHER, TOKEN, FormNotOurs, with_query
from opencowin.web.site import site_of

SEAL = "desk"
BROWSER_LASTS = 180 * 86_400
SIGN_IN = "/console/sign-in"
ENROL = "/console/account"
"""Where a second factor is set up."""


class ConsoleSignInFirst(Exception):
    """The page needs a member of staff who is signed in."""


class SecondFactorFirst(Exception):
    """The page is for who has shown a second factor, and this member of staff has none yet."""


@dataclass(slots=True)
class Desk:
    """What one browser keeps of the console: `secret` opens the session, `then` is where the sign-in leads back to."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    secret: str = ""
    then: str = ""
    waiting: str = ""
    """The sign-in whose password was right and that waits for the second factor."""
    enrolment: str = ""
    """The code by which who joined here by a link sets up the first second factor."""


@dataclass(frozen=True, slots=True)
class AtWork:
    """Who is signed in, as templates see it: the session, and the names of the place from the state down."""

    session: StaffSession
    trail: Sequence[Named]

    def may(self, permission: str) -> bool:
        """Whether the person holds the permission, named as API keys name it."""
        return Permission(permission) in self.session.actor.permissions


def desk_of(request: Request) -> Desk:
    """The desk that a request comes from; a new one for a newcomer."""
    known = getattr(request.state, "desk", None)
    if not isinstance(known, Desk):
        known = _read(request)
        request.state.desk = known
    return known


def at_work(request: Request) -> AtWork | None:
    """Who is signed in, once the guard has let the request in."""
    known = getattr(request.state, "at_work", None)
    return known if isinstance(known, AtWork) else None


def sign_in(request: Request, secret: str) -> None:
    """From now on the session with this secret is open here; of the desk before it only a code to enrol is kept."""
    request.state.desk = Desk(secret=secret, enrolment=desk_of(request).enrolment)


def session_here(request: Request) -> StaffSession:
    """The session that is open here, once the guard has let the request in. Raises NotSignedIn."""
    known = at_work(request)
    if known is None:
        raise NotSignedIn
    return known.session


def sign_out(request: Request) -> None:
    """Nobody is signed in here any more."""
    request.state.desk, request.state.at_work = Desk(), None


def browser_of(request: Request) -> str:
    """The secret by which this browser is known again; empty for a new one."""
    return request.cookies.get(_cookie(request, "console-browser"), "")


def know_browser(request: Request, response: Response, browser: str) -> Response:
    """Let this browser be known again: strangers' wrong passwords then keep its owner out no longer."""
    name, secure = _cookie(request, "console-browser"), _secure(request)
    response.set_cookie(name, browser, max_age=BROWSER_LASTS, path="/", secure=secure, httponly=True, samesite="strict")
    return response


def keep(request: Request, response: Response) -> Response:
    """Let the browser keep the desk as it is now; every page and redirect of the console passes here."""
    sealed = site_of(request).floor.keyring.seal_bytes(json.dumps(asdict(desk_of(request))).encode(), SEAL)
    value = base64.urlsafe_b64encode(sealed).decode()
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(
        _cookie(request, "console"), value, path="/", secure=_secure(request), httponly=True, samesite="strict"
    )
    return response


def go(request: Request, path: str, **query: object) -> Response:
    """Send the browser on to another page of the console, in the language chosen by hand."""
    return keep(request, RedirectResponse(with_query(request, path, **query), SEE_OTHER))


async def read_form(request: Request) -> dict[str, list[str]]:
    """The text fields of a form that a page of the console made. Raises FormNotOurs."""
    form = await request.form(max_files=0)
    fields: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value.strip())
    check_token(request, fields.pop(TOKEN, [""])[0])
    return fields


def check_token(request: Request, token: str) -> None:
    """Whether a form was made by a page of this desk. Raises FormNotOurs."""
    if not secrets.compare_digest(token.encode(), desk_of(request).token.encode()):
        raise FormNotOurs


class ConsoleGuard(Guard):
    """The lock of the console's pages: reads session and person each time, so that a deactivation bites at once."""

    def __init__(self, permission: Permission, *, enrols: bool = False) -> None:
        super().__init__(permission, ())
        self.enrols = enrols

    async def __call__(self, request: Request) -> Actor:  # type: ignore[override]  # a browser has no other credential
        """The actor of this request. Raises ConsoleSignInFirst, SecondFactorFirst, NotPermitted, TooManyRequests."""
        site, desk, address = site_of(request), desk_of(request), caller_address(request)
        site.limiter.count_reader(request, f"address:{address}")
        try:
            async with site.transaction() as conn:
                session = await identity.session_of(conn, site.floor, desk.secret, address)
                trail = await places.trail_of(conn, session.staff.place)
        except NotSignedIn:
            self._remember_way(request, desk)
            raise ConsoleSignInFirst from None
        request.state.at_work = AtWork(session, trail)
        if session.enrolling and not self.enrols:
            raise SecondFactorFirst
        session.actor.require(self.permission)
        return session.actor

    def _remember_way(self, request: Request, desk: Desk) -> None:
        desk.secret = ""
        if request.method == "GET":
            desk.then = request.url.path + (f"?{request.url.query}" if request.url.query else "")


def may_in_console(permission: Permission) -> Any:
    """The page is for members of staff who are signed in at the console and hold the permission."""
    return Depends(ConsoleGuard(permission))


def may_enrol() -> Any:
    """The page is for every member of staff who is signed in, also before a second factor is set up."""
    return Depends(ConsoleGuard(Permission.ENTER_CONSOLE, enrols=True))


async def lead_to_console_sign_in(request: Request, _error: Exception) -> Response:
    """To the console's sign-in, which leads back."""
    return go(request, SIGN_IN)


async def lead_to_enrolment(request: Request, _error: Exception) -> Response:
    """To where a second factor is set up."""
    return go(request, ENROL)


def _read(request: Request) -> Desk:
    sealed = request.cookies.get(_cookie(request, "console"), "")
    if not sealed:
        return Desk()
    try:
        opened = site_of(request).floor.keyring.open_bytes(base64.urlsafe_b64decode(sealed.encode()), SEAL)
        return Desk(**json.loads(opened))
    except (SealBroken, ValueError, TypeError):
        return Desk()


def _secure(request: Request) -> bool:
    return site_of(request).floor.settings.address.startswith("https:")


def _cookie(request: Request, name: str) -> str:
    return f"__Host-{name}" if _secure(request) else name
