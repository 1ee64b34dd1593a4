"""The waiting room: a page that waits with whoever wants to book, without a script, until it is their turn."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin.fairness import Room, Standing
from opencowin.kit.actor import Actor, Permission
from opencowin.web.entrance import told
from opencowin.web.pages.forms import first
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.sign_in import hold_and_go
from opencowin.web.pages.visits import WAITING, draft_for, go, read_form, signed_in, visit_of
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Own = Annotated[Actor, signed_in(Permission.BOOK_FOR_OWN_MEMBERS)]


@router.get(WAITING, response_class=Response)
async def wait(request: Request, actor: Own) -> Response:
    """Where one stands; without a ticket, the room before the session that the address names."""
    visit, site = visit_of(request), site_of(request)
    text = first(draft_for(request, WAITING), "session_id") or request.query_params.get("session_id", "")
    session_id = _id(text) or (UUID(visit.plan.session_id) if visit.plan else None)
    standing = await site.entrance.holds(actor, visit.ticket)
    if standing is not None:
        return _place_page(request, standing, session_id)
    room = await site.entrance.room_before(session_id) if session_id else None
    if room is not None:
        return _room_page(request, room, session_id)
    return go(request, f"/slots/{session_id}" if session_id else "/find")


@router.post(WAITING, response_class=Response)
async def take_a_place(request: Request, actor: Own) -> Response:
    """Take a place; who has one keeps it."""
    fields, visit = await read_form(request), visit_of(request)
    session_id = _id(first(fields, "session_id"))
    if session_id is None:
        return go(request, "/find")
    standing = await site_of(request).entrance.stand(actor, session_id, visit.ticket)
    if standing is not None:
        visit.ticket = standing.ticket
    return go(request, WAITING, session_id=session_id)


@router.post("/queue/on", response_class=Response)
async def go_on(request: Request, _actor: Own) -> Response:
    """It is one's turn: hold the slot that was chosen before."""
    await read_form(request)
    return await hold_and_go(request)


def _place_page(request: Request, standing: Standing, session_id: UUID | None) -> Response:
    planned = visit_of(request).plan is not None
    answer = page(Reader(request), "queue.html", standing=standing, room=None, session_id=session_id, planned=planned)
    answer.headers.update(told(standing))
    if not standing.turn:
        answer.headers["Refresh"] = answer.headers["Retry-After"] = str(standing.retry_after)
    return answer


def _room_page(request: Request, room: Room, session_id: UUID | None) -> Response:
    return page(Reader(request), "queue.html", standing=None, room=room, session_id=session_id, planned=False)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
