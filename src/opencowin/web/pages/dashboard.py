"""The live dashboard: the campaign in figures for the nation, a state or a district, each with its table and CSV."""

import csv
import datetime
import io
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from opencowin import places, reports
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.pack import CountryPack
from opencowin.web.cowin.metadata import INT4_MAX
from opencowin.web.guard import open_to_all
from opencowin.web.pages.figures import HIDDEN_BELOW, bars, hide_small, tiles
from opencowin.web.pages.render import HTML_OUT, SAFE, Reader, page
from opencowin.web.site import site_of

router = APIRouter(tags=["Pages"])
CSV_OUT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
AGES = ("12 to 14", "15 to 17", "18 to 44", "45 to 59", "60 and over")
SEXES = ("Women", "Men", "Others")
HALF_A_MINUTE = {"Cache-Control": "public, max-age=30"}
Public = Annotated[Actor, open_to_all()]
PlaceId = Annotated[int | None, Query(ge=1, le=INT4_MAX, description="Leave out for all.")]


@router.get("/dashboard", response_class=Response, responses=HTML_OUT)
async def dashboard(
    request: Request, _actor: Public, state_id: PlaceId = None, district_id: PlaceId = None
) -> Response:
    """The campaign's figures as a page: doses today and in total, by day, place, age and sex."""
    site, reader = site_of(request), Reader(request)
    today = site.floor.clock.today()
    async with site.transaction() as conn:
        report = await reports.public_report(conn, site.floor, state_id, district_id, today)
        months = await reports.vaccination_report(conn, site.floor, state_id, district_id, today)
        where = await _where(conn, reader.language.code, state_id, district_id)
    days = [(datetime.date.fromisoformat(day.vaccine_date), day) for day in months.last30DaysVaccination]
    whole_country = state_id is None and district_id is None
    totals = {row.id: row.total for row in report.getBeneficiariesGroupBy}
    answer = page(
        reader,
        "dashboard.html",
        report=report,
        as_of=datetime.datetime.fromisoformat(report.timestamp),
        days=days,
        bars=bars([day.total for _, day in days]),
        ages=_ages(report),
        sexes=_sexes(report),
        hidden_below=HIDDEN_BELOW,
        tiles=tiles(_grid(site.floor.pack), totals) if whole_country else [],
        state_id=state_id,
        district_id=district_id,
        **where,
    )
    answer.headers.update(HALF_A_MINUTE)
    return answer


@router.get("/dashboard/places.csv", response_class=Response, responses=CSV_OUT)
async def places_csv(
    request: Request, _actor: Public, state_id: PlaceId = None, district_id: PlaceId = None
) -> Response:
    """Doses so far and today by state, or by district of a state, as CSV in UTF-8."""
    site = site_of(request)
    async with site.transaction() as conn:
        report = await reports.public_report(conn, site.floor, state_id, district_id, site.floor.clock.today())
    rows = [
        (row.id, row.title, row.total, row.partial_vaccinated, row.totally_vaccinated, row.precaution_dose, row.today)
        for row in report.getBeneficiariesGroupBy
    ]
    return _csv(("id", "place", "doses", "first", "second", "precaution", "today"), rows, report.timestamp)


@router.get("/dashboard/days.csv", response_class=Response, responses=CSV_OUT)
async def days_csv(request: Request, _actor: Public, state_id: PlaceId = None, district_id: PlaceId = None) -> Response:
    """Doses of each of the last 30 days by dose number, as CSV in UTF-8."""
    site = site_of(request)
    async with site.transaction() as conn:
        months = await reports.vaccination_report(conn, site.floor, state_id, district_id, site.floor.clock.today())
    rows = [
        (day.vaccine_date, day.total, day.dose_one, day.dose_two, day.precaution_dose)
        for day in months.last30DaysVaccination
    ]
    return _csv(("day", "doses", "first", "second", "precaution"), rows, months.timestamp)


def _csv(header: tuple[str, ...], rows: list[tuple[Any, ...]], as_of: str) -> Response:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow((*header, "as_of"))
    table.writerows((*row, as_of) for row in rows)
    return Response(text.getvalue(), media_type="text/csv", headers={**SAFE, **HALF_A_MINUTE})


@lru_cache(maxsize=1)
def _grid(pack: CountryPack) -> list[dict[str, str]]:
    """The pack's tile map; a country without one has the table only."""
    return pack.csv("tiles.csv") if (pack.folder / "tiles.csv").is_file() else []


async def _where(conn: Connection, language: str, state_id: int | None, district_id: int | None) -> dict[str, Any]:
    """The names of the place and of its parts, in the reader's language."""
    states = {one.state_id: one.name_in(language) for one in await places.all_states(conn)}
    if district_id is not None:
        here = await places.district(conn, district_id)
        name = here.name_in(language)
        return {"place": name, "state": (here.state_id, states[here.state_id]), "names": {district_id: name}}
    if state_id is not None:
        names = {one.district_id: one.name_in(language) for one in await places.districts_of(conn, state_id)}
        return {"place": states[state_id], "state": None, "names": names}
    return {"place": "", "state": None, "names": states}


def _ages(report: reports.PublicReport) -> list[tuple[str, int | None]]:
    by = report.vaccinationByAge
    counts = (by.vac_12_14, by.vac_15_17, by.vac_18_45, by.vac_45_60, by.above_60)
    return list(zip(AGES, hide_small(counts), strict=True))


def _sexes(report: reports.PublicReport) -> list[tuple[str, int | None]]:
    by = report.topBlock.vaccination
    return list(zip(SEXES, hide_small((by.female, by.male, by.others)), strict=True))
