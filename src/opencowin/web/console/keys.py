"""API keys: what developers ask for is granted or refused here; which keys there are, and their end."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import identity
from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.errors import Refusal
from opencowin.web.console import desk
from opencowin.web.console.shown import ROWS, ConsoleReader, console_page, leaf_of
from opencowin.web.pages.forms import Fields, Filled, first, number, refused
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Operator = Annotated[Actor, desk.may_in_console(Permission.OPERATE)]
KEYS = "/console/keys"
NAMES = {"calls_per_minute": "per_minute", "calls_per_day": "per_day", "permissions": "may"}
USUAL: Fields = {"per_minute": ["600"], "per_day": ["100000"], "may": [one.value for one in identity.GRANTABLE]}


@router.get(KEYS, response_class=Response)
async def keys(request: Request, actor: Operator) -> Response:
    """Requests that wait, and the keys that there are."""
    site, leaf = site_of(request), leaf_of(request)
    async with site.transaction() as conn:
        waiting = await identity.key_requests(conn, site.floor, actor) if leaf.number == 1 else []
        found = (await identity.list_api_keys(conn, site.floor, actor))[leaf.start : leaf.start + ROWS + 1]
    return console_page(
        ConsoleReader(request),
        "console/keys.html",
        waiting=waiting,
        keys=found[:ROWS],
        leaf=leaf.followed(len(found)),
        done="done" in request.query_params,
    )


@router.get(KEYS + "/requests/{request_id}", response_class=Response)
async def one_request(request: Request, request_id: UUID, actor: Operator) -> Response:
    """Who asks for what, and what to grant."""
    return await _request_page(request, actor, request_id, Filled(USUAL))


@router.post(KEYS + "/requests/{request_id}", response_class=Response)
async def decide(request: Request, request_id: UUID, actor: Operator) -> Response:
    """Grant the key with these scopes and this quota, or refuse it; who asked is told by e-mail."""
    fields, site = await desk.read_form(request), site_of(request)
    try:
        async with site.transaction() as conn:
            if first(fields, "act") == "refuse":
                await identity.refuse_key(conn, site.floor, actor, request_id)
            else:
                named = fields.get("may", ())
                await identity.approve_key(
                    conn,
                    site.floor,
                    actor,
                    request_id,
                    permissions=[one for one in identity.GRANTABLE if one.value in named],
                    calls_per_minute=number(first(fields, "per_minute")) or 0,
                    calls_per_day=number(first(fields, "per_day")) or 0,
                )
    except (NotPermitted, identity.NoSuchKeyRequest):
        raise
    except Refusal as no:
        form = refused(ConsoleReader(request), fields, no, NAMES)
        return await _request_page(request, actor, request_id, form)
    return desk.go(request, KEYS, done=1)


@router.post(KEYS + "/{key_id}/revoke", response_class=Response)
async def revoke(request: Request, key_id: UUID, actor: Operator) -> Response:
    """End a key at once."""
    await desk.read_form(request)
    site = site_of(request)
    async with site.transaction() as conn:
        await identity.revoke_api_key(conn, site.floor, actor, key_id)
    return desk.go(request, KEYS, done=1)


async def _request_page(request: Request, actor: Actor, request_id: UUID, form: Filled) -> Response:
    site = site_of(request)
    async with site.transaction() as conn:
        asked = await identity.read_key_request(conn, site.floor, actor, request_id)
    return console_page(
        ConsoleReader(request),
        "console/key_request.html",
        400 if form.faults else 200,
        form=form,
        asked=asked,
        grantable=[one.value for one in sorted(identity.GRANTABLE)],
    )
