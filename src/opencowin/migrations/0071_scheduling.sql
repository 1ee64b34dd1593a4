-- Appointments by month of their session, whose id begins with its day; the ids of earlier sessions are random for ever.
--
-- What was there stays where it is, as one part, but for the sixty-fourth whose ids look like days between 1970 and 2109.
-- Its rows are looked through twice under a lock: some ten seconds for each ten million, in which nobody books.
SET lock_timeout = '5s';

ALTER TABLE session_directory ADD COLUMN entered_as uuid;
CREATE UNIQUE INDEX session_directory_entered_as ON session_directory (entered_as) WHERE entered_as IS NOT NULL;
COMMENT ON COLUMN session_directory.entered_as IS 'What whoever entered it called it, so that the same said twice makes one session; null: nothing.';

ALTER TABLE appointment RENAME TO appointment_earlier;
ALTER INDEX appointment_pkey RENAME TO appointment_earlier_pkey;
COMMENT ON TABLE appointment_earlier IS 'Rows of appointment in sessions whose ids do not begin with their day.';

CREATE TABLE appointment (
    district_id integer NOT NULL,
    session_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    booking_id uuid NOT NULL,
    slot_number smallint NOT NULL,
    dose_class smallint NOT NULL,
    account_id uuid NOT NULL,
    beneficiary_id uuid NOT NULL,
    dose_number smallint NOT NULL,
    state text NOT NULL CONSTRAINT appointment_state_check
        CHECK (state IN ('booked', 'given', 'missed', 'cancelled', 'withdrawn', 'moved', 'void')),
    booked_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (district_id, session_id, claim_id)
) PARTITION BY RANGE (session_id);
COMMENT ON TABLE appointment IS 'A beneficiary''s seat in a slot (FHIR Appointment): the place''s side of a booking. A part a month; old ones may be away.';
COMMENT ON COLUMN appointment.district_id IS 'Place side key.';
COMMENT ON COLUMN appointment.session_id IS 'The session.';
COMMENT ON COLUMN appointment.claim_id IS 'The claim that it answers.';
COMMENT ON COLUMN appointment.booking_id IS 'The call that booked it; several members may share one. Callers know it as appointment id.';
COMMENT ON COLUMN appointment.slot_number IS 'The slot.';
COMMENT ON COLUMN appointment.dose_class IS 'Whose seats it takes: a dose number, or 0 for a walk-in.';
COMMENT ON COLUMN appointment.account_id IS 'Person side key.';
COMMENT ON COLUMN appointment.beneficiary_id IS 'For whom.';
COMMENT ON COLUMN appointment.dose_number IS 'Which dose.';
COMMENT ON COLUMN appointment.state IS 'Only booked and given hold a seat; void is a fence: under this claim no seat can be taken any more.';
COMMENT ON COLUMN appointment.booked_at IS 'When.';
COMMENT ON COLUMN appointment.changed_at IS 'When the state last changed.';

CREATE TABLE appointment_default (LIKE appointment INCLUDING ALL);
COMMENT ON TABLE appointment_default IS 'Rows of appointment whose month has no part: it is far ahead, or away.';
ALTER TABLE appointment ATTACH PARTITION appointment_default DEFAULT;
CREATE TABLE appointment_first (LIKE appointment INCLUDING ALL);
COMMENT ON TABLE appointment_first IS 'Rows of appointment of the months before it was parted.';
DO $$
BEGIN
    EXECUTE format('ALTER TABLE appointment ATTACH PARTITION appointment_first FOR VALUES FROM (MINVALUE) TO (%L)',
                   uuid_from(date_trunc('month', now(), 'UTC')));
END $$;
SELECT partition_ahead('appointment', 3);
DO $$
BEGIN
    IF EXISTS (SELECT FROM appointment_earlier) THEN
        WITH moved AS (DELETE FROM appointment_earlier WHERE session_id < '04000000-0000-0000-0000-000000000000'
                       RETURNING *)
        INSERT INTO appointment SELECT * FROM moved;
        ALTER TABLE appointment ATTACH PARTITION appointment_earlier
            FOR VALUES FROM ('04000000-0000-0000-0000-000000000000') TO (MAXVALUE);
    ELSE
        DROP TABLE appointment_earlier;
    END IF;
END $$;

