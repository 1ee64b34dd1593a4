"""V1–V6 and their protected twins: find a session by pin code, district, centre or place on the map."""

import hashlib
from collections.abc import Callable, Hashable, Sequence
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from opencowin import places, scheduling
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.errors import Invalid
from opencowin.web.board import Drawn
from opencowin.web.cowin import availability_shapes as shapes
from opencowin.web.cowin.metadata import INT4_MAX
from opencowin.web.cowin.wire import parse_date
from opencowin.web.fresh import has_it
from opencowin.web.guard import Face, may, open_to_all
from opencowin.web.shown import Shown, show
from opencowin.web.site import Site, language_of, site_of

router = APIRouter(tags=["3. Find a session"])
CALENDAR_DAYS = 7
NEAR_KILOMETRES = 25.0
DEGREE_KILOMETRES = 160.0
"""As far as a place may lie from its position in whole degrees, which is all that calendars tell."""
NEAR_LIMIT = 50
SESSIONS = "/v2/appointment/sessions"
CENTRES = "/v2/appointment/centers"

Public = Annotated[Actor, open_to_all()]
SignedIn = Annotated[Actor, may(Permission.SEARCH_SESSIONS, Face.CITIZEN, Face.PARTNER)]
Text = Annotated[str, Query(max_length=40)]
Vaccine = Annotated[str | None, Query(description="Name of a vaccine; empty is no filter.", max_length=40)]
Day = Annotated[str, Query(description="DD-MM-YYYY", max_length=12, examples=["05-07-2026"])]


class InvalidPincode(Invalid):
    """Invalid Pincode: it has six digits and does not begin with 0."""

    code = "APPOIN0018"


class InvalidDistrict(Invalid):
    """Invalid district id: take it from the list of districts."""

    code = "APPOIN0017"


class InvalidPosition(Invalid):
    """Invalid position: send lat between -90 and 90 and long between -180 and 180."""

    code = "APPOIN0019"


class UnknownCentre(Invalid):
    """Could not find any center for provided centerid."""

    code = "APPOIN0006"


