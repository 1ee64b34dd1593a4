"""Sign in with a national ID: to the provider and back, by way of a cookie that only this browser has."""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from opencowin import identity, registry
from opencowin.kit.actor import Actor
from opencowin.kit.crypto import SealBroken
from opencowin.kit.errors import Conflict, Invalid, NotFound, Refusal, Unavailable
from opencowin.web.guard import caller_address, open_to_readers
from opencowin.web.national_id import (
    AnswerUntrusted,
    Departure,
    ProviderDown,
    RelyingParty,
    SignInOver,
    Stopped,
    told,
)
from opencowin.web.pages import proven, visits
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.sign_in import AFTER, arrive
from opencowin.web.pages.visits import go, visit_of
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
log = structlog.get_logger(__name__)
Public = Annotated[Actor, open_to_readers()]
SEAL = "departure"
LASTS = 900
"""Seconds in which somebody must be back: enough to wait for a code, or to be helped by somebody."""
TRY_AGAIN = 30
"""Seconds after which a provider that is down may be tried again."""


class NoSuchProvider(NotFound):
    """There is no such way to sign in here. Choose one of those on the sign-in page."""

    code = "PAGE0012"


class SignInStopped(Invalid):
    """You did not finish signing in with {provider}. Nothing was changed. Try again, or use your mobile number."""

    code = "PAGE0013"


class NotBegunHere(Invalid):
    """This sign-in was begun in another browser, was used already, or took too long. Begin again here."""

    code = "PAGE0014"


class AnswerNotTrusted(Conflict):
    """The answer of {provider} could not be confirmed: nobody was signed in. Try again, or use your mobile number."""

    code = "PAGE0015"


class ProviderAway(Unavailable):
    """{provider} does not answer at this moment. Try again in {retry_after} seconds, or use your mobile number."""

    code = "PAGE0016"


FAILURES: Mapping[type[Refusal], int] = {
    SignInStopped: 400,
    NotBegunHere: 400,
    AnswerNotTrusted: 409,
    ProviderAway: 503,
    identity.TooManySignIns: 429,
}
"""What the page of failures tells, with its status."""


@router.get("/sign-in/with/{provider_id}", response_class=Response)
async def leave(request: Request, provider_id: str, _actor: Public) -> Response:
    """To the provider."""
    if visit_of(request).signed_in:
        return go(request, visit_of(request).then or AFTER)
    party = site_of(request).national_ids.by_id.get(provider_id)
    if party is None:
        raise NoSuchProvider
    reader = Reader(request)
    chosen = reader.language.code if reader.chosen_by_hand else ""
    try:
        address, departure = await party.leave(now=_now(request), languages=reader.language.code, chosen=chosen)
    except ProviderDown as fault:
        return _tell(request, _away(party, fault), party)
    answer = visits.keep(request, RedirectResponse(address, visits.SEE_OTHER))
    answer.headers["Cache-Control"] = "no-store"
    answer.set_cookie(_cookie(request), _seal(request, departure), LASTS, **_manner(request))
    return answer


@router.get("/sign-in/return", response_class=Response)
async def come_back(request: Request, _actor: Public) -> Response:
    """Back from the provider: once, in the browser that left."""
    departure = _departure(request)
    if departure is not None and departure.language and "lang" not in request.query_params:
        here = request.url.include_query_params(lang=departure.language).replace(scheme="", netloc="")
        return RedirectResponse(str(here), visits.SEE_OTHER, {"Cache-Control": "no-store"})
    party = site_of(request).national_ids.by_id.get(departure.provider_id) if departure else None
    try:
        if departure is None or party is None:
            raise NotBegunHere
        answer = await _signed_in(request, party, departure)
    except Refusal as no:
        answer = _tell(request, no, party)
    answer.headers["Cache-Control"] = "no-store"
    answer.delete_cookie(_cookie(request), **_manner(request))
    return answer


