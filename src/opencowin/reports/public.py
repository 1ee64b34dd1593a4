"""The public report: what Co-WIN's dashboard shows of the nation, a state or a district on a day."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.reports import queries
from opencowin.reports.hours import hours_of_doses, hours_of_doses_by_age, hours_of_registration
from opencowin.reports.public_shape import (
    DayOfAefi,
    DayOfRegistration,
    DayOfSessions,
    DistrictRow,
    DosesByAge,
    PublicReport,
    Registrations,
    Sessions,
    Sites,
    StateRow,
    TopBlock,
    Vaccinations,
)
from opencowin.reports.queries import Figure, PlaceFigure
from opencowin.reports.scope import Part, Scope, Territory, territory_of
from opencowin.reports.tally import PRECAUTION_FROM, Tally, days_until

DAYS = 30
MEASURES_BY_DAY = ("registration", "aefi", "session")
"""Those that the report tells day by day."""


async def public_report(
    conn: Connection, floor: Floor, state_id: int | None, district_id: int | None, on: date
) -> PublicReport:
    """The report as of a day. People are counted as registered in the nation only: where they live is not asked.

    Raises UnknownState, UnknownDistrict.
    """
    scope = Scope(state_id, district_id)
    return await report_of(conn, floor, await read_once(conn, scope, on, MEASURES_BY_DAY))


@dataclass(frozen=True, slots=True)
class Read:
    """What a report and a board share, read once: places, sums up to a day, and each measure's last days."""

    scope: Scope
    on: date
    territory: Territory
    figures: list[Figure]
    by_day: Mapping[str, list[tuple[date, Tally]]]

    def last(self, measure: str, days: int) -> list[tuple[date, Tally]]:
        """The last of a measure's days."""
        return self.by_day[measure][-days:]


async def read_once(conn: Connection, scope: Scope, on: date, measures: tuple[str, ...]) -> Read:
    """What is needed of a place as of a day, with the last 30 days of these measures.

    Raises UnknownState, UnknownDistrict.
    """
    territory = await territory_of(conn, scope)
    figures = await queries.figures_up_to(conn, scope.state_id, scope.district_id, on)
    return Read(scope, on, territory, figures, await by_day(conn, scope, measures, days_until(on, DAYS)))


async def report_of(conn: Connection, floor: Floor, read: Read) -> PublicReport:
    """The report of a place of which this was read."""
    scope, on = read.scope, read.on
    so_far = _by_measure(read.figures)
    on_day = _by_measure(await queries.figures_on(conn, scope.state_id, scope.district_id, on))
    by_hour = await queries.figures_by_hour(conn, scope.state_id, scope.district_id, on)
    doses, aefi = so_far["dose"], so_far["aefi"].total
    return PublicReport(
        topBlock=_top_block(so_far, on_day),
        vaccinationDoneByTime=hours_of_doses(floor.clock, by_hour, on),
        last7DaysRegistration=_last_registrations(read),
        last30DaysAefi=_last_aefi(read),
        last5daySessionStatus=_last_sessions(read, floor.clock),
        getBeneficiariesGroupBy=await _by_place(conn, scope, read.territory.parts, on),
        aefiPercentage=round(100 * aefi / doses.total, 3) if doses.total else 0.0,
        vaccinationByAge=_by_age(doses),
        timeWiseTodayRegReport=hours_of_registration(floor.clock, by_hour, on),
        vaccinationDoneByTimeAgeWise=hours_of_doses_by_age(floor.clock, by_hour, on),
        timestamp=await timestamp(conn, floor.clock),
    )


async def timestamp(conn: Connection, clock: Clock) -> str:
    """Up to when the figures are complete, on the country's clock."""
    fresh: datetime = await queries.fresh_at(conn) or clock.now()
    return clock.local(fresh).isoformat(timespec="seconds")


def _by_measure(figures: Iterable[Figure]) -> dict[str, Tally]:
    found = list(figures)
    measures = ("dose", "aefi", "session", "site", "registration")
    return {name: Tally.of(figure for figure in found if figure.measure == name) for name in measures}


def _top_block(so_far: dict[str, Tally], on_day: dict[str, Tally]) -> TopBlock:
    sites, sessions = on_day["site"], so_far["session"]
    people, doses, today = so_far["registration"], so_far["dose"], on_day["dose"]
    return TopBlock(
        sites=Sites(
            total=sites.different,
            govt=sites.where("operator", "government").different,
            pvt=sites.where("operator", "private").different,
            today=sites.different,
        ),
        sessions=Sessions(
            total=sessions.total,
            govt=sessions.where("operator", "government").total,
            pvt=sessions.where("operator", "private").total,
            today=on_day["session"].total,
        ),
        registration=Registrations(
            total=people.total,
            cit_18_45=people.age("18_44"),
            cit_45_above=people.age("45_59", "60_up"),
            cit_15_17=people.age("15_17"),
            cit_12_14=people.age("12_14"),
            today=on_day["registration"].total,
        ),
        vaccination=_vaccinations(doses, today, so_far["aefi"].total),
    )


