-- Stock: who made a batch, batches that may not be used, vials opened, and the cold chain.
SET lock_timeout = '5s';

ALTER TABLE vaccine_batch ADD COLUMN manufacturer text NOT NULL DEFAULT '';
COMMENT ON COLUMN vaccine_batch.manufacturer IS 'Who made it, by the label; empty where not told.';

ALTER TABLE batch ADD COLUMN held boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN batch.held IS 'Whether it is recalled or quarantined here: no session is promised or issued any of it. Kept in step with batch_hold.';

CREATE TABLE batch_hold (
    hold_id uuid PRIMARY KEY,
    vaccine_id text NOT NULL,
    batch_number text NOT NULL,
    account text NOT NULL,
    reason text NOT NULL,
    placed_at timestamptz NOT NULL,
    placed_by text NOT NULL,
    lifted_at timestamptz,
    lifted_by text,
    lifted_why text,
    FOREIGN KEY (vaccine_id, batch_number) REFERENCES vaccine_batch (vaccine_id, batch_number)
);
CREATE UNIQUE INDEX batch_hold_standing ON batch_hold (vaccine_id, batch_number, account) WHERE lifted_at IS NULL;
COMMENT ON TABLE batch_hold IS 'A batch that may not be used: recalled everywhere, or quarantined in one store.';
COMMENT ON COLUMN batch_hold.hold_id IS 'Made by whoever places it.';
COMMENT ON COLUMN batch_hold.vaccine_id IS 'Which vaccine.';
COMMENT ON COLUMN batch_hold.batch_number IS 'Which batch.';
COMMENT ON COLUMN batch_hold.account IS 'The store where it is quarantined; everywhere: recalled.';
COMMENT ON COLUMN batch_hold.reason IS 'Why.';
COMMENT ON COLUMN batch_hold.placed_at IS 'When.';
COMMENT ON COLUMN batch_hold.placed_by IS 'By which actor.';
COMMENT ON COLUMN batch_hold.lifted_at IS 'When it was lifted; null while it stands.';
COMMENT ON COLUMN batch_hold.lifted_by IS 'By which actor.';
COMMENT ON COLUMN batch_hold.lifted_why IS 'Why.';

CREATE TABLE vial_opening (
    opening_id uuid PRIMARY KEY,
    account text NOT NULL,
    vaccine_id text NOT NULL,
    batch_number text NOT NULL,
    vials integer NOT NULL CHECK (vials > 0),
    doses integer NOT NULL CHECK (doses > 0),
    opened_at timestamptz NOT NULL,
    discard_at timestamptz NOT NULL CHECK (discard_at > opened_at),
    opened_by text NOT NULL,
    FOREIGN KEY (vaccine_id, batch_number) REFERENCES vaccine_batch (vaccine_id, batch_number)
);
CREATE INDEX vial_opening_of_account ON vial_opening (account, opened_at);
CREATE INDEX vial_opening_by_time ON vial_opening (opened_at);
COMMENT ON TABLE vial_opening IS 'Vials that were opened: their doses are given or thrown away until the vaccine''s open-vial time is over.';
COMMENT ON COLUMN vial_opening.opening_id IS 'Made by whoever records it, so that an opening sent twice is one.';
COMMENT ON COLUMN vial_opening.account IS 'Store or session whose vials they are, as in stock_movement.';
COMMENT ON COLUMN vial_opening.vaccine_id IS 'Which vaccine.';
COMMENT ON COLUMN vial_opening.batch_number IS 'Which batch.';
COMMENT ON COLUMN vial_opening.vials IS 'How many vials.';
COMMENT ON COLUMN vial_opening.doses IS 'Doses in them, by the label.';
COMMENT ON COLUMN vial_opening.opened_at IS 'When.';
COMMENT ON COLUMN vial_opening.discard_at IS 'When what is left must be thrown away.';
COMMENT ON COLUMN vial_opening.opened_by IS 'By which actor.';

CREATE TABLE cold_chain_reading (
    reading_id uuid PRIMARY KEY,
    account text NOT NULL,
    read_at timestamptz NOT NULL,
    celsius numeric(4, 1) NOT NULL,
    least numeric(4, 1) NOT NULL,
    most numeric(4, 1) NOT NULL CHECK (most > least),
    note text NOT NULL DEFAULT '',
    recorded_by text NOT NULL
);
CREATE INDEX cold_chain_reading_of_store ON cold_chain_reading (account, read_at DESC);
COMMENT ON TABLE cold_chain_reading IS 'Temperatures of stores.';
COMMENT ON COLUMN cold_chain_reading.reading_id IS 'Made by whoever records it, so that a reading sent twice is one.';
COMMENT ON COLUMN cold_chain_reading.account IS 'Which store, as in stock_movement.';
COMMENT ON COLUMN cold_chain_reading.read_at IS 'When it was read.';
COMMENT ON COLUMN cold_chain_reading.celsius IS 'Degrees Celsius.';
COMMENT ON COLUMN cold_chain_reading.least IS 'The coldest that was allowed then.';
COMMENT ON COLUMN cold_chain_reading.most IS 'The warmest that was allowed then.';
COMMENT ON COLUMN cold_chain_reading.note IS 'What the person who read it added.';
COMMENT ON COLUMN cold_chain_reading.recorded_by IS 'By which actor.';

CREATE INDEX stock_movement_by_time ON stock_movement (recorded_at);
CREATE INDEX stock_movement_issued_to ON stock_movement (target) WHERE kind = 'issue';
