"""What must hold at every moment of any load: one statement that finds what does not."""

from opencowin.kit.db import Connection

VIOLATIONS = """
    WITH rows AS (
        SELECT district_id, session_id, slot_number, dose_class, sum(seats) AS held FROM (
            SELECT district_id, session_id, slot_number, dose_class, 1 AS seats FROM appointment
            WHERE state IN ('booked', 'given')
            UNION ALL SELECT district_id, session_id, slot_number, dose_class, seats FROM seat_hold) every
        GROUP BY 1, 2, 3, 4),
    sums AS (SELECT district_id, session_id, sum(held) AS held FROM rows GROUP BY 1, 2)
    SELECT 'oversold', s.session_id::text FROM slot_capacity s
        JOIN rows USING (district_id, session_id, slot_number, dose_class) WHERE held > capacity
    UNION ALL SELECT 'beyond its doses', t.session_id::text FROM session_stock t
        JOIN sums USING (district_id, session_id) WHERE held > doses
    UNION ALL SELECT 'seats counted wrongly', s.session_id::text FROM slot_capacity s
        LEFT JOIN rows USING (district_id, session_id, slot_number, dose_class) WHERE booked <> coalesce(held, 0)
    UNION ALL SELECT 'doses counted wrongly', t.session_id::text FROM session_stock t
        LEFT JOIN sums USING (district_id, session_id) WHERE booked <> coalesce(held, 0)
    UNION ALL SELECT 'two live appointments', beneficiary_id::text FROM appointment WHERE state = 'booked'
        GROUP BY account_id, beneficiary_id HAVING count(*) > 1
    UNION ALL SELECT 'appointment without claim', a.claim_id::text FROM appointment a
        LEFT JOIN claim c ON c.account_id = a.account_id AND c.claim_id = a.claim_id AND (
            (a.state = 'booked' AND c.state IN ('pending', 'confirmed')) OR (a.state = 'given' AND c.state = 'given'))
        WHERE a.state IN ('booked', 'given') AND c.claim_id IS NULL
    UNION ALL SELECT 'claim without seat', c.claim_id::text FROM claim c
        LEFT JOIN appointment a ON a.district_id = c.district_id AND a.session_id = c.session_id
            AND a.claim_id = c.claim_id AND a.state = CASE c.state WHEN 'given' THEN 'given' ELSE 'booked' END
        WHERE c.state IN ('confirmed', 'given') AND a.claim_id IS NULL
    UNION ALL SELECT 'live in a withdrawn session', a.claim_id::text FROM appointment a
        JOIN session USING (district_id, session_id) WHERE a.state = 'booked' AND session.state = 'withdrawn'
    UNION ALL SELECT 'part of a group', a.booking_id::text FROM appointment a
        WHERE a.state = 'booked' GROUP BY a.booking_id HAVING count(DISTINCT (a.session_id, a.slot_number)) > 1
    UNION ALL SELECT 'batch counted wrongly', b.batch_number FROM batch b
        LEFT JOIN (SELECT district_id, centre_id, vaccine_id, batch_number, sum(doses) AS doses FROM session_batch
                   GROUP BY 1, 2, 3, 4) s USING (district_id, centre_id, vaccine_id, batch_number)
        WHERE b.allotted <> coalesce(s.doses, 0)
"""


async def violations(conn: Connection) -> list[tuple[str, str]]:
    """Every broken invariant: what is wrong, and of what."""
    cursor = await conn.execute(VIOLATIONS)
    return [(row[0], row[1]) for row in await cursor.fetchall()]
