"""SQL that finds doses that do not fit, over what was recorded in a window, and keeps the flags. One statement each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, run

FLAGS: LiteralString = """
    SELECT flag_id, kind, district_id, centre_id, on_date, dose_id, reference_id, subject, counted, allowed, state,
           found_at, note_sealed, reviewed_by, reviewed_at
    FROM integrity_flag
"""


@dataclass(frozen=True, slots=True)
class FlagRow:
    """A flag as stored."""

    flag_id: int
    kind: str
    district_id: int | None
    centre_id: int | None
    on_date: date | None
    dose_id: UUID | None
    reference_id: int | None
    subject: str
    counted: int | None
    allowed: int | None
    state: str
    found_at: datetime
    note_sealed: bytes | None
    reviewed_by: str | None
    reviewed_at: datetime | None


async def flag_marked(conn: Connection, since: datetime | None, until: datetime, now: datetime) -> int:
    """Doses that the recording itself marked: after a death, far from the site, a number that is there already."""
    return await run(
        conn,
        """
        INSERT INTO integrity_flag (kind, district_id, centre_id, on_date, dose_id, reference_id, state, found_at)
        SELECT mark, d.district_id, d.centre_id, d.given_on, d.dose_id, b.reference_id, 'open', %(now)s
        FROM dose d JOIN beneficiary b USING (account_id, beneficiary_id)
        CROSS JOIN unnest(d.flags) AS mark
        WHERE d.recorded_at <= %(until)s AND (%(since)s::timestamptz IS NULL OR d.recorded_at > %(since)s)
          AND mark IN ('after_death', 'far_from_site', 'dose_number_conflict') AND d.state <> 'revoked'
        ON CONFLICT DO NOTHING
        """,
        since=since,
        until=until,
        now=now,
    )


async def flag_after_death(conn: Connection, since: datetime | None, until: datetime, now: datetime) -> int:
    """Doses recorded before a death was reported that they follow."""
    return await run(
        conn,
        """
        INSERT INTO integrity_flag (kind, district_id, centre_id, on_date, dose_id, reference_id, state, found_at)
        SELECT 'after_death', d.district_id, d.centre_id, d.given_on, d.dose_id, b.reference_id, 'open', %(now)s
        FROM beneficiary b JOIN dose d USING (account_id, beneficiary_id)
        WHERE b.died_on < d.given_on AND d.state <> 'revoked'
          AND b.changed_at <= %(until)s AND (%(since)s::timestamptz IS NULL OR b.changed_at > %(since)s)
        ON CONFLICT DO NOTHING
        """,
        since=since,
        until=until,
        now=now,
    )


async def flag_after_fatal_event(conn: Connection, now: datetime) -> int:
    """Doses given after an adverse event that a review found fatal; such events are few, and all are looked at."""
    return await run(
        conn,
        """
        INSERT INTO integrity_flag (kind, district_id, centre_id, on_date, dose_id, reference_id, state, found_at)
        SELECT 'after_death', d.district_id, d.centre_id, d.given_on, d.dose_id, b.reference_id, 'open', %(now)s
        FROM adverse_event e JOIN dose d USING (account_id, beneficiary_id)
        JOIN beneficiary b USING (account_id, beneficiary_id)
        WHERE e.outcome = 'died' AND d.given_on > e.noticed_on AND d.state <> 'revoked'
        ON CONFLICT DO NOTHING
        """,
        now=now,
    )


async def flag_outside_hours(
    conn: Connection, since: datetime | None, until: datetime, now: datetime, *, zone: str, grace_minutes: int
) -> int:
    """Doses recorded on their day while the site was closed."""
    return await run(
        conn,
        """
        INSERT INTO integrity_flag (kind, district_id, centre_id, on_date, dose_id, reference_id, state, found_at)
        SELECT 'outside_hours', d.district_id, d.centre_id, d.given_on, d.dose_id, b.reference_id, 'open', %(now)s
        FROM dose d
        JOIN centre c ON c.district_id = d.district_id AND c.centre_id = d.centre_id
        JOIN beneficiary b ON b.account_id = d.account_id AND b.beneficiary_id = d.beneficiary_id
        CROSS JOIN LATERAL (SELECT d.recorded_at AT TIME ZONE %(zone)s AS wall) AS at
        WHERE d.recorded_at <= %(until)s AND (%(since)s::timestamptz IS NULL OR d.recorded_at > %(since)s)
          AND d.state <> 'revoked' AND at.wall::date = d.given_on
          AND (at.wall < d.given_on + c.opens_at - make_interval(mins => %(grace)s)
               OR at.wall > d.given_on + c.closes_at + make_interval(mins => %(grace)s))
        ON CONFLICT DO NOTHING
        """,
        since=since,
        until=until,
        now=now,
        zone=zone,
        grace=grace_minutes,
    )


async def flag_too_fast(
    conn: Connection,
    since: datetime | None,
    until: datetime,
    now: datetime,
    *,
    per_hour: int,
    assumed: int,
    roles: Sequence[str],
) -> int:
    """Days on which a site has more doses than its vaccinators can give in its hours."""
    return await run(
        conn,
        """
        WITH touched AS (
            SELECT DISTINCT district_id, centre_id, given_on FROM dose
            WHERE recorded_at <= %(until)s AND (%(since)s::timestamptz IS NULL OR recorded_at > %(since)s)
              AND centre_id IS NOT NULL),
        day AS (
            SELECT t.district_id, t.centre_id, t.given_on, count(*) AS doses
            FROM touched t JOIN dose d USING (district_id, centre_id, given_on)
            WHERE d.state <> 'revoked' GROUP BY 1, 2, 3),
        judged AS (
            SELECT day.*, ceil(%(per_hour)s * extract(epoch FROM c.closes_at - c.opens_at) / 3600
                               * coalesce(nullif(staffed.vaccinators, 0), %(assumed)s))::int AS can
            FROM day JOIN centre c USING (district_id, centre_id)
            CROSS JOIN LATERAL (
                SELECT count(*) AS vaccinators FROM staff s
                WHERE s.centre_id = c.centre_id AND s.deactivated_at IS NULL AND s.role = ANY (%(roles)s)
            ) AS staffed)
        INSERT INTO integrity_flag (kind, district_id, centre_id, on_date, counted, allowed, state, found_at)
        SELECT 'too_fast', district_id, centre_id, given_on, doses, can, 'open', %(now)s FROM judged WHERE doses > can
        ON CONFLICT ON CONSTRAINT integrity_flag_once DO UPDATE SET counted = excluded.counted
            WHERE integrity_flag.state = 'open' AND integrity_flag.counted <> excluded.counted
        """,
        since=since,
        until=until,
        now=now,
        per_hour=per_hour,
        assumed=assumed,
        roles=list(roles),
    )


async def flag_beyond_stock(conn: Connection, since: datetime | None, until: datetime, now: datetime) -> int:
    """Batches of which a site has given more doses than it ever received."""
    return await run(
        conn,
        """
        WITH touched AS (
            SELECT DISTINCT district_id, centre_id, vaccine_id, batch_number FROM dose
            WHERE recorded_at <= %(until)s AND (%(since)s::timestamptz IS NULL OR recorded_at > %(since)s)
              AND centre_id IS NOT NULL AND batch_number <> ''),
        given AS (
            SELECT t.district_id, t.centre_id, t.vaccine_id, t.batch_number, count(*) AS doses
            FROM touched t JOIN dose d USING (district_id, centre_id, vaccine_id, batch_number)
            WHERE d.state <> 'revoked' GROUP BY 1, 2, 3, 4)
        INSERT INTO integrity_flag (kind, district_id, centre_id, subject, counted, allowed, state, found_at)
        SELECT 'beyond_stock', g.district_id, g.centre_id, g.vaccine_id || ' ' || g.batch_number, g.doses,
               coalesce(b.received, 0), 'open', %(now)s
        FROM given g LEFT JOIN batch b USING (district_id, centre_id, vaccine_id, batch_number)
        WHERE g.doses > coalesce(b.received, 0)
        ON CONFLICT ON CONSTRAINT integrity_flag_once DO UPDATE
            SET counted = excluded.counted, allowed = excluded.allowed
            WHERE integrity_flag.state = 'open' AND integrity_flag.counted <> excluded.counted
        """,
        since=since,
        until=until,
        now=now,
    )


async def listed(
    conn: Connection, districts: Sequence[int] | None, kind: str | None, *, state: str, limit: int
) -> list[FlagRow]:
    """Flags of these districts, or of the whole nation (None), the oldest first."""
    return await fetch_all(
        conn,
        FlagRow,
        FLAGS
        + """
        WHERE state = %(state)s AND (%(districts)s::int[] IS NULL OR district_id = ANY (%(districts)s))
          AND (%(kind)s::text IS NULL OR kind = %(kind)s)
        ORDER BY found_at, flag_id LIMIT %(limit)s
        """,
        districts=list(districts) if districts is not None else None,
        kind=kind,
        state=state,
        limit=limit,
    )


async def hold_open(conn: Connection, flag_id: int) -> FlagRow | None:
    """An open flag, locked."""
    return await fetch_one(
        conn, FlagRow, FLAGS + """WHERE flag_id = %(id)s AND state = 'open' FOR UPDATE""", id=flag_id
    )


async def review(conn: Connection, flag_id: int, *, state: str, note_sealed: bytes, by: str, at: datetime) -> int:
    """Note what a review came to."""
    return await run(
        conn,
        """
        UPDATE integrity_flag SET state = %(state)s, note_sealed = %(note)s, reviewed_by = %(by)s, reviewed_at = %(at)s
        WHERE flag_id = %(id)s AND state = 'open'
        """,
        id=flag_id,
        state=state,
        note=note_sealed,
        by=by,
        at=at,
    )
