"""A board: one screen of figures, charts and tables, whether they are counted here or were published elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from opencowin.reports import hide_small
from opencowin.web.pages.figures import Bar, Shade, Tile, average_line, bars, ticks
from opencowin.web.pages.outlines import OutlineMap

AGES = {
    "12_14": "12 to 14",
    "15_17": "15 to 17",
    "18_44": "18 to 44",
    "45_59": "45 to 59",
    "60_up": "60 and over",
}
SEXES = {"female": "Women", "male": "Men", "other": "Others"}
LABELS = {
    "doses": "Doses given",
    "first": "First dose",
    "second": "Second dose",
    "precaution": "Precaution dose",
    "sites": "Centres with sessions",
    "sessions": "Sessions so far",
    "registrations": "People registered",
    "aefi": "Side effects reported",
}
CHARTS = {
    "days": "Doses given each day",
    "hours": "Doses given today, hour by hour",
    "registrations": "People registered each day",
    "registrations_by_hour": "People registered today, hour by hour",
    "sessions": "Sessions each day",
    "sites": "Centres with sessions each day",
    "aefi": "Side effects reported each day",
}
TABLES = {"age": "By age", "sex": "By sex", "vaccine": "By vaccine"}
STAMPS = {"live": "Figures at {time}", "published": "As published for {day}"}
TEXTS = [text for group in (AGES, SEXES, LABELS, CHARTS, TABLES, STAMPS) for text in group.values()]
"""Every text that reaches a page from here."""
STEP = 10


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure over all time and on the board's day. `withheld` says that a day's figure exists and is not shown."""

    label: str
    amount: int | None
    day: int | None = None
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars with their table: what each bar stands for, its height (None: withheld), where the same is as CSV."""

    chart_id: str
    title: str
    rows: Sequence[tuple[str, int | None]]
    csv: str
    averaged: bool = False
    """Whether a line of the average of seven days goes through it."""

    @property
    def ticks(self) -> list[int]:
        """Round numbers from 0 to the top of the drawing."""
        return ticks(max((amount or 0 for _, amount in self.rows), default=0))

    @property
    def bars(self) -> list[Bar]:
        """The bars, the largest tick 100 high."""
        return bars([amount or 0 for _, amount in self.rows], STEP, self.ticks[-1])

    @property
    def average(self) -> str:
        """The path of the average of seven days; empty where there is none."""
        return average_line([amount for _, amount in self.rows], self.ticks[-1], STEP) if self.averaged else ""

    @property
    def draws_something(self) -> bool:
        """Whether any bar is seen."""
        return any(amount for _, amount in self.rows)

    @property
    def says_something(self) -> bool:
        """Whether there is anything but nothing in it."""
        return any(amount != 0 for _, amount in self.rows)

    @property
    def width(self) -> int:
        """The drawing's width."""
        return len(self.rows) * STEP


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Doses by group; None where a small count is withheld. `literal` labels are names, not texts to translate."""

    table_id: str
    title: str
    rows: Sequence[tuple[str, int | None]]
    csv: str
    literal: bool = False


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One place of the table: its name, sum and day; None where a small count is withheld."""

    place_id: int
    name: str
    total: int | None
    on_day: int | None


@dataclass(frozen=True, slots=True)
class Maps:
    """The map of a board: tiles or outlines or none, and where the same page has the other."""

    tiles: Sequence[Tile] = ()
    outlines: OutlineMap | None = None
    other: str = ""
    legend: Sequence[Shade] = ()


@dataclass(frozen=True, slots=True)
class Board:
    """Everything on one dashboard. `path` and `query` are where its links lead."""

    path: str
    query: Mapping[str, object]
    place: str
    above: tuple[int, str] | None
    stamp: str
    note: str
    figures: Sequence[Headline]
    charts: Sequence[Chart]
    breakdowns: Sequence[Breakdown]
    maps: Maps
    places: Sequence[PlaceRow]
    by_district: bool
    links_down: bool
    csv_places: str = ""
    live: bool = False
    """Whether its figures change while one looks at them."""
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def largest(self) -> int:
        """The largest sum of the table of places that is shown."""
        return max((row.total or 0 for row in self.places), default=0)

    @property
    def nation_query(self) -> dict[str, object]:
        """What links to other places of the same board carry."""
        return {name: value for name, value in self.query.items() if name not in {"state_id", "district_id"}}


def breakdown(kind: str, labels: Sequence[str], counts: Sequence[int], csv: str, *, literal: bool = False) -> Breakdown:
    """A table of counts by group, small ones withheld."""
    return Breakdown(kind, TABLES[kind], list(zip(labels, hide_small(counts), strict=True)), csv, literal)


def published_rows(rows: Sequence[tuple[int, str, int, int]]) -> list[PlaceRow]:
    """Places with sum and day, as somebody else published them."""
    return [PlaceRow(*row) for row in rows]


def place_rows(rows: Sequence[tuple[int, str, int, int]]) -> list[PlaceRow]:
    """Places with sum and day, small counts withheld."""
    totals, days = hide_small([row[2] for row in rows]), hide_small([row[3] for row in rows])
    return [PlaceRow(row[0], row[1], total, on_day) for row, total, on_day in zip(rows, totals, days, strict=True)]
