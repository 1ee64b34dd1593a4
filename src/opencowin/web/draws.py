"""Draws as programs read them: what is committed to, the list, the results, so that anybody can draw again."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from opencowin import draw
from opencowin.draw import Draw
from opencowin.kit.actor import Actor, Permission
from opencowin.web.cowin.wire import Body, LooseText, parse_reference
from opencowin.web.guard import may, open_to_all
from opencowin.web.site import site_of

router = APIRouter(prefix="/open/v1/draws", tags=["Our own surface"])
Public = Annotated[Actor, open_to_all()]
Own = Annotated[Actor, may(Permission.BOOK_FOR_OWN_MEMBERS)]
TEXT_OUT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
FOR_A_WHILE = {"Cache-Control": "public, max-age=300"}


class DrawSeen(BaseModel):
    """A draw, with all that its result hangs on as soon as it is known."""

    draw_id: UUID
    district_id: int
    state: str = Field(description="open, closed, revealed, drawn, halted or cancelled.")
    groups: list[str] = Field(description="Priority groups, who is served first first; everybody else comes last.")
    number_source: str = Field(description="Which public number will count.")
    opened_at: datetime
    closes_at: datetime
    commitment: str = Field(description="SHA-256 of the seed, in hexadecimal; known from the opening on.")
    closed_at: datetime | None
    list_digest: str | None = Field(description="SHA-256 of the list, in hexadecimal; known from the closing on.")
    public_number: str | None = Field(description="The digits of the public number.")
    seed: str | None = Field(description="In hexadecimal; known with the public number.")
    revealed_at: datetime | None
    ended_at: datetime | None = Field(description="When everybody was booked or told, and the rest opened to all.")
    reason: str | None = Field(description="Why it was called off.")


class DrawWithSessions(DrawSeen):
    """A draw and the sessions whose seats it allots."""

    sessions: list[UUID]


class EntryAsked(Body):
    """Who enters together, and for which sessions, the dearest first."""

    beneficiaries: list[LooseText] = Field(
        min_length=1, max_length=20, description="Reference numbers of members of the own household."
    )
    sessions: list[UUID] = Field(min_length=1, max_length=draw.MOST_PREFERENCES)
    waitlist: bool = Field(False, description="Join the district's waitlist where no seat falls to them.")


class EntryMade(BaseModel):
    """The number by which an entry stands in the list."""

    entry_id: int


class EntrySeen(EntryMade):
    """An own entry."""

    dose: int
    sessions: list[UUID]
    waitlist: bool
    outcome: str | None = Field(description="booked, refused, lost or cancelled; null until it is settled.")


@router.get("")
async def draws(
    request: Request, _actor: Public, district_id: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None
) -> list[DrawSeen]:
    """Draws of a district, or of all: those under way first, at most a hundred."""
    async with site_of(request).transaction() as conn:
        found = await draw.draws_in(conn, None if district_id is None else [district_id])
    return [DrawSeen(**_written(one)) for one in found]


@router.get("/{draw_id}")
async def one_draw(request: Request, draw_id: UUID, _actor: Public) -> DrawWithSessions:
    """One draw."""
    async with site_of(request).transaction() as conn:
        found = await draw.draw_of(conn, draw_id)
        sessions = await draw.sessions_of(conn, draw_id)
    return DrawWithSessions(**_written(found), sessions=[one.session_id for one in sessions])


@router.get("/{draw_id}/list", response_class=Response, responses=TEXT_OUT)
async def entries(request: Request, draw_id: UUID, _actor: Public) -> Response:
    """What is drawn for and who takes part, by number, from the closing on: one line a fact. Its bytes are digested."""
    async with site_of(request).transaction() as conn:
        content = await draw.published_list(conn, draw_id)
    return Response(content, media_type="text/plain", headers=FOR_A_WHILE)


@router.get("/{draw_id}/results", response_class=Response, responses=TEXT_OUT)
async def results(request: Request, draw_id: UUID, _actor: Public) -> Response:
    """What fell to each number, once it is drawn: its session and slot, or `none`."""
    async with site_of(request).transaction() as conn:
        content = await draw.results(conn, draw_id)
    return Response(content, media_type="text/plain", headers=FOR_A_WHILE)


@router.get("/{draw_id}/entries")
async def own_entries_in_draw(request: Request, draw_id: UUID, actor: Own) -> list[EntrySeen]:
    """What the own household entered, and what became of it."""
    async with site_of(request).transaction() as conn:
        found = await draw.entries_of(conn, actor, draw_id)
    return [
        EntrySeen(
            entry_id=one.entry_id, dose=one.dose, sessions=one.preferences, waitlist=one.waits, outcome=one.outcome
        )
        for one in found
    ]


@router.post("/{draw_id}/entries")
async def enter_draw(request: Request, draw_id: UUID, body: EntryAsked, actor: Own) -> EntryMade:
    """Enter members of the own household, who go together or not at all."""
    site = site_of(request)
    people = tuple(parse_reference(one) for one in body.beneficiaries)
    wish = draw.EntryWish(people, tuple(body.sessions), body.waitlist)
    async with site.transaction() as conn:
        return EntryMade(entry_id=await draw.enter(conn, site.floor, actor, draw_id, wish))


@router.delete("/{draw_id}/entries/{entry_id}", status_code=204)
async def withdraw_entry(
    request: Request, draw_id: UUID, entry_id: Annotated[int, Path(ge=1, le=2**62)], actor: Own
) -> None:
    """Withdraw an own entry before the draw closes."""
    site = site_of(request)
    async with site.transaction() as conn:
        await draw.withdraw(conn, site.floor, actor, draw_id, entry_id)


def _written(found: Draw) -> dict[str, Any]:
    return {name: getattr(found, name) for name in DrawSeen.model_fields}
