"""Find a slot without signing in: by postal code, by district, near me or on a map; then choose a time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import places, programme, scheduling
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.scheduling import CentreSessions
from opencowin.web.guard import open_to_readers
from opencowin.web.pages.centre_map import CentreMap, centre_map
from opencowin.web.pages.forms import Fault, Filled
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.search import Search, read_search
from opencowin.web.site import Site, site_of

router = APIRouter(include_in_schema=False)
Public = Annotated[Actor, open_to_readers()]
A_WEEK = 7
SHOWN = 10
"""Centres on one page of results."""
NEAR_KILOMETRES, NEAR_CENTRES = 30, 60


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, and what stands around it on the page."""

    centres: Sequence[CentreSessions]
    where: str
    distances: dict[int, float]
    districts: Sequence[tuple[int, str]] = ()
    """Number and name of those that a postal code lies in."""


@router.get("/find", response_class=Response)
async def find(request: Request, _actor: Public) -> Response:
    """Where doses can be had: the form, the districts of a state, or what was found."""
    site, reader = site_of(request), Reader(request)
    search = read_search(request.query_params, site.floor)
    async with site.transaction() as conn:
        if search.fault is not None or not search.says_where:
            return await _form(conn, reader, search)
        rules = await programme.current_programme(conn)
        found = await _found(conn, site, reader, search)
    return _results(reader, search, found, rules)


@router.get("/slots/{session_id}", response_class=Response)
async def slots(request: Request, session_id: UUID, _actor: Public) -> Response:
    """The times of one session, to choose from."""
    site, reader = site_of(request), Reader(request)
    search = read_search(request.query_params, site.floor)
    async with site.transaction() as conn:
        offered = await scheduling.offered_session(conn, site.floor, session_id)
        rules = await programme.current_programme(conn)
    return page(
        reader,
        "slots.html",
        search=search,
        offered=offered,
        session=offered.sessions[0],
        vaccine=vaccine_name(reader, rules, offered.sessions[0].vaccine_id),
        numbers=_numbers(site.floor),
        queued=await site.entrance.room_before(session_id) is not None,
        hold_minutes=site.floor.settings.hold_minutes,
        form=Filled({"people": [str(search.people)]}),
    )


def vaccine_name(reader: Reader, rules: programme.Programme, vaccine_id: str) -> str:
    """The vaccine's name in the reader's language."""
    vaccine = rules.vaccines.get(vaccine_id)
    return (vaccine.name_l.get(reader.language.code) or vaccine.name) if vaccine else vaccine_id


async def _form(conn: Connection, reader: Reader, search: Search) -> Response:
    """The search form; with a state chosen, its districts."""
    language = reader.language.code
    states = [(one.state_id, one.name_in(language)) for one in await places.all_states(conn)]
    chosen = dict(states).get(search.state_id or 0)
    districts = await places.districts_of(conn, search.state_id) if search.state_id and chosen else []
    faults = (Fault("pin", reader.refusal(search.fault)),) if search.fault else ()
    return page(
        reader,
        "find.html",
        status=400 if faults else 200,
        scripts=("near.js",),
        search=search,
        states=sorted(states, key=lambda pair: pair[1]),
        state=chosen,
        districts=sorted(((one.district_id, one.name_in(language)) for one in districts), key=lambda pair: pair[1]),
        form=Filled({"pin": [search.pin], "state_id": [str(search.state_id or "")]}, faults),
    )


