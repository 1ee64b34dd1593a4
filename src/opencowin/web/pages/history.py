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
from opencowin.web.pages.board import AGES, CHARTS, LABELS, SEXES, STAMPS, Board, Chart, Maps, breakdown, published_rows
from opencowin.web.pages.dashboard import (
    HALF_A_MINUTE,
    OUTLINE,
    MapKind,
    PlaceId,
    Where,
    csv_answer,
    drawn,
    names_of,
)
from opencowin.web.pages.find import vaccine_name
from opencowin.web.pages.render import Reader, page
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Public = Annotated[Actor, open_to_readers()]
SeriesId = Annotated[str, Query(max_length=60)]
Day = Annotated[datetime.date | None, Query()]
PATH = "/dashboard/history"


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
        nation = await names_of(conn, reader.language.code, None, None)
        rules = await programme.current_programme(conn)
    vaccines = [
        (vaccine_name(reader, rules, figure.removeprefix("vaccine_")), amount)
        for figure, amount in told.figures.items()
        if figure.startswith("vaccine_")
    ]
    other = reader.link(PATH, series=series, on=told.on, map=None if map_kind == OUTLINE else OUTLINE)
    totals = told.by_state if state_id is None else {}
    maps = drawn(site.floor, nation, None, totals, asked=map_kind, other=other)
    board = _board(reader, told, nation, state_id, sorted(vaccines, key=lambda pair: -pair[1]), maps)
    answer = page(reader, "dashboard.html", board=board, series=[], hidden_below=reports.HIDDEN_BELOW)
    answer.headers.update(HALF_A_MINUTE)
    return answer


@router.get(f"{PATH}/days.csv", response_class=Response)
async def history_days(
    request: Request, _actor: Public, series: SeriesId, state_id: PlaceId = None, on: Day = None
) -> Response:
    """Doses of each day of the series as CSV."""
    async with site_of(request).transaction() as conn:
        told = await reports.history_day(conn, series, state_id, on)
    return csv_answer(("day", "doses"), list(told.days), told.on.isoformat())


@router.get(f"{PATH}/places.csv", response_class=Response)
async def history_places(request: Request, _actor: Public, series: SeriesId, on: Day = None) -> Response:
    """Doses by state as published for a day, as CSV."""
    async with site_of(request).transaction() as conn:
        told = await reports.history_day(conn, series, None, on)
        names = (await names_of(conn, "en", None, None)).names
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
    figures = told.figures
    ages = [key for key in AGES if f"age_{key}" in figures]
    sexes = [key for key in SEXES if key in figures]
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
            )
        ],
        breakdowns=[
            breakdown("age", [AGES[key] for key in ages], [figures[f"age_{key}"] for key in ages]),
            breakdown("sex", [SEXES[key] for key in sexes], [figures[key] for key in sexes]),
            breakdown("vaccine", [name for name, _ in vaccines], [amount for _, amount in vaccines], literal=True),
        ],
        maps=maps,
        places=published_rows(rows),
        by_district=False,
        links_down=state_id is None,
        csv_places=reader.link(f"{PATH}/places.csv", **on),
        names=names,
    )


def _figures(told: HistoryDay) -> list[tuple[str, int | None]]:
    now, before = told.figures, told.before
    today = max(now.get("doses", 0) - before.get("doses", 0), 0)
    shown: list[tuple[str, int | None]] = [(LABELS["doses"], now.get("doses", 0)), (LABELS["on_day"], today)]
    names = {"first": "first", "second": "second", "sites": "sites_on_day", "sessions": "sessions", "aefi": "aefi"}
    return shown + [(LABELS[label], now[figure]) for figure, label in names.items() if figure in now]
