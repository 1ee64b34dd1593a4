-- Scheduling: bookings of many slots in one trip, each table written once where all can be had.
SET lock_timeout = '5s';

-- One element of each array for each person; p_group tells which of them come together, all or none. Locks: seats by key, stocks by key, claims by person; nothing is locked after that, so that
-- two calls about the same people never wait for each other.
CREATE FUNCTION book_all(
    p_district integer[], p_session uuid[], p_slot smallint[], p_class smallint[], p_dose smallint[], p_programme text,
    p_group integer[], p_claim uuid[], p_booking uuid[], p_account uuid[], p_beneficiary uuid[], p_now timestamptz
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    n integer := cardinality(p_claim);
    v_seats integer;
    v_stocks integer;
    v_won uuid[];
    v_bad integer[];
    v_outcome text[];
    v_part text[];
    v_seat record;
BEGIN
    WITH asked AS (
        SELECT d, s, l, c, count(*)::integer AS people
        FROM unnest(p_district, p_session, p_slot, p_class) AS u (d, s, l, c) GROUP BY d, s, l, c),
    held AS (
        SELECT asked.people, t.capacity - t.booked AS free
        FROM asked JOIN slot_capacity t ON t.district_id = asked.d AND t.session_id = asked.s
                                       AND t.slot_number = asked.l AND t.dose_class = asked.c
        ORDER BY t.district_id, t.session_id, t.slot_number, t.dose_class FOR UPDATE OF t)
    SELECT coalesce(sum(people) FILTER (WHERE people <= free), 0) INTO v_seats FROM held;
    WITH asked AS (
        SELECT d, s, count(*)::integer AS people FROM unnest(p_district, p_session) AS u (d, s) GROUP BY d, s),
    held AS (
        SELECT asked.people, t.doses - t.booked AS free, t.district_id, t.session_id
        FROM asked JOIN session_stock t ON t.district_id = asked.d AND t.session_id = asked.s
        ORDER BY t.district_id, t.session_id FOR UPDATE OF t)
    SELECT coalesce(sum(people) FILTER (WHERE people <= free), 0) INTO v_stocks
        FROM held JOIN session USING (district_id, session_id) WHERE session.state = 'published';
    WITH won AS (
        INSERT INTO claim (account_id, claim_id, booking_id, beneficiary_id, programme_id, dose_number, district_id,
                           session_id, slot_number, dose_class, state, claimed_at)
            SELECT u.a, u.m, u.b, u.p, p_programme, u.o, u.d, u.s, u.l, u.c, 'confirmed', p_now
            FROM unnest(p_account, p_claim, p_booking, p_beneficiary, p_dose, p_district, p_session, p_slot, p_class)
                 WITH ORDINALITY AS u (a, m, b, p, o, d, s, l, c, i)
            ORDER BY u.p, u.i
        ON CONFLICT DO NOTHING RETURNING claim_id)
    SELECT coalesce(array_agg(claim_id), '{}') INTO v_won FROM won;
    IF v_seats = n AND v_stocks = n AND cardinality(v_won) = n AND NOT EXISTS (
        SELECT FROM unnest(p_district, p_session, p_claim) AS u (d, s, c)
        JOIN appointment a ON a.district_id = u.d AND a.session_id = u.s AND a.claim_id = u.c) THEN
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
        RETURN array_fill('booked'::text, ARRAY[n]);
    END IF;
    SELECT coalesce(array_agg(DISTINCT u.g), '{}') INTO v_bad
        FROM unnest(p_group, p_claim) AS u (g, c) WHERE u.c <> ALL (v_won);
    v_outcome := array_fill('has_appointment'::text, ARRAY[n]);
    FOR v_seat IN
        SELECT u.d, u.s, u.l, u.c, u.o, array_agg(u.i::integer ORDER BY u.i) AS places
        FROM unnest(p_district, p_session, p_slot, p_class, p_dose, p_group) WITH ORDINALITY AS u (d, s, l, c, o, g, i)
        WHERE u.g <> ALL (v_bad) GROUP BY u.d, u.s, u.l, u.c, u.o ORDER BY u.d, u.s, u.l, u.c, u.o
    LOOP
        SELECT seat_take(v_seat.d, v_seat.s, v_seat.l, v_seat.c, v_seat.o, array_agg(p_group[k] ORDER BY k),
                         array_agg(p_claim[k] ORDER BY k), array_agg(p_booking[k] ORDER BY k),
                         array_agg(p_account[k] ORDER BY k), array_agg(p_beneficiary[k] ORDER BY k), p_now, p_now)
            INTO v_part FROM unnest(v_seat.places) AS k;
        FOR i IN 1 .. cardinality(v_part) LOOP
            v_outcome[v_seat.places[i]] := v_part[i];
        END LOOP;
    END LOOP;
    DELETE FROM claim USING unnest(p_account, p_claim, v_outcome) AS u (a, c, o)
        WHERE claim.account_id = u.a AND claim.claim_id = u.c AND u.o <> 'booked' AND u.c = ANY (v_won);
    RETURN v_outcome;
END $$;
COMMENT ON FUNCTION book_all IS 'Claims and seats of any slots in one transaction; the outcome of each, as of book_local.';
