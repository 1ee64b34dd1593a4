"""The two doors of talks: a USSD gateway's callback, and what people write by SMS."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Form
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from opencowin import identity, talks
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.errors import Invalid
from opencowin.web.cowin.wire import LooseText
from opencowin.web.guard import Face, may
from opencowin.web.site import site_of

router = APIRouter(prefix="/open/v1/talks", tags=["Our own surface"])
Gateway = Annotated[Actor, may(Permission.HOLD_TALKS, Face.PARTNER)]
MOST_TEXT = 2000
SMS_FIELDS = {
    "type": "object",
    "required": ["from", "text", "id"],
    "properties": {
        "from": {"type": "string", "description": "The number that it came from, as the network told it."},
        "to": {"type": "string", "description": "The number that it was sent to."},
        "text": {"type": "string"},
        "id": {"type": "string", "description": "The gateway's own number for it; handed on twice, it is heard once."},
    },
}
SCREEN: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
FORMS = ("application/json", "application/x-www-form-urlencoded")


class TextUnreadable(Invalid):
    """Input parameter missing or not valid: {name}."""

    code = "TALK0003"


class Heard(BaseModel):
    """What became of an SMS."""

    heard: bool = Field(
        description="Whether an answer goes out; not when it was heard before, for no mobile, or after forty an hour."
    )


@router.post("/ussd", response_class=Response, responses=SCREEN)
async def ussd(
    request: Request,
    actor: Gateway,
    session_id: Annotated[LooseText, Form(alias="sessionId", min_length=1, max_length=200)],
    phone_number: Annotated[LooseText, Form(alias="phoneNumber", max_length=40)],
    text: Annotated[LooseText, Form(max_length=MOST_TEXT)] = "",
) -> PlainTextResponse:
    """What is shown next: `CON` and a text that asks for more, or `END` and the last one.

    `text` is all that was keyed in within the session, parted by `*`; a `serviceCode` is not needed. The same request
    again is answered the same.
    """
    site, call = site_of(request), talks.Call(session_id, phone_number, text)
    try:
        async with site.transaction() as conn:
            said = await talks.hear_keypad(conn, site.floor, actor, site.catalogues, call)
    except identity.InvalidMobile as no:
        return PlainTextResponse(f"END {site.catalogues.refusal(no, site.floor.country.default_language)}")
    return PlainTextResponse(f"{'END' if said.over else 'CON'} {said.text}")


@router.post(
    "/sms", openapi_extra={"requestBody": {"required": True, "content": {one: {"schema": SMS_FIELDS} for one in FORMS}}}
)
async def sms(request: Request, actor: Gateway) -> Heard:
    """Hear an SMS: a keyword (FIND 560001, BOOK, ALERT 560001, STATUS, MOVE, CANCEL, CERTIFICATE, REGISTER, LANGUAGE,
    HELP, STOP) or an answer to what was asked last. What is answered goes out by SMS.
    """
    site, text = site_of(request), await _text(request)
    try:
        async with site.transaction() as conn:
            return Heard(heard=await talks.hear_text(conn, site.floor, actor, site.catalogues, text))
    except identity.InvalidMobile:
        return Heard(heard=False)


async def _text(request: Request) -> talks.Text:
    """The SMS of a request. Raises TextUnreadable."""
    try:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() == FORMS[0]:
            given = json.loads(await request.body())
        else:
            async with request.form(max_files=0, max_fields=20) as form:
                given = dict(form)
        found = {name: str(given[name]) for name in ("from", "text", "id")}
    except (KeyError, TypeError, ValueError, UnicodeError, RecursionError) as wrong:
        raise TextUnreadable(name="from, text, id") from wrong
    if not found["id"] or "\x00" in "".join(found.values()):
        raise TextUnreadable(name="id")
    return talks.Text(found["id"][:200], found["from"][:40], found["text"][:MOST_TEXT])
