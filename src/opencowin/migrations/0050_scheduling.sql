-- Scheduling: a journal of what changes for people who look for a seat, read by number.
--
-- A change is noted in its own transaction. Once that is committed, whoever reads next gives it the next number, one
-- numberer at a time: numbers become visible in their order, however long a transaction that began earlier stays open.
-- Drafts and sessions for invited people are never noted; nor are seats for walk-ins and for a group.
SET lock_timeout = '5s';

CREATE TABLE session_news (
    news_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    made_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
    district_id integer NOT NULL,
    session_id uuid NOT NULL,
    kind text NOT NULL,
    happened_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT session_news_once UNIQUE (made_by, session_id)
);
COMMENT ON TABLE session_news IS 'Changes that were noted and have no number yet; empty most of the time.';
COMMENT ON COLUMN session_news.news_id IS 'Order of being noted.';
COMMENT ON COLUMN session_news.made_by IS 'The transaction: one note for each session that it changes, the first one.';
COMMENT ON COLUMN session_news.district_id IS 'Place side key.';
COMMENT ON COLUMN session_news.session_id IS 'Which session.';
COMMENT ON COLUMN session_news.kind IS 'As in session_change.';
COMMENT ON COLUMN session_news.happened_at IS 'When the transaction began.';

CREATE TABLE session_change (
    change_number bigint PRIMARY KEY,
    district_id integer NOT NULL,
    session_id uuid NOT NULL,
    centre_id integer NOT NULL,
    pin_code text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('published', 'changed', 'withdrawn', 'seats_gone', 'seats_released')),
    happened_at timestamptz NOT NULL
);
CREATE INDEX session_change_of_district ON session_change (district_id, change_number);
CREATE INDEX session_change_of_pin ON session_change (pin_code, change_number);
CREATE INDEX session_change_by_age ON session_change (happened_at);
COMMENT ON TABLE session_change IS 'What changed for people who look for a seat, in the order in which it became visible; deleted after some days.';
COMMENT ON COLUMN session_change.change_number IS 'From 1, without gaps: the cursor of those who read.';
COMMENT ON COLUMN session_change.district_id IS 'Place side key.';
COMMENT ON COLUMN session_change.session_id IS 'Which session.';
COMMENT ON COLUMN session_change.centre_id IS 'Its centre.';
COMMENT ON COLUMN session_change.pin_code IS 'The centre''s postal code then.';
COMMENT ON COLUMN session_change.kind IS 'published, changed, withdrawn; seats_gone: the last seat of a slot or of the session was taken; seats_released: there are seats again.';
COMMENT ON COLUMN session_change.happened_at IS 'When its transaction began.';

CREATE TABLE session_journal (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    newest bigint NOT NULL,
    forgotten bigint NOT NULL
);
INSERT INTO session_journal (newest, forgotten) VALUES (0, 0);
COMMENT ON TABLE session_journal IS 'How far the journal of changes goes; its one row is held by who numbers.';
COMMENT ON COLUMN session_journal.only_row IS 'There is one row.';
COMMENT ON COLUMN session_journal.newest IS 'The last number that was given.';
COMMENT ON COLUMN session_journal.forgotten IS 'The last number that was deleted.';