-- Which part a row lies in is known when a statement begins; planning it anew each time, which PostgreSQL would do
-- because the part can then be named, costs more than all else.
ALTER FUNCTION seat_fence(integer, uuid, smallint, smallint, smallint, uuid[], uuid, uuid, uuid[], timestamptz)
    SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION seat_release(integer, uuid, uuid[], text, timestamptz) SET plan_cache_mode = force_generic_plan;
ALTER FUNCTION session_withdraw(integer, uuid, text, timestamptz) SET plan_cache_mode = force_generic_plan;

-- As before, but that the key itself tells whether an appointment stands under a claim already: where there is room for
-- all and there is none, as nearly always, nothing is looked for.
CREATE OR REPLACE FUNCTION seat_take(
    p_district integer, p_session uuid, p_slot smallint, p_class smallint, p_dose smallint, p_group integer[],
    p_claim uuid[], p_booking uuid[], p_account uuid[], p_beneficiary uuid[], p_booked_at timestamptz,
    p_now timestamptz
) RETURNS text[] LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    n integer := cardinality(p_claim);
    v_free integer;
    v_stock integer;
    v_state text;
    v_existing text[];
    v_outcome text[] := array_fill(NULL::text, ARRAY[n]);
    v_taken integer := 0;
    v_made uuid[];
    v_answer text;
    v_seen boolean;
    i integer := 1;
    j integer;
BEGIN
    SELECT capacity - booked INTO v_free FROM slot_capacity
        WHERE district_id = p_district AND session_id = p_session AND slot_number = p_slot AND dose_class = p_class
        FOR UPDATE;
    IF NOT FOUND THEN
        RETURN array_fill('no_such_slot'::text, ARRAY[n]);
    END IF;
    SELECT doses - booked INTO v_stock FROM session_stock
        WHERE district_id = p_district AND session_id = p_session FOR UPDATE;
    SELECT state INTO v_state FROM session WHERE district_id = p_district AND session_id = p_session;
    v_free := least(v_free, coalesce(v_stock, 0));
    IF n <= v_free AND v_state = 'published' THEN
        WITH made AS (
            INSERT INTO appointment (district_id, session_id, claim_id, booking_id, slot_number, dose_class, account_id,
                                     beneficiary_id, dose_number, state, booked_at, changed_at)
                SELECT p_district, p_session, u.c, u.b, p_slot, p_class, u.a, u.p, p_dose, 'booked', p_booked_at, p_now
                FROM unnest(p_claim, p_booking, p_account, p_beneficiary) AS u (c, b, a, p)
            ON CONFLICT DO NOTHING RETURNING claim_id)
        SELECT coalesce(array_agg(claim_id), '{}') INTO v_made FROM made;
        IF cardinality(v_made) = n THEN
            UPDATE slot_capacity SET booked = booked + n
                WHERE district_id = p_district AND session_id = p_session AND slot_number = p_slot
                  AND dose_class = p_class;
            UPDATE session_stock SET booked = booked + n WHERE district_id = p_district AND session_id = p_session;
            RETURN array_fill('booked'::text, ARRAY[n]);
        END IF;
        IF cardinality(v_made) > 0 THEN
            DELETE FROM appointment
                WHERE district_id = p_district AND session_id = p_session AND claim_id = ANY (v_made);
        END IF;
    END IF;
    SELECT array_agg(a.state ORDER BY u.o) INTO v_existing
        FROM unnest(p_claim) WITH ORDINALITY AS u (c, o)
        LEFT JOIN (SELECT claim_id, state FROM appointment WHERE district_id = p_district AND session_id = p_session
                       AND claim_id = ANY (p_claim)) AS a ON a.claim_id = u.c;
    WHILE i <= n LOOP
        j := i;
        v_seen := v_existing[i] IS NOT NULL;
        WHILE j < n AND p_group[j + 1] = p_group[i] LOOP
            j := j + 1;
            v_seen := v_seen OR v_existing[j] IS NOT NULL;
        END LOOP;
        v_answer := CASE WHEN v_seen THEN 'void'
                         WHEN v_state IS DISTINCT FROM 'published' THEN 'withdrawn'
                         WHEN j - i + 1 > v_free - v_taken THEN 'full'
                         ELSE 'booked' END;
        IF v_answer = 'booked' THEN
            v_taken := v_taken + j - i + 1;
        END IF;
        FOR k IN i .. j LOOP
            v_outcome[k] := coalesce(v_existing[k], v_answer);
        END LOOP;
        i := j + 1;
    END LOOP;
    IF v_taken > 0 THEN
        INSERT INTO appointment (district_id, session_id, claim_id, booking_id, slot_number, dose_class, account_id,
                                 beneficiary_id, dose_number, state, booked_at, changed_at)
            SELECT p_district, p_session, u.c, u.b, p_slot, p_class, u.a, u.p, p_dose, 'booked', p_booked_at, p_now
            FROM unnest(p_claim, p_booking, p_account, p_beneficiary, v_outcome, v_existing) AS u (c, b, a, p, o, x)
            WHERE u.o = 'booked' AND u.x IS NULL;
        UPDATE slot_capacity SET booked = booked + v_taken
            WHERE district_id = p_district AND session_id = p_session AND slot_number = p_slot
              AND dose_class = p_class;
        UPDATE session_stock SET booked = booked + v_taken
            WHERE district_id = p_district AND session_id = p_session;
    END IF;
    RETURN v_outcome;
