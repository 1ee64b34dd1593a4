"""The live dashboard: the campaign in figures for the nation, a state or a district, each with its table and CSV."""

import csv
import datetime
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from opencowin import places, programme, reports
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.pack import CountryPack
from opencowin.reports import LiveBoard, hide_small
from opencowin.web.cowin.metadata import INT4_MAX
from opencowin.web.guard import open_to_all
from opencowin.web.pages.board import AGES, CHARTS, LABELS, SEXES, STAMPS, Board, Chart, Maps, breakdown, place_rows
from opencowin.web.pages.figures import tiles
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.outlines import drawing_of, outline_map
from opencowin.web.pages.render import HTML_OUT, SAFE, Reader, page
from opencowin.web.site import site_of

router = APIRouter(tags=["Pages"])
CSV_OUT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
HALF_A_MINUTE = {"Cache-Control": "public, max-age=30"}
PATH = "/dashboard"
Public = Annotated[Actor, open_to_all()]
PlaceId = Annotated[int | None, Query(ge=1, le=INT4_MAX, description="Leave out for all.")]
MapKind = Annotated[str, Query(alias="map", max_length=10, description="`outline` for the nation's outline map.")]
OUTLINE = "outline"


@dataclass(frozen=True, slots=True)
class Where:
    """A place's name and what it lies in, with the names of its parts and their keys in the pack's source."""

    place: str
    above: tuple[int, str] | None
    names: Mapping[int, str]
    keys: Mapping[int, str] = field(default_factory=dict)


@router.get(PATH, response_class=Response, responses=HTML_OUT)
async def dashboard(
    request: Request, _actor: Public, state_id: PlaceId = None, district_id: PlaceId = None, map_kind: MapKind = ""
) -> Response:
    """The campaign's figures as a page: doses today and in total, by hour, day, place, age, sex and vaccine."""
    site, reader = site_of(request), Reader(request)
    async with site.transaction() as conn:
        live = await reports.live_board(conn, site.floor, state_id, district_id, site.floor.clock.today())
        where = await names_of(conn, reader.language.code, state_id, district_id)
        rules = await programme.current_programme(conn)
        series = await reports.all_series(conn)
    vaccines = [(vaccine_name(reader, rules, key), amount) for key, amount in live.by_vaccine.items()]
    totals = {row.id: row.total for row in live.report.getBeneficiariesGroupBy} if district_id is None else {}
    other = reader.link(PATH, map=None if map_kind == OUTLINE else OUTLINE)
    maps = drawn(site.floor, where, state_id, totals, asked=map_kind, other=other)
    board = _board(reader, live, where, state_id, district_id, vaccines, maps)
    answer = page(reader, "dashboard.html", board=board, series=series, hidden_below=reports.HIDDEN_BELOW)
    answer.headers.update(HALF_A_MINUTE)
    return answer


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
    rows = [(row.id, row.title, *counts) for row, *counts in zip(by, *columns, strict=True)]
    return csv_answer(("id", "place", "doses", "first", "second", "precaution", "today"), rows, report.timestamp)


@router.get(f"{PATH}/days.csv", response_class=Response, responses=CSV_OUT)
async def days_csv(request: Request, _actor: Public, state_id: PlaceId = None, district_id: PlaceId = None) -> Response:
    """Doses of each of the last 30 days by dose number, as CSV in UTF-8; counts of 1 to 4 are left empty."""
    site = site_of(request)
    async with site.transaction() as conn:
        live = await reports.live_board(conn, site.floor, state_id, district_id, site.floor.clock.today())
    rows = [(day, *map(_unless_small, counts)) for day, *counts in live.days]
    return csv_answer(("day", "doses", "first", "second", "precaution"), rows, live.report.timestamp)


def _unless_small(count: int) -> int | None:
    return None if 0 < count < reports.HIDDEN_BELOW else count


def csv_answer(header: tuple[str, ...], rows: list[tuple[Any, ...]], as_of: str) -> Response:
    """A table as CSV, each row stamped."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow((*header, "as_of"))
    table.writerows((*row, as_of) for row in rows)
    return Response(text.getvalue(), media_type="text/csv", headers={**SAFE, **HALF_A_MINUTE})


@lru_cache(maxsize=1)
def grid_of(pack: CountryPack) -> list[dict[str, str]]:
    """The pack's tile map; a country without one has the table only."""
    return pack.csv("tiles.csv") if (pack.folder / "tiles.csv").is_file() else []