CREATE FUNCTION session_news_number(p_most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_newest bigint;
    v_numbered integer;
BEGIN
    IF NOT EXISTS (SELECT FROM session_news) THEN
        RETURN 0;
    END IF;
    SELECT newest INTO v_newest FROM session_journal FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN -1;
    END IF;
    WITH taken AS (
        DELETE FROM session_news
        WHERE news_id IN (SELECT news_id FROM session_news ORDER BY news_id LIMIT p_most)
        RETURNING *)
    INSERT INTO session_change (change_number, district_id, session_id, centre_id, pin_code, kind, happened_at)
        SELECT v_newest + row_number() OVER (ORDER BY t.news_id), t.district_id, t.session_id, s.centre_id,
               c.pin_code, t.kind, t.happened_at
        FROM taken t JOIN session s USING (district_id, session_id)
        JOIN centre c ON c.district_id = s.district_id AND c.centre_id = s.centre_id;
    GET DIAGNOSTICS v_numbered = ROW_COUNT;
    UPDATE session_journal SET newest = newest + v_numbered;
    RETURN v_numbered;
END $$;
COMMENT ON FUNCTION session_news_number IS 'Gives numbers to changes that were noted and committed; how many, or -1: somebody else does it now.';

CREATE FUNCTION session_note(p_district integer, p_session uuid, p_kind text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO session_news (district_id, session_id, kind)
        SELECT district_id, session_id, p_kind FROM session
        WHERE district_id = p_district AND session_id = p_session AND state = 'published' AND NOT closed
        ON CONFLICT DO NOTHING
$$;
COMMENT ON FUNCTION session_note IS 'Notes a change of a session that everybody may see.';

CREATE FUNCTION session_note_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO session_news (district_id, session_id, kind)
        SELECT district_id, session_id, 'published' FROM changed WHERE state = 'published' AND NOT closed
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION session_note_new IS 'Statement trigger: these sessions were published at once.';

CREATE FUNCTION session_note_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'published' AND NEW.state = 'withdrawn' AND NOT NEW.closed THEN
        INSERT INTO session_news (district_id, session_id, kind)
            VALUES (NEW.district_id, NEW.session_id, 'withdrawn')
            ON CONFLICT (made_by, session_id) DO UPDATE SET kind = 'withdrawn';
    ELSE
        PERFORM session_note(NEW.district_id, NEW.session_id,
                             CASE OLD.state WHEN 'published' THEN 'changed' ELSE 'published' END);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION session_note_update IS 'Row trigger: this session was published, withdrawn, or is another now.';

CREATE FUNCTION session_note_set() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO session_news (district_id, session_id, kind)
        SELECT s.district_id, s.session_id, 'changed'
        FROM (SELECT DISTINCT district_id, session_id FROM changed) AS c JOIN session s USING (district_id, session_id)
        WHERE s.state = 'published' AND NOT s.closed
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION session_note_set IS 'Statement trigger: these rows'' sessions have changed.';

CREATE FUNCTION session_note_slot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM session_note(NEW.district_id, NEW.session_id, 'changed');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION session_note_slot IS 'Row trigger: this row''s session has changed.';

CREATE FUNCTION session_note_seats() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_before boolean := OLD.booked < OLD.capacity;
    v_after boolean := NEW.booked < NEW.capacity;
BEGIN
    PERFORM session_note(NEW.district_id, NEW.session_id,
        CASE WHEN v_before = v_after THEN 'changed' WHEN v_after THEN 'seats_released' ELSE 'seats_gone' END);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION session_note_seats IS 'Row trigger: a slot has seats again, has none left, or was made larger or smaller.';

CREATE FUNCTION session_note_stock() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_before boolean := OLD.booked < OLD.doses;
    v_after boolean := NEW.booked < NEW.doses;
BEGIN
    PERFORM session_note(NEW.district_id, NEW.session_id,
        CASE WHEN v_before = v_after THEN 'changed' WHEN v_after THEN 'seats_released' ELSE 'seats_gone' END);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION session_note_stock IS 'Row trigger: a session has doses again, has none left, or was given more or fewer.';

CREATE TRIGGER session_note_new AFTER INSERT ON session REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION session_note_new();
CREATE TRIGGER session_note_update AFTER UPDATE ON session FOR EACH ROW
    WHEN ((OLD.state, OLD.held_on, OLD.vaccine_id, OLD.min_age, OLD.max_age, OLD.fee, OLD.bookable_from, OLD.closed)
          IS DISTINCT FROM
          (NEW.state, NEW.held_on, NEW.vaccine_id, NEW.min_age, NEW.max_age, NEW.fee, NEW.bookable_from, NEW.closed))
    EXECUTE FUNCTION session_note_update();
CREATE TRIGGER session_note_slot_new AFTER INSERT ON slot REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION session_note_set();
CREATE TRIGGER session_note_slot AFTER UPDATE ON slot FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION session_note_slot();
CREATE TRIGGER session_note_seats_new AFTER INSERT ON slot_capacity REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION session_note_set();
CREATE TRIGGER session_note_seats AFTER UPDATE ON slot_capacity FOR EACH ROW
    WHEN (NEW.dose_class BETWEEN 1 AND 99
          AND (OLD.capacity <> NEW.capacity OR (OLD.booked < OLD.capacity) <> (NEW.booked < NEW.capacity)))
    EXECUTE FUNCTION session_note_seats();
CREATE TRIGGER session_note_stock AFTER UPDATE ON session_stock FOR EACH ROW
    WHEN (OLD.doses <> NEW.doses OR (OLD.booked < OLD.doses) <> (NEW.booked < NEW.doses))
    EXECUTE FUNCTION session_note_stock();
