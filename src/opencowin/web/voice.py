"""Doors of talks for who calls: a missed call that is answered by SMS, and a voice gateway's call-flow documents."""

import json
import re
from typing import Annotated, Any
from xml.sax.saxutils import escape, quoteattr

from fastapi import APIRouter, Form
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from opencowin import identity, talks
from opencowin.kit.actor import Actor, Permission
from opencowin.web.cowin.wire import LooseText
from opencowin.web.guard import Face, may
from opencowin.web.site import site_of

router = APIRouter(prefix="/open/v1/talks", tags=["Our own surface"])
Gateway = Annotated[Actor, may(Permission.HOLD_TALKS, Face.PARTNER)]
MEDIA = "application/voicexml+xml"
DOCUMENT: dict[int | str, dict[str, Any]] = {200: {"content": {MEDIA: {"schema": {"type": "string"}}}}}
KEYED = re.compile(r"[0-9*]{0,2000}")
NUMBERS = re.compile(r"\d{5,}")
"""Numbers that are told digit by digit: references and postal codes."""


class CallHeard(BaseModel):
    """What became of a missed call."""

    heard: bool = Field(
        description="Whether an SMS goes out; not when it was heard before, for no mobile, or after three an hour."
    )


@router.post("/missed-call")
async def missed_call(
    request: Request,
    actor: Gateway,
    call_id: Annotated[LooseText, Form(alias="id", min_length=1, max_length=200)],
    caller: Annotated[LooseText, Form(alias="from", max_length=40)],
    called: Annotated[LooseText, Form(alias="to", max_length=40)] = "",  # noqa: ARG001 (gateways send it)
) -> CallHeard:
    """Answer a call that was not taken by SMS, with the next step of the caller's talk."""
    site, call = site_of(request), talks.MissedCall(call_id, caller)
    try:
        async with site.transaction() as conn:
            heard = await talks.hear_missed_call(conn, site.floor, actor, site.catalogues, call)
    except identity.InvalidMobile:
        heard = False
    return CallHeard(heard=heard)


@router.post("/voice", response_class=Response, responses=DOCUMENT)
async def voice(  # noqa: PLR0917 (the fields of a form)
    request: Request,
    actor: Gateway,
    session: Annotated[LooseText, Form(min_length=1, max_length=200)],
    caller: Annotated[LooseText, Form(max_length=40)],
    said: Annotated[LooseText, Form(max_length=2000)] = "",
    digits: Annotated[LooseText, Form(max_length=40)] = "",
) -> Response:
    """The next document of a call, VoiceXML 2.1: what is read out, and what the keys that are pressed submit here.

    The gateway begins with its own `session` and the `caller`; `said` is what was keyed in so far, parted by `*`, and
    `digits` what was keyed in now. The same request again is answered the same.
    """
    keyed = "*".join(one for one in (said, digits) if one)
    if not KEYED.fullmatch(keyed):
        keyed = said if KEYED.fullmatch(said) else ""
    site, call = site_of(request), talks.Call(session, caller, keyed, spoken=True)
    try:
        async with site.transaction() as conn:
            found = await talks.hear_keypad(conn, site.floor, actor, site.catalogues, call)
    except identity.InvalidMobile as no:
        language = site.floor.country.default_language
        found = talks.Said(site.catalogues.refusal(no, language), over=True, language=language)
    known = {"session": session, "caller": caller, "said": keyed}
    locale = f"{found.language or site.floor.country.default_language}-{site.floor.country.code}"
    return Response(_document(found, locale, request.url.path, known), media_type=MEDIA)


def _document(found: talks.Said, locale: str, here: str, known: dict[str, str]) -> str:
    lines = "".join(f"<s>{_spoken(line)}</s>" for line in found.text.split("\n") if line)
    prompt = f"<prompt>{lines}</prompt>"
    if found.over:
        inner = f"<form><block>{prompt}<disconnect/></block></form>"
    else:
        kept = "".join(f"<var name={quoteattr(name)} expr={quoteattr(json.dumps(to))}/>" for name, to in known.items())
        submit = f'<submit next={quoteattr(here)} method="post" namelist="session caller said digits"/>'
        inner = (
            f'{kept}<form><field name="digits" type="digits">{prompt}<noinput><reprompt/></noinput>'
            f'<noinput count="3"><disconnect/></noinput><nomatch><reprompt/></nomatch>'
            f"<filled>{submit}</filled></field></form>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml" xml:lang={quoteattr(locale)}>'
        f'<property name="inputmodes" value="dtmf"/><property name="termchar" value="#"/>{inner}</vxml>'
    )


def _spoken(line: str) -> str:
    """A line as it is read out; long numbers digit by digit."""
    return NUMBERS.sub(lambda number: f'<say-as interpret-as="digits">{number[0]}</say-as>', escape(line))
