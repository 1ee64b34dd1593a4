"""SQL of reminders: one function, one statement; rows of whom to remind are written as they are found."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_value, run


@dataclass(frozen=True, slots=True)
class Gap:
    """After a dose of this vaccine, dose `dose` becomes due so many days later."""

    after: str
    dose: int
    days: int


@dataclass(frozen=True, slots=True)
class RemindedClaim:
    """An appointment of which its household is reminded now."""

    account_id: UUID
    booking_id: UUID
    claim_id: UUID


@dataclass(frozen=True, slots=True)
class RemindedDose:
    """A dose of which a person is reminded now."""

    account_id: UUID
    beneficiary_id: UUID
    dose_number: int
    due_on: date


async def begin(conn: Connection, kind: str, day: date) -> bool:
    """Whether there is somebody left to remind on a day; workers remind one after the other."""
    left: bool = await fetch_value(
        conn,
        """
        WITH mine AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtextextended('reminder ' || %(kind)s, 5)) AS ok)
        SELECT ok AND NOT EXISTS (SELECT FROM reminder_day WHERE kind = %(kind)s AND day = %(day)s) FROM mine
        """,
        kind=kind,
        day=day,
    )
    return left


async def done(conn: Connection, kind: str, day: date, at: datetime) -> int:
    """Nobody is left to remind on a day."""
    return await run(
        conn,
        "INSERT INTO reminder_day (kind, day, done_at) VALUES (%(kind)s, %(day)s, %(at)s) ON CONFLICT DO NOTHING",
        kind=kind,
        day=day,
        at=at,
    )


async def remind_of_appointments(
    conn: Connection, held_on: date, claimed_before: datetime, now: datetime, most: int
) -> list[RemindedClaim]:
    """Note up to so many households that have a seat on a day, claimed before an instant, whole bookings together."""
    return await fetch_all(
        conn,
        RemindedClaim,
        """
        WITH found AS (
            SELECT c.account_id, c.booking_id, c.claim_id
            FROM session s
            JOIN appointment a USING (district_id, session_id)
            JOIN claim c ON (c.account_id, c.claim_id) = (a.account_id, a.claim_id)
            WHERE s.held_on = %(held_on)s AND s.state = 'published' AND a.state = 'booked' AND c.state = 'confirmed'
              AND c.claimed_at < %(before)s
              AND NOT EXISTS (SELECT FROM reminder r WHERE r.kind = 'appointment' AND r.account_id = c.account_id
                              AND r.about_id = c.claim_id AND r.due_on = %(held_on)s)
            ORDER BY c.account_id, c.booking_id, c.claim_id
            FETCH FIRST %(most)s ROWS ONLY
        ), noted AS (
            INSERT INTO reminder (kind, account_id, about_id, due_on, made_at)
            SELECT 'appointment', account_id, claim_id, %(held_on)s, %(now)s FROM found
            ON CONFLICT DO NOTHING RETURNING account_id, about_id
        )
        SELECT f.account_id, f.booking_id, f.claim_id FROM found f
        JOIN noted n ON (n.account_id, n.about_id) = (f.account_id, f.claim_id)
        ORDER BY f.account_id, f.booking_id, f.claim_id
        """,
        held_on=held_on,
        before=claimed_before,
        now=now,
        most=most,
    )


async def remind_of_doses(
    conn: Connection, gaps: Sequence[Gap], between: tuple[date, date], now: datetime, most: int
) -> list[RemindedDose]:
    """Note up to so many people whose last dose lies a gap before one of these days, and who have no appointment."""
    return await fetch_all(
        conn,
        RemindedDose,
        """
        WITH found AS (
            SELECT DISTINCT d.account_id, d.beneficiary_id, g.dose AS dose_number, d.given_on + g.days AS due_on
            FROM unnest(%(after)s::text[], %(doses)s::smallint[], %(days)s::int[]) AS g (after, dose, days)
            JOIN dose d ON d.vaccine_id = g.after AND d.dose_number = g.dose - 1 AND d.state = 'valid'
                AND d.given_on > %(first)s::date - g.days AND d.given_on <= %(last)s::date - g.days
            WHERE NOT EXISTS (SELECT FROM dose x WHERE (x.account_id, x.beneficiary_id, x.programme_id)
                                  = (d.account_id, d.beneficiary_id, d.programme_id)
                              AND x.state = 'valid' AND x.dose_number >= g.dose)
              AND NOT EXISTS (SELECT FROM claim c WHERE (c.account_id, c.beneficiary_id, c.programme_id)
                                  = (d.account_id, d.beneficiary_id, d.programme_id)
                              AND c.state IN ('pending', 'confirmed'))
              AND NOT EXISTS (SELECT FROM reminder r WHERE r.kind = 'dose' AND r.account_id = d.account_id
                              AND r.about_id = d.beneficiary_id AND r.due_on = d.given_on + g.days)
            ORDER BY d.account_id, d.beneficiary_id, due_on LIMIT %(most)s
        ), noted AS (
            INSERT INTO reminder (kind, account_id, about_id, due_on, made_at)
            SELECT 'dose', account_id, beneficiary_id, due_on, %(now)s FROM found
            ON CONFLICT DO NOTHING RETURNING account_id, about_id, due_on
        )
        SELECT f.account_id, f.beneficiary_id, f.dose_number, f.due_on FROM found f
        JOIN noted n ON (n.account_id, n.about_id, n.due_on) = (f.account_id, f.beneficiary_id, f.due_on)
        ORDER BY f.account_id, f.beneficiary_id, f.due_on
        """,
        after=[one.after for one in gaps],
        doses=[one.dose for one in gaps],
        days=[one.days for one in gaps],
        first=between[0],
        last=between[1],
        now=now,
        most=most,
    )


async def forget_reminders(conn: Connection, before: datetime) -> int:
    """Delete who was reminded before an instant."""
    return await run(conn, "DELETE FROM reminder WHERE made_at < %(before)s", before=before)


async def forget_days(conn: Connection, before: datetime) -> int:
    """Delete which days before an instant were done."""
    return await run(conn, "DELETE FROM reminder_day WHERE done_at < %(before)s", before=before)
