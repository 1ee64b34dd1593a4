"""Refusals as HTTP: one table from the five kinds to status codes; the Co-WIN error body, or problem+json."""

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from opencowin import fairness, identity, registry, scheduling
from opencowin.identity import NotSignedIn, UnknownApiKey
from opencowin.kit.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Unavailable
from opencowin.web.console.desk import (
    ConsoleSignInFirst,
    SecondFactorFirst,
    lead_to_console_sign_in,
    lead_to_enrolment,
)
from opencowin.web.console.shown import refusal_page
from opencowin.web.entrance import CHALLENGE, told
from opencowin.web.limiter import TooManyRequests
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.visits import WAITING, SignInFirst, go, lead_to_sign_in, visit_of
from opencowin.web.site import language_of, site_of

log = structlog.get_logger(__name__)

API, CONSOLE = "/api/", "/console"
CHECKS = "/api/v1/verify"
"""No path of Co-WIN's: refusals there are problem details (RFC 9457)."""
PROBLEM = "application/problem+json"
MAX_BODY_BYTES = 1_000_000
MAX_PICTURE_BYTES = 9_000_000
MAX_TABLE_BYTES = 22_000_000
WIDER = {"/verify": MAX_PICTURE_BYTES, "/issues/": MAX_PICTURE_BYTES, "/console/bulk": MAX_TABLE_BYTES}
"""Paths whose bodies may be larger than others."""


class ParameterMissing(Invalid):
    """Input parameter missing or not valid: {name}."""

    code = "USRRES0001"


class NoSuchPath(NotFound):
    """There is nothing at this address: check how it is written, or begin at the start page."""

    code = "HTTP0404"


class MethodNotAllowed(Invalid):
    """This address takes another method: check GET or POST against the documentation."""

    code = "HTTP0405"


class BodyTooLarge(Invalid):
    """The body is too large: send at most {most} bytes."""

    code = "HTTP0413"


class SomethingWentWrong(Unavailable):
    """Something Went wrong! Nothing was changed unless you were told so. Please try again in {retry_after} seconds."""

    code = "GERR001"


STATUS: tuple[tuple[type[Refusal], int], ...] = (
    (NotSignedIn, 401),
    (TooManyRequests, 429),
    (identity.TooManyKeyRequests, 429),
    (identity.TooManyOtps, 429),
    (identity.TooManySignIns, 429),
    (identity.TooManyWrongOtps, 429),
    (identity.TooManyWrongPasswords, 429),
    (registry.TooManyWrongCodes, 429),
    (registry.TooManyDuplicates, 429),
    (registry.TooManyLooks, 429),
    (scheduling.ChangesForgotten, 410),
    (NoSuchPath, 404),
    (MethodNotAllowed, 405),
    (BodyTooLarge, 413),
    (NotFound, 400),
    (Forbidden, 403),
    (Invalid, 400),
    (Conflict, 409),
    (Unavailable, 503),
    (Refusal, 400),
)


class Error(BaseModel):
    """What every refusal of the Co-WIN API looks like."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"errorCode": "APPOIN0018", "error": "Invalid Pincode"}]})

    error_code: str = Field(alias="errorCode", description="Stable code; the list is at /api/open/v1/errors.")
    error: str = Field(description="What is wrong and what to do, in the caller's language.")
    field: str | None = Field(None, description="The part of the request that is meant.")
    message: str | None = Field(None, description="The gateway's word for it, where old clients look for one.")


class Problem(BaseModel):
    """What a refusal looks like where no client of Co-WIN's calls (RFC 9457)."""

    type: str = Field("about:blank", description="Always about:blank: `code` says which problem it is.")
    title: str = Field(description="What is wrong and what to do, in the caller's language.")
    status: int
    code: str = Field(description="Stable code; the list is at /api/open/v1/errors.")
    field: str | None = Field(None, description="The part of the request that is meant.")


def route_of(scope: Scope) -> str:
    """The template of the route that serves a request: what may be logged of its path."""
    return str(getattr(scope.get("route"), "path", "none"))


def status_of(refusal: type[Refusal]) -> int:
    """The HTTP status of a kind of refusal."""
    return next(status for kind, status in STATUS if issubclass(refusal, kind))


