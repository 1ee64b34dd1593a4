"""Refusals as HTTP: one table from the five kinds to status codes, and the Co-WIN error body."""

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from opencowin import identity, registry
from opencowin.identity import NotSignedIn, UnknownApiKey
from opencowin.kit.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Unavailable
from opencowin.web.limiter import TooManyRequests
from opencowin.web.site import language_of, site_of

log = structlog.get_logger(__name__)

STATUS: tuple[tuple[type[Refusal], int], ...] = (
    (NotSignedIn, 401),
    (TooManyRequests, 429),
    (identity.TooManyOtps, 429),
    (identity.TooManyWrongOtps, 429),
    (identity.TooManyWrongPasswords, 429),
    (registry.TooManyWrongCodes, 429),
    (registry.TooManyDuplicates, 429),
    (NotFound, 400),
    (Forbidden, 403),
    (Invalid, 400),
    (Conflict, 409),
    (Unavailable, 503),
    (Refusal, 400),
)


class ParameterMissing(Invalid):
    """Input parameter missing or not valid: {name}."""

    code = "USRRES0001"


class SomethingWentWrong(Unavailable):
    """Something Went wrong! Nothing was changed unless you were told so. Please try again in {retry_after} seconds."""

    code = "GERR001"


class Error(BaseModel):
    """What every refusal of the Co-WIN API looks like."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"errorCode": "APPOIN0018", "error": "Invalid Pincode"}]})

    error_code: str = Field(alias="errorCode", description="Stable code; the list is at /api/open/v1/errors.")
    error: str = Field(description="What is wrong and what to do, in the caller's language.")
    field: str | None = Field(None, description="The part of the request that is meant.")
    message: str | None = Field(None, description="The gateway's word for it, where old clients look for one.")


def status_of(refusal: type[Refusal]) -> int:
    """The HTTP status of a kind of refusal."""
    return next(status for kind, status in STATUS if issubclass(refusal, kind))


def _headers(refusal: Refusal) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if isinstance(refusal, Unavailable):
        headers["Retry-After"] = str(refusal.retry_after)
    if isinstance(refusal, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def refusal_response(request: Request, refusal: Refusal) -> Response:
    """The Co-WIN error body in the caller's language."""
    text = site_of(request).catalogues.refusal(refusal, language_of(request))
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
    return JSONResponse(body, status_of(type(refusal)), _headers(refusal))


async def _refused(request: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refusal)
    return refusal_response(request, refused)


async def _invalid(request: Request, invalid: Exception) -> Response:
    assert isinstance(invalid, RequestValidationError)
    first = invalid.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return refusal_response(request, ParameterMissing(field=field, name=field))


async def _unknown_path(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse(
        {"errorCode": f"HTTP{error.status_code:04}", "error": error.detail}, error.status_code, error.headers
    )


async def _broken(request: Request, error: Exception) -> Response:
    """The answer to a defect of ours; Starlette logs the traceback."""
    log.error("unexpected error", error=type(error).__name__, path=request.url.path)
    body = {"errorCode": SomethingWentWrong.code, "error": "Something Went wrong!"}
    return JSONResponse(body, 500, {"Cache-Control": "no-store"})


async def _database_away(request: Request, error: Exception) -> Response:
    log.error("database away", error=type(error).__name__, path=request.url.path)
    return refusal_response(request, SomethingWentWrong(retry_after=5))


def add_error_handlers(app: FastAPI) -> None:
    """Register the table with the application."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _unknown_path)
    app.add_exception_handler(OperationalError, _database_away)
    app.add_exception_handler(PoolTimeout, _database_away)
    app.add_exception_handler(Exception, _broken)
