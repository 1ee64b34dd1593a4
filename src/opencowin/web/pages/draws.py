"""Draws: what each is for and how to check it, for everybody; entering, withdrawing and results, for a household."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import draw, places, programme, registry
from opencowin.draw import MOST_PREFERENCES, EntryWish
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.web.guard import open_to_all
from opencowin.web.pages.forms import Fields, Filled, first, number, refused
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.visits import go, read_form, signed_in
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Public = Annotated[Actor, open_to_all()]
Own = Annotated[Actor, signed_in(Permission.BOOK_FOR_OWN_MEMBERS)]
FIELDS = {"members": "person", "beneficiary_reference_id": "person", "sessions": "choice1"}
DONE = ("entered", "withdrawn")


@router.get("/draws", response_class=Response)
async def draws(request: Request, _actor: Public) -> Response:
    """Draws of a district, or of all."""
    reader, site = Reader(request), site_of(request)
    district_id = number(request.query_params.get("district_id", ""))
    asked = district_id if district_id is not None and district_id < 2**31 else None
    async with site.transaction() as conn:
        found = await draw.draws_in(conn, None if asked is None else [asked])
        names = await places.place_names(conn, sorted({one.district_id for one in found}))
    return page(reader, "draws.html", draws=found, district=_names(reader, names))


@router.get("/draws/{draw_id}", response_class=Response)
async def draw_page(request: Request, draw_id: UUID, _actor: Public) -> Response:
    """One draw: its sessions and groups, and what anybody needs to draw again."""
    reader, site = Reader(request), site_of(request)
    async with site.transaction() as conn:
        found = await draw.draw_of(conn, draw_id)
        shown = await _shown(conn, reader, draw_id)
        groups = (await programme.current_programme(conn)).groups
        names = await places.place_names(conn, [found.district_id])
    language = reader.language.code
    return page(
        reader,
        "draw.html",
        draw=found,
        sessions=shown,
        groups=[groups[one].name_l.get(language) or groups[one].name for one in found.groups if one in groups],
        district=_names(reader, names)[found.district_id],
        open_now=found.takes_entries(site.floor.clock.now()),
    )


@router.get("/draws/{draw_id}/mine", response_class=Response)
async def own_entries(request: Request, draw_id: UUID, actor: Own) -> Response:
    """What this number entered, and the form to enter."""
    return await _own_page(Reader(request), actor, draw_id, Filled())


@router.post("/draws/{draw_id}/mine", response_class=Response)
async def enter(request: Request, draw_id: UUID, actor: Own) -> Response:
    """Enter members of the household."""
    fields, site, reader = await read_form(request), site_of(request), Reader(request)
    try:
        async with site.transaction() as conn:
            await draw.enter(conn, site.floor, actor, draw_id, _wish(fields))
    except draw.NoSuchDraw:
        raise
    except Refusal as no:
        return await _own_page(reader, actor, draw_id, refused(reader, fields, no, FIELDS))
    return go(request, f"/draws/{draw_id}/mine", done="entered")


@router.post("/draws/{draw_id}/withdraw", response_class=Response)
async def withdraw(request: Request, draw_id: UUID, actor: Own) -> Response:
    """Withdraw an entry; one that is not there has been withdrawn already."""
    fields, site, reader = await read_form(request), site_of(request), Reader(request)
    try:
        async with site.transaction() as conn:
            await draw.withdraw(conn, site.floor, actor, draw_id, number(first(fields, "entry")) or 0)
    except draw.DrawNotOpen as no:
        return await _own_page(reader, actor, draw_id, refused(reader, fields, no, FIELDS))
    except draw.NoSuchEntry:
        return go(request, f"/draws/{draw_id}/mine")
    return go(request, f"/draws/{draw_id}/mine", done="withdrawn")


def _wish(fields: Fields) -> EntryWish:
    people = [number(one) for one in fields.get("person", ())]
    chosen = [first(fields, f"choice{at}") for at in range(1, MOST_PREFERENCES + 1)]
    return EntryWish(
        reference_ids=tuple(one or 0 for one in people),
        session_ids=tuple(_id(one) for one in chosen if one),
        waits=bool(first(fields, "waits")),
    )


def _id(text: str) -> UUID:
    """The id, or one that nothing has."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


async def _own_page(reader: Reader, actor: Actor, draw_id: UUID, form: Filled) -> Response:
    site = site_of(reader.request)
    async with site.transaction() as conn:
        found = await draw.draw_of(conn, draw_id)
        entries = await draw.entries_of(conn, actor, draw_id)
        members = await registry.members(conn, site.floor, actor)
        sessions = await _shown(conn, reader, draw_id)
    entered = {who for one in entries for who in one.members}
    done = reader.request.query_params.get("done", "")
    return page(
        reader,
        "own_entries.html",
        400 if form.faults else 200,
        draw=found,
        entries=entries,
        names={one.person.beneficiary_id: one.name for one in members},
        left=[one for one in members if one.person.beneficiary_id not in entered],
        sessions=sessions,
        choices=range(1, min(MOST_PREFERENCES, len(sessions)) + 1),
        open_now=found.takes_entries(site.floor.clock.now()),
        form=form,
        done=done if done in DONE else "",
    )


async def _shown(conn: Connection, reader: Reader, draw_id: UUID) -> dict[UUID, str]:
    """The sessions of a draw by their day and centre."""
    found = await draw.sessions_of(conn, draw_id)
    centres = await places.centres_with_ids(conn, sorted({one.centre_id for one in found}))
    language = reader.language.code
    return {
        one.session_id: f"{reader.weekday(one.held_on)}, {centres[one.centre_id].name_in(language)}" for one in found
    }


def _names(reader: Reader, names: dict[int, places.PlaceNames]) -> dict[int, str]:
    language = reader.language.code
    return {key: one.district_names.get(language) or one.district_name for key, one in names.items()}
