"""Our own surface for people: devices that take a household's messages by push (Web Push, UnifiedPush)."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from opencowin import notifications
from opencowin.kit.actor import Actor, Permission
from opencowin.web.cowin.wire import Body, PlainText
from opencowin.web.guard import may, open_to_all
from opencowin.web.site import site_of

router = APIRouter(prefix="/open/v1/devices", tags=["Our own surface"])
Own = Annotated[Actor, may(Permission.MANAGE_OWN_MEMBERS)]
Public = Annotated[Actor, open_to_all()]


class Device(Body):
    """A push subscription: the endpoint that a browser or distributor made, and its keys (RFC 8291)."""

    endpoint: PlainText = Field(max_length=1000)
    p256dh: PlainText = Field(max_length=100)
    auth: PlainText = Field(max_length=40)


class Endpoint(Body):
    """Which device."""

    endpoint: PlainText = Field(max_length=1000)


class PushKey(BaseModel):
    """The key by which push services know who sends to a device."""

    key: str = Field(description="VAPID, RFC 8292: a point of P-256, uncompressed, in base64 for addresses.")


@router.get("/key")
async def push_key(request: Request, _actor: Public) -> PushKey:
    """The key that a browser or a UnifiedPush app names when it makes a subscription. Raises WayNotOffered."""
    site = site_of(request)
    key = notifications.push_key(site.floor, notifications.read_carriage(site.floor))
    if not key:
        raise notifications.WayNotOffered(field="key")
    return PushKey(key=key)


@router.post("", status_code=204, response_class=Response)
async def add_device(request: Request, body: Device, actor: Own) -> Response:
    """Take one's messages by push on this device too: sealed for it, so that the carrier reads nothing."""
    site = site_of(request)
    address = notifications.PushAddress(body.endpoint, body.p256dh, body.auth)
    carriage = notifications.read_carriage(site.floor)
    async with site.transaction() as conn:
        await notifications.add_device(conn, site.floor, carriage, actor, address)
    return Response(status_code=204)


@router.post("/end", status_code=204, response_class=Response)
async def end_device(request: Request, body: Endpoint, actor: Own) -> Response:
    """Send nothing more to this device; one that is not known is none any more already."""
    site = site_of(request)
    async with site.transaction() as conn:
        await notifications.end_device(conn, site.floor, actor, body.endpoint)
    return Response(status_code=204)
