-- Scheduling: sessions, slots and seats on the place side, claims on the person's side, and the steps between them.
--
-- One lock order everywhere: slots by key, then the session's stock, then persons by id.
SET lock_timeout = '5s';

CREATE TABLE session (
    district_id integer NOT NULL,
    session_id uuid NOT NULL,
    centre_id integer NOT NULL,
    programme_id text NOT NULL,
    held_on date NOT NULL,
    vaccine_id text NOT NULL,
    min_age smallint NOT NULL CHECK (min_age >= 0),
    max_age smallint CHECK (max_age >= min_age),
    fee numeric(10, 2) NOT NULL DEFAULT 0 CHECK (fee >= 0),
    state text NOT NULL CHECK (state IN ('published', 'withdrawn')),
    published_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_reason text,
    PRIMARY KEY (district_id, session_id),
    FOREIGN KEY (district_id, centre_id) REFERENCES centre (district_id, centre_id)
);
CREATE INDEX session_by_district ON session (district_id, held_on) WHERE state = 'published';
CREATE INDEX session_by_centre ON session (district_id, centre_id, held_on) WHERE state = 'published';
COMMENT ON TABLE session IS 'One centre, one day, one vaccine, a capacity (FHIR Schedule).';
COMMENT ON COLUMN session.district_id IS 'Place side key.';
COMMENT ON COLUMN session.session_id IS 'Identity.';
COMMENT ON COLUMN session.centre_id IS 'Where.';
COMMENT ON COLUMN session.programme_id IS 'For which programme.';
COMMENT ON COLUMN session.held_on IS 'When, in the country''s time zone.';
COMMENT ON COLUMN session.vaccine_id IS 'Which vaccine.';
COMMENT ON COLUMN session.min_age IS 'Youngest age in years.';
COMMENT ON COLUMN session.max_age IS 'Oldest age in years; null: no upper bound.';
COMMENT ON COLUMN session.fee IS 'What a dose costs the person, in the country''s currency.';
COMMENT ON COLUMN session.state IS 'published or withdrawn.';
COMMENT ON COLUMN session.published_at IS 'When.';
COMMENT ON COLUMN session.withdrawn_at IS 'When.';
COMMENT ON COLUMN session.withdrawn_reason IS 'Why; told to those who had booked.';

CREATE TABLE session_directory (
    session_id uuid PRIMARY KEY,
    district_id integer NOT NULL
);
COMMENT ON TABLE session_directory IS 'Directory: in which district a session is, since callers name it alone.';
COMMENT ON COLUMN session_directory.session_id IS 'The session.';
COMMENT ON COLUMN session_directory.district_id IS 'Its place side key.';

CREATE TABLE slot (
    district_id integer NOT NULL,
    session_id uuid NOT NULL,
    slot_number smallint NOT NULL,
    starts_at time NOT NULL,
    ends_at time NOT NULL CHECK (ends_at > starts_at),
    PRIMARY KEY (district_id, session_id, slot_number)
);
COMMENT ON TABLE slot IS 'A time window in a session (FHIR Slot).';
COMMENT ON COLUMN slot.district_id IS 'Place side key.';
COMMENT ON COLUMN slot.session_id IS 'The session.';
COMMENT ON COLUMN slot.slot_number IS 'Order in the day, from 1.';
COMMENT ON COLUMN slot.starts_at IS 'Wall clock.';
COMMENT ON COLUMN slot.ends_at IS 'Wall clock.';

