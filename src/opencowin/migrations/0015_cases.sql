-- Cases: what people ask to have put right.
SET lock_timeout = '5s';

CREATE TABLE help_case (
    account_id uuid NOT NULL,
    case_id uuid NOT NULL,
    case_number bigint NOT NULL UNIQUE,
    beneficiary_id uuid,
    district_id integer REFERENCES district ON UPDATE CASCADE,
    kind text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'answered', 'closed')),
    details_sealed bytea NOT NULL,
    raised_at timestamptz NOT NULL,
    answer_sealed bytea,
    answered_by text,
    answered_at timestamptz,
    PRIMARY KEY (account_id, case_id),
    CONSTRAINT answered_has_answer CHECK (state = 'open' OR answer_sealed IS NOT NULL)
);
CREATE INDEX help_case_open ON help_case (district_id, raised_at) WHERE state = 'open';
COMMENT ON TABLE help_case IS 'Something that a person asks to have put right (FHIR Task).';
COMMENT ON COLUMN help_case.account_id IS 'Person side key: who raised it.';
COMMENT ON COLUMN help_case.case_id IS 'Identity, made by whoever raises it, so that a case sent twice is one.';
COMMENT ON COLUMN help_case.case_number IS 'What people quote.';
COMMENT ON COLUMN help_case.beneficiary_id IS 'About which member; null: about none.';
COMMENT ON COLUMN help_case.district_id IS 'Whose officers look after it: where the member''s last dose was given; null: the nation''s.';
COMMENT ON COLUMN help_case.kind IS 'What it is about.';
COMMENT ON COLUMN help_case.state IS 'open, answered, closed.';
COMMENT ON COLUMN help_case.details_sealed IS 'What the person wrote, sealed.';
COMMENT ON COLUMN help_case.raised_at IS 'When.';
COMMENT ON COLUMN help_case.answer_sealed IS 'What was answered, sealed.';
COMMENT ON COLUMN help_case.answered_by IS 'Actor who answered.';
COMMENT ON COLUMN help_case.answered_at IS 'When.';
