"""The vaccination report: doses by day and by week, by age; and the live count of all doses."""

# ruff: noqa: N815

from dataclasses import dataclass
from datetime import date, timedelta

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import Area
from opencowin.reports import queries
from opencowin.reports.public import by_day, timestamp
from opencowin.reports.scope import Scope, territory_of
from opencowin.reports.tally import Tally, days_until

WEEKS = 12


@dataclass(frozen=True, slots=True)
class DayOfDoses:
    """Doses of one day."""

    vaccine_date: str
    total: int
    dose_one: int
    dose_two: int
    precaution_dose: int


@dataclass(frozen=True, slots=True)
class DayOfDosesByAge:
    """Doses of one day by age."""

    vaccine_date: str
    total: int
    vac_12_14: int
    vac_15_17: int
    vac_18_45: int
    vac_45_60: int
    vac_60_above: int


@dataclass(frozen=True, slots=True)
class WeekOfDoses:
    """Doses of one week, from the label's first day to its last."""

    label: str
    total: int
    dose_one: int
    dose_two: int
    precaution_dose: int


@dataclass(frozen=True, slots=True)
class WeekOfDosesByAge:
    """Doses of one week by age."""

    label: str
    total: int
    vac_12_14: int
    vac_15_17: int
    vac_18_45: int
    vac_45_60: int
    vac_60_above: int


@dataclass(frozen=True, slots=True)
class VaccinationReport:
    """The whole report; no split into town and country, which no count knows."""

    last30DaysVaccination: tuple[DayOfDoses, ...]
    last30DaysAgeWiseVaccination: tuple[DayOfDosesByAge, ...]
    weeklyReport: tuple[WeekOfDoses, ...]
    weeklyVacAgeWiseReport: tuple[WeekOfDosesByAge, ...]
    timestamp: str


async def vaccination_report(
    conn: Connection, floor: Floor, state_id: int | None, district_id: int | None, on: date
) -> VaccinationReport:
    """Doses of the 30 days and the 12 weeks that end on a day. Raises UnknownState, UnknownDistrict."""
    scope = Scope(state_id, district_id)
    await territory_of(conn, scope)
    days = (await by_day(conn, scope, ("dose",), days_until(on, WEEKS * 7)))["dose"]
    month = [(day.isoformat(), doses) for day, doses in days[-30:]]
    weeks = [_week(days[start : start + 7]) for start in range(0, len(days), 7)]
    return VaccinationReport(
        last30DaysVaccination=tuple(DayOfDoses(day, *_by_dose(doses)) for day, doses in month),
        last30DaysAgeWiseVaccination=tuple(DayOfDosesByAge(day, *_by_age(doses)) for day, doses in month),
        weeklyReport=tuple(WeekOfDoses(label, *_by_dose(doses)) for label, doses in weeks),
        weeklyVacAgeWiseReport=tuple(WeekOfDosesByAge(label, *_by_age(doses)) for label, doses in weeks),
        timestamp=await timestamp(conn, floor.clock),
    )


async def doses_so_far(conn: Connection) -> int:
    """All doses that were ever counted, in the whole country."""
    return await queries.doses_so_far(conn)


async def doses_on(conn: Connection, area: Area, on: date) -> int:
    """Doses of one day in an area."""
    return await queries.doses_on(conn, area.district_list, area.centre_id, on)


def _week(days: list[tuple[date, Tally]]) -> tuple[str, Tally]:
    first = days[0][0]
    label = f"{first:%d-%m-%Y} - {first + timedelta(days=6):%d-%m-%Y}"
    return label, Tally(tuple(figure for _, doses in days for figure in doses.figures))


def _by_dose(doses: Tally) -> tuple[int, int, int, int]:
    return doses.total, doses.dose(1), doses.dose(2), doses.precaution


def _by_age(doses: Tally) -> tuple[int, int, int, int, int, int]:
    bands = ("12_14", "15_17", "18_44", "45_59", "60_up")
    first, second, third, fourth, fifth = (doses.age(band) for band in bands)
    return doses.total, first, second, third, fourth, fifth
