"""Sessions as files for programs (SMART Scheduling Links): centres, schedules and slots of each district, line by line.

Whoever wants everything reads files that change at most every few seconds, and leaves the search to people.
https://github.com/smart-on-fhir/smart-scheduling-links/blob/master/specification.md
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from opencowin import places, programme, scheduling
from opencowin.kit.actor import Actor
from opencowin.kit.floor import Floor
from opencowin.places import Centre
from opencowin.programme import Programme
from opencowin.scheduling import CentreSessions, SessionView, SlotView
from opencowin.web.board import Drawn
from opencowin.web.guard import open_to_all
from opencowin.web.shown import Shown, show
from opencowin.web.site import Site, site_of

router = APIRouter(prefix="/open-data/sessions", tags=["Open data"])
FILE_REST, MANIFEST_REST = 5.0, 60.0
"""Seconds after which a file is made anew at the earliest."""
NDJSON = "application/fhir+ndjson"
OUT: dict[int | str, dict[str, Any]] = {200: {"content": {NDJSON: {"schema": {"type": "string"}}}}}
Public = Annotated[Actor, open_to_all()]
District = Annotated[int, Path(ge=0, le=2**31 - 1)]
Kind = Literal["locations", "schedules", "slots"]
TYPES: dict[Kind, str] = {"locations": "Location", "schedules": "Schedule", "slots": "Slot"}

_REGISTRY = "http://fhir-registry.smarthealthit.org"
IMMUNISATION = {
    "system": "http://terminology.hl7.org/CodeSystem/service-type",
    "code": "57",
    "display": "Immunization",
}
COVID, COVID_IMMUNISATION = (
    "covid-19",
    {
        "system": f"{_REGISTRY}/CodeSystem/service-type",
        "code": "covid19-immunization",
        "display": "COVID-19 Immunization Appointment",
    },
)
CVX = "http://hl7.org/fhir/sid/cvx"
_NO_ID = re.compile(r"[^A-Za-z0-9.-]")
LONGEST_ID = 64
Line = dict[str, Any]


@router.get("/$bulk-publish", response_class=Response)
async def manifest(request: Request, _actor: Public) -> Response:
    """The manifest of the bulk files: for each district with sessions its centres, schedules and slots."""
    site = site_of(request)
    shown = await site.board.answer("$bulk-publish", lambda: _draw_manifest(site))
    return show(request, "$bulk-publish", shown)


@router.get("/{district_id}/{kind}.ndjson", response_class=Response, responses=OUT)
async def file(request: Request, district_id: District, kind: Kind, _actor: Public) -> Response:
    """One file: a JSON object a line, FHIR Location, Schedule or Slot. Empty where there are no sessions."""
    site, key = site_of(request), (kind, district_id)
    shown = await site.board.answer(key, lambda: _draw_file(site, district_id, kind))
    return show(request, key, shown)


async def _draw_manifest(site: Site) -> Drawn:
    floor = site.floor
    async with site.transaction() as conn:
        districts = await scheduling.districts_with_sessions(conn, floor)
        names = await places.place_names(conn, districts)
    here = f"{floor.settings.address}{router.prefix}"
    told = {
        "transactionTime": _instant(floor.clock.local(floor.clock.now())),
        "request": f"{here}/$bulk-publish",
        "output": [
            {
                "type": fhir_type,
                "url": f"{here}/{district}/{kind}.ndjson",
                "extension": {"state": [names[district].state_name], "district": [names[district].district_name]},
            }
            for district in sorted(districts)
            for kind, fhir_type in TYPES.items()
        ],
        "error": [],
    }
    cache = f"public, max-age={MANIFEST_REST:.0f}"
    shown = Shown(orjson.dumps(told), media_type="application/json", cache=cache)
    return Drawn(shown, frozenset(), MANIFEST_REST, rest=MANIFEST_REST)


async def _draw_file(site: Site, district_id: int, kind: Kind) -> Drawn:
    floor = site.floor
    days = floor.settings.booking_days_ahead + 1
    wish = scheduling.Wish(from_date=floor.clock.today(), days=days, district_id=district_id)
    async with site.transaction() as conn:
        found = await scheduling.find_sessions(conn, floor, wish)
        rules = await programme.current_programme(conn)
    lines = b"".join(orjson.dumps(line) + b"\n" for line in WRITERS[kind](floor, rules, found))
    shown = Shown(lines, media_type=NDJSON, cache=f"public, max-age={FILE_REST:.0f}")
    return Drawn(shown, frozenset({district_id}), scheduling.good_for(floor, found), rest=FILE_REST)


def locations(floor: Floor, _rules: Programme, found: Sequence[CentreSessions]) -> Iterator[Line]:
    """A line for each centre."""
    for one in found:
        centre, place = one.centre, one.place
        yield {
            "resourceType": "Location",
            "id": str(centre.centre_id),
            "identifier": [{"system": f"{floor.settings.address}/open-data", "value": str(centre.centre_id)}],
            "name": centre.name,
            "telecom": [{"system": "url", "value": floor.settings.address}],
            "address": {
                "line": [centre.address],
                "city": centre.block_name or place.district_name,
                "district": place.district_name,
                "state": place.state_name,
                "postalCode": centre.pin_code,
            },
            "position": {"latitude": centre.latitude, "longitude": centre.longitude},
        }


def schedules(_floor: Floor, rules: Programme, found: Sequence[CentreSessions]) -> Iterator[Line]:
    """A line for each vaccine, dose, age band and price of a centre."""
    for one in found:
        told: dict[str, Line] = {}
        for session in one.sessions:
            for dose in session.free_by_dose:
                schedule_id = _schedule_id(one.centre, session, dose)
                if schedule_id not in told:
                    told[schedule_id] = _schedule(rules, one.centre, session, dose, schedule_id)
        yield from told.values()


def slots(floor: Floor, _rules: Programme, found: Sequence[CentreSessions]) -> Iterator[Line]:
    """A line for each slot and dose: free with how many can be booked now in this one alone, or busy."""
    for one in found:
        for session in one.sessions:
            for number, slot in enumerate(session.slots, 1):
                for dose, free in slot.free.items():
                    yield _slot(floor, one.centre, session, slot, f"{session.session_id}.{number}.{dose}", dose, free)


WRITERS: dict[Kind, Callable[[Floor, Programme, Sequence[CentreSessions]], Iterable[Line]]] = {
    "locations": locations,
    "schedules": schedules,
    "slots": slots,
}


def _schedule(rules: Programme, centre: Centre, session: SessionView, dose: int, schedule_id: str) -> Line:
    vaccine = rules.vaccines.get(session.vaccine_id)
    extensions: list[Line] = [{"url": f"{_REGISTRY}/StructureDefinition/vaccine-dose", "valueInteger": dose}]
    if vaccine is not None and (cvx := vaccine.codes.get("cvx")):
        coding = {"system": CVX, "code": cvx, "display": vaccine.name}
        extensions.append({"url": f"{_REGISTRY}/StructureDefinition/vaccine-product", "valueCoding": coding})
    up_to = " and over" if session.max_age is None else f"–{session.max_age}"
    name = vaccine.name if vaccine else session.vaccine_id
    price = f"fee {session.fee}" if session.fee else "free of charge"
    return {
        "resourceType": "Schedule",
        "id": schedule_id,
        "actor": [{"reference": f"Location/{centre.centre_id}"}],
        "serviceType": [{"coding": [IMMUNISATION, *([COVID_IMMUNISATION] if rules.programme_id == COVID else [])]}],
        "comment": f"{name}, dose {dose}, ages {session.min_age}{up_to}, {price}",
        "extension": extensions,
    }


def _slot(  # noqa: PLR0917 (said in one breath: this slot of a session, for this dose, with so many seats)
    floor: Floor, centre: Centre, session: SessionView, slot: SlotView, slot_id: str, dose: int, free: int
) -> Line:
    extensions: list[Line] = []
    if free:
        extensions = [
            {
                "url": f"{_REGISTRY}/StructureDefinition/booking-deep-link",
                "valueUrl": f"{floor.settings.address}/slots/{session.session_id}",
            },
            {"url": f"{_REGISTRY}/StructureDefinition/slot-capacity", "valueInteger": free},
        ]
    return {
        "resourceType": "Slot",
        "id": slot_id,
        "schedule": {"reference": f"Schedule/{_schedule_id(centre, session, dose)}"},
        "status": "free" if free else "busy",
        "start": _instant(scheduling.begins(floor.clock, session.held_on, slot.starts_at)),
        "end": _instant(scheduling.begins(floor.clock, session.held_on, slot.ends_at)),
        "extension": extensions,
    }


def _schedule_id(centre: Centre, session: SessionView, dose: int) -> str:
    ages = f"{session.min_age}-{'up' if session.max_age is None else session.max_age}"
    whole = f"{centre.centre_id}-{dose}-{ages}-{session.fee}-{session.vaccine_id}"
    return _NO_ID.sub(".", whole)[:LONGEST_ID]


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
