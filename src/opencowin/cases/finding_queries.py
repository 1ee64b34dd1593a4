"""SQL that finds records of one person, window by window of what changed: one function, one statement."""

from datetime import datetime
from typing import LiteralString

from opencowin.kit.db import Connection, fetch_value, run

OPEN_MERGES: LiteralString = """
WITH changed AS (
    SELECT account_id, beneficiary_id FROM dose
    WHERE recorded_at <= %(until)s AND (%(since)s::timestamptz IS NULL OR recorded_at > %(since)s)
    UNION SELECT account_id, beneficiary_id FROM beneficiary
    WHERE changed_at <= %(until)s AND (%(since)s::timestamptz IS NULL OR changed_at > %(since)s)),
one AS (
    SELECT b.*, given.doses, given.district_id
    FROM changed JOIN beneficiary b USING (account_id, beneficiary_id)
    CROSS JOIN LATERAL (
        SELECT count(*) AS doses, (array_agg(district_id ORDER BY given_on DESC))[1] AS district_id
        FROM dose d WHERE d.account_id = b.account_id AND d.beneficiary_id = b.beneficiary_id
          AND d.state = 'valid') AS given
    WHERE b.deleted_at IS NULL AND b.merged_into IS NULL AND b.likeness_hash IS NOT NULL),
pair AS (
    SELECT DISTINCT ON (
               least(one.reference_id, other.reference_id), greatest(one.reference_id, other.reference_id))
           one.account_id, one.beneficiary_id, one.reference_id, other.account_id AS other_account_id,
           other.reference_id AS other_reference_id, coalesce(one.district_id, other.district_id) AS district_id
    FROM one CROSS JOIN LATERAL (
        SELECT b.account_id, b.reference_id, given.district_id
        FROM beneficiary b CROSS JOIN LATERAL (
            SELECT count(*) AS doses, (array_agg(district_id ORDER BY given_on DESC))[1] AS district_id
            FROM dose d WHERE d.account_id = b.account_id AND d.beneficiary_id = b.beneficiary_id
              AND d.state = 'valid') AS given
        WHERE b.likeness_hash = one.likeness_hash AND b.beneficiary_id <> one.beneficiary_id
          AND b.deleted_at IS NULL AND b.merged_into IS NULL
          AND CASE WHEN b.birth_likeness_hash IS NOT NULL AND one.birth_likeness_hash IS NOT NULL
                   THEN b.birth_likeness_hash = one.birth_likeness_hash AND (
                        b.account_id = one.account_id OR given.district_id = one.district_id
                        OR given.district_id IS NULL OR one.district_id IS NULL)
                   ELSE one.doses = 1 AND given.doses = 1 AND given.district_id = one.district_id END
        ORDER BY b.registered_at LIMIT %(per_person)s) AS other
    ORDER BY least(one.reference_id, other.reference_id), greatest(one.reference_id, other.reference_id))
INSERT INTO help_case (account_id, case_id, case_number, beneficiary_id, reference_id, other_account_id,
                       other_reference_id, district_id, kind, state, source, details_sealed, raised_at,
                       changed_at)
SELECT account_id, gen_random_uuid(), 10000000 + floor(random() * 90000000)::bigint, beneficiary_id,
       reference_id, other_account_id, other_reference_id, district_id, 'merge', 'raised', 'system',
       %(details)s, %(now)s, %(now)s
FROM pair
WHERE NOT EXISTS (
    SELECT FROM help_case known WHERE known.kind = 'merge' AND known.reference_id IN (
        pair.reference_id, pair.other_reference_id) AND known.other_reference_id IN (
        pair.reference_id, pair.other_reference_id))
ON CONFLICT DO NOTHING
"""


async def found_until(conn: Connection, what: str) -> datetime | None:
    """How far a search has come; held, so that it runs once at a time."""
    await run(
        conn,
        "INSERT INTO found_until (what, until) VALUES (%(what)s, '-infinity') ON CONFLICT DO NOTHING",
        what=what,
    )
    found: datetime | None = await fetch_value(
        conn,
        """
        SELECT CASE WHEN until > '-infinity' THEN until END FROM found_until WHERE what = %(what)s FOR UPDATE
        """,
        what=what,
    )
    return found


async def note_until(conn: Connection, what: str, until: datetime) -> int:
    """Note how far a search has come."""
    return await run(conn, "UPDATE found_until SET until = %(until)s WHERE what = %(what)s", what=what, until=until)


async def end_of_window(conn: Connection, since: datetime | None, most: int) -> datetime | None:
    """Up to when so many doses or people were recorded or changed after an instant; None when nothing was."""
    found: datetime | None = await fetch_value(
        conn,
        """
        SELECT max(at) FROM (
            (SELECT recorded_at AS at FROM dose WHERE %(since)s::timestamptz IS NULL OR recorded_at > %(since)s
             ORDER BY recorded_at LIMIT %(most)s)
            UNION ALL
            (SELECT changed_at FROM beneficiary WHERE %(since)s::timestamptz IS NULL OR changed_at > %(since)s
             ORDER BY changed_at LIMIT %(most)s)
            ORDER BY at LIMIT %(most)s) AS window_of_time
        """,
        since=since,
        most=most,
    )
    return found


async def open_merges(
    conn: Connection, since: datetime | None, until: datetime, *, details: bytes, per_person: int, now: datetime
) -> int:
    """Open a case for each pair of records that are likely of one person; how many.

    Alike are records whose names sound the same, with gender and the whole date of birth; or with the birth year, when
    each has a first dose alone and both were given in one district. Compared are those that changed in the window.
    """
    return await run(
        conn,
        OPEN_MERGES,
        since=since,
        until=until,
        details=details,
        per_person=per_person,
        now=now,
    )
