"""How messages reach a household: what stands, an address more and the code that proves it, devices, and their ends."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from opencowin import notifications
from opencowin.kit.actor import Actor
from opencowin.kit.errors import NotFound, Refusal
from opencowin.notifications import Medium
from opencowin.web.guard import open_to_probes, open_to_readers
from opencowin.web.pages.assets import assets
from opencowin.web.pages.forms import Fields, Filled, first, refused
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.visits import go, read_form, signed_in
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Own = Annotated[Actor, signed_in()]
Public = Annotated[Actor, open_to_readers()]
Token = Annotated[str, Path(max_length=1000, pattern=r"^[A-Za-z0-9_-]+$")]
DONE = ("sent", "added", "removed", "kept")
WRITTEN = (Medium.EMAIL, Medium.SIGNAL)
WORKER = "push_worker.js"
POLICY = "script-src 'self'; worker-src 'self'; connect-src 'self'"


class LinkUnknown(NotFound):
    """This link is not one of ours: copy it whole from the message."""

    code = "PAGE0034"


@router.get("/messages", response_class=Response)
async def own_ways(request: Request, actor: Own) -> Response:
    """How word reaches this household, and how else it could."""
    return await _ways_page(request, actor, Filled())


@router.post("/messages/address", response_class=Response)
async def add_address(request: Request, actor: Own) -> Response:
    """Send a code to an e-mail address or a Signal number; or make the link that opens the chat with our bot."""
    fields, site = await read_form(request), site_of(request)
    carriage, medium = notifications.read_carriage(site.floor), _medium(fields)
    try:
        async with site.transaction() as conn:
            if medium is Medium.TELEGRAM:
                link = await notifications.ask_chat(conn, site.floor, carriage, actor)
            else:
                written = first(fields, medium.value)
                await notifications.ask_proof(conn, site.floor, carriage, actor, medium, written)
    except Refusal as no:
        return await _refused(request, actor, fields, no, {"address": medium.value})
    if medium is Medium.TELEGRAM:
        return await _ways_page(request, actor, Filled(), link=link)
    return go(request, "/messages", done="sent")


@router.post("/messages/prove", response_class=Response)
async def prove(request: Request, actor: Own) -> Response:
    """Use the address from now on, since its code came back."""
    fields, site = await read_form(request), site_of(request)
    medium = _medium(fields)
    try:
        async with site.transaction() as conn:
            await notifications.prove(conn, site.floor, actor, medium, first(fields, f"code_{medium}"))
    except Refusal as no:
        return await _refused(request, actor, fields, no, {"code": f"code_{medium}"})
    return go(request, "/messages", done="added")


@router.post("/messages/end", response_class=Response)
async def end(request: Request, actor: Own) -> Response:
    """Send nothing more to an address, or to any device; what has ended already has ended."""
    fields, site = await read_form(request), site_of(request)
    async with site.transaction() as conn:
        if "devices" in fields:
            await notifications.end_devices(conn, actor)
        else:
            await notifications.end_address(conn, actor, first(fields, "key"))
    return go(request, "/messages", done="removed")


@router.post("/messages/sms", response_class=Response)
async def choose_sms(request: Request, actor: Own) -> Response:
    """An SMS always, or only where nothing else took a message."""
    fields, site = await read_form(request), site_of(request)
    async with site.transaction() as conn:
        await notifications.choose_sms(conn, site.floor, actor, last=first(fields, "sms") == "last")
    return go(request, "/messages", done="kept")


@router.post("/messages/device", response_class=Response)
async def add_device(request: Request, actor: Own) -> Response:
    """Take messages by push on a device, as its browser or another app describes it."""
    fields, site = await read_form(request), site_of(request)
    carriage = notifications.read_carriage(site.floor)
    try:
        async with site.transaction() as conn:
            address = _push_address(first(fields, "subscription"))
            await notifications.add_device(conn, site.floor, carriage, actor, address)
    except Refusal as no:
        named = dict.fromkeys(("endpoint", "p256dh", "auth"), "subscription")
        return await _refused(request, actor, fields, no, named)
    return go(request, "/messages", done="added")


@router.post("/messages/device/end", response_class=Response)
async def end_device(request: Request, actor: Own) -> Response:
    """Send nothing more to one device."""
    fields, site = await read_form(request), site_of(request)
    async with site.transaction() as conn:
        await notifications.end_device(conn, site.floor, actor, first(fields, "endpoint"))
    return go(request, "/messages", done="removed")


@router.get("/messages/worker.js", response_class=Response)
async def worker(
    request: Request, _actor: Annotated[Actor, open_to_probes()], lang: Annotated[str, Query(max_length=3)] = ""
) -> Response:
    """The service worker that shows what a push brings; it keeps nothing, and no page passes through it."""
    reader = Reader(request)
    said = {"title": reader.text("Vaccination service"), "lang": lang, "dir": reader.language.direction.value}
    source = b"const SAID = %s;\n" % json.dumps(said).encode() + assets()[WORKER].content
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    headers["Content-Security-Policy"] = "default-src 'none'"
    return Response(source, media_type="text/javascript", headers=headers)


@router.get("/messages/off/{token}", response_class=Response)
async def off(request: Request, token: Token, _actor: Public) -> Response:
    """Asks whether nothing more shall be sent to the address that a letter came to: mail programs open links too.

    Raises LinkUnknown.
    """
    address = notifications.stopped_address(site_of(request).floor, token)
    if address is None:
        raise LinkUnknown
    return _off_page(request, token, address, ended=False)


@router.post("/messages/off/{token}", response_class=Response)
async def end_off(request: Request, token: Token, actor: Public) -> Response:
    """Send nothing more there; mail programs do it with one click (RFC 8058). The link is all that it needs.

    Raises LinkUnknown.
    """
    site = site_of(request)
    address = notifications.stopped_address(site.floor, token)
    if address is None:
        raise LinkUnknown
    async with site.transaction() as conn:
        await notifications.end_for_all(conn, site.floor, actor, Medium.EMAIL, address)
    return _off_page(request, token, address, ended=True)


def _off_page(request: Request, token: str, address: str, *, ended: bool) -> Response:
    answer = page(Reader(request), "message_off.html", token=token, address=address, ended=ended)
    answer.headers.update({"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})
    return answer


def _medium(fields: Fields) -> Medium:
    """What the form is about. Raises WayNotOffered."""
    try:
        return Medium(first(fields, "medium"))
    except ValueError as no:
        raise notifications.WayNotOffered(field="medium") from no


def _push_address(written: str) -> notifications.PushAddress:
    """A subscription as browsers and UnifiedPush apps write it. Raises DeviceInvalid."""
    try:
        given = json.loads(written[:4000])
        keys = given["keys"]
        return notifications.PushAddress(str(given["endpoint"])[:1000], str(keys["p256dh"]), str(keys["auth"]))
    except (ValueError, KeyError, TypeError, RecursionError) as no:
        raise notifications.DeviceInvalid(field="endpoint", name="subscription") from no


async def _refused(request: Request, actor: Actor, fields: Fields, no: Refusal, names: Mapping[str, str]) -> Response:
    return await _ways_page(request, actor, refused(Reader(request), fields, no, names))


async def _ways_page(request: Request, actor: Actor, form: Filled, **more: Any) -> Response:
    site, reader = site_of(request), Reader(request)
    carriage = notifications.read_carriage(site.floor)
    async with site.transaction() as conn:
        ways = await notifications.ways_of(conn, site.floor, carriage, actor)
    key, done = notifications.push_key(site.floor, carriage), request.query_params.get("done", "")
    return page(
        reader,
        "messages.html",
        400 if form.faults else 200,
        scripts=("push.js",) if key else (),
        policy=POLICY,
        ways=ways,
        written=[one for one in WRITTEN if one in ways.offered],
        push_key=key,
        form=form,
        done=done if done in DONE else "",
        **{"link": "", **more},
    )
