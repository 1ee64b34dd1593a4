"""The waitlist: a signed-in person joins it for a member, sees what is kept and takes it, or leaves."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import identity, places, registry, scheduling, waitlist
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.places import Centre
from opencowin.web.pages.forms import Fields, Filled, first, number, refused
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.search import read_search
from opencowin.web.pages.visits import draft_for, go, read_form, signed_in
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Own = Annotated[Actor, signed_in(Permission.BOOK_FOR_OWN_MEMBERS)]
FIELDS = {"pin_code": "pin", "reference": "person"}
DONE = ("joined", "left")


@dataclass(frozen=True, slots=True)
class KeptSeat:
    """A seat that is kept, as it is shown."""

    code: str
    centre: Centre
    held_on: date
    starts_at: time
    ends_at: time
    until: datetime


@router.get("/waitlist", response_class=Response)
async def own_waits(request: Request, actor: Own) -> Response:
    """Where this number waits, what is kept for it, and the form to join, filled in with what was looked for."""
    kept = draft_for(request, request.url.path)
    if not kept:
        search = read_search(request.query_params, site_of(request).floor)
        district = "" if search.district_id is None or search.pin else str(search.district_id)
        kept = {"pin": [search.pin], "district_id": [district]}
    return await _waits_page(Reader(request), actor, Filled(kept))


@router.post("/waitlist", response_class=Response)
async def join(request: Request, actor: Own) -> Response:
    """Join; who waits already changes the place."""
    fields, site, reader = await read_form(request), site_of(request), Reader(request)
    try:
        async with site.transaction() as conn:
            await waitlist.join(conn, site.floor, actor, _wish(reader, fields))
    except Refusal as no:
        return await _waits_page(reader, actor, refused(reader, fields, no, FIELDS))
    return go(request, "/waitlist", done="joined")


@router.post("/waitlist/leave", response_class=Response)
async def leave(request: Request, actor: Own) -> Response:
    """Leave; who does not wait has left already."""
    fields, site = await read_form(request), site_of(request)
    try:
        async with site.transaction() as conn:
            await waitlist.leave(conn, actor, number(first(fields, "waiting")) or 0)
    except waitlist.NotWaiting:
        return go(request, "/waitlist")
    return go(request, "/waitlist", done="left")


@router.post("/waitlist/take", response_class=Response)
async def take(request: Request, actor: Own) -> Response:
    """Book the seat that is kept."""
    fields, site, reader = await read_form(request), site_of(request), Reader(request)
    try:
        async with site.transaction() as conn:
            await waitlist.accept(conn, site.floor, actor, first(fields, "code"))
    except Refusal as no:
        return await _waits_page(reader, actor, refused(reader, {}, no, {}))
    return go(request, "/people")


def _wish(reader: Reader, fields: Fields) -> waitlist.WaitWish:
    """What the form asks for. Raises InvalidPostalCode, and leaves the rest to the room."""
    named = {name: first(fields, name) for name in ("district_id", "pin")}
    search = read_search(named, site_of(reader.request).floor)
    if not named["district_id"] and search.fault is not None:
        raise search.fault
    return waitlist.WaitWish(
        reference_id=number(first(fields, "person")) or 0,
        district_id=search.district_id if named["district_id"] else None,
        pin_code=(search.pin or None) if not named["district_id"] else None,
    )


async def _waits_page(reader: Reader, actor: Actor, form: Filled) -> Response:
    request, language = reader.request, reader.language.code
    site, chosen = site_of(request), number(form.value("district_id"))
    async with site.transaction() as conn:
        waits, kept = await waitlist.waits_of(conn, site.floor, actor)
        members = await registry.members(conn, site.floor, actor)
        asked = [chosen] if chosen is not None and chosen < 2**31 else []
        named = await places.place_names(conn, [*(one.district_id for one in waits if one.district_id), *asked])
        seats = {one.waiting_id: await _shown(conn, one) for one in kept}
        reached = bool(await identity.account_mobile(conn, site.floor, actor.own_account()))
    done = request.query_params.get("done", "")
    names = {one.person.beneficiary_id: one.name for one in members}
    return page(
        reader,
        "waitlist.html",
        400 if form.faults else 200,
        waits=[one for one in waits if one.beneficiary_id in names],
        seats=seats,
        members=members,
        names=names,
        form=form,
        chosen=chosen if chosen in named else None,
        district={key: one.district_names.get(language) or one.district_name for key, one in named.items()},
        reached=reached,
        done=done if done in DONE else "",
    )


async def _shown(conn: Connection, one: waitlist.Kept) -> KeptSeat:
    session = await scheduling.read_session(conn, one.session_id)
    slot = next(slot for slot in session.slots if slot.slot_number == one.slot_number)
    centre = await places.read_centre(conn, session.centre_id)
    return KeptSeat(one.code, centre, session.held_on, slot.starts_at, slot.ends_at, one.until)
