"""Folding: counted changes into roll-ups, set by set, so that workers may fold side by side and none counts twice."""

from collections import Counter
from datetime import timedelta

from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection
from opencowin.kit.measures import Change, take_changes
from opencowin.reports import queries
from opencowin.reports.queries import Rollup

KEPT_HOURLY = timedelta(days=45)
DAILY_ONLY = {"site_dose"}


async def fold(conn: Connection) -> int:
    """Fold what was counted since; call in a transaction. Returns how many different counts there were.

    A session counts twice: as a session of its operator, and for the site (its centre) that holds it that day. So does
    a dose: in its breakdown, and by number for the site that gave it.
    """
    changes = await take_changes(conn)
    rollups = _sums(changes)
    if rollups:
        await queries.add_to_daily(conn, rollups)
        await queries.add_to_total(conn, [rollup for rollup in rollups if rollup.measure not in DAILY_ONLY])
        await queries.add_to_hourly(conn, [rollup for rollup in rollups if rollup.measure in {"dose", "registration"}])
    await queries.mark_fresh(conn)
    return len(changes)


def _sums(changes: list[Change]) -> list[Rollup]:
    sums: Counter[Rollup] = Counter()
    for change in changes:
        for measure, keys in _rolled(change):
            known = Rollup.of(measure, change.district_id, change.on_date, change.hour, keys)
            sums[known] += change.amount
    return [rollup.times(amount) for rollup, amount in sums.items() if amount]


def _rolled(change: Change) -> list[tuple[str, dict[str, object]]]:
    centre = change.keys.get("centre")
    if change.measure == "session":
        operator = {"operator": change.keys.get("operator")}
        return [("session", operator), ("site", {**operator, "centre": centre})]
    if change.measure == "dose":
        breakdown = {key: value for key, value in change.keys.items() if key != "centre"}
        at_site = [("site_dose", {"centre": centre, "dose": change.keys.get("dose")})] if centre else []
        return [("dose", breakdown), *at_site]
    return [(change.measure, change.keys)]


async def forget_old_hours(conn: Connection, clock: Clock) -> int:
    """Delete hourly roll-ups of days that no report shows by the hour any more."""
    return await queries.delete_hours_before(conn, clock.today() - KEPT_HOURLY)
