"""The live dashboard's tables as CSV: days, hours, places and groups, for whoever wants to count on."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from opencowin import reports
from opencowin.kit.actor import Actor
from opencowin.kit.csv_text import csv_text
from opencowin.reports import LiveBoard, consistent, hide_small
from opencowin.web.guard import open_to_all
from opencowin.web.pages.board import AGES, SEXES
from opencowin.web.pages.dashboard import HALF_A_MINUTE, PATH, PlaceId, ages, sexes
from opencowin.web.pages.render import SAFE
from opencowin.web.site import site_of

router = APIRouter(tags=["Pages"])
CSV_OUT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
Public = Annotated[Actor, open_to_all()]
By = Annotated[Literal["age", "sex", "vaccine"], Query(description="Which breakdown.")]


@router.get(f"{PATH}/places.csv", response_class=Response, responses=CSV_OUT)
async def places_csv(
    request: Request, _actor: Public, state_id: PlaceId = None, district_id: PlaceId = None
) -> Response:
    """Doses so far and today by state, or by district of a state, as CSV in UTF-8; counts of 1 to 4 are left empty."""
    site = site_of(request)
    async with site.transaction() as conn:
        report = await reports.public_report(conn, site.floor, state_id, district_id, site.floor.clock.today())
    by = report.getBeneficiariesGroupBy
    columns = [
        hide_small([getattr(row, name) for row in by])
        for name in ("total", "partial_vaccinated", "totally_vaccinated", "precaution_dose", "today")
    ]
    rows = [(row.id, row.title, *consistent(*counts), today) for row, *counts, today in zip(by, *columns, strict=True)]
    return csv_answer(("id", "place", "doses", "first", "second", "precaution", "today"), rows, report.timestamp)


@router.get(f"{PATH}/days.csv", response_class=Response, responses=CSV_OUT)
async def days_csv(request: Request, _actor: Public, state_id: PlaceId = None, district_id: PlaceId = None) -> Response:
    """Each of the last 30 days: doses by number, sessions, centres with sessions, side effects reported, and in the
    nation registrations, as CSV in UTF-8; counts of people from 1 to 4 are left empty."""
    live = await _live(request, state_id, district_id)
    header = ["day", "doses", "first", "second", "precaution", "sessions", "sites", "aefi"]
    rows = [
        [day.on, day.doses, day.first, day.second, day.precaution, day.sessions, day.sites, day.aefi]
        for day in live.days
    ]
    if live.whole_country:
        header.append("registrations")
        rows = [[*row, day.registrations] for row, day in zip(rows, live.days, strict=True)]
    return csv_answer(header, rows, live.report.timestamp)


@router.get(f"{PATH}/hours.csv", response_class=Response, responses=CSV_OUT)
async def hours_csv(
    request: Request, _actor: Public, state_id: PlaceId = None, district_id: PlaceId = None
) -> Response:
    """Doses of each hour of today, and in the nation registrations, as CSV; counts of 1 to 4 are left empty."""
    live = await _live(request, state_id, district_id)
    if not live.whole_country:
        rows = [(hour.begins.isoformat("minutes"), hour.doses) for hour in live.hours]
        return csv_answer(("hour", "doses"), rows, live.report.timestamp)
    table = [(hour.begins.isoformat("minutes"), hour.doses, hour.registrations) for hour in live.hours]
    return csv_answer(("hour", "doses", "registrations"), table, live.report.timestamp)


@router.get(f"{PATH}/groups.csv", response_class=Response, responses=CSV_OUT)
async def groups_csv(
    request: Request, _actor: Public, by: By, state_id: PlaceId = None, district_id: PlaceId = None
) -> Response:
    """All doses by age, sex or vaccine, as CSV in UTF-8; counts of 1 to 4 are left empty."""
    live = await _live(request, state_id, district_id)
    names, counts = {
        "age": (list(AGES), ages(live.report)),
        "sex": (list(SEXES), sexes(live.report)),
        "vaccine": (list(live.by_vaccine), list(live.by_vaccine.values())),
    }[by]
    return csv_answer((by, "doses"), zip(names, hide_small(counts), strict=True), live.report.timestamp)


async def _live(request: Request, state_id: int | None, district_id: int | None) -> LiveBoard:
    site = site_of(request)
    async with site.transaction() as conn:
        return await reports.live_board(conn, site.floor, state_id, district_id, site.floor.clock.today())


def csv_answer(header: Sequence[str], rows: Iterable[Sequence[object]], as_of: str) -> Response:
    """A table as CSV, each row stamped."""
    text = csv_text((*header, "as_of"), ((*row, as_of) for row in rows))
    return Response(text, media_type="text/csv", headers={**SAFE, "Cache-Control": HALF_A_MINUTE})
