-- Cases: steps, proof and wishes; what was corrected; flags about doses that do not fit.
SET lock_timeout = '5s';

ALTER TABLE help_case DROP CONSTRAINT help_case_state_check, DROP CONSTRAINT answered_has_answer;
UPDATE help_case SET state = CASE state WHEN 'open' THEN 'raised' ELSE 'done' END;
ALTER TABLE help_case
    ADD CONSTRAINT help_case_state_known CHECK (state IN (
        'raised', 'in_review', 'asked', 'accepted', 'refused', 'done', 'reopened')),
    ADD COLUMN source text NOT NULL DEFAULT 'person' CHECK (source IN ('person', 'system')),
    ADD COLUMN reference_id bigint,
    ADD COLUMN other_account_id uuid,
    ADD COLUMN other_reference_id bigint,
    ADD COLUMN wish_sealed bytea,
    ADD COLUMN takes_effect_at timestamptz,
    ADD COLUMN changed_at timestamptz,
    ADD COLUMN undone_at timestamptz,
    ADD COLUMN evidence_deleted_at timestamptz;
UPDATE help_case SET changed_at = coalesce(answered_at, raised_at);
ALTER TABLE help_case ALTER COLUMN changed_at SET NOT NULL;
DROP INDEX help_case_open;
CREATE INDEX help_case_open ON help_case (district_id, raised_at)
    WHERE state IN ('raised', 'in_review', 'asked', 'accepted', 'reopened');
CREATE INDEX help_case_of_other ON help_case (other_account_id) WHERE other_account_id IS NOT NULL;
CREATE INDEX help_case_of_reference ON help_case (reference_id);
CREATE INDEX help_case_due ON help_case (takes_effect_at) WHERE state = 'accepted';
CREATE INDEX help_case_closed ON help_case (changed_at)
    WHERE state IN ('refused', 'done') AND evidence_deleted_at IS NULL;
CREATE UNIQUE INDEX help_case_pair_once ON help_case
    (least(reference_id, other_reference_id), greatest(reference_id, other_reference_id))
    WHERE source = 'system' AND other_reference_id IS NOT NULL;
COMMENT ON COLUMN help_case.source IS 'Who raised it: a person, or the platform that found it.';
COMMENT ON COLUMN help_case.reference_id IS 'Reference of the person it is about: it leads to the record wherever that is by now.';
COMMENT ON COLUMN help_case.other_account_id IS 'The account on the other side: of the second record, or of the old number.';
COMMENT ON COLUMN help_case.other_reference_id IS 'Reference of the second record, in a merge.';
COMMENT ON COLUMN help_case.wish_sealed IS 'What exactly shall be put right, sealed; JSON by kind.';
COMMENT ON COLUMN help_case.takes_effect_at IS 'When an accepted case is carried out, where the other side has time to object.';
COMMENT ON COLUMN help_case.changed_at IS 'When the last step was taken.';
COMMENT ON COLUMN help_case.undone_at IS 'When a merge was undone.';
COMMENT ON COLUMN help_case.evidence_deleted_at IS 'When what was shown as proof was deleted.';

CREATE TABLE case_step (
    case_id uuid NOT NULL,
    step_number smallint NOT NULL,
    state text NOT NULL,
    side text NOT NULL CHECK (side IN ('person', 'officer', 'system')),
    actor_id text NOT NULL,
    note_sealed bytea,
    at timestamptz NOT NULL,
    PRIMARY KEY (case_id, step_number)
);
COMMENT ON TABLE case_step IS 'Each step of a case, seen by both sides.';
COMMENT ON COLUMN case_step.case_id IS 'Which case.';
COMMENT ON COLUMN case_step.step_number IS 'Order.';
COMMENT ON COLUMN case_step.state IS 'The state that it led to.';
COMMENT ON COLUMN case_step.side IS 'Who took it: the person, an officer, or the platform.';
COMMENT ON COLUMN case_step.actor_id IS 'Which one.';
COMMENT ON COLUMN case_step.note_sealed IS 'What was written with it, sealed.';
COMMENT ON COLUMN case_step.at IS 'When.';

