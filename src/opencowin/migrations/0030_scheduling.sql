-- Scheduling: sessions planned ahead, by weekly templates; sessions for invited people; seats reserved for a group.
SET lock_timeout = '5s';

ALTER TABLE session ALTER COLUMN published_at DROP NOT NULL;
ALTER TABLE session DROP CONSTRAINT session_state_check;
ALTER TABLE session ADD CONSTRAINT session_state_known CHECK (state IN ('draft', 'published', 'withdrawn'));
ALTER TABLE session ADD CONSTRAINT session_published_when CHECK (state = 'draft' OR published_at IS NOT NULL);
ALTER TABLE session ADD COLUMN publish_at timestamptz;
ALTER TABLE session ADD COLUMN tried_at timestamptz;
ALTER TABLE session ADD COLUMN held_back text;
ALTER TABLE session ADD COLUMN template_id uuid;
ALTER TABLE session ADD COLUMN round text NOT NULL DEFAULT 'open'
    CHECK (round IN ('open', 'workplace', 'near_home', 'school', 'home'));
ALTER TABLE session ADD COLUMN closed boolean NOT NULL DEFAULT false;
ALTER TABLE session ADD COLUMN reserved_for text;
ALTER TABLE session ADD COLUMN opens_to_all_at timestamptz;
CREATE UNIQUE INDEX session_of_template ON session (district_id, template_id, held_on) WHERE template_id IS NOT NULL;
CREATE INDEX session_due ON session (publish_at) WHERE state = 'draft' AND publish_at IS NOT NULL;
CREATE INDEX session_to_open ON session (opens_to_all_at) WHERE reserved_for IS NOT NULL;
CREATE INDEX session_drafts ON session (district_id, held_on) WHERE state = 'draft';
COMMENT ON COLUMN session.state IS 'draft (nobody can book), published or withdrawn.';
COMMENT ON COLUMN session.publish_at IS 'When a draft is to be published; null: when somebody does it.';
COMMENT ON COLUMN session.tried_at IS 'When publishing it was last tried in vain.';
COMMENT ON COLUMN session.held_back IS 'Code of the refusal that keeps a due draft from being published; null: none.';
COMMENT ON COLUMN session.template_id IS 'The weekly template that it was made from; null: none.';
COMMENT ON COLUMN session.round IS 'open, or a round for a workplace, near homes, at a school, from door to door.';
COMMENT ON COLUMN session.closed IS 'Whether it is left out of public search: people enter by an invitation code.';
COMMENT ON COLUMN session.reserved_for IS 'Priority group that the reserved seats (dose classes above 100) are for; null: none, or opened to all.';
COMMENT ON COLUMN session.opens_to_all_at IS 'When reserved seats that are left become everybody''s; null: never.';

ALTER TABLE session_directory ADD COLUMN invitation text;
CREATE UNIQUE INDEX session_directory_invitation ON session_directory (invitation) WHERE invitation IS NOT NULL;
COMMENT ON COLUMN session_directory.invitation IS 'Code by which invited people find a closed session; null for the others.';
COMMENT ON COLUMN slot_capacity.dose_class IS 'Dose number that the seats are for; 0: walk-ins; 100 more: reserved for the session''s group.';

CREATE TABLE session_template (
    district_id integer NOT NULL,
    template_id uuid NOT NULL,
    centre_id integer NOT NULL,
    name text NOT NULL,
    weekdays smallint[] NOT NULL CHECK (cardinality(weekdays) > 0),
    vaccine_id text NOT NULL,
    min_age smallint NOT NULL,
    max_age smallint,
    fee numeric(10, 2) NOT NULL DEFAULT 0,
    slots jsonb NOT NULL,
    doses integer NOT NULL CHECK (doses >= 0),
    round text NOT NULL DEFAULT 'open',
    closed boolean NOT NULL DEFAULT false,
    reserved_for text,
    reserved_hours integer CHECK (reserved_hours >= 0),
    saved_at timestamptz NOT NULL,
    saved_by text NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (district_id, template_id),
    FOREIGN KEY (district_id, centre_id) REFERENCES centre (district_id, centre_id)
);
CREATE INDEX session_template_of_centre ON session_template (district_id, centre_id) WHERE ended_at IS NULL;
COMMENT ON TABLE session_template IS 'What a centre holds in a usual week; made into sessions for chosen weeks.';
COMMENT ON COLUMN session_template.district_id IS 'Place side key.';
COMMENT ON COLUMN session_template.template_id IS 'Made by whoever saves it.';
COMMENT ON COLUMN session_template.centre_id IS 'Where.';
COMMENT ON COLUMN session_template.name IS 'How officers call it.';
COMMENT ON COLUMN session_template.weekdays IS 'Days of the week, 1 Monday to 7 Sunday.';
COMMENT ON COLUMN session_template.vaccine_id IS 'Which vaccine.';
COMMENT ON COLUMN session_template.min_age IS 'Youngest age in years.';
COMMENT ON COLUMN session_template.max_age IS 'Oldest age; null: no upper bound.';
COMMENT ON COLUMN session_template.fee IS 'What a dose costs the person.';
COMMENT ON COLUMN session_template.slots IS 'Its slots: [[starts, ends, {dose class: seats}], ...].';
COMMENT ON COLUMN session_template.doses IS 'Doses for each session.';
COMMENT ON COLUMN session_template.round IS 'As in session.';
COMMENT ON COLUMN session_template.closed IS 'As in session.';
COMMENT ON COLUMN session_template.reserved_for IS 'As in session.';
COMMENT ON COLUMN session_template.reserved_hours IS 'Hours before the day begins at which reserved seats become everybody''s; null: never.';
COMMENT ON COLUMN session_template.saved_at IS 'When it was last saved.';
COMMENT ON COLUMN session_template.saved_by IS 'By which actor.';
COMMENT ON COLUMN session_template.ended_at IS 'Since when it is not used any more; null while it is.';

-- Reserved seats that are left become everybody's: one step under the slots' locks.
CREATE FUNCTION session_open_to_all(p_district integer, p_session uuid) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_opened integer;
BEGIN
    PERFORM 1 FROM slot_capacity WHERE district_id = p_district AND session_id = p_session
        ORDER BY slot_number, dose_class FOR UPDATE;
    IF NOT EXISTS (SELECT FROM session WHERE district_id = p_district AND session_id = p_session
                     AND reserved_for IS NOT NULL) THEN
        RETURN 0;
    END IF;
    SELECT coalesce(sum(capacity - booked), 0) INTO v_opened FROM slot_capacity
        WHERE district_id = p_district AND session_id = p_session AND dose_class > 100;
    INSERT INTO slot_capacity AS s (district_id, session_id, slot_number, dose_class, capacity)
        SELECT district_id, session_id, slot_number, dose_class - 100, capacity - booked FROM slot_capacity
        WHERE district_id = p_district AND session_id = p_session AND dose_class > 100
        ORDER BY slot_number, dose_class
        ON CONFLICT (district_id, session_id, slot_number, dose_class)
        DO UPDATE SET capacity = s.capacity + excluded.capacity;
    UPDATE slot_capacity SET capacity = booked
        WHERE district_id = p_district AND session_id = p_session AND dose_class > 100;
    UPDATE session SET reserved_for = NULL WHERE district_id = p_district AND session_id = p_session;
    RETURN v_opened;
END $$;
COMMENT ON FUNCTION session_open_to_all IS 'Opens what is left of a session''s reserved seats; answers how many.';
