-- Vaccination: adverse events are reviewed, step by step; doses are found by place and day, and by batch.
SET lock_timeout = '5s';

ALTER TABLE adverse_event
    ADD COLUMN review_state text NOT NULL DEFAULT 'reported'
        CHECK (review_state IN ('reported', 'investigating', 'closed')),
    ADD COLUMN causality text
        CHECK (causality IN ('A1', 'A2', 'A3', 'A4', 'B1', 'B2', 'C', 'D')),
    ADD COLUMN outcome text
        CHECK (outcome IN ('recovering', 'recovered', 'recovered_with_sequelae', 'not_recovered', 'died', 'unknown')),
    ADD COLUMN in_hospital boolean NOT NULL DEFAULT false,
    ADD COLUMN reviews integer NOT NULL DEFAULT 0,
    ADD COLUMN reviewed_at timestamptz,
    ADD CONSTRAINT adverse_event_closed_with_findings
        CHECK (review_state <> 'closed' OR (causality IS NOT NULL AND outcome IS NOT NULL)),
    ADD CONSTRAINT adverse_event_serious_by_who
        CHECK (severity = 'serious' OR (NOT in_hospital AND outcome IS DISTINCT FROM 'died'));
CREATE INDEX adverse_event_to_review ON adverse_event (district_id, review_state, reported_at);
CREATE INDEX adverse_event_by_id ON adverse_event (adverse_event_id);
CREATE INDEX adverse_event_reported ON adverse_event (reported_at);
COMMENT ON COLUMN adverse_event.review_state IS 'reported, investigating or closed.';
COMMENT ON COLUMN adverse_event.causality IS 'WHO''s causality class: A1 to A4 (consistent), B1, B2 (indeterminate), C (coincidental), D (unclassifiable).';
COMMENT ON COLUMN adverse_event.outcome IS 'What became of the person.';
COMMENT ON COLUMN adverse_event.in_hospital IS 'The person was taken into a hospital.';
COMMENT ON COLUMN adverse_event.reviews IS 'How often it was reviewed.';
COMMENT ON COLUMN adverse_event.reviewed_at IS 'When it was reviewed last.';

CREATE TABLE adverse_event_review (
    account_id uuid NOT NULL,
    beneficiary_id uuid NOT NULL,
    adverse_event_id uuid NOT NULL,
    number integer NOT NULL,
    review_state text NOT NULL,
    severity text NOT NULL,
    causality text,
    outcome text,
    in_hospital boolean NOT NULL,
    notes_sealed bytea NOT NULL,
    reviewed_by text NOT NULL,
    reviewed_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, beneficiary_id, adverse_event_id, number)
);
COMMENT ON TABLE adverse_event_review IS 'Each review of an adverse event; only ever added to.';
COMMENT ON COLUMN adverse_event_review.account_id IS 'Person side key.';
COMMENT ON COLUMN adverse_event_review.beneficiary_id IS 'Who suffered it.';
COMMENT ON COLUMN adverse_event_review.adverse_event_id IS 'Which event.';
COMMENT ON COLUMN adverse_event_review.number IS 'First, second …';
COMMENT ON COLUMN adverse_event_review.review_state IS 'As found in this review.';
COMMENT ON COLUMN adverse_event_review.severity IS 'As found in this review.';
COMMENT ON COLUMN adverse_event_review.causality IS 'As found in this review.';
COMMENT ON COLUMN adverse_event_review.outcome IS 'As found in this review.';
COMMENT ON COLUMN adverse_event_review.in_hospital IS 'As found in this review.';
COMMENT ON COLUMN adverse_event_review.notes_sealed IS 'What the reviewer wrote, hospital included, sealed.';
COMMENT ON COLUMN adverse_event_review.reviewed_by IS 'Actor who reviewed it.';
COMMENT ON COLUMN adverse_event_review.reviewed_at IS 'When.';

CREATE INDEX dose_by_place ON dose (district_id, given_on);
CREATE INDEX dose_of_batch ON dose (vaccine_id, batch_number);
