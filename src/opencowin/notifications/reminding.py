"""Reminding: of tomorrow's appointment, and of a dose that becomes due; each once, in sets, not before the morning."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby
from uuid import UUID

from opencowin import programme
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import BULK, Job
from opencowin.notifications import reminder_queries as queries
from opencowin.programme import Programme
from opencowin.scheduling import BookingNews

DAY, CAUGHT_UP = timedelta(days=1), timedelta(days=3)
"""How many days' due doses are made up for after a stop."""
AT_ONCE = 2000
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class DoseDue:
    """By the rules as they stood when it was queued, this dose becomes due for this person."""

    account_id: UUID
    beneficiary_id: UUID
    dose_number: int
    due_on: date
    happened_at: datetime


REMINDED = Job("notifications.reminded", BookingNews, BULK)
DOSE_DUE = Job("notifications.dose_due", DoseDue, BULK)


async def remind(conn: Connection, floor: Floor) -> int:
    """Queue the next reminders of today, a set of them at a time; how many were queued.

    Of an appointment those are reminded who booked it before today: who booked today has just read of it.
    """
    now = floor.clock.now()
    if floor.clock.local(now).time() < time(floor.settings.reminder_hour):
        return 0
    return await _appointments(conn, floor, now) + await _doses(conn, floor, now)


async def forget_old(conn: Connection, floor: Floor) -> int:
    """Delete who was reminded long ago; how many rows."""
    before = floor.clock.now() - KEPT
    return await queries.forget_reminders(conn, before) + await queries.forget_days(conn, before)


async def _appointments(conn: Connection, floor: Floor, now: datetime) -> int:
    today = floor.clock.today()
    if not await queries.begin(conn, "appointment", today):
        return 0
    midnight = datetime.combine(today, time(), tzinfo=floor.clock.zone)
    found = await queries.remind_of_appointments(conn, today + DAY, midnight, now, AT_ONCE)
    together = groupby(found, key=lambda one: (one.account_id, one.booking_id))
    await REMINDED.enqueue(
        conn, *(BookingNews(*whose, [one.claim_id for one in rows], now) for whose, rows in together)
    )
    if len(found) < AT_ONCE:
        await queries.done(conn, "appointment", today, now)
    return len(found)


async def _doses(conn: Connection, floor: Floor, now: datetime) -> int:
    today = floor.clock.today()
    if not await queries.begin(conn, "dose", today):
        return 0
    gaps = _gaps(await programme.current_programme(conn), today)
    found = await queries.remind_of_doses(conn, gaps, (today - CAUGHT_UP, today), now, AT_ONCE)
    await DOSE_DUE.enqueue(
        conn, *(DoseDue(one.account_id, one.beneficiary_id, one.dose_number, one.due_on, now) for one in found)
    )
    if len(found) < AT_ONCE:
        await queries.done(conn, "dose", today, now)
    return len(found)


def _gaps(rules: Programme, today: date) -> list[queries.Gap]:
    """After which vaccine's dose which one becomes due, and after how many days, by the rules of these days."""
    found = {
        (before, step.dose, step.min_days)
        for step in rules.steps
        if step.covers(today) and not step.withdrawn
        for before in step.after
    }
    return [queries.Gap(*one) for one in sorted(found)]