@router.get("/sign-in/failed", response_class=Response)
async def failed(
    request: Request,
    _actor: Public,
    why: str = "",
    by: str = "",
    wait: Annotated[int, Query(ge=1, le=3600)] = TRY_AGAIN,
) -> Response:
    """Why nobody was signed in, and what to do."""
    reader, party = Reader(request), site_of(request).national_ids.by_id.get(by)
    kind = next((one for one in FAILURES if one.code == why), NotBegunHere)
    if party is None and "{provider}" in kind.template():
        kind = NotBegunHere
    details: dict[str, Any] = {"provider": party.provider.named} if party else {}
    if issubclass(kind, Unavailable):
        details["retry_after"] = wait
    no = kind(**details)
    provider = party.provider if party else None
    return page(reader, "sign_in_failed.html", FAILURES[kind], text=reader.refusal(no), code=no.code, provider=provider)


async def _signed_in(request: Request, party: RelyingParty, departure: Departure) -> Response:
    site, address = site_of(request), caller_address(request)
    if not secrets.compare_digest(request.query_params.get("state", "").encode(), departure.state.encode()):
        raise NotBegunHere
    async with site.transaction() as conn:
        await identity.count_sign_in(conn, site.floor, address)
    known = told(site.floor, party.provider, await _claims(request, party, departure))
    language, visit = Reader(request).language.code, visit_of(request)
    async with site.transaction() as conn:
        actor = await identity.sign_in_by_national_id(
            conn,
            site.floor,
            party.provider,
            known.subject,
            mobile=known.mobile,
            language=language,
            address=address,
        )
        await identity.choose_language(conn, site.floor, actor.own_account(), language)
        member = await registry.confirm_member(conn, site.floor, actor, known.proof)
        if not visit.then and not await registry.members(conn, site.floor, actor):
            visit.then = "/people/new"
    return await arrive(request, actor.own_account(), None if member else proven.kept(known.proof))


async def _claims(request: Request, party: RelyingParty, departure: Departure) -> Mapping[str, Any]:
    """What the provider tells, outside any transaction. Raises the refusals above."""
    name = party.provider.named
    try:
        return await party.arrive(departure, request.query_params)
    except ProviderDown as fault:
        raise _away(party, fault) from fault
    except SignInOver as fault:
        log.info("sign-in is over", provider=party.provider.id, why=fault.why)
        raise NotBegunHere from fault
    except Stopped as fault:
        log.info("sign-in stopped", provider=party.provider.id, why=fault.why)
        raise SignInStopped(provider=name) from fault
    except AnswerUntrusted as fault:
        log.warning("sign-in not believed", provider=party.provider.id, why=fault.why)
        raise AnswerNotTrusted(provider=name) from fault


def _away(party: RelyingParty, fault: ProviderDown) -> ProviderAway:
    log.warning("provider of national IDs is down", provider=party.provider.id, why=fault.why)
    return ProviderAway(retry_after=TRY_AGAIN, provider=party.provider.named)


def _tell(request: Request, no: Refusal, party: RelyingParty | None) -> Response:
    """To the page that says so, whose address holds nothing of what the provider sent."""
    wait = no.retry_after if isinstance(no, Unavailable) else None
    return go(request, "/sign-in/failed", why=no.code, by=party.provider.id if party else None, wait=wait)


def _departure(request: Request) -> Departure | None:
    """What this browser left with; None when it did not, or too long ago."""
    sealed = request.cookies.get(_cookie(request), "")
    try:
        opened = site_of(request).floor.keyring.open_bytes(base64.urlsafe_b64decode(sealed.encode()), SEAL)
        departure = Departure(**json.loads(opened))
    except (SealBroken, ValueError, TypeError):
        return None
    return departure if 0 <= _now(request) - departure.left_at <= LASTS else None


def _seal(request: Request, departure: Departure) -> str:
    packed = json.dumps(asdict(departure)).encode()
    return base64.urlsafe_b64encode(site_of(request).floor.keyring.seal_bytes(packed, SEAL)).decode()


def _manner(request: Request) -> dict[str, Any]:
    """How the browser keeps the cookie: for us alone, and sent along when the provider sends the browser back."""
    return {"path": "/", "secure": _secure(request), "httponly": True, "samesite": "lax"}


def _cookie(request: Request) -> str:
    return "__Host-departure" if _secure(request) else "departure"


def _secure(request: Request) -> bool:
    return site_of(request).floor.settings.address.startswith("https:")


def _now(request: Request) -> int:
    return int(site_of(request).floor.clock.now().timestamp())
