-- Vaccination: doses given and adverse events.
SET lock_timeout = '5s';

CREATE TABLE dose (
    account_id uuid NOT NULL,
    beneficiary_id uuid NOT NULL,
    dose_id uuid NOT NULL,
    programme_id text NOT NULL,
    dose_number smallint NOT NULL CHECK (dose_number BETWEEN 1 AND 20),
    vaccine_id text NOT NULL,
    batch_number text NOT NULL,
    given_on date NOT NULL,
    district_id integer REFERENCES district ON UPDATE CASCADE,
    centre_id integer,
    session_id uuid,
    vaccinator_name_sealed bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('valid', 'disputed', 'revoked')),
    flags text[] NOT NULL DEFAULT '{}',
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, beneficiary_id, dose_id)
);
CREATE UNIQUE INDEX dose_once ON dose (account_id, beneficiary_id, programme_id, dose_number) WHERE state = 'valid';
CREATE INDEX dose_flagged ON dose (district_id, recorded_at) WHERE flags <> '{}';
COMMENT ON TABLE dose IS 'A vaccine given (FHIR Immunization). A dose given is never refused: it is kept, and flagged where a rule says no.';
COMMENT ON COLUMN dose.account_id IS 'Person side key.';
COMMENT ON COLUMN dose.beneficiary_id IS 'Who got it.';
COMMENT ON COLUMN dose.dose_id IS 'Identity, made where the dose was given, so that a record sent twice is one.';
COMMENT ON COLUMN dose.programme_id IS 'Which programme.';
COMMENT ON COLUMN dose.dose_number IS 'First, second, precaution…';
COMMENT ON COLUMN dose.vaccine_id IS 'Which vaccine.';
COMMENT ON COLUMN dose.batch_number IS 'From which batch.';
COMMENT ON COLUMN dose.given_on IS 'Date in the country''s time zone.';
COMMENT ON COLUMN dose.district_id IS 'Where.';
COMMENT ON COLUMN dose.centre_id IS 'Where.';
COMMENT ON COLUMN dose.session_id IS 'In which session, if in one.';
COMMENT ON COLUMN dose.vaccinator_name_sealed IS 'Who gave it, sealed.';
COMMENT ON COLUMN dose.state IS 'valid; disputed: contradicts a valid record and awaits a human; revoked: never happened.';
COMMENT ON COLUMN dose.flags IS 'Rules that the record does not fit, as stable codes.';
COMMENT ON COLUMN dose.recorded_by IS 'Actor who recorded it.';
COMMENT ON COLUMN dose.recorded_at IS 'When it reached the platform.';

CREATE TABLE adverse_event (
    account_id uuid NOT NULL,
    beneficiary_id uuid NOT NULL,
    adverse_event_id uuid NOT NULL,
    dose_id uuid,
    district_id integer REFERENCES district ON UPDATE CASCADE,
    noticed_on date NOT NULL,
    severity text NOT NULL CHECK (severity IN ('minor', 'severe', 'serious')),
    description_sealed bytea NOT NULL,
    reported_by text NOT NULL,
    reported_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, beneficiary_id, adverse_event_id)
);
COMMENT ON TABLE adverse_event IS 'Adverse event following immunisation, AEFI (FHIR AdverseEvent).';
COMMENT ON COLUMN adverse_event.account_id IS 'Person side key.';
COMMENT ON COLUMN adverse_event.beneficiary_id IS 'Who suffered it.';
COMMENT ON COLUMN adverse_event.adverse_event_id IS 'Identity.';
COMMENT ON COLUMN adverse_event.dose_id IS 'After which dose, where known.';
COMMENT ON COLUMN adverse_event.district_id IS 'Where it was reported.';
COMMENT ON COLUMN adverse_event.noticed_on IS 'When it was noticed.';
COMMENT ON COLUMN adverse_event.severity IS 'WHO''s three classes.';
COMMENT ON COLUMN adverse_event.description_sealed IS 'What happened, sealed.';
COMMENT ON COLUMN adverse_event.reported_by IS 'Actor who reported it.';
COMMENT ON COLUMN adverse_event.reported_at IS 'When.';
