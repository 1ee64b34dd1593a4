"""Alerts: a signed-in person asks to be told of free seats, sees what stands, and ends it."""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import alerts, identity, places, programme
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.forms import Fields, Filled, first, number, refused
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.search import Search, read_search
from opencowin.web.pages.visits import draft_for, go, read_form, signed_in
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Own = Annotated[Actor, signed_in(Permission.MANAGE_OWN_MEMBERS)]
FIELDS = {"pin_code": "pin", "radius_km": "radius", "vaccine": "vaccine"}
DISTANCES = (5, 10, 25, 50, 100)
NEAR_KILOMETRES, NEAR_RADIUS = 30, 10
"""Whoever searched near a position watches the postal code of the nearest centre, with so many kilometres round it."""
DONE = ("made", "ended")


@router.get("/alerts", response_class=Response)
async def own_alerts(request: Request, actor: Own) -> Response:
    """What this number is told of, and the form for one more, filled in with what was looked for."""
    site, reader = site_of(request), Reader(request)
    kept = draft_for(request, request.url.path)
    if not kept:
        search = read_search(request.query_params, site.floor)
        async with site.transaction() as conn:
            kept = await _as_searched(conn, search)
    return await _alerts_page(reader, actor, Filled(kept))


@router.post("/alerts", response_class=Response)
async def make(request: Request, actor: Own) -> Response:
    """Make the alert; the same wish sent again stays one."""
    fields, site, reader = await read_form(request), site_of(request), Reader(request)
    try:
        async with site.transaction() as conn:
            await alerts.subscribe(conn, site.floor, actor, _wish(reader, fields))
    except Refusal as no:
        return await _alerts_page(reader, actor, refused(reader, fields, no, FIELDS))
    return go(request, "/alerts", done="made")


@router.post("/alerts/end", response_class=Response)
async def end(request: Request, actor: Own) -> Response:
    """End one alert; one that is over already is over."""
    fields, site = await read_form(request), site_of(request)
    try:
        async with site.transaction() as conn:
            await alerts.unsubscribe(conn, actor, number(first(fields, "alert")) or 0)
    except alerts.NoSuchSubscription:
        return go(request, "/alerts")
    return go(request, "/alerts", done="ended")


async def _as_searched(conn: Connection, search: Search) -> dict[str, list[str]]:
    """The form's fields as a search fills them; of a position only the nearest centre's postal code is kept."""
    pin, radius = search.pin, ""
    if search.point is not None and not pin and search.district_id is None:
        near = await places.centres_near(conn, *search.point, radius_km=NEAR_KILOMETRES, limit=1)
        if near:
            pin, radius = (await places.read_centre(conn, near[0].centre_id)).pin_code, str(NEAR_RADIUS)
    stated = {
        "pin": pin,
        "radius": radius,
        "district_id": "" if search.district_id is None or pin else str(search.district_id),
        "dose": str(search.dose),
        "vaccine": search.vaccine,
        "age": "" if search.age is None else str(search.age),
        "fee": search.fee if search.fee == "free" else "",
    }
    return {name: [value] for name, value in stated.items()}


def _wish(reader: Reader, fields: Fields) -> alerts.NewSubscription:
    """What the form asks for. Raises InvalidPostalCode, and leaves the rest to the room."""
    district_id, pin, radius = (first(fields, name) for name in ("district_id", "pin", "radius"))
    search = read_search({name: first(fields, name) for name in fields}, site_of(reader.request).floor)
    if not district_id and search.fault is not None:
        raise search.fault
    return alerts.NewSubscription(
        district_id=search.district_id if district_id else None,
        pin_code=(search.pin or None) if not district_id else None,
        radius_km=number(radius) if pin and radius and not district_id else None,
        vaccine_id=search.vaccine or None,
        dose=search.dose if first(fields, "dose") else None,
        age=search.age,
        most_fee=Decimal(0) if search.fee == "free" else None,
    )


async def _alerts_page(reader: Reader, actor: Actor, form: Filled) -> Response:
    request = reader.request
    site, language = site_of(request), reader.language.code
    chosen = number(form.value("district_id"))
    async with site.transaction() as conn:
        standing = await alerts.subscriptions_of(conn, site.floor, actor)
        districts = [one.district_id for one in standing if one.district_id is not None]
        asked = [chosen] if chosen is not None and chosen < 2**31 else []
        named = await places.place_names(conn, [*districts, *asked])
        rules = await programme.current_programme(conn)
        reached = bool(await identity.account_mobile(conn, site.floor, actor.own_account()))
    done = request.query_params.get("done", "")
    return page(
        reader,
        "alerts.html",
        400 if form.faults else 200,
        standing=standing,
        form=form,
        chosen=chosen if chosen in named else None,
        district={key: one.district_names.get(language) or one.district_name for key, one in named.items()},
        vaccines=[(key, vaccine_name(reader, rules, key)) for key in rules.vaccines],
        vaccine=lambda vaccine_id: vaccine_name(reader, rules, vaccine_id),
        distances=DISTANCES,
        reached=reached,
        done=done if done in DONE else "",
    )