async def _found(conn: Connection, site: Site, reader: Reader, search: Search) -> Found:
    wish = scheduling.Wish(from_date=search.day, days=A_WEEK, vaccine_id=search.vaccine or None)
    language = reader.language.code
    if search.pin:
        around = await places.places_of_pin(conn, search.pin)
        named = await places.place_names(conn, [one.district_id for one in around])
        districts = [(one.district_id, one.district_names.get(language) or one.district_name) for one in named.values()]
        centres = await scheduling.find_sessions(conn, site.floor, replace(wish, pin_code=search.pin))
        return Found(_fitting(centres, search), search.pin, {}, districts)
    if search.district_id is not None:
        here = await places.district(conn, search.district_id)
        centres = await scheduling.find_sessions(conn, site.floor, replace(wish, district_id=search.district_id))
        return Found(_fitting(centres, search), here.name_in(language), {})
    assert search.point is not None
    near = await places.centres_near(conn, *search.point, radius_km=NEAR_KILOMETRES, limit=NEAR_CENTRES)
    far = {one.centre_id: one.distance_km for one in near}
    centres = await scheduling.find_sessions(conn, site.floor, replace(wish, centre_ids=tuple(far))) if far else []
    return Found(sorted(_fitting(centres, search), key=lambda one: far[one.centre.centre_id]), "", far)


def _numbers(floor: Floor) -> list[tuple[int, int]]:
    """For how many people one may search and book at once."""
    return [(number, number) for number in range(1, floor.settings.members_per_mobile + 1)]


def _fitting(centres: Sequence[CentreSessions], search: Search) -> list[CentreSessions]:
    """The centres with those of their sessions that are asked for, the soonest that are or will be free first."""
    kept = []
    for one in centres:
        sessions = [session for session in one.sessions if _fits(session, search)]
        if sessions:
            kept.append(CentreSessions(one.centre, one.place, sessions))
    return sorted(kept, key=lambda one: (_first_day(one, search.dose), one.centre.name))


def _fits(session: scheduling.SessionView, search: Search) -> bool:
    old_enough = search.age is None or (
        session.min_age <= search.age and (session.max_age is None or search.age <= session.max_age)
    )
    paid = {"free": session.fee == 0, "paid": session.fee > 0}.get(search.fee, True)
    to_come = search.also_full or session.bookable_from is not None or session.draw_id is not None
    return old_enough and paid and (to_come or session.free_by_dose.get(search.dose, 0) >= search.people)


def _first_day(one: CentreSessions, dose: int) -> date:
    good = [
        each.held_on for each in one.sessions if each.bookable_from or each.draw_id or each.free_by_dose.get(dose, 0)
    ]
    return min(good, default=date.max)


def _results(reader: Reader, search: Search, found: Found, rules: programme.Programme) -> Response:
    begin = (search.page - 1) * SHOWN
    shown = found.centres[begin : begin + SHOWN]
    clock = site_of(reader.request).floor.clock
    today = clock.today()
    drawn: CentreMap | None = None
    if search.on_map and shown:
        drawn = centre_map([one.centre for one in shown])
    return page(
        reader,
        "found.html",
        search=search,
        found=found,
        shown=shown,
        first=begin + 1,
        drawn=drawn,
        vaccines=[(key, vaccine_name(reader, rules, key)) for key in rules.vaccines],
        vaccine=lambda vaccine_id: vaccine_name(reader, rules, vaccine_id),
        earlier=max(search.day - timedelta(A_WEEK), today) if search.day > today else None,
        later=search.day + timedelta(A_WEEK),
        last=search.day + timedelta(A_WEEK - 1),
        more=len(found.centres) > begin + SHOWN,
        numbers=_numbers(site_of(reader.request).floor),
        now=reader.clock_time(clock.local(clock.now()).timetz()),
        alike=_alike,
        narrowed=search.dose != 1 or bool(search.vaccine or search.fee or search.age is not None),
        form=Filled(filter_values(search)),
    )


def _alike(sessions: Sequence[scheduling.SessionView]) -> bool:
    """Whether one line can say for all of them which vaccine it is, for what age, and what it costs."""
    return len({(one.vaccine_id, one.min_age, one.max_age, one.fee) for one in sessions}) == 1


def filter_values(search: Search) -> dict[str, list[str]]:
    """What stands in the filter's fields."""
    age = "" if search.age is None else str(search.age)
    values: dict[str, Any] = {
        "pin": search.pin,
        "dose": search.dose,
        "vaccine": search.vaccine,
        "fee": search.fee,
        "age": age,
        "people": search.people,
        "date": search.day.isoformat(),
        "full": "1" if search.also_full else "",
    }
    return {name: [str(value)] for name, value in values.items()}