def _vaccinations(doses: Tally, today: Tally, aefi: int) -> Vaccinations:
    return Vaccinations(
        total=doses.total,
        male=doses.male,
        female=doses.female,
        others=doses.others,
        covishield=doses.where("vaccine", "COVISHIELD").total,
        covaxin=doses.where("vaccine", "COVAXIN").total,
        sputnik=doses.where("vaccine", "SPUTNIK V").total,
        today=today.total,
        tot_dose_1=doses.dose(1),
        tot_dose_2=doses.dose(2),
        tot_pd=doses.precaution,
        total_doses=doses.total,
        aefi=aefi,
        today_dose_one=today.dose(1),
        today_dose_two=today.dose(2),
    )


def _by_age(doses: Tally) -> DosesByAge:
    return DosesByAge(
        total=doses.total,
        vac_18_45=doses.age("18_44"),
        vac_45_60=doses.age("45_59"),
        above_60=doses.age("60_up"),
        vac_15_17=doses.age("15_17"),
        vac_12_14=doses.age("12_14"),
    )


async def by_day(
    conn: Connection, scope: Scope, measures: tuple[str, ...], days: list[date]
) -> dict[str, list[tuple[date, Tally]]]:
    """Each measure's tally of each of these days."""
    figures = await queries.figures_by_day(
        conn, scope.state_id, scope.district_id, list(measures), since=days[0], until=days[-1]
    )
    found: dict[str, dict[date, list[queries.DayFigure]]] = {one: {day: [] for day in days} for one in measures}
    for figure in figures:
        found[figure.measure][figure.on_date].append(figure)
    return {one: [(day, Tally.of(of_day)) for day, of_day in by.items()] for one, by in found.items()}


def _last_registrations(read: Read) -> tuple[DayOfRegistration, ...]:
    return tuple(
        DayOfRegistration(day.isoformat(), people.total, people.male, people.female, people.others)
        for day, people in read.last("registration", 7)
    )


def _last_aefi(read: Read) -> tuple[DayOfAefi, ...]:
    return tuple(DayOfAefi(day.isoformat(), events.total) for day, events in read.last("aefi", 30))


def _last_sessions(read: Read, clock: Clock) -> tuple[DayOfSessions, ...]:
    return tuple(_day_of_sessions(day, held.total, clock.today()) for day, held in read.last("session", 5))


def _day_of_sessions(day: date, total: int, today: date) -> DayOfSessions:
    return DayOfSessions(
        session_date=day.isoformat(),
        total=total,
        planned=total if day > today else 0,
        ongoing=total if day == today else 0,
        completed=total if day < today else 0,
    )


@dataclass(frozen=True, slots=True)
class _PlaceDoses:
    total: int
    first: int
    second: int
    precaution: int
    today: int


async def _by_place(conn: Connection, scope: Scope, parts: list[Part], on: date) -> tuple[StateRow | DistrictRow, ...]:
    """The nation by state; a state by district; a district alone. Who has no dose yet is listed with zeros."""
    within = (conn, scope.state_id, scope.district_id, on)
    so_far = await queries.doses_by_place(*within, districts=scope.by_district)
    today = await queries.doses_by_place_on(*within, districts=scope.by_district)
    row = _district_row if scope.by_district else _state_row
    return tuple(row(part, _doses_in(part.part_id, so_far, today)) for part in parts)


def _doses_in(place_id: int, so_far: list[PlaceFigure], today: list[PlaceFigure]) -> _PlaceDoses:
    mine = [figure for figure in so_far if figure.place_id == place_id]
    return _PlaceDoses(
        total=sum(figure.amount for figure in mine),
        first=sum(figure.amount for figure in mine if figure.dose_number == 1),
        second=sum(figure.amount for figure in mine if figure.dose_number == 2),
        precaution=sum(figure.amount for figure in mine if figure.dose_number >= PRECAUTION_FROM),
        today=sum(figure.amount for figure in today if figure.place_id == place_id),
    )


def _state_row(part: Part, doses: _PlaceDoses) -> StateRow | DistrictRow:
    return StateRow(
        state_id=part.state_id,
        id=part.part_id,
        title=part.name,
        state_name=part.name,
        total=doses.total,
        partial_vaccinated=doses.first,
        totally_vaccinated=doses.second,
        precaution_dose=doses.precaution,
        today=doses.today,
    )


def _district_row(part: Part, doses: _PlaceDoses) -> StateRow | DistrictRow:
    return DistrictRow(
        state_id=part.state_id,
        district_id=part.part_id,
        id=part.part_id,
        title=part.name,
        district_name=part.name,
        total=doses.total,
        partial_vaccinated=doses.first,
        totally_vaccinated=doses.second,
        precaution_dose=doses.precaution,
        today=doses.today,
    )
