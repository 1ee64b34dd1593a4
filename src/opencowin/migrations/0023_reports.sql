-- Reports: batches after which more severe or serious events were reported than after the others of their vaccine.
SET lock_timeout = '5s';

CREATE TABLE report_batch_signal (
    vaccine_id text NOT NULL,
    batch_number text NOT NULL,
    events integer NOT NULL,
    doses bigint NOT NULL,
    expected double precision NOT NULL,
    chance double precision NOT NULL,
    district_ids integer[] NOT NULL,
    found_at timestamptz NOT NULL,
    PRIMARY KEY (vaccine_id, batch_number)
);
COMMENT ON TABLE report_batch_signal IS 'Batches that stand out by their adverse events; computed anew every few minutes.';
COMMENT ON COLUMN report_batch_signal.vaccine_id IS 'Which vaccine.';
COMMENT ON COLUMN report_batch_signal.batch_number IS 'Which batch.';
COMMENT ON COLUMN report_batch_signal.events IS 'Severe and serious events after its doses, reported in the last 30 days.';
COMMENT ON COLUMN report_batch_signal.doses IS 'Doses given of it.';
COMMENT ON COLUMN report_batch_signal.expected IS 'Events that as many doses of the vaccine''s other batches had.';
COMMENT ON COLUMN report_batch_signal.chance IS 'How likely so many events or more are by chance (Poisson).';
COMMENT ON COLUMN report_batch_signal.district_ids IS 'Where its doses with events were given.';
COMMENT ON COLUMN report_batch_signal.found_at IS 'When it was computed.';
