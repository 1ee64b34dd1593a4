"""What the dashboard shows beside the public report: doses of the last days, and by vaccine."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.reports import queries
from opencowin.reports.public import by_day, public_report
from opencowin.reports.public_shape import PublicReport
from opencowin.reports.scope import Scope
from opencowin.reports.tally import days_until

DAYS = 30


@dataclass(frozen=True, slots=True)
class LiveBoard:
    """The public report with the doses of each of the last days, by number, and with all doses by vaccine."""

    report: PublicReport
    days: list[tuple[date, int, int, int, int]]
    """Day, all doses, first, second, precaution."""
    by_vaccine: dict[str, int]


async def live_board(
    conn: Connection, floor: Floor, state_id: int | None, district_id: int | None, on: date
) -> LiveBoard:
    """The board of a place as of a day. Raises UnknownState, UnknownDistrict."""
    report = await public_report(conn, floor, state_id, district_id, on)
    days = await by_day(conn, Scope(state_id, district_id), "dose", days_until(on, DAYS))
    vaccines: dict[str, int] = defaultdict(int)
    for figure in await queries.figures_up_to(conn, state_id, district_id, on):
        if figure.measure == "dose":
            vaccines[str(figure.keys.get("vaccine", ""))] += figure.amount
    rows = [(day, doses.total, doses.dose(1), doses.dose(2), doses.precaution) for day, doses in days]
    return LiveBoard(report, rows, dict(sorted(vaccines.items(), key=lambda pair: -pair[1])))
