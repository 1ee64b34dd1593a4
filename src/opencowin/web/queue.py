"""Our own surface for programs: take a place in the waiting room ahead of a booking, and see where one stands."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from opencowin.kit.actor import Actor, Permission
from opencowin.web.cowin.wire import Body
from opencowin.web.entrance import QueueTicket, told
from opencowin.web.guard import may
from opencowin.web.site import site_of

router = APIRouter(prefix="/open/v1/queue", tags=["Our own surface"])
Own = Annotated[Actor, may(Permission.BOOK_FOR_OWN_MEMBERS)]


class QueueWish(Body):
    """The session that is to be booked."""

    session_id: UUID


class QueueSeen(BaseModel):
    """Where one stands; without a room everybody may book, and all but `your_turn` is empty."""

    your_turn: bool
    ticket: str | None = None
    opens_at: datetime | None = None
    before_you: Annotated[int | None, Field(description="Empty until the room opens: places are drawn then.")] = None
    wait_seconds: int | None = None


@router.post("")
async def take_a_place(
    request: Request, response: Response, body: QueueWish, actor: Own, ticket: QueueTicket = None
) -> QueueSeen:
    """Take a place in the waiting room before a session, or see where the one that was taken stands.

    Asking more often changes nothing. Send the ticket with the booking, in `x-queue-ticket`.
    """
    site = site_of(request)
    found = await site.entrance.stand(actor, body.session_id, ticket or "")
    if found is None:
        return QueueSeen(your_turn=True)
    response.headers.update(told(found))
    if not found.turn:
        response.headers["Retry-After"] = str(found.retry_after)
    return QueueSeen(
        your_turn=found.turn,
        ticket=found.ticket,
        opens_at=found.opens_at,
        before_you=found.before,
        wait_seconds=found.wait_seconds,
    )
