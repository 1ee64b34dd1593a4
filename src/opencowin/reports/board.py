"""What the dashboard shows beside the public report: days, hours, what was counted today, and doses by vaccine."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.reports import queries
from opencowin.reports.public import MEASURES_BY_DAY, Read, read_once, report_of
from opencowin.reports.public_shape import PublicReport
from opencowin.reports.scope import Scope, Territory
from opencowin.reports.small_counts import hide_small, unless_small
from opencowin.reports.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardDay:
    """One day's counts; None where a small one is withheld, or is not known of the place."""

    on: date
    doses: int | None
    first: int | None
    second: int | None
    precaution: int | None
    registrations: int | None
    sessions: int
    sites: int
    aefi: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardHour:
    """One hour's counts of the day; None where a small one is withheld, or is not known of the place."""

    begins: time
    doses: int | None
    registrations: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBoard:
    """The public report with each of the last days, the hours of the day, and all doses by vaccine."""

    report: PublicReport
    territory: Territory
    days: list[BoardDay]
    """The board's day is the last."""
    hours: list[BoardHour]
    by_vaccine: dict[str, int]
    sites: int
    """How many ever held a session."""
    whole_country: bool
    """Whether it is of the nation, of which alone registrations are known: where people live is not asked."""

    @property
    def today(self) -> BoardDay:
        """The day of the board."""
        return self.days[-1]


async def live_board(
    conn: Connection, floor: Floor, state_id: int | None, district_id: int | None, on: date
) -> LiveBoard:
    """The board of a place as of a day. Raises UnknownState, UnknownDistrict."""
    whole_country = state_id is None and district_id is None
    read = await read_once(conn, Scope(state_id, district_id), on, ("dose", "site", *MEASURES_BY_DAY))
    report = await report_of(conn, floor, read)
    vaccines: dict[str, int] = defaultdict(int)
    for figure in read.figures:
        if figure.measure == "dose":
            vaccines[str(figure.keys.get("vaccine", ""))] += figure.amount
    return LiveBoard(
        report=report,
        territory=read.territory,
        days=_days(read, whole_country=whole_country),
        hours=_hours(report, whole_country=whole_country),
        by_vaccine=dict(sorted(vaccines.items(), key=lambda pair: -pair[1])),
        sites=await queries.sites_up_to(conn, state_id, district_id, on),
        whole_country=whole_country,
    )


def _days(read: Read, *, whole_country: bool) -> list[BoardDay]:
    days = [day for day, _ in read.by_day["dose"]]
    doses = [tally for _, tally in read.by_day["dose"]]
    people, sessions, events = (
        [tally.total for _, tally in read.by_day[one]] for one in ("registration", "session", "aefi")
    )
    sites = [tally.in_use for _, tally in read.by_day["site"]]
    totals = hide_small([tally.total for tally in doses])
    told = _unless_unknown(people, whole_country=whole_country)
    columns = zip(days, totals, map(_by_number, doses, totals), told, sessions, sites, hide_small(events), strict=True)
    return [
        BoardDay(
            on=day,
            doses=total,
            first=numbers[0],
            second=numbers[1],
            precaution=numbers[2],
            registrations=registered,
            sessions=held,
            sites=at,
            aefi=after,
        )
        for day, total, numbers, registered, held, at, after in columns
    ]


def _by_number(doses: Tally, total: int | None) -> list[int | None]:
    """First, second and precaution doses of a day; none of them where the day's total is withheld."""
    if total is None:
        return [None, None, None]
    return hide_small([doses.dose(1), doses.dose(2), doses.precaution])


def _hours(report: PublicReport, *, whole_country: bool) -> list[BoardHour]:
    doses = hide_small([hour.count for hour in report.vaccinationDoneByTime])
    people = _unless_unknown((int(hour.total) for hour in report.timeWiseTodayRegReport), whole_country=whole_country)
    return [
        BoardHour(begins=time(at), doses=given, registrations=registered)
        for at, (given, registered) in enumerate(zip(doses, people, strict=True))
    ]


def _unless_unknown(counts: Iterable[int], *, whole_country: bool) -> list[int | None]:
    return [unless_small(count) if whole_country else None for count in counts]