def _district(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > INT4_MAX:
        raise InvalidDistrict(field="district_id")
    return int(text)


def _pin(request: Request, text: str) -> str:
    try:
        return site_of(request).floor.country.postal_code.normalise(text)
    except Invalid as wrong:
        raise InvalidPincode(field="pincode") from wrong


def answer(request: Request, key: str, content: object) -> Response:
    """Encoded for this caller, with `ETag` over the content and `as_of` beside it; 304 when the caller has it."""
    floor = site_of(request).floor
    encoded = orjson.dumps(content)
    tag = f'W/"{hashlib.blake2b(encoded, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=1", "Vary": "Accept-Language"}
    if has_it(request, tag):
        return Response(status_code=304, headers=headers)
    as_of = floor.clock.local(floor.clock.now()).isoformat(timespec="seconds")
    body = b'{"%s":%s,"as_of":"%s"}' % (key.encode(), encoded, as_of.encode())
    return Response(body, media_type="application/json", headers=headers)


Written = Callable[[Sequence[scheduling.CentreSessions], str], object]


async def _shown(request: Request, key: str, wish: scheduling.Wish, write: Written) -> Response:
    """The answer from the board."""
    site, language = site_of(request), language_of(request)
    name: Hashable = (key, wish, language)
    shown = await site.board.answer(name, lambda: _draw(site, key, wish, language, write))
    return show(request, name, shown)


async def _draw(site: Site, key: str, wish: scheduling.Wish, language: str, write: Written) -> Drawn:
    async with site.transaction() as conn:
        found = await scheduling.find_sessions(conn, site.floor, wish)
        districts = await scheduling.depends_on(conn, wish)
    content = b'{"%s":%s,"as_of":"' % (key.encode(), orjson.dumps(write(found, language)))
    clock = site.floor.clock

    def ending() -> bytes:
        return clock.local(clock.now()).isoformat(timespec="seconds").encode() + b'"}'

    shown = Shown(content, media_type="application/json", cache="public, max-age=1", ending=ending)
    return Drawn(shown, districts, scheduling.good_for(site.floor, found))


def _flat(found: Sequence[scheduling.CentreSessions], language: str) -> object:
    return [row for centre in found for row in shapes.flat_sessions(centre, language)]


def _by_centre(found: Sequence[scheduling.CentreSessions], language: str) -> object:
    return [shapes.centre(one, language) for one in found]


def _one_centre(found: Sequence[scheduling.CentreSessions], language: str) -> object:
    return shapes.centre(found[0], language) if found else {}


async def _find(request: Request, wish: scheduling.Wish) -> Response:
    return await _shown(request, "sessions", wish, _flat)


async def _calendar(request: Request, wish: scheduling.Wish) -> Response:
    return await _shown(request, "centers", wish, _by_centre)


def _wish(day: str, days: int, vaccine: str | None, **where: Any) -> scheduling.Wish:
    return scheduling.Wish(
        from_date=parse_date(day),
        days=days,
        vaccine_id=(vaccine or "").strip().upper() or None,
        only_free=days == 1,
        **where,
    )


SESSIONS_OUT: dict[int | str, dict[str, Any]] = {200: {"model": shapes.Sessions}}
CENTRES_OUT: dict[int | str, dict[str, Any]] = {200: {"model": shapes.Centres}}
CENTRE_OUT: dict[int | str, dict[str, Any]] = {200: {"model": shapes.OneCentre}}


@router.get(f"{SESSIONS}/public/findByPin", responses=SESSIONS_OUT)
async def find_by_pin_public(
    request: Request, pincode: Text, date: Day, _actor: Public, vaccine: Vaccine = None
) -> Any:
    """Sessions with free seats at centres of a pin code on one day."""
    return await _find(request, _wish(date, 1, vaccine, pin_code=_pin(request, pincode)))


@router.get(f"{SESSIONS}/public/findByDistrict", responses=SESSIONS_OUT)
async def find_by_district_public(
    request: Request, district_id: Text, date: Day, _actor: Public, vaccine: Vaccine = None
) -> Any:
    """Sessions with free seats in a district on one day."""
    return await _find(request, _wish(date, 1, vaccine, district_id=_district(district_id)))


@router.get(f"{SESSIONS}/public/calendarByPin", responses=CENTRES_OUT)
async def calendar_by_pin_public(
    request: Request, pincode: Text, date: Day, _actor: Public, vaccine: Vaccine = None
) -> Any:
    """Seven days of sessions at centres of a pin code, full ones too."""
    return await _calendar(request, _wish(date, CALENDAR_DAYS, vaccine, pin_code=_pin(request, pincode)))


@router.get(f"{SESSIONS}/public/calendarByDistrict", responses=CENTRES_OUT)
async def calendar_by_district_public(
    request: Request, district_id: Text, date: Day, _actor: Public, vaccine: Vaccine = None
) -> Any:
    """Seven days of sessions in a district, full ones too."""
    return await _calendar(request, _wish(date, CALENDAR_DAYS, vaccine, district_id=_district(district_id)))


async def _calendar_of_centre(request: Request, center_id: str, day: str, vaccine: str | None) -> Response:
    number = int(center_id) if center_id.isascii() and center_id.isdigit() else 0
    site = site_of(request)
    async with site.transaction() as conn:
        if not 0 < number <= INT4_MAX or await places.find_centre(conn, number) is None:
            raise UnknownCentre(field="center_id")
    return await _shown(request, "centers", _wish(day, CALENDAR_DAYS, vaccine, centre_id=number), _one_centre)


@router.get(f"{SESSIONS}/public/calendarByCenter", responses=CENTRE_OUT)
async def calendar_by_centre_public(
    request: Request, center_id: Text, date: Day, _actor: Public, vaccine: Vaccine = None
) -> Any:
    """Seven days of sessions at one centre: `centers` is one object."""
    return await _calendar_of_centre(request, center_id, date, vaccine)


@router.get(f"{SESSIONS}/findByPin", responses=SESSIONS_OUT)
async def find_by_pin(request: Request, pincode: Text, date: Day, _actor: SignedIn, vaccine: Vaccine = None) -> Any:
    """Protected twin of findByPin."""
    return await _find(request, _wish(date, 1, vaccine, pin_code=_pin(request, pincode)))


@router.get(f"{SESSIONS}/findByDistrict", responses=SESSIONS_OUT)
async def find_by_district(
    request: Request, district_id: Text, date: Day, _actor: SignedIn, vaccine: Vaccine = None
) -> Any:
    """Protected twin of findByDistrict."""
    return await _find(request, _wish(date, 1, vaccine, district_id=_district(district_id)))


@router.get(f"{SESSIONS}/calendarByPin", responses=CENTRES_OUT)
async def calendar_by_pin(request: Request, pincode: Text, date: Day, _actor: SignedIn, vaccine: Vaccine = None) -> Any:
    """Protected twin of calendarByPin."""
    return await _calendar(request, _wish(date, CALENDAR_DAYS, vaccine, pin_code=_pin(request, pincode)))


@router.get(f"{SESSIONS}/calendarByDistrict", responses=CENTRES_OUT)
async def calendar_by_district(
    request: Request, district_id: Text, date: Day, _actor: SignedIn, vaccine: Vaccine = None
) -> Any:
    """Protected twin of calendarByDistrict."""
    return await _calendar(request, _wish(date, CALENDAR_DAYS, vaccine, district_id=_district(district_id)))


@router.get(f"{SESSIONS}/calendarByCenter", responses=CENTRE_OUT)
async def calendar_by_centre(
    request: Request, center_id: Text, date: Day, _actor: SignedIn, vaccine: Vaccine = None
) -> Any:
    """Protected twin of calendarByCenter."""
    return await _calendar_of_centre(request, center_id, date, vaccine)


BOARDED: frozenset[Callable[..., Any]] = frozenset(
    {
        find_by_pin_public,
        find_by_district_public,
        calendar_by_pin_public,
        calendar_by_district_public,
        calendar_by_centre_public,
        find_by_pin,
        find_by_district,
        calendar_by_pin,
        calendar_by_district,
        calendar_by_centre,
    }
)
"""Routes whose answers stand on the board."""


def _degrees(text: str, field: str, most: int) -> float:
    try:
        degrees = float(text)
    except ValueError as wrong:
        raise InvalidPosition(field=field) from wrong
    if not -most <= degrees <= most:
        raise InvalidPosition(field=field)
    return degrees


async def _near(request: Request, lat: str, long: str) -> Response:
    latitude, longitude = _degrees(lat, "lat", 90), _degrees(long, "long", 180)
    whole = latitude.is_integer() and longitude.is_integer()
    radius = DEGREE_KILOMETRES if whole else NEAR_KILOMETRES
    site, language = site_of(request), language_of(request)
    async with site.transaction() as conn:
        found = await places.centres_near(conn, latitude, longitude, radius_km=radius, limit=NEAR_LIMIT)
        names = await places.place_names(conn, {centre.district_id for centre in found})
    return answer(request, "centers", [shapes.centre_lite(one, names[one.district_id], language) for one in found])


NEAR_OUT: dict[int | str, dict[str, Any]] = {200: {"model": shapes.CentresNear}}


@router.get(f"{CENTRES}/public/findByLatLong", responses=NEAR_OUT)
async def find_by_lat_long_public(request: Request, lat: Text, long: Text, _actor: Public) -> Any:
    """Centres around a position, nearest first."""
    return await _near(request, lat, long)


@router.get(f"{CENTRES}/findByLatLong", responses=NEAR_OUT)
async def find_by_lat_long(request: Request, lat: Text, long: Text, _actor: SignedIn) -> Any:
    """Protected twin of findByLatLong."""
    return await _near(request, lat, long)


@router.get(f"{SESSIONS}/search", status_code=204, response_class=Response)
async def note_search(
    _actor: Annotated[Actor, may(Permission.SEARCH_SESSIONS)],
    _district_id: Annotated[str | None, Query(alias="district_id", max_length=40)] = None,
    _pincode: Annotated[str | None, Query(alias="pincode", max_length=40)] = None,
) -> Response:
    """P5: the portal's search counter: 204, or 429 when there were too many calls."""
    return Response(status_code=204)