def _headers(request: Request, refusal: Refusal) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if "retry_after" in refusal.details:
        headers["Retry-After"] = str(refusal.details["retry_after"])
    if isinstance(refusal, fairness.WaitYourTurn):
        headers |= told(refusal.standing)
    if isinstance(refusal, fairness.WorkNeeded):
        headers[CHALLENGE] = site_of(request).proofs.header()
    if isinstance(refusal, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def refusal_response(request: Request, refusal: Refusal) -> Response:
    """The Co-WIN error body in the caller's language; a page for whoever opens an address that is no API's."""
    if "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/"):
        if request.url.path.startswith(CONSOLE):
            answer = refusal_page(request, refusal, status_of(type(refusal)))
            answer.headers.update(_headers(request, refusal))
            return answer
        reader = Reader(request)
        said = site_of(request).catalogues.refusal(refusal, reader.language.code)
        waits = isinstance(refusal, Unavailable) and request.method == "GET" and "retry_after" in refusal.details
        template = "waiting.html" if waits else "error.html"
        shown = page(reader, template, status_of(type(refusal)), text=said, code=refusal.code)
        shown.headers.update(_headers(request, refusal))
        if waits:
            shown.headers["Refresh"] = str(refusal.details["retry_after"])
        return shown
    text = site_of(request).catalogues.refusal(refusal, language_of(request))
    if request.url.path == CHECKS:
        status = status_of(type(refusal))
        problem = Problem(type="about:blank", title=text, status=status, code=refusal.code, field=refusal.field)
        content = problem.model_dump(exclude_none=True)
        return JSONResponse(content, status, _headers(request, refusal), media_type=PROBLEM)
    body: dict[str, object] = {"errorCode": refusal.code, "error": text}
    if isinstance(refusal, TooManyRequests):
        body["error"] = "Too Many Requests"
        body["message"] = text
    if isinstance(refusal, NotSignedIn):
        body["error"] = f"Unauthenticated access! {text}"
    if isinstance(refusal, UnknownApiKey):
        body["message"] = "Forbidden"
    if refusal.field:
        body["field"] = refusal.field
    return JSONResponse(body, status_of(type(refusal)), _headers(request, refusal))


async def _expected(request: Request, fault: Exception) -> Response:
    answer = answer_to(request, fault)
    assert answer is not None
    return answer


async def _to_wait(request: Request, refused: Exception) -> Response:
    """Programs are told when to come back; people are led to a page that waits with them."""
    assert isinstance(refused, fairness.WaitYourTurn)
    if request.url.path.startswith(API):
        return refusal_response(request, refused)
    visit_of(request).ticket = refused.standing.ticket
    return go(request, WAITING)


async def _invalid(request: Request, invalid: Exception) -> Response:
    assert isinstance(invalid, RequestValidationError)
    first = invalid.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return refusal_response(request, ParameterMissing(field=field, name=field))


async def _http_refused(request: Request, error: Exception) -> Response:
    """What the framework refuses by itself, in our words; headers that it wants to send are sent."""
    assert isinstance(error, HTTPException)
    answer = refusal_response(request, _refusal_of(error.status_code, request.url.path))
    answer.headers.update(error.headers or {})
    return answer


def _refusal_of(status: int, path: str) -> Refusal:
    match status:
        case 401:
            return NotSignedIn()
        case 404:
            return NoSuchPath()
        case 405:
            return MethodNotAllowed()
        case 413:
            return BodyTooLarge(most=WIDER.get(path, MAX_BODY_BYTES))
        case _:
            return ParameterMissing(field="body", name="body")


def answer_to(request: Request, fault: Exception) -> Response | None:
    """What is answered to a fault that may be met in any call; None to a defect of ours."""
    if isinstance(fault, Refusal):
        return refusal_response(request, fault)
    if isinstance(fault, OperationalError | PoolTimeout):
        log.error("database away", error=type(fault).__name__, route=route_of(request.scope))
        return refusal_response(request, SomethingWentWrong(retry_after=5))
    return None


def broken_response() -> Response:
    """The answer to a defect of ours."""
    body = {"errorCode": SomethingWentWrong.code, "error": "Something Went wrong!"}
    return JSONResponse(body, 500, {"Cache-Control": "no-store"})


def add_error_handlers(app: FastAPI) -> None:
    """Register the table with the application."""
    for expected in (Refusal, OperationalError, PoolTimeout):
        app.add_exception_handler(expected, _expected)
    app.add_exception_handler(fairness.WaitYourTurn, _to_wait)
    app.add_exception_handler(SignInFirst, lead_to_sign_in)
    app.add_exception_handler(ConsoleSignInFirst, lead_to_console_sign_in)
    app.add_exception_handler(SecondFactorFirst, lead_to_enrolment)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_refused)
