-- Vaccination: how doses were corrected, and moved from one record to another.
SET lock_timeout = '5s';

CREATE INDEX dose_recorded ON dose (recorded_at);
CREATE INDEX dose_at_site ON dose (district_id, centre_id, given_on) WHERE state <> 'revoked';

CREATE INDEX adverse_event_died ON adverse_event (account_id, beneficiary_id) WHERE outcome = 'died';
CREATE INDEX adverse_event_review_of ON adverse_event_review (adverse_event_id);

CREATE TABLE dose_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dose_id uuid NOT NULL,
    beneficiary_id uuid NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    reason text NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL
);
COMMENT ON TABLE dose_change IS 'What of a recorded dose was changed afterwards; the record as it was is never lost.';
COMMENT ON COLUMN dose_change.change_id IS 'Order.';
COMMENT ON COLUMN dose_change.dose_id IS 'Which dose.';
COMMENT ON COLUMN dose_change.beneficiary_id IS 'Whose it was then.';
COMMENT ON COLUMN dose_change.before IS 'Number, date, vaccine, batch and state before.';
COMMENT ON COLUMN dose_change.after IS 'The same after.';
COMMENT ON COLUMN dose_change.reason IS 'Why: the case that was decided.';
COMMENT ON COLUMN dose_change.changed_by IS 'Who.';
COMMENT ON COLUMN dose_change.changed_at IS 'When.';
CREATE INDEX dose_change_of ON dose_change (dose_id, change_id);

CREATE TABLE dose_gathered (
    merge_id uuid NOT NULL,
    dose_id uuid NOT NULL,
    from_kept boolean NOT NULL,
    number_before smallint NOT NULL,
    state_before text NOT NULL,
    number_after smallint NOT NULL,
    state_after text NOT NULL,
    PRIMARY KEY (merge_id, dose_id)
);
COMMENT ON TABLE dose_gathered IS 'Doses of two records that were put on one: what each was before, so that it can be put back.';
COMMENT ON COLUMN dose_gathered.merge_id IS 'The merge: its case.';
COMMENT ON COLUMN dose_gathered.dose_id IS 'Which dose.';
COMMENT ON COLUMN dose_gathered.from_kept IS 'Whether it was on the record that stays.';
COMMENT ON COLUMN dose_gathered.number_before IS 'Its number before.';
COMMENT ON COLUMN dose_gathered.state_before IS 'Its state before.';
COMMENT ON COLUMN dose_gathered.number_after IS 'Its number after.';
COMMENT ON COLUMN dose_gathered.state_after IS 'Its state after.';

CREATE TABLE adverse_event_gathered (
    merge_id uuid NOT NULL,
    adverse_event_id uuid NOT NULL,
    PRIMARY KEY (merge_id, adverse_event_id)
);
COMMENT ON TABLE adverse_event_gathered IS 'Adverse events that came from the record that was merged into another.';
COMMENT ON COLUMN adverse_event_gathered.merge_id IS 'The merge: its case.';
COMMENT ON COLUMN adverse_event_gathered.adverse_event_id IS 'Which report.';
