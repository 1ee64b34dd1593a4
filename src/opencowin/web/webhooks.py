"""Our own surface for developers: addresses of theirs that are called when something changes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from opencowin import feeds
from opencowin.kit.actor import Actor, Permission
from opencowin.web.cowin.wire import Body, PlainText
from opencowin.web.feed import GONE
from opencowin.web.guard import Face, may
from opencowin.web.site import site_of

router = APIRouter(prefix="/open/v1/webhooks", tags=["Our own surface"])
Own = Annotated[Actor, may(Permission.HAVE_WEBHOOKS, Face.PARTNER)]
Cursor = Annotated[int, Field(ge=0, le=2**62)]


class WebhookWish(Body):
    """An address on https, and places; of everywhere where none is named."""

    url: PlainText = Field(max_length=500)
    district_ids: list[Annotated[int, Field(ge=0, le=2**31 - 1)]] = Field([], max_length=feeds.MOST_PLACES)
    pincodes: list[Annotated[PlainText, Field(max_length=12)]] = Field([], max_length=feeds.MOST_PLACES)
    after: Cursor | None = Field(None, description="A cursor of the feed to begin behind; left out: from now on.")


class WebhookMade(BaseModel):
    """A webhook, and the secret that its calls are signed with: it is shown this once."""

    webhook_id: UUID
    secret: str
    cursor: int


class WebhookSeen(BaseModel):
    """A webhook, and how its calls fare."""

    webhook_id: UUID
    url: str
    district_ids: list[int]
    pincodes: list[str]
    cursor: int = Field(description="The last change that it took.")
    behind: int = Field(description="Changes, of all places, between that and the newest.")
    failures: int = Field(description="Calls that failed one after the other.")
    failing_since: datetime | None
    last_answer: str = Field(description="Status of the last call, or why there was none.")
    delivered_at: datetime | None
    next_try_at: datetime | None
    off_at: datetime | None = Field(description="Since when it is switched off, having failed for a day.")


class Replay(Body):
    """From where to call again."""

    after: Cursor


@router.post("", responses=GONE)
async def add_webhook(request: Request, body: WebhookWish, actor: Own) -> WebhookMade:
    """Have an address called with changes, in their order, as Standard Webhooks signs calls.

    A call that is not answered by a 2xx within 10 seconds is repeated with the same `webhook-id`, later and later, for
    a day; then the webhook is switched off and its owner told. A 410 switches it off at once.
    """
    site = site_of(request)
    new = feeds.NewWebhook(url=body.url, district_ids=body.district_ids, pin_codes=body.pincodes, after=body.after)
    await feeds.look_up(body.url, trial=site.floor.settings.webhooks_on_trial)
    async with site.transaction() as conn:
        made = await feeds.add_webhook(conn, site.floor, actor, new)
    return WebhookMade(webhook_id=made.webhook_id, secret=made.secret, cursor=made.cursor)


@router.get("")
async def webhooks(request: Request, actor: Own) -> list[WebhookSeen]:
    """The webhooks of this key, newest first."""
    site = site_of(request)
    async with site.transaction() as conn:
        found = await feeds.webhooks_of(conn, site.floor, actor)
    return [
        WebhookSeen(
            webhook_id=one.webhook_id,
            url=one.url,
            district_ids=list(one.district_ids),
            pincodes=list(one.pin_codes),
            cursor=one.cursor,
            behind=one.behind,
            failures=one.failures,
            failing_since=one.failing_since,
            last_answer=one.last_answer,
            delivered_at=one.delivered_at,
            next_try_at=one.next_try_at,
            off_at=one.off_at,
        )
        for one in found
    ]


@router.post("/{webhook_id}/replay", status_code=204, response_class=Response, responses=GONE)
async def replay_webhook(request: Request, webhook_id: UUID, body: Replay, actor: Own) -> Response:
    """Have it called again with everything that follows a cursor; one that was switched off is on again."""
    site = site_of(request)
    async with site.transaction() as conn:
        await feeds.replay_webhook(conn, site.floor, actor, webhook_id, body.after)
    return Response(status_code=204)


@router.delete("/{webhook_id}", status_code=204, response_class=Response)
async def end_webhook(request: Request, webhook_id: UUID, actor: Own) -> Response:
    """Have it called no more."""
    site = site_of(request)
    async with site.transaction() as conn:
        await feeds.end_webhook(conn, actor, webhook_id)
    return Response(status_code=204)
