"""Centres of the own area: found, entered, changed, closed and opened again."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import places, scheduling
from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.places import Centre, CentreFacts, CentreKind, NewCentre, Operator
from opencowin.web.console import desk
from opencowin.web.console.desk import may_in_console
from opencowin.web.console.placing import text_sought, within
from opencowin.web.console.shown import ROWS, ConsoleReader, console_page, leaf_of
from opencowin.web.console.typed import EXPECTED, Typed
from opencowin.web.pages.forms import Filled, number
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Keeper = Annotated[Actor, may_in_console(Permission.MANAGE_CENTRES)]
FIELDS = {name: name for name in ("name", "address", "pin_code", "closes_at", "latitude", "reason")}
"""Fields of the form, by those that refusals name."""


@router.get("/console/centres", response_class=Response)
async def centres(request: Request, actor: Keeper, closed: bool = False) -> Response:
    """Centres of the area by name, some at a time."""
    site, reader, leaf = site_of(request), ConsoleReader(request), leaf_of(request)
    text = text_sought(request)
    async with site.transaction() as conn:
        where = await within(conn, actor, request, reader.language.code)
        found = await places.centres_in(conn, where.place, name=text, closed=closed, start=leaf.start, rows=ROWS + 1)
        names = await places.place_names(conn, {one.district_id for one in found})
    return console_page(
        reader,
        "console/centres.html",
        centres=found[:ROWS],
        names=names,
        where=where,
        leaf=leaf.followed(len(found)),
        query={"q": text or None, "closed": 1 if closed else None, **where.query},
        form=Filled({"q": [text], "closed": ["1" if closed else ""], **where.chosen}),
    )


@router.get("/console/centres/new", response_class=Response)
async def new_centre(request: Request, actor: Keeper) -> Response:
    """The form for a centre of a district."""
    plain = {"operator": ["government"], "kind": ["static"], "opens_at": ["09:00"], "closes_at": ["17:00"]}
    return await _new_page(request, actor, Filled(plain), 200)


@router.post("/console/centres/new", response_class=Response)
async def enter(request: Request, actor: Keeper) -> Response:
    """Enter a centre."""
    typed, site = Typed(await desk.read_form(request)), site_of(request)
    facts = read_facts(typed)
    district_id = actor.place.district_id or number(request.query_params.get("district_id", ""))
    if not typed.wrong and district_id is not None:
        try:
            async with site.transaction() as conn:
                centre_id = await places.enter_centre(conn, actor, NewCentre(district_id=district_id, **facts))
            return desk.go(request, f"/console/centres/{centre_id}", done="entered")
        except EXPECTED as no:
            typed.blame(no, FIELDS)
    return await _new_page(request, actor, typed.shown(ConsoleReader(request)), 400)


@router.get("/console/centres/{centre_id}", response_class=Response)
async def centre_page(request: Request, centre_id: int, actor: Keeper) -> Response:
    """A centre, and the forms that change it."""
    return await _centre_page(request, actor, centre_id, None)


@router.post("/console/centres/{centre_id}", response_class=Response)
async def change(request: Request, centre_id: int, actor: Keeper) -> Response:
    """Change what is known of a centre."""
    typed, site = Typed(await desk.read_form(request)), site_of(request)
    facts = read_facts(typed)
    if not typed.wrong:
        try:
            async with site.transaction() as conn:
                await places.change_centre(conn, actor, centre_id, CentreFacts(**facts))
            return desk.go(request, f"/console/centres/{centre_id}", done="changed")
        except EXPECTED as no:
            typed.blame(no, FIELDS)
    return await _centre_page(request, actor, centre_id, typed.shown(ConsoleReader(request)))


@router.post("/console/centres/{centre_id}/close", response_class=Response)
async def close(request: Request, centre_id: int, actor: Keeper) -> Response:
    """Close a centre that holds nothing any more."""
    typed, site = Typed(await desk.read_form(request)), site_of(request)
    reason = typed.text("reason", most=300)
    if not typed.wrong:
        try:
            async with site.transaction() as conn:
                await scheduling.close_centre(conn, site.floor, actor, centre_id, reason)
            return desk.go(request, f"/console/centres/{centre_id}", done="closed")
        except EXPECTED as no:
            typed.blame(no, FIELDS)
    return await _centre_page(request, actor, centre_id, None, typed.shown(ConsoleReader(request)))


@router.post("/console/centres/{centre_id}/reopen", response_class=Response)
async def reopen(request: Request, centre_id: int, actor: Keeper) -> Response:
    """Open a closed centre again."""
    await desk.read_form(request)
    async with site_of(request).transaction() as conn:
        await places.reopen_centre(conn, actor, centre_id)
    return desk.go(request, f"/console/centres/{centre_id}", done="opened")


def read_facts(typed: Typed) -> dict[str, Any]:
    """What the form says of a centre."""
    facts: dict[str, Any] = {
        "name": typed.text("name"),
        "address": typed.text("address", most=300),
        "block_name": typed.text("block_name", optional=True),
        "pin_code": typed.text("pin_code", most=12).upper(),
        "opens_at": typed.time("opens_at"),
        "closes_at": typed.time("closes_at"),
        "latitude": typed.degrees("latitude", 90),
        "longitude": typed.degrees("longitude", 180),
        "operator": typed.choice("operator", set(Operator)),
        "kind": typed.choice("kind", set(CentreKind)),
        "is_paid": typed.has("is_paid"),
    }
    if "pin_code" not in typed.wrong and not places.is_postal_code(facts["pin_code"]):
        typed.blame(places.CentreIncomplete(field="pin_code"), FIELDS)
    if typed.wrong:
        return {}
    return facts | {"operator": Operator(facts["operator"]), "kind": CentreKind(facts["kind"])}


def _written(centre: Centre) -> Mapping[str, list[str]]:
    """A centre as the form holds it."""
    plain = {name: [str(getattr(centre, name))] for name in ("name", "address", "block_name", "pin_code")}
    return plain | {
        "opens_at": [f"{centre.opens_at:%H:%M}"],
        "closes_at": [f"{centre.closes_at:%H:%M}"],
        "latitude": [f"{centre.latitude:.6f}"],
        "longitude": [f"{centre.longitude:.6f}"],
        "operator": [centre.operator.value],
        "kind": [centre.kind.value],
        "is_paid": ["Y" if centre.is_paid else ""],
    }


async def _new_page(request: Request, actor: Actor, form: Filled, status: int) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        where = await within(conn, actor, request, reader.language.code)
        district_id = where.place.district_id
        district = None if district_id is None else await places.district(conn, district_id)
    return console_page(reader, "console/new_centre.html", status, where=where, district=district, form=form)


async def _centre_page(
    request: Request, actor: Actor, centre_id: int, form: Filled | None, closing: Filled | None = None
) -> Response:
    site, reader = site_of(request), ConsoleReader(request)
    async with site.transaction() as conn:
        centre = await places.read_centre(conn, centre_id)
        if not await places.in_scope(conn, actor, district_id=centre.district_id, centre_id=centre_id):
            raise NotPermitted
        names = await places.place_names(conn, [centre.district_id])
    return console_page(
        reader,
        "console/centre.html",
        400 if form or closing else 200,
        centre=centre,
        place=names[centre.district_id],
        form=form or Filled(_written(centre)),
        closing=closing or Filled(),
        done=request.query_params.get("done", ""),
    )
