-- Certificates: signed statements about doses.
SET lock_timeout = '5s';

CREATE TABLE certificate (
    account_id uuid NOT NULL,
    beneficiary_id uuid NOT NULL,
    certificate_id text NOT NULL,
    programme_id text NOT NULL,
    dose_id uuid NOT NULL,
    dose_number smallint NOT NULL,
    version smallint NOT NULL,
    statement_sealed bytea NOT NULL,
    payloads_sealed bytea NOT NULL,
    issued_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_reason text,
    PRIMARY KEY (account_id, beneficiary_id, certificate_id)
);
CREATE UNIQUE INDEX certificate_current ON certificate (account_id, beneficiary_id, dose_id) WHERE revoked_at IS NULL;
CREATE UNIQUE INDEX certificate_by_id ON certificate (certificate_id);
COMMENT ON TABLE certificate IS 'A signed statement about doses (WHO DDCC:VS); one stands per dose, older ones are revoked.';
COMMENT ON COLUMN certificate.account_id IS 'Person side key.';
COMMENT ON COLUMN certificate.beneficiary_id IS 'About whom.';
COMMENT ON COLUMN certificate.certificate_id IS 'Number printed on it; random.';
COMMENT ON COLUMN certificate.programme_id IS 'Which programme.';
COMMENT ON COLUMN certificate.dose_id IS 'The latest dose it states.';
COMMENT ON COLUMN certificate.dose_number IS 'Its number.';
COMMENT ON COLUMN certificate.version IS '1, and one more for each correction.';
COMMENT ON COLUMN certificate.statement_sealed IS 'What it states, sealed.';
COMMENT ON COLUMN certificate.payloads_sealed IS 'The signed payloads by format, sealed.';
COMMENT ON COLUMN certificate.issued_at IS 'When.';
COMMENT ON COLUMN certificate.revoked_at IS 'When it ceased to stand.';
COMMENT ON COLUMN certificate.revoked_reason IS 'Why.';