CREATE TABLE slot_capacity (
    district_id integer NOT NULL,
    session_id uuid NOT NULL,
    slot_number smallint NOT NULL,
    dose_class smallint NOT NULL,
    capacity integer NOT NULL CHECK (capacity >= 0),
    booked integer NOT NULL DEFAULT 0,
    PRIMARY KEY (district_id, session_id, slot_number, dose_class),
    CONSTRAINT slot_not_oversold CHECK (booked BETWEEN 0 AND capacity)
) WITH (fillfactor = 20);
COMMENT ON TABLE slot_capacity IS 'Seats of a slot by dose class; narrow and loosely packed, since it is the contended row.';
COMMENT ON COLUMN slot_capacity.district_id IS 'Place side key.';
COMMENT ON COLUMN slot_capacity.session_id IS 'The session.';
COMMENT ON COLUMN slot_capacity.slot_number IS 'The slot.';
COMMENT ON COLUMN slot_capacity.dose_class IS 'Dose number that the seats are for; 0: walk-ins.';
COMMENT ON COLUMN slot_capacity.capacity IS 'Seats.';
COMMENT ON COLUMN slot_capacity.booked IS 'Seats taken by live or fulfilled appointments.';

CREATE TABLE session_stock (
    district_id integer NOT NULL,
    session_id uuid NOT NULL,
    doses integer NOT NULL CHECK (doses >= 0),
    booked integer NOT NULL DEFAULT 0,
    PRIMARY KEY (district_id, session_id),
    CONSTRAINT session_not_beyond_stock CHECK (booked BETWEEN 0 AND doses)
) WITH (fillfactor = 20);
COMMENT ON TABLE session_stock IS 'Doses that the session has, over all its slots and dose classes.';
COMMENT ON COLUMN session_stock.district_id IS 'Place side key.';
COMMENT ON COLUMN session_stock.session_id IS 'The session.';
COMMENT ON COLUMN session_stock.doses IS 'Doses allotted.';
COMMENT ON COLUMN session_stock.booked IS 'Doses spoken for.';

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
    state text NOT NULL CHECK (state IN ('booked', 'given', 'missed', 'cancelled', 'withdrawn', 'moved', 'void')),
    booked_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (district_id, session_id, claim_id)
);
COMMENT ON TABLE appointment IS 'A beneficiary''s seat in a slot (FHIR Appointment): the place''s side of a booking.';
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

CREATE TABLE claim (
    account_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    booking_id uuid NOT NULL,
    beneficiary_id uuid NOT NULL,
    programme_id text NOT NULL,
    dose_number smallint NOT NULL,
    district_id integer NOT NULL,
    session_id uuid NOT NULL,
    slot_number smallint NOT NULL,
    dose_class smallint NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'confirmed', 'given', 'released')),
    claimed_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, claim_id)
);
CREATE UNIQUE INDEX claim_one_live ON claim (account_id, beneficiary_id, programme_id)
    WHERE state IN ('pending', 'confirmed');
CREATE INDEX claim_booking ON claim (account_id, booking_id);
CREATE INDEX claim_pending ON claim (claimed_at) WHERE state = 'pending';
COMMENT ON TABLE claim IS 'The person''s side of a booking: at most one live claim per beneficiary and programme.';
COMMENT ON COLUMN claim.account_id IS 'Person side key.';
COMMENT ON COLUMN claim.claim_id IS 'Identity, made by the caller, so that every step can be repeated.';
COMMENT ON COLUMN claim.booking_id IS 'The call that made it.';
COMMENT ON COLUMN claim.beneficiary_id IS 'For whom.';
COMMENT ON COLUMN claim.programme_id IS 'In which programme.';
COMMENT ON COLUMN claim.dose_number IS 'Which dose.';
COMMENT ON COLUMN claim.district_id IS 'Where the seat is or will be.';
COMMENT ON COLUMN claim.session_id IS 'Where the seat is or will be.';
COMMENT ON COLUMN claim.slot_number IS 'Where the seat is or will be.';
COMMENT ON COLUMN claim.dose_class IS 'Whose seats it takes: a dose number, or 0 for a walk-in.';
COMMENT ON COLUMN claim.state IS 'pending: its seat is undecided; confirmed; given: the dose was given; released: its seat was given up or never taken.';
COMMENT ON COLUMN claim.claimed_at IS 'When.';

