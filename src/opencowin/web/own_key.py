"""Our own surface for developers: what one's own key may do, and how often."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request

from opencowin import identity
from opencowin.kit.actor import Actor, Permission
from opencowin.web.guard import Face, may
from opencowin.web.site import site_of

router = APIRouter(prefix="/open/v1/key", tags=["Our own surface"])
Own = Annotated[Actor, may(Permission.SEARCH_SESSIONS, Face.PARTNER)]


class KeySeen(BaseModel):
    """A key; what is left of its quota stands in the RateLimit headers of each answer."""

    key_id: UUID
    name: str
    permissions: list[str]
    calls_per_minute: int = Field(description="Calls that each web process allows in a minute.")
    calls_per_day: int
    created_at: datetime
    expires_at: datetime | None


@router.get("")
async def own_key(request: Request, actor: Own) -> KeySeen:
    """The key that this call is made with."""
    async with site_of(request).transaction() as conn:
        key = await identity.own_api_key(conn, actor)
    return KeySeen(
        key_id=key.key_id,
        name=key.name,
        permissions=sorted(key.permissions),
        calls_per_minute=key.calls_per_minute,
        calls_per_day=key.calls_per_day,
        created_at=key.created_at,
        expires_at=key.expires_at,
    )
