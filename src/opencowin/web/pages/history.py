"""The dashboard of an imported series: a campaign as it was published then, day by day."""

import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from opencowin import programme, reports
from opencowin.kit.actor import Actor
from opencowin.reports import HistoryDay
from opencowin.web.guard import open_to_readers
from opencowin.web.pages.board import (
    AGES,
    CHARTS,
    LABELS,
    SEXES,
    STAMPS,
    TABLES,
    Board,
    Breakdown,
    Chart,
    Headline,
    Maps,
    published_rows,
)
from opencowin.web.pages.board_files import By, csv_answer
from opencowin.web.pages.dashboard import OUTLINE, MapKind, PlaceId, Where, board_page, drawn, nation_of
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.render import Reader
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Public = Annotated[Actor, open_to_readers()]
SeriesId = Annotated[str, Query(max_length=60)]
Day = Annotated[datetime.date | None, Query()]
PATH = "/dashboard/history"
VACCINE = "vaccine_"
"""Before a vaccine's id in the name of a figure."""


@router.get(PATH, response_class=Response)
async def history(
    request: Request,
    _actor: Public,
    series: SeriesId,
    state_id: PlaceId = None,
    on: Day = None,
    map_kind: MapKind = "",
) -> Response:
    """The nation's or a state's figures as published for a day."""
    site, reader = site_of(request), Reader(request)
    async with site.transaction() as conn:
        told = await reports.history_day(conn, series, state_id, on)
        nation = await nation_of(conn, reader.language.code)
        rules = await programme.current_programme(conn)
    vaccines = [(vaccine_name(reader, rules, key), amount) for key, amount in _groups(told, "vaccine")]
    other = reader.link(PATH, series=series, on=told.on, map=None if map_kind == OUTLINE else OUTLINE)
    totals = told.by_state if state_id is None else {}
    maps = drawn(site.floor, nation, None, totals, shown=totals, asked=map_kind, other=other)
    board = _board(reader, told, nation, state_id, vaccines, maps)
    return board_page(reader, board, [])


@router.get(f"{PATH}/days.csv", response_class=Response)
async def history_days(
    request: Request, _actor: Public, series: SeriesId, state_id: PlaceId = None, on: Day = None
) -> Response:
    """Doses of each day of the series as CSV."""
    async with site_of(request).transaction() as conn:
        told = await reports.history_day(conn, series, state_id, on)
    return csv_answer(("day", "doses"), list(told.days), told.on.isoformat())


@router.get(f"{PATH}/groups.csv", response_class=Response)
async def history_groups(
    request: Request, _actor: Public, series: SeriesId, by: By, state_id: PlaceId = None, on: Day = None
) -> Response:
    """Doses by age, sex or vaccine as published for a day, as CSV."""
    async with site_of(request).transaction() as conn:
        told = await reports.history_day(conn, series, state_id, on)
    return csv_answer((by, "doses"), _groups(told, by), told.on.isoformat())


@router.get(f"{PATH}/places.csv", response_class=Response)
async def history_places(request: Request, _actor: Public, series: SeriesId, on: Day = None) -> Response:
    """Doses by state as published for a day, as CSV."""
    async with site_of(request).transaction() as conn:
        told = await reports.history_day(conn, series, None, on)
        names = (await nation_of(conn, "en")).names
    rows = [(state_id, names[state_id], amount) for state_id, amount in sorted(told.by_state.items())]
    return csv_answer(("id", "place", "doses"), rows, told.on.isoformat())


def _board(  # noqa: PLR0917 (all that one page shows)
    reader: Reader,
    told: HistoryDay,
    nation: Where,
    state_id: int | None,
    vaccines: list[tuple[str, int]],
    maps: Maps,
) -> Board:
    names = nation.names
    on = {"series": told.series.series_id, "on": told.on}
    query = {**on, "state_id": state_id}
    by_state = told.by_state if state_id is None else {}
    rows = [
        (one, names[one], amount, max(amount - told.by_state_before.get(one, amount), 0))
        for one, amount in sorted(by_state.items(), key=lambda pair: names[pair[0]])
    ]
    return Board(
        path=PATH,
        query=on,
        place=names[state_id] if state_id is not None else "",
        above=None,
        stamp=reader.text(STAMPS["published"], day=reader.day(told.on)),
        note=told.series.source,
        figures=_figures(told),
        charts=[
            Chart(
                "days",
                CHARTS["days"],
                [(reader.day(day, "medium"), amount) for day, amount in told.days],
                reader.link(f"{PATH}/days.csv", **query),
                averaged=True,
            )
        ],
        breakdowns=[
            Breakdown(by, TABLES[by], rows, reader.link(f"{PATH}/groups.csv", by=by, **query), literal=by == "vaccine")
            for by, rows in (
                ("age", [(AGES[key], amount) for key, amount in _groups(told, "age")]),
                ("sex", [(SEXES[key], amount) for key, amount in _groups(told, "sex")]),
                ("vaccine", vaccines),
            )
        ],
        maps=maps,
        places=published_rows(rows),
        by_district=False,
        links_down=state_id is None,
        csv_places=reader.link(f"{PATH}/places.csv", **on),
        names=names,
    )


def _groups(told: HistoryDay, by: str) -> list[tuple[str, int]]:
    """The groups of a breakdown that the series tells of, and their doses."""
    keyed = {"age": {key: f"age_{key}" for key in AGES}, "sex": {key: key for key in SEXES}}.get(by)
    if keyed is None:
        vaccines = {figure.removeprefix(VACCINE): figure for figure in told.figures if figure.startswith(VACCINE)}
        keyed = dict(sorted(vaccines.items(), key=lambda pair: -told.figures[pair[1]]))
    return [(key, told.figures[figure]) for key, figure in keyed.items() if figure in told.figures]


def _figures(told: HistoryDay) -> list[Headline]:
    now, before = told.figures, told.before
    grown = {figure: max(amount - before.get(figure, amount), 0) for figure, amount in now.items()}
    return [
        Headline(LABELS["doses"], now.get("doses", 0), max(now.get("doses", 0) - before.get("doses", 0), 0)),
        *(Headline(LABELS[name], now[name], grown[name]) for name in ("first", "second") if name in now),
        *(Headline(LABELS[name], now[name]) for name in ("sites", "sessions", "aefi") if name in now),
    ]