-- Seats for claims of one slot and dose class, group by group (a group is all or nothing). Elements of a group stand
-- together. Repeating it with the same claims changes nothing and answers the same. Outcomes: booked, full,
-- withdrawn, no_such_slot, or the state of the appointment that stands under the claim already. A group of which
-- only some claims have an appointment is a mistake of the caller: the others are answered void.
-- The session's state is read after the locks, in a snapshot of its own: withdrawing takes the same locks.
CREATE FUNCTION seat_take(
    p_district integer, p_session uuid, p_slot smallint, p_class smallint, p_dose smallint, p_group integer[],
    p_claim uuid[], p_booking uuid[], p_account uuid[], p_beneficiary uuid[], p_booked_at timestamptz,
    p_now timestamptz
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    n integer := cardinality(p_claim);
    v_free integer;
    v_stock integer;
    v_state text;
    v_existing text[];
    v_outcome text[] := array_fill(NULL::text, ARRAY[n]);
    v_taken integer := 0;
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
    SELECT array_agg((SELECT a.state FROM appointment a
                      WHERE a.district_id = p_district AND a.session_id = p_session AND a.claim_id = u.c) ORDER BY u.o)
        INTO v_existing FROM unnest(p_claim) WITH ORDINALITY AS u (c, o);
    v_free := least(v_free, coalesce(v_stock, 0));
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
COMMENT ON FUNCTION seat_take IS 'Place side step: take seats for claims, group by group.';

-- Claim and seat in one local transaction: the whole booking where both sides share a database.
-- Further outcome: has_appointment (somebody of the group has a live claim, or the claim was made before). Claims of
-- one call are told apart by person, so a caller that gathers several groups gives each person once.
CREATE FUNCTION book_local(
    p_district integer, p_session uuid, p_slot smallint, p_class smallint, p_dose smallint, p_programme text,
    p_group integer[], p_claim uuid[], p_booking uuid[], p_account uuid[], p_beneficiary uuid[], p_now timestamptz
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    v_won uuid[];
    v_bad integer[];
    v_outcome text[];
    v_part text[];
    v_keep integer[];
BEGIN
    PERFORM 1 FROM slot_capacity WHERE district_id = p_district AND session_id = p_session AND slot_number = p_slot
        AND dose_class = p_class FOR UPDATE;
    PERFORM 1 FROM session_stock WHERE district_id = p_district AND session_id = p_session FOR UPDATE;
    WITH won AS (
        INSERT INTO claim (account_id, claim_id, booking_id, beneficiary_id, programme_id, dose_number, district_id,
                           session_id, slot_number, dose_class, state, claimed_at)
            SELECT u.a, u.c, u.b, u.p, p_programme, p_dose, p_district, p_session, p_slot, p_class, 'confirmed', p_now
            FROM unnest(p_account, p_claim, p_booking, p_beneficiary) WITH ORDINALITY AS u (a, c, b, p, o)
            ORDER BY u.p, u.o
        ON CONFLICT DO NOTHING RETURNING claim_id)
    SELECT coalesce(array_agg(claim_id), '{}') INTO v_won FROM won;
    SELECT coalesce(array_agg(DISTINCT u.g), '{}') INTO v_bad
        FROM unnest(p_group, p_claim) AS u (g, c) WHERE u.c <> ALL (v_won);
    SELECT coalesce(array_agg(u.o ORDER BY u.o), '{}') INTO v_keep
        FROM unnest(p_group) WITH ORDINALITY AS u (g, o) WHERE u.g <> ALL (v_bad);
    v_outcome := array_fill('has_appointment'::text, ARRAY[cardinality(p_claim)]);
    IF cardinality(v_keep) > 0 THEN
        SELECT seat_take(p_district, p_session, p_slot, p_class, p_dose, array_agg(p_group[k] ORDER BY k),
                         array_agg(p_claim[k] ORDER BY k), array_agg(p_booking[k] ORDER BY k),
                         array_agg(p_account[k] ORDER BY k), array_agg(p_beneficiary[k] ORDER BY k), p_now, p_now)
            INTO v_part FROM unnest(v_keep) AS k;
        FOR k IN 1 .. cardinality(v_keep) LOOP
            v_outcome[v_keep[k]] := v_part[k];
        END LOOP;
    END IF;
    DELETE FROM claim USING unnest(p_account, p_claim, v_outcome) AS u (a, c, o)
        WHERE claim.account_id = u.a AND claim.claim_id = u.c AND u.o <> 'booked' AND u.c = ANY (v_won);
    RETURN v_outcome;
END $$;
COMMENT ON FUNCTION book_local IS 'Claim and seat together, for callers whose two sides share a database.';

-- Person side steps. Opening deletes only what it inserted itself, under which nobody can have taken a seat.
CREATE FUNCTION claim_open(
    p_account uuid, p_booking uuid, p_claim uuid[], p_beneficiary uuid[], p_programme text, p_dose smallint,
    p_district integer, p_session uuid, p_slot smallint, p_class smallint, p_now timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    v_won uuid[];
    v_stand integer;
BEGIN
    WITH won AS (
        INSERT INTO claim (account_id, claim_id, booking_id, beneficiary_id, programme_id, dose_number, district_id,
                           session_id, slot_number, dose_class, state, claimed_at)
            SELECT p_account, u.c, p_booking, u.p, p_programme, p_dose, p_district, p_session, p_slot, p_class,
                   'pending', p_now
            FROM unnest(p_claim, p_beneficiary) AS u (c, p) ORDER BY u.p
        ON CONFLICT DO NOTHING RETURNING claim_id)
    SELECT coalesce(array_agg(claim_id), '{}') INTO v_won FROM won;
    SELECT count(*) INTO v_stand FROM claim
        WHERE account_id = p_account AND claim_id = ANY (p_claim) AND state IN ('pending', 'confirmed');
    IF v_stand = cardinality(p_claim) THEN
        RETURN true;
    END IF;
    DELETE FROM claim WHERE account_id = p_account AND claim_id = ANY (v_won);
    RETURN false;
END $$;
COMMENT ON FUNCTION claim_open IS 'Split mode, first step: claims of one booking, all or none; repeatable.';

CREATE FUNCTION claim_settle(p_account uuid, p_claim uuid[], p_state text) RETURNS integer LANGUAGE sql AS $$
    WITH settled AS (
        UPDATE claim SET state = p_state
        WHERE account_id = p_account AND claim_id = ANY (p_claim) AND state = 'pending' RETURNING 1)
    SELECT count(*)::integer FROM settled
$$;
COMMENT ON FUNCTION claim_settle IS 'Split mode, last step: confirm or release pending claims.';

CREATE FUNCTION claim_release(p_account uuid[], p_claim uuid[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_count integer;
BEGIN
    PERFORM 1 FROM claim JOIN unnest(p_account, p_claim) AS u (a, c) ON claim.account_id = u.a AND claim.claim_id = u.c
        ORDER BY claim.beneficiary_id FOR UPDATE OF claim;
    UPDATE claim SET state = 'released' FROM unnest(p_account, p_claim) AS u (a, c)
        WHERE claim.account_id = u.a AND claim.claim_id = u.c AND claim.state IN ('pending', 'confirmed');
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;
COMMENT ON FUNCTION claim_release IS 'Person side step after seats were given up: the persons may book again.';

-- A fence: after it no seat can be taken under these claims. Answers the state that stands for each.
CREATE FUNCTION seat_fence(
    p_district integer, p_session uuid, p_slot smallint, p_class smallint, p_dose smallint,
    p_claim uuid[], p_booking uuid, p_account uuid, p_beneficiary uuid[], p_now timestamptz
) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM slot_capacity WHERE district_id = p_district AND session_id = p_session AND slot_number = p_slot
        AND dose_class = p_class FOR UPDATE;
    INSERT INTO appointment (district_id, session_id, claim_id, booking_id, slot_number, dose_class, account_id,
                             beneficiary_id, dose_number, state, booked_at, changed_at)
        SELECT p_district, p_session, u.c, p_booking, p_slot, p_class, p_account, u.p, p_dose, 'void', p_now, p_now
        FROM unnest(p_claim, p_beneficiary) AS u (c, p)
    ON CONFLICT DO NOTHING;
    RETURN (SELECT array_agg(a.state ORDER BY u.o)
            FROM unnest(p_claim) WITH ORDINALITY AS u (c, o)
            JOIN appointment a ON a.district_id = p_district AND a.session_id = p_session AND a.claim_id = u.c);
END $$;
COMMENT ON FUNCTION seat_fence IS 'Split mode: make an undecided booking decided.';

-- Give seats back: live appointments of these claims end in the given state. Answers which did.
CREATE FUNCTION seat_release(p_district integer, p_session uuid, p_claim uuid[], p_state text, p_now timestamptz)
RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM slot_capacity s WHERE s.district_id = p_district AND s.session_id = p_session
        AND (s.slot_number, s.dose_class) IN (
            SELECT a.slot_number, a.dose_class FROM appointment a
            WHERE a.district_id = p_district AND a.session_id = p_session AND a.claim_id = ANY (p_claim))
        ORDER BY s.slot_number, s.dose_class FOR UPDATE;
    PERFORM 1 FROM session_stock WHERE district_id = p_district AND session_id = p_session FOR UPDATE;
    RETURN QUERY
    WITH ended AS (
        UPDATE appointment a SET state = p_state, changed_at = p_now
        WHERE a.district_id = p_district AND a.session_id = p_session AND a.claim_id = ANY (p_claim)
          AND a.state = 'booked'
        RETURNING a.claim_id, a.slot_number, a.dose_class),
    seats AS (
        UPDATE slot_capacity s SET booked = s.booked - e.seats
        FROM (SELECT slot_number, dose_class, count(*) AS seats FROM ended GROUP BY 1, 2) e
        WHERE s.district_id = p_district AND s.session_id = p_session AND s.slot_number = e.slot_number
          AND s.dose_class = e.dose_class),
    stock AS (
        UPDATE session_stock t SET booked = t.booked - (SELECT count(*) FROM ended)
        WHERE t.district_id = p_district AND t.session_id = p_session AND EXISTS (SELECT FROM ended))
    SELECT ended.claim_id FROM ended;
END $$;
COMMENT ON FUNCTION seat_release IS 'Place side step: give seats back.';

-- Withdraw a session: under all its locks, so that every booking is either ended here or finds it withdrawn.
-- Answers the claims whose seats were given back; null where the session was not published (any more).
CREATE FUNCTION session_withdraw(p_district integer, p_session uuid, p_reason text, p_now timestamptz)
RETURNS uuid[] LANGUAGE plpgsql AS $$
DECLARE
    v_claims uuid[];
BEGIN
    PERFORM 1 FROM slot_capacity WHERE district_id = p_district AND session_id = p_session
        ORDER BY slot_number, dose_class FOR UPDATE;
    PERFORM 1 FROM session_stock WHERE district_id = p_district AND session_id = p_session FOR UPDATE;
    UPDATE session SET state = 'withdrawn', withdrawn_at = p_now, withdrawn_reason = p_reason
        WHERE district_id = p_district AND session_id = p_session AND state = 'published';
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT array_agg(claim_id) INTO v_claims FROM appointment
        WHERE district_id = p_district AND session_id = p_session AND state = 'booked';
    RETURN (SELECT coalesce(array_agg(ended), '{}')
            FROM seat_release(p_district, p_session, v_claims, 'withdrawn', p_now) AS ended);
END $$;
COMMENT ON FUNCTION session_withdraw IS 'Place side step: no more seats in this session, and those taken are given back.';
