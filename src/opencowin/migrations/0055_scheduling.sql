-- Scheduling: bookings of many slots in one trip, each table written once.
SET lock_timeout = '5s';

-- One element of each array for each person; beneficiaries are told apart by the caller.
CREATE FUNCTION book_all(
    p_district integer[], p_session uuid[], p_slot smallint[], p_class smallint[], p_dose smallint[], p_programme text,
    p_claim uuid[], p_booking uuid[], p_account uuid[], p_beneficiary uuid[], p_now timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    n integer := cardinality(p_claim);
    v_fine integer;
    v_won uuid[];
BEGIN
    WITH asked AS (
        SELECT d, s, l, c, count(*)::integer AS people
        FROM unnest(p_district, p_session, p_slot, p_class) AS u (d, s, l, c) GROUP BY d, s, l, c),
    held AS (
        SELECT asked.people, t.capacity - t.booked AS free
        FROM asked JOIN slot_capacity t ON t.district_id = asked.d AND t.session_id = asked.s
                                       AND t.slot_number = asked.l AND t.dose_class = asked.c
        ORDER BY t.district_id, t.session_id, t.slot_number, t.dose_class FOR UPDATE OF t)
    SELECT coalesce(sum(people) FILTER (WHERE people <= free), 0) INTO v_fine FROM held;
    IF v_fine < n THEN
        RETURN false;
    END IF;
    WITH asked AS (
        SELECT d, s, count(*)::integer AS people FROM unnest(p_district, p_session) AS u (d, s) GROUP BY d, s),
    held AS (
        SELECT asked.people, t.doses - t.booked AS free, t.district_id, t.session_id
        FROM asked JOIN session_stock t ON t.district_id = asked.d AND t.session_id = asked.s
        ORDER BY t.district_id, t.session_id FOR UPDATE OF t)
    SELECT coalesce(sum(people) FILTER (WHERE people <= free), 0) INTO v_fine
        FROM held JOIN session USING (district_id, session_id) WHERE session.state = 'published';
    IF v_fine < n OR EXISTS (
        SELECT FROM unnest(p_district, p_session, p_claim) AS u (d, s, c)
        JOIN appointment a ON a.district_id = u.d AND a.session_id = u.s AND a.claim_id = u.c) THEN
        RETURN false;
    END IF;
    WITH won AS (
        INSERT INTO claim (account_id, claim_id, booking_id, beneficiary_id, programme_id, dose_number, district_id,
                           session_id, slot_number, dose_class, state, claimed_at)
            SELECT u.a, u.m, u.b, u.p, p_programme, u.o, u.d, u.s, u.l, u.c, 'confirmed', p_now
            FROM unnest(p_account, p_claim, p_booking, p_beneficiary, p_dose, p_district, p_session, p_slot, p_class)
                 AS u (a, m, b, p, o, d, s, l, c)
            ORDER BY u.p
        ON CONFLICT DO NOTHING RETURNING claim_id)
    SELECT coalesce(array_agg(claim_id), '{}') INTO v_won FROM won;
    IF cardinality(v_won) < n THEN
        DELETE FROM claim USING unnest(p_account, p_claim) AS u (a, c)
            WHERE claim.account_id = u.a AND claim.claim_id = u.c AND u.c = ANY (v_won);
        RETURN false;
    END IF;
    INSERT INTO appointment (district_id, session_id, claim_id, booking_id, slot_number, dose_class, account_id,
                             beneficiary_id, dose_number, state, booked_at, changed_at)
        SELECT u.d, u.s, u.m, u.b, u.l, u.c, u.a, u.p, u.o, 'booked', p_now, p_now
        FROM unnest(p_account, p_claim, p_booking, p_beneficiary, p_dose, p_district, p_session, p_slot, p_class)
             AS u (a, m, b, p, o, d, s, l, c);
    UPDATE slot_capacity t SET booked = t.booked + asked.people
        FROM (SELECT d, s, l, c, count(*)::integer AS people
              FROM unnest(p_district, p_session, p_slot, p_class) AS u (d, s, l, c) GROUP BY d, s, l, c) AS asked
        WHERE t.district_id = asked.d AND t.session_id = asked.s AND t.slot_number = asked.l
          AND t.dose_class = asked.c;
    UPDATE session_stock t SET booked = t.booked + asked.people
        FROM (SELECT d, s, count(*)::integer AS people FROM unnest(p_district, p_session) AS u (d, s)
              GROUP BY d, s) AS asked
        WHERE t.district_id = asked.d AND t.session_id = asked.s;
    RETURN true;
END $$;
COMMENT ON FUNCTION book_all IS
    'Claims and seats of any slots together, all of them or, answered false, none: seats are locked before stocks.';
