"""R1–R4: the dashboard's figures, from roll-ups that are never older than some seconds."""

import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.requests import Request

from opencowin import places, reports
from opencowin.kit.actor import Actor
from opencowin.kit.errors import Invalid
from opencowin.web.cowin.metadata import INT4_MAX
from opencowin.web.guard import open_to_all
from opencowin.web.site import site_of

router = APIRouter(tags=["9. Reports"])
assets = APIRouter(tags=["9. Reports"])
EARLIEST = datetime.date(1900, 1, 1)
"""Reports look back weeks from their day: there must be some before it."""
Public = Annotated[Actor, open_to_all()]
Place = Annotated[str, Query(description="Empty: all.", max_length=12)]
Day = Annotated[str, Query(description="YYYY-MM-DD; empty: today.", max_length=10)]


class InvalidReportQuery(Invalid):
    """Invalid report query: ids are numbers, the date is YYYY-MM-DD, and each may be empty."""

    code = "REPORT0002"


class LiveCount(BaseModel):
    """Doses so far."""

    count: int


class DistrictRow(BaseModel):
    """A district of the dashboard's list."""

    state_id: int
    state_name: str
    district_id: int
    district_name: str


def _place(text: str, field: str) -> int | None:
    if not text.strip():
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= INT4_MAX):
        raise InvalidReportQuery(field=field)
    return int(text)


def _day(request: Request, text: str) -> datetime.date:
    if not text.strip():
        return site_of(request).floor.clock.today()
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError as wrong:
        raise InvalidReportQuery(field="date") from wrong
    if day < EARLIEST:
        raise InvalidReportQuery(field="date")
    return day


@router.get("/v1/reports/v2/getPublicReports")
async def public_reports(
    request: Request, _actor: Public, state_id: Place = "", district_id: Place = "", date: Day = ""
) -> reports.PublicReport:
    """R1: registrations, sessions, sites and doses, today and in total, with their breakdowns."""
    site = site_of(request)
    state, district, day = _place(state_id, "state_id"), _place(district_id, "district_id"), _day(request, date)
    async with site.transaction() as conn:
        return await reports.public_report(conn, site.floor, state, district, day)


@router.get("/v1/reports/v2/getVacPublicReports")
async def vaccination_reports(
    request: Request, _actor: Public, state_id: Place = "", district_id: Place = "", date: Day = ""
) -> reports.VaccinationReport:
    """R2: doses by day and week, by age."""
    site = site_of(request)
    state, district, day = _place(state_id, "state_id"), _place(district_id, "district_id"), _day(request, date)
    async with site.transaction() as conn:
        return await reports.vaccination_report(conn, site.floor, state, district, day)


@router.get("/v1/reports/getLiveVaccination")
async def live_vaccination(request: Request, _actor: Public) -> LiveCount:
    """R3: doses so far."""
    async with site_of(request).transaction() as conn:
        return LiveCount(count=await reports.doses_so_far(conn))


@assets.get("/assets/json/csvjson.json")
async def district_list(request: Request, _actor: Public) -> list[DistrictRow]:
    """R4: the dashboard's list of districts."""
    async with site_of(request).transaction() as conn:
        states = await places.all_states(conn)
        found = [district for state in states for district in await places.districts_of(conn, state.state_id)]
    return [
        DistrictRow(
            state_id=one.state_id,
            state_name=one.state_name,
            district_id=one.district_id,
            district_name=one.name,
        )
        for one in found
    ]
