"""The live dashboard: the campaign in figures for the nation, a state or a district, each with its table and CSV."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from opencowin import places, programme, reports
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.pack import CountryPack
from opencowin.reports import LiveBoard
from opencowin.web.cowin.metadata import INT4_MAX
from opencowin.web.guard import open_to_readers
from opencowin.web.pages.board import (
    AGES,
    CHARTS,
    LABELS,
    SEXES,
    STAMPS,
    Board,
    Chart,
    Headline,
    Maps,
    breakdown,
    place_rows,
)
from opencowin.web.pages.figures import legend, tiles
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.outlines import drawing_of, outline_map
from opencowin.web.pages.render import HTML_OUT, Reader, page
from opencowin.web.site import site_of

router = APIRouter(tags=["Pages"])
HALF_A_MINUTE = "public, max-age=30"
PATH = "/dashboard"
Public = Annotated[Actor, open_to_readers()]
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
        rules = await programme.current_programme(conn)
        series = await reports.all_series(conn)
    where = _where(live.territory, reader.language.code, state_id, district_id)
    vaccines = [(vaccine_name(reader, rules, key), amount) for key, amount in live.by_vaccine.items()]
    totals = {row.id: row.total for row in live.report.getBeneficiariesGroupBy} if district_id is None else {}
    other = reader.link(PATH, map=None if map_kind == OUTLINE else OUTLINE)
    shown = dict(zip(totals, reports.hide_small(list(totals.values())), strict=True))
    maps = drawn(site.floor, where, state_id, totals, shown=shown, asked=map_kind, other=other)
    board = _board(reader, live, where, state_id, district_id, vaccines, maps)
    return board_page(reader, board, series)


def board_page(reader: Reader, board: Board, series: Sequence[object]) -> Response:
    """The page of a board: kept for half a minute by whoever likes, unless it shows who is signed in."""
    scripts = ("live.js",) if board.live else ()
    answer = page(
        reader, "dashboard.html", scripts=scripts, board=board, series=series, hidden_below=reports.HIDDEN_BELOW
    )
    answer.headers.setdefault("Cache-Control", HALF_A_MINUTE)
    return answer


@lru_cache(maxsize=1)
def grid_of(pack: CountryPack) -> list[dict[str, str]]:
    """The pack's tile map; a country without one has the table only."""
    return pack.csv("tiles.csv") if (pack.folder / "tiles.csv").is_file() else []


def drawn(
    floor: Floor,
    where: Where,
    state_id: int | None,
    amounts: Mapping[int, int],
    *,
    shown: Mapping[int, int | None],
    asked: str,
    other: str,
) -> Maps:
    """A board's map: tiles of the states or their outlines, whichever is asked for, or outlines of districts.

    `shown` are the amounts that its legend may tell.
    """
    if not amounts:
        return Maps()
    drawing, grid = drawing_of(floor, state_id), grid_of(floor.pack) if state_id is None else []
    if grid and asked != OUTLINE:
        return Maps(tiles(grid, amounts), None, other if drawing else "", legend(amounts, shown))
    outlines = outline_map(drawing, where.names, where.keys, amounts)
    if grid and outlines is None:
        return Maps(tiles(grid, amounts), legend=legend(amounts, shown))
    return Maps((), outlines, other if grid else "", legend(amounts, shown) if outlines else ())


async def nation_of(conn: Connection, language: str) -> Where:
    """The nation's states by their names in the reader's language."""
    return Where("", None, {one.state_id: one.name_in(language) for one in await places.all_states(conn)})