def drawn(
    floor: Floor, where: Where, state_id: int | None, amounts: Mapping[int, int], *, asked: str, other: str
) -> Maps:
    """A board's map: tiles of the states or their outlines, whichever is asked for, or outlines of districts."""
    if not amounts:
        return Maps()
    drawing, grid = drawing_of(floor, state_id), grid_of(floor.pack) if state_id is None else []
    if grid and asked != OUTLINE:
        return Maps(tiles(grid, amounts), None, other if drawing else "")
    outlines = outline_map(drawing, where.names, where.keys, amounts)
    if grid and outlines is None:
        return Maps(tiles(grid, amounts))
    return Maps((), outlines, other if grid else "")


async def names_of(conn: Connection, language: str, state_id: int | None, district_id: int | None) -> Where:
    """The names of the place and of its parts, in the reader's language, and the parts' keys in the pack's source."""
    states = {one.state_id: one.name_in(language) for one in await places.all_states(conn)}
    if district_id is not None:
        here = await places.district(conn, district_id)
        name = here.name_in(language)
        return Where(name, (here.state_id, states[here.state_id]), {district_id: name})
    if state_id is not None:
        parts = await places.districts_of(conn, state_id)
        names = {one.district_id: one.name_in(language) for one in parts}
        keys = {one.district_id: one.source_key for one in parts if one.source_key}
        return Where(states[state_id], None, names, keys)
    return Where("", None, states)


def _board(  # noqa: PLR0917 (all that one page shows)
    reader: Reader,
    live: LiveBoard,
    where: Where,
    state_id: int | None,
    district_id: int | None,
    vaccines: list[tuple[str, int]],
    maps: Maps,
) -> Board:
    report, names = live.report, where.names
    hours = [
        (reader.clock_time(datetime.datetime.fromisoformat(hour.ts).time()), hour.count)
        for hour in report.vaccinationDoneByTime
    ]
    query = {"state_id": state_id, "district_id": district_id}
    by_state = state_id is None and district_id is None
    as_of = datetime.datetime.fromisoformat(report.timestamp)
    return Board(
        path=PATH,
        query=query,
        place=where.place,
        above=where.above,
        stamp=reader.text(STAMPS["live"], time=reader.instant(as_of)),
        note="",
        figures=_figures(live, by_state),
        charts=[
            Chart(
                "days",
                CHARTS["days"],
                [(reader.day(day, "medium"), total) for day, total, *_ in live.days],
                reader.link(f"{PATH}/days.csv", **query),
            ),
            Chart("hours", CHARTS["hours"], hours),
        ],
        breakdowns=[
            breakdown("age", list(AGES.values()), _ages(report)),
            breakdown("sex", list(SEXES.values()), _sexes(report)),
            breakdown("vaccine", [name for name, _ in vaccines], [amount for _, amount in vaccines], literal=True),
        ],
        maps=maps,
        places=[]
        if district_id is not None
        else place_rows(
            [(row.id, names.get(row.id, row.title), row.total, row.today) for row in report.getBeneficiariesGroupBy]
        ),
        by_district=not by_state,
        links_down=True,
        csv_places=reader.link(f"{PATH}/places.csv", **query),
        names=names,
    )


def _figures(live: LiveBoard, whole_country: bool) -> list[tuple[str, int | None]]:
    top, doses = live.report.topBlock, live.report.topBlock.vaccination
    aefi = None if 0 < doses.aefi < reports.HIDDEN_BELOW else doses.aefi
    shown: list[tuple[str, int | None]] = [
        (LABELS["doses"], doses.total),
        (LABELS["today"], doses.today),
        (LABELS["first"], doses.tot_dose_1),
        (LABELS["second"], doses.tot_dose_2),
        (LABELS["precaution"], doses.tot_pd),
        (LABELS["sites"], top.sites.total),
        (LABELS["sessions"], top.sessions.total),
    ]
    if whole_country:
        shown.append((LABELS["registrations"], top.registration.total))
    return [*shown, (LABELS["aefi"], aefi)]


def _ages(report: reports.PublicReport) -> list[int]:
    by = report.vaccinationByAge
    return [by.vac_12_14, by.vac_15_17, by.vac_18_45, by.vac_45_60, by.above_60]


def _sexes(report: reports.PublicReport) -> list[int]:
    by = report.topBlock.vaccination
    return [by.female, by.male, by.others]
