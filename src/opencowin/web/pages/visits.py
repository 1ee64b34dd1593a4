"""Visits: who has signed in on the pages. A visit lives sealed in a cookie, as long as it is used."""

import base64
import json
import secrets
import zlib
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from opencowin.kit.actor import CITIZEN_PERMISSIONS, Actor, ActorKind, Permission
from opencowin.kit.crypto import SealBroken
from opencowin.kit.errors import Invalid
from opencowin.web.guard import Guard, caller_address
from opencowin.web.site import site_of

SEAL = "visit"
TOKEN = "token"  # noqa: S105 (the name of a form field)
LASTS = timedelta(hours=8)
"""However much it is used, nobody stays signed in for longer."""
MOST_FILES = 3
MOST_COOKIE = 3800
"""Characters: browsers keep no cookie beyond 4,096."""
SEE_OTHER = 303
WAITING = "/queue"
"""Where who must wait waits."""


class FormNotOurs(Invalid):
    """This form can no longer be sent from here: open the page again and send it once more. Nothing was changed."""

    code = "PAGE0001"


class SignInFirst(Exception):
    """The page needs somebody who is signed in."""


@dataclass(slots=True)
class Plan:
    """What a person is about to book: a slot, a dose, for how many and for whom."""

    session_id: str
    slot: str
    dose: int
    seats: int
    references: list[int] = field(default_factory=list)
    key: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    let_in_at: int = 0
    """When its seats were held, past the waiting room: so long as they are, it asks no ticket again."""


@dataclass(slots=True)
class CodeSent:
    """A one-time password on its way."""

    txn_id: str
    mobile: str


@dataclass(slots=True)
class Draft:
    """A form that was sent when nobody was signed in any more: shown again after the sign-in."""

    path: str
    fields: dict[str, list[str]]


@dataclass(slots=True)
class Proven:
    """Who signed in by national ID: fills in the form of registration, and confirms it."""

    provider: str
    document_type_id: int | None = None
    document_number: str = ""
    name: str = ""
    birth_year: int | None = None
    birth_date: str = ""
    gender_id: int | None = None


@dataclass(slots=True)
class Visit:
    """One browser's visit. Times are seconds since 1970."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    account_id: str = ""
    signed_in_at: int = 0
    seen_at: int = 0
    then: str = ""
    code: CodeSent | None = None
    plan: Plan | None = None
    draft: Draft | None = None
    proven: Proven | None = None
    ticket: str = ""
    """Of the waiting room."""
    timed_out: str = ""
    """Whose visit ended by resting, when one did: what was typed is shown again to nobody else."""
    kept: bool = field(default=False, compare=False)
    """Whether the browser has it, or shall have it."""

    @property
    def signed_in(self) -> bool:
        """Whether somebody is signed in."""
        return bool(self.account_id)

    def ends_at(self, idle: timedelta) -> int:
        """When nobody is signed in any more unless another page is opened."""
        return min(self.seen_at + int(idle.total_seconds()), self.signed_in_at + int(LASTS.total_seconds()))


def visit_of(request: Request) -> Visit:
    """The visit that a request belongs to; a new one for a newcomer."""
    known = getattr(request.state, "visit", None)
    if not isinstance(known, Visit):
        known = _read(request)
        request.state.visit = known
    return known


def form_token(request: Request) -> str:
    """What a form carries to show that it was our page's; from now on the browser keeps the visit."""
    visit = visit_of(request)
    visit.kept = True
    return visit.token


def sign_in(request: Request, account_id: UUID) -> None:
    """From now on somebody is signed in here; the visit gets a new form token."""
    visit, now = visit_of(request), _now(request)
    if visit.timed_out not in {"", str(account_id)}:
        visit.draft, visit.plan, visit.then = None, None, ""
    visit.account_id, visit.signed_in_at, visit.seen_at = str(account_id), now, now
    visit.token, visit.code, visit.timed_out, visit.kept = secrets.token_urlsafe(18), None, "", True
    visit.proven = None


def actor_of(request: Request) -> Actor:
    """Who is signed in. Only for visits in which somebody is."""
    account = UUID(visit_of(request).account_id)
    address = caller_address(request)
    return Actor(ActorKind.CITIZEN, str(account), CITIZEN_PERMISSIONS, account_id=account, address=address)


def held_lately(request: Request, plan: Plan) -> bool:
    """Whether the seats of a plan were held so lately that they still are, unless they were given back."""
    return _now(request) < plan.let_in_at + 60 * site_of(request).floor.settings.hold_minutes


def note_hold(request: Request, plan: Plan) -> None:
    """The seats of a plan are held from now on."""
    plan.let_in_at = _now(request)


def sign_out(request: Request) -> None:
    """Nobody is signed in any more, and nothing of the visit is kept."""
    request.state.visit = Visit(kept=True)


def idle_time(request: Request) -> timedelta:
    """How long a visit may rest."""
    return timedelta(minutes=site_of(request).floor.settings.visit_minutes)


def seconds_left(request: Request) -> int:
    """Seconds until the visit ends unless another page is opened; the page that asks counts as one."""
    visit = visit_of(request)
    return min(int(idle_time(request).total_seconds()), visit.ends_at(LASTS) - _now(request))