def _where(territory: reports.Territory, language: str, state_id: int | None, district_id: int | None) -> Where:
    """The names of the place and of its parts, in the reader's language, and the parts' keys in the pack's source."""
    states = {one: state.name_in(language) for one, state in territory.states.items()}
    if territory.districts is None:
        return Where("", None, states)
    names = {one.district_id: one.name_in(language) for one in territory.districts}
    if district_id is not None:
        above = territory.districts[0].state_id
        return Where(names[district_id], (above, states[above]), names)
    assert state_id is not None
    keys = {one.district_id: one.source_key for one in territory.districts if one.source_key}
    return Where(states[state_id], None, names, keys)


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
    query = {"state_id": state_id, "district_id": district_id}

    def groups(by: str) -> str:
        return reader.link(f"{PATH}/groups.csv", by=by, **query)

    return Board(
        path=PATH,
        query=query,
        place=where.place,
        above=where.above,
        stamp=reader.text(STAMPS["live"], time=reader.instant(datetime.datetime.fromisoformat(report.timestamp))),
        note="",
        figures=_figures(live),
        charts=_charts(reader, live, query),
        breakdowns=[
            breakdown("age", list(AGES.values()), ages(report), groups("age")),
            breakdown("sex", list(SEXES.values()), sexes(report), groups("sex")),
            breakdown(
                "vaccine",
                [name for name, _ in vaccines],
                [amount for _, amount in vaccines],
                groups("vaccine"),
                literal=True,
            ),
        ],
        maps=maps,
        places=[]
        if district_id is not None
        else place_rows(
            [(row.id, names.get(row.id, row.title), row.total, row.today) for row in report.getBeneficiariesGroupBy]
        ),
        by_district=not live.whole_country,
        links_down=True,
        csv_places=reader.link(f"{PATH}/places.csv", **query),
        live=True,
        names=names,
    )


def _charts(reader: Reader, live: LiveBoard, query: Mapping[str, object]) -> list[Chart]:
    by_day, by_hour = (reader.link(f"{PATH}/{name}.csv", **query) for name in ("days", "hours"))

    def days(figure: str, title: str, counts: Sequence[int | None]) -> Chart:
        labels = [reader.day(day.on, "medium") for day in live.days]
        return Chart(figure, CHARTS[title], list(zip(labels, counts, strict=True)), by_day)

    def hours(figure: str, title: str, counts: Sequence[int | None]) -> Chart:
        labels = [reader.clock_time(hour.begins) for hour in live.hours]
        return Chart(figure, CHARTS[title], list(zip(labels, counts, strict=True)), by_hour)

    nation = [
        days("registrations", "registrations", [day.registrations for day in live.days]),
        hours("registrations-by-hour", "registrations_by_hour", [hour.registrations for hour in live.hours]),
    ]
    return [
        replace(days("days", "days", [day.doses for day in live.days]), averaged=True),
        hours("hours", "hours", [hour.doses for hour in live.hours]),
        *(nation if live.whole_country else ()),
        days("sessions", "sessions", [day.sessions for day in live.days]),
        days("sites", "sites", [day.sites for day in live.days]),
        days("aefi", "aefi", [day.aefi for day in live.days]),
    ]


def _figures(live: LiveBoard) -> list[Headline]:
    top, doses, today = live.report.topBlock, live.report.topBlock.vaccination, live.today
    first, second, precaution = reports.hide_small([doses.tot_dose_1, doses.tot_dose_2, doses.tot_pd])

    def shown(label: str, amount: int | None, day: int | None) -> Headline:
        return Headline(LABELS[label], amount, day, withheld=day is None)

    people = shown("registrations", reports.unless_small(top.registration.total), today.registrations)
    return [
        shown("doses", reports.unless_small(doses.total), today.doses),
        shown("first", first, today.first),
        shown("second", second, today.second),
        shown("precaution", precaution, today.precaution),
        shown("sites", live.sites, today.sites),
        shown("sessions", top.sessions.total, today.sessions),
        *([people] if live.whole_country else ()),
        shown("aefi", reports.unless_small(doses.aefi), today.aefi),
    ]


def ages(report: reports.PublicReport) -> list[int]:
    """Doses by age, youngest first, as `AGES` orders them."""
    by = report.vaccinationByAge
    return [by.vac_12_14, by.vac_15_17, by.vac_18_45, by.vac_45_60, by.above_60]


def sexes(report: reports.PublicReport) -> list[int]:
    """Doses by sex, as `SEXES` orders them."""
    by = report.topBlock.vaccination
    return [by.female, by.male, by.others]