END $$;

-- As before, but for the same.
CREATE OR REPLACE FUNCTION book_all(
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
    v_made uuid[] := '{}';
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
    IF v_seats = n AND v_stocks = n AND cardinality(v_won) = n THEN
        WITH made AS (
            INSERT INTO appointment (district_id, session_id, claim_id, booking_id, slot_number, dose_class, account_id,
                                     beneficiary_id, dose_number, state, booked_at, changed_at)
                SELECT u.d, u.s, u.m, u.b, u.l, u.c, u.a, u.p, u.o, 'booked', p_now, p_now
                FROM unnest(p_account, p_claim, p_booking, p_beneficiary, p_dose, p_district, p_session, p_slot, p_class)
                     AS u (a, m, b, p, o, d, s, l, c)
            ON CONFLICT DO NOTHING RETURNING claim_id)
        SELECT coalesce(array_agg(claim_id), '{}') INTO v_made FROM made;
    END IF;
    IF cardinality(v_made) = n THEN
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
    IF cardinality(v_made) > 0 THEN
        DELETE FROM appointment a USING unnest(p_district, p_session, p_claim) AS u (d, s, c)
            WHERE a.district_id = u.d AND a.session_id = u.s AND a.claim_id = u.c AND u.c = ANY (v_made);
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

CREATE FUNCTION seat_booked_at(p_district integer, p_session uuid, p_claim uuid) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN (SELECT booked_at FROM appointment WHERE district_id = p_district AND session_id = p_session
                AND claim_id = p_claim AND state = 'booked');
END $$;
COMMENT ON FUNCTION seat_booked_at IS 'When a live appointment was booked; null: there is none.';

-- Of few people the appointments are looked up one by one, each in its part; of many at once, where opening all parts once
-- costs less.
CREATE FUNCTION live_appointments(p_account uuid[], p_beneficiary uuid[])
RETURNS TABLE (account_id uuid, claim_id uuid, booking_id uuid, beneficiary_id uuid, dose_number smallint,
               dose_class smallint, district_id integer, session_id uuid, slot_number smallint, booked_at timestamptz,
               centre_id integer, held_on date, vaccine_id text, starts_at time, ends_at time)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    IF cardinality(p_account) <= 4 THEN
        RETURN QUERY
        SELECT c.account_id, c.claim_id, c.booking_id, c.beneficiary_id, c.dose_number, c.dose_class, c.district_id,
               c.session_id, c.slot_number, a.at, s.centre_id, s.held_on, s.vaccine_id, l.starts_at, l.ends_at
        FROM unnest(p_account, p_beneficiary) AS u (account, beneficiary)
        JOIN claim c ON c.account_id = u.account AND c.beneficiary_id = u.beneficiary
        CROSS JOIN LATERAL seat_booked_at(c.district_id, c.session_id, c.claim_id) AS a (at)
        JOIN session s ON s.district_id = c.district_id AND s.session_id = c.session_id
        JOIN slot l ON l.district_id = c.district_id AND l.session_id = c.session_id AND l.slot_number = c.slot_number
        WHERE c.state IN ('pending', 'confirmed') AND a.at IS NOT NULL;
    ELSE
        RETURN QUERY
        SELECT c.account_id, c.claim_id, c.booking_id, c.beneficiary_id, c.dose_number, c.dose_class, c.district_id,
               c.session_id, c.slot_number, a.booked_at, s.centre_id, s.held_on, s.vaccine_id, l.starts_at, l.ends_at
        FROM unnest(p_account, p_beneficiary) AS u (account, beneficiary)
        JOIN claim c ON c.account_id = u.account AND c.beneficiary_id = u.beneficiary
        JOIN appointment a ON a.district_id = c.district_id AND a.session_id = c.session_id AND a.claim_id = c.claim_id
                          AND a.state = 'booked'
        JOIN session s ON s.district_id = c.district_id AND s.session_id = c.session_id
        JOIN slot l ON l.district_id = c.district_id AND l.session_id = c.session_id AND l.slot_number = c.slot_number
        WHERE c.state IN ('pending', 'confirmed');
    END IF;
END $$;
COMMENT ON FUNCTION live_appointments IS 'The live appointments of people.';

CREATE FUNCTION seat_fulfil(p_account uuid, p_claim uuid, p_district integer, p_session uuid, p_now timestamptz)
RETURNS boolean LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    UPDATE appointment SET state = 'given', changed_at = p_now
        WHERE district_id = p_district AND session_id = p_session AND claim_id = p_claim AND state = 'booked';
    IF FOUND THEN
        UPDATE claim SET state = 'given'
            WHERE account_id = p_account AND claim_id = p_claim AND state IN ('pending', 'confirmed');
    END IF;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION seat_fulfil IS 'The dose was given: the appointment and its claim say so; false: it was not live any more.';

CREATE FUNCTION seats_fulfil_free(p_district integer[], p_session uuid[], p_claim uuid[], p_now timestamptz)
RETURNS integer LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_fulfilled integer := 0;
    v_rows integer;
    v_of record;
BEGIN
    FOR v_of IN
        SELECT d, s, array_agg(c ORDER BY c) AS claims FROM unnest(p_district, p_session, p_claim) AS u (d, s, c)
        GROUP BY d, s ORDER BY d, s
    LOOP
        WITH free AS (
            SELECT a.claim_id FROM appointment a
            WHERE a.district_id = v_of.d AND a.session_id = v_of.s AND a.claim_id = ANY (v_of.claims)
              AND a.state = 'booked' FOR NO KEY UPDATE OF a SKIP LOCKED),
        seat AS (
            UPDATE appointment a SET state = 'given', changed_at = p_now FROM free
            WHERE a.district_id = v_of.d AND a.session_id = v_of.s AND a.claim_id = free.claim_id
            RETURNING a.account_id, a.claim_id)
        UPDATE claim SET state = 'given' FROM seat
            WHERE claim.account_id = seat.account_id AND claim.claim_id = seat.claim_id
              AND claim.state IN ('pending', 'confirmed');
        GET DIAGNOSTICS v_rows = ROW_COUNT;
        v_fulfilled := v_fulfilled + v_rows;
    END LOOP;
    RETURN v_fulfilled;
END $$;
COMMENT ON FUNCTION seats_fulfil_free IS 'As seat_fulfil, for those of these that are live and that nobody else holds; how many.';

-- Under the session's locks, in their order; whoever did not come may book again.
CREATE FUNCTION session_close(p_district integer, p_session uuid, p_now timestamptz) RETURNS integer
LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    v_claims uuid[];
    v_accounts uuid[];
BEGIN
    PERFORM 1 FROM slot_capacity WHERE district_id = p_district AND session_id = p_session
        ORDER BY slot_number, dose_class FOR UPDATE;
    PERFORM 1 FROM session_stock WHERE district_id = p_district AND session_id = p_session FOR UPDATE;
    SELECT array_agg(claim_id ORDER BY claim_id), array_agg(account_id ORDER BY claim_id) INTO v_claims, v_accounts
        FROM appointment WHERE district_id = p_district AND session_id = p_session AND state = 'booked';
    IF v_claims IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM seat_release(p_district, p_session, v_claims, 'missed', p_now);
    PERFORM claim_release(v_accounts, v_claims);
    RETURN cardinality(v_claims);
END $$;
COMMENT ON FUNCTION session_close IS 'A session is over for good: who was booked and did not come has missed it; how many.';