CREATE TABLE case_evidence (
    case_id uuid NOT NULL,
    evidence_id uuid NOT NULL,
    media_type text NOT NULL CHECK (media_type IN ('image/jpeg', 'image/png', 'application/pdf')),
    bytes integer NOT NULL,
    content_sealed bytea,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (case_id, evidence_id)
);
COMMENT ON TABLE case_evidence IS 'What people show as proof; deleted some time after the case is closed.';
COMMENT ON COLUMN case_evidence.case_id IS 'Which case.';
COMMENT ON COLUMN case_evidence.evidence_id IS 'Identity, made by the sender.';
COMMENT ON COLUMN case_evidence.media_type IS 'Picture or document.';
COMMENT ON COLUMN case_evidence.bytes IS 'Size before sealing.';
COMMENT ON COLUMN case_evidence.content_sealed IS 'The file, sealed; empty once it is deleted.';
COMMENT ON COLUMN case_evidence.added_at IS 'When.';

CREATE TABLE fact_corrected (
    reference_id bigint NOT NULL,
    fact text NOT NULL,
    case_id uuid NOT NULL,
    corrected_at timestamptz NOT NULL,
    PRIMARY KEY (reference_id, fact, case_id)
);
COMMENT ON TABLE fact_corrected IS 'Which facts of a person were corrected: a country pack says how often each may be.';
COMMENT ON COLUMN fact_corrected.reference_id IS 'Of whom.';
COMMENT ON COLUMN fact_corrected.fact IS 'Which fact.';
COMMENT ON COLUMN fact_corrected.case_id IS 'By which case.';
COMMENT ON COLUMN fact_corrected.corrected_at IS 'When.';

CREATE TABLE found_until (
    what text PRIMARY KEY,
    until timestamptz NOT NULL
);
COMMENT ON TABLE found_until IS 'How far recurring searches have come.';
COMMENT ON COLUMN found_until.what IS 'Which search.';
COMMENT ON COLUMN found_until.until IS 'What was recorded before this was looked at.';

CREATE TABLE integrity_flag (
    flag_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    district_id integer REFERENCES district ON UPDATE CASCADE,
    centre_id integer,
    on_date date,
    dose_id uuid,
    reference_id bigint,
    subject text NOT NULL DEFAULT '',
    counted integer,
    allowed integer,
    state text NOT NULL CHECK (state IN ('open', 'upheld', 'dismissed')),
    found_at timestamptz NOT NULL,
    note_sealed bytea,
    reviewed_by text,
    reviewed_at timestamptz,
    CONSTRAINT integrity_flag_once UNIQUE NULLS NOT DISTINCT (kind, centre_id, on_date, dose_id, subject),
    CONSTRAINT integrity_flag_reviewed CHECK ((state = 'open') = (reviewed_at IS NULL))
);
CREATE INDEX integrity_flag_open ON integrity_flag (district_id, found_at) WHERE state = 'open';
COMMENT ON TABLE integrity_flag IS 'Doses that do not fit together with what is known of the site or the person, for an officer to look at. The dose stays.';
COMMENT ON COLUMN integrity_flag.flag_id IS 'Number.';
COMMENT ON COLUMN integrity_flag.kind IS 'What does not fit.';
COMMENT ON COLUMN integrity_flag.district_id IS 'Whose officers look at it; empty for the nation.';
COMMENT ON COLUMN integrity_flag.centre_id IS 'At which site.';
COMMENT ON COLUMN integrity_flag.on_date IS 'On which day, where it is about a day.';
COMMENT ON COLUMN integrity_flag.dose_id IS 'About which dose, where it is about one.';
COMMENT ON COLUMN integrity_flag.reference_id IS 'Whose dose.';
COMMENT ON COLUMN integrity_flag.subject IS 'About which batch or record, where it is about one.';
COMMENT ON COLUMN integrity_flag.counted IS 'How many were recorded (doses, or kilometres).';
COMMENT ON COLUMN integrity_flag.allowed IS 'How many fit.';
COMMENT ON COLUMN integrity_flag.state IS 'open, or what the review came to.';
COMMENT ON COLUMN integrity_flag.found_at IS 'When it was found.';
COMMENT ON COLUMN integrity_flag.note_sealed IS 'What the reviewer wrote, sealed.';
COMMENT ON COLUMN integrity_flag.reviewed_by IS 'Who reviewed it.';
COMMENT ON COLUMN integrity_flag.reviewed_at IS 'When.';
COMMENT ON COLUMN help_case.state IS 'How far it is: raised, in_review, asked, accepted, refused, done, reopened.';

-- What was raised and answered before there were steps.
INSERT INTO case_step (case_id, step_number, state, side, actor_id, note_sealed, at)
    SELECT case_id, 1, 'raised', 'person', account_id::text, NULL, raised_at FROM help_case
    UNION ALL SELECT case_id, 2, 'done', 'officer', answered_by, answer_sealed, answered_at
    FROM help_case WHERE answered_at IS NOT NULL;