def ends_at(request: Request) -> datetime:
    """When the visit ends unless another page is opened, on the country's clock."""
    clock = site_of(request).floor.clock
    return clock.local(clock.now() + timedelta(seconds=seconds_left(request)))


def keep(request: Request, response: Response) -> Response:
    """Let the browser keep the visit as it is now; every page and redirect passes here."""
    visit = visit_of(request)
    if visit.signed_in:
        visit.seen_at, visit.kept = _now(request), True
    if not visit.kept:
        return response
    response.headers["Cache-Control"] = "no-store"
    value = _seal(request, visit)
    if len(value) > MOST_COOKIE:
        visit.draft = None
        value = _seal(request, visit)
    secure = _secure(request)
    response.set_cookie(_name(request), value, path="/", secure=secure, httponly=True, samesite="lax")
    return response


def go(request: Request, path: str, **query: object) -> Response:
    """Send the browser on to another of our pages, in the language chosen by hand."""
    return keep(request, RedirectResponse(with_query(request, path, **query), SEE_OTHER))


def with_query(request: Request, path: str, **query: object) -> str:
    """An address of ours that keeps the language chosen by hand; None leaves a parameter out."""
    if "lang" in request.query_params:
        query["lang"] = request.query_params["lang"]
    given = {name: value for name, value in query.items() if value is not None}
    joint = "&" if "?" in path else "?"
    return path + (joint + urlencode(given) if given else "")


async def read_form(request: Request) -> dict[str, list[str]]:
    """The text fields of a form that our own page made. Raises FormNotOurs."""
    fields: dict[str, list[str]] = {}
    files: list[bytes] = []
    async with request.form(max_files=MOST_FILES) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields.setdefault(name, []).append(value.strip())
            elif content := await value.read():
                files.append(content)
    request.state.files = files
    visit = visit_of(request)
    if not secrets.compare_digest(fields.pop(TOKEN, [""])[0].encode(), visit.token.encode()):
        raise FormNotOurs
    return fields


def files_of(request: Request) -> list[bytes]:
    """The files of a form that `read_form` has read; an input left empty is none."""
    files: list[bytes] = request.state.files
    return files


def draft_for(request: Request, path: str) -> dict[str, list[str]]:
    """The fields of the form that was sent to this address too late; each is given out once."""
    visit = visit_of(request)
    if visit.draft is None or visit.draft.path != path:
        return {}
    fields, visit.draft = visit.draft.fields, None
    return fields


class VisitGuard(Guard):
    """The lock of a signed-in person's pages: others are led to the sign-in, and back with what they had typed."""

    async def __call__(self, request: Request) -> Actor:  # type: ignore[override]  # a browser has no other credential
        """The actor of this request. Raises SignInFirst, FormNotOurs, TooManyRequests."""
        site, visit, address = site_of(request), visit_of(request), caller_address(request)
        if not visit.signed_in:
            site.limiter.count_reader(request, f"address:{address}")
            await self._remember_way(request, visit)
            raise SignInFirst
        site.limiter.count_reader(request, f"account:{visit.account_id}")
        actor = actor_of(request)
        actor.require(self.permission)
        return actor

    async def _remember_way(self, request: Request, visit: Visit) -> None:
        visit.then, visit.kept = request.url.path, True
        if request.method == "POST":
            visit.draft = Draft(request.url.path, await read_form(request))
        elif request.url.query:
            visit.then = f"{request.url.path}?{request.url.query}"


def signed_in(permission: Permission = Permission.MANAGE_OWN_MEMBERS) -> Any:
    """The page is for a signed-in person who holds the permission."""
    return Depends(VisitGuard(permission, ()))


async def lead_to_sign_in(request: Request, _error: Exception) -> Response:
    """To the sign-in page, which leads back."""
    return go(request, "/sign-in")


def _read(request: Request) -> Visit:
    sealed = request.cookies.get(_name(request), "")
    if not sealed:
        return Visit()
    try:
        packed = site_of(request).floor.keyring.open_bytes(base64.urlsafe_b64decode(sealed.encode()), SEAL)
        known = json.loads(zlib.decompress(packed))
    except (SealBroken, ValueError, zlib.error):
        return Visit()
    code, plan, draft, proven = (known.pop(name, None) for name in ("code", "plan", "draft", "proven"))
    visit = Visit(
        **known,
        code=CodeSent(**code) if code else None,
        plan=Plan(**plan) if plan else None,
        draft=Draft(**draft) if draft else None,
        proven=Proven(**proven) if proven else None,
    )
    if visit.signed_in and visit.ends_at(idle_time(request)) <= _now(request):
        visit.account_id, visit.timed_out, visit.proven = "", visit.account_id, None
    return visit


def _seal(request: Request, visit: Visit) -> str:
    known = asdict(visit)
    if visit.proven is None:
        del known["proven"]
    packed = zlib.compress(json.dumps(known, ensure_ascii=False, separators=(",", ":")).encode())
    return base64.urlsafe_b64encode(site_of(request).floor.keyring.seal_bytes(packed, SEAL)).decode()


def _secure(request: Request) -> bool:
    return site_of(request).floor.settings.address.startswith("https:")


def _name(request: Request) -> str:
    return "__Host-visit" if _secure(request) else "visit"


def _now(request: Request) -> int:
    return int(site_of(request).floor.clock.now().timestamp())
