-- Stock: batches at a centre and what of them is allotted to sessions.
SET lock_timeout = '5s';

CREATE TABLE batch (
    district_id integer NOT NULL,
    centre_id integer NOT NULL,
    vaccine_id text NOT NULL,
    batch_number text NOT NULL,
    expires_on date NOT NULL,
    received integer NOT NULL CHECK (received >= 0),
    allotted integer NOT NULL DEFAULT 0,
    PRIMARY KEY (district_id, centre_id, vaccine_id, batch_number),
    FOREIGN KEY (district_id, centre_id) REFERENCES centre (district_id, centre_id),
    CONSTRAINT batch_not_overdrawn CHECK (allotted BETWEEN 0 AND received)
);
COMMENT ON TABLE batch IS 'Doses of one batch at one centre.';
COMMENT ON COLUMN batch.district_id IS 'Place side key.';
COMMENT ON COLUMN batch.centre_id IS 'Where the doses are.';
COMMENT ON COLUMN batch.vaccine_id IS 'Which vaccine.';
COMMENT ON COLUMN batch.batch_number IS 'The maker''s batch or lot number.';
COMMENT ON COLUMN batch.expires_on IS 'Last day of use.';
COMMENT ON COLUMN batch.received IS 'Doses received.';
COMMENT ON COLUMN batch.allotted IS 'Doses allotted to sessions; never more than received.';

CREATE TABLE session_batch (
    district_id integer NOT NULL,
    session_id uuid NOT NULL,
    centre_id integer NOT NULL,
    vaccine_id text NOT NULL,
    batch_number text NOT NULL,
    doses integer NOT NULL CHECK (doses > 0),
    PRIMARY KEY (district_id, session_id, batch_number)
);
COMMENT ON TABLE session_batch IS 'Which doses of which batch were allotted to a session.';
COMMENT ON COLUMN session_batch.district_id IS 'Place side key.';
COMMENT ON COLUMN session_batch.session_id IS 'The session.';
COMMENT ON COLUMN session_batch.centre_id IS 'Where the batch is.';
COMMENT ON COLUMN session_batch.vaccine_id IS 'Which vaccine.';
COMMENT ON COLUMN session_batch.batch_number IS 'Which batch.';
COMMENT ON COLUMN session_batch.doses IS 'Doses allotted.';
