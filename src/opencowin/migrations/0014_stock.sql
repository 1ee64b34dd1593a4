-- Stock: a ledger of every dose from the supplier to the arm or the bin, in which each movement is a debit and a credit.
SET lock_timeout = '5s';

CREATE TABLE vaccine_batch (
    vaccine_id text NOT NULL,
    batch_number text NOT NULL,
    expires_on date NOT NULL,
    doses_per_vial smallint NOT NULL CHECK (doses_per_vial > 0),
    PRIMARY KEY (vaccine_id, batch_number)
);
COMMENT ON TABLE vaccine_batch IS 'What is true of a batch wherever its doses are.';
COMMENT ON COLUMN vaccine_batch.vaccine_id IS 'Which vaccine.';
COMMENT ON COLUMN vaccine_batch.batch_number IS 'The maker''s batch or lot number.';
COMMENT ON COLUMN vaccine_batch.expires_on IS 'Last day of use.';
COMMENT ON COLUMN vaccine_batch.doses_per_vial IS 'Doses in one vial, by its label.';

CREATE TABLE stock_movement (
    movement_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('receipt', 'dispatch', 'arrival', 'issue', 'return', 'use', 'waste', 'count')),
    vaccine_id text NOT NULL,
    batch_number text NOT NULL,
    doses integer NOT NULL CHECK (doses > 0),
    source text NOT NULL,
    target text NOT NULL CHECK (target <> source),
    note text NOT NULL DEFAULT '',
    recorded_at timestamptz NOT NULL,
    recorded_by text NOT NULL,
    FOREIGN KEY (vaccine_id, batch_number) REFERENCES vaccine_batch (vaccine_id, batch_number)
);
CREATE INDEX stock_movement_of_source ON stock_movement (source, recorded_at);
CREATE INDEX stock_movement_of_target ON stock_movement (target, recorded_at);
COMMENT ON TABLE stock_movement IS 'The ledger: doses of a batch that went from one account to another. Only ever added to.';
COMMENT ON COLUMN stock_movement.movement_id IS 'Made by whoever records it, so that a movement sent twice is one.';
COMMENT ON COLUMN stock_movement.kind IS 'Why they moved.';
COMMENT ON COLUMN stock_movement.vaccine_id IS 'Which vaccine.';
COMMENT ON COLUMN stock_movement.batch_number IS 'Which batch.';
COMMENT ON COLUMN stock_movement.doses IS 'How many.';
COMMENT ON COLUMN stock_movement.source IS 'Account that they left: supplier, a store (nation, state:21, district:7, centre:9), transit:<consignment>, session:<id>, found.';
COMMENT ON COLUMN stock_movement.target IS 'Account that they reached: a store, transit, a session, given, wasted:<reason>, missing.';
COMMENT ON COLUMN stock_movement.note IS 'What the person who recorded it added.';
COMMENT ON COLUMN stock_movement.recorded_at IS 'When.';
COMMENT ON COLUMN stock_movement.recorded_by IS 'By which actor.';

CREATE FUNCTION stock_movement_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the stock ledger is append-only';
END $$;
COMMENT ON FUNCTION stock_movement_is_append_only IS 'A mistake is put right by another movement.';
CREATE TRIGGER stock_movement_append_only BEFORE UPDATE OR DELETE ON stock_movement
    FOR EACH ROW EXECUTE FUNCTION stock_movement_is_append_only();

CREATE TABLE stock_balance (
    account text NOT NULL,
    vaccine_id text NOT NULL,
    batch_number text NOT NULL,
    doses bigint NOT NULL,
    PRIMARY KEY (account, vaccine_id, batch_number),
    CONSTRAINT account_not_overdrawn CHECK (doses >= 0 OR account IN ('supplier', 'found'))
);
COMMENT ON TABLE stock_balance IS 'What each account of the ledger holds: all that came less all that went. Over all accounts a batch is 0.';
COMMENT ON COLUMN stock_balance.account IS 'As in stock_movement.';
COMMENT ON COLUMN stock_balance.vaccine_id IS 'Which vaccine.';
COMMENT ON COLUMN stock_balance.batch_number IS 'Which batch.';
COMMENT ON COLUMN stock_balance.doses IS 'How many.';

CREATE TABLE stock_consignment (
    consignment_id uuid PRIMARY KEY,
    source text NOT NULL,
    target text NOT NULL CHECK (target <> source),
    sent_at timestamptz NOT NULL,
    arrived_at timestamptz
);
CREATE INDEX stock_consignment_coming ON stock_consignment (target) WHERE arrived_at IS NULL;
COMMENT ON TABLE stock_consignment IS 'Doses on their way from one store to another (FHIR SupplyDelivery).';
COMMENT ON COLUMN stock_consignment.consignment_id IS 'Made by whoever sends it.';
COMMENT ON COLUMN stock_consignment.source IS 'Store that sent it.';
COMMENT ON COLUMN stock_consignment.target IS 'Store that it goes to.';
COMMENT ON COLUMN stock_consignment.sent_at IS 'When.';
COMMENT ON COLUMN stock_consignment.arrived_at IS 'When it was received and counted; null while it is on its way.';

-- Post one movement: posted, known (the same movement again), differs (another movement under this id), or short.
CREATE FUNCTION stock_post(
    p_movement uuid, p_kind text, p_vaccine text, p_batch text, p_doses integer, p_source text, p_target text,
    p_note text, p_at timestamptz, p_by text
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_known stock_movement;
BEGIN
    INSERT INTO stock_movement (movement_id, kind, vaccine_id, batch_number, doses, source, target, note, recorded_at,
                                recorded_by)
        VALUES (p_movement, p_kind, p_vaccine, p_batch, p_doses, p_source, p_target, p_note, p_at, p_by)
        ON CONFLICT (movement_id) DO NOTHING;
    IF NOT FOUND THEN
        SELECT * INTO v_known FROM stock_movement WHERE movement_id = p_movement;
        RETURN CASE WHEN (v_known.kind, v_known.vaccine_id, v_known.batch_number, v_known.doses, v_known.source,
                          v_known.target) = (p_kind, p_vaccine, p_batch, p_doses, p_source, p_target)
                    THEN 'known' ELSE 'differs' END;
    END IF;
    INSERT INTO stock_balance (account, vaccine_id, batch_number, doses)
        SELECT account, p_vaccine, p_batch, 0 FROM unnest(ARRAY[p_source, p_target]) AS account ORDER BY account
        ON CONFLICT DO NOTHING;
    PERFORM 1 FROM stock_balance WHERE account IN (p_source, p_target) AND vaccine_id = p_vaccine
        AND batch_number = p_batch ORDER BY account FOR UPDATE;
    UPDATE stock_balance SET doses = doses - p_doses
        WHERE account = p_source AND vaccine_id = p_vaccine AND batch_number = p_batch
          AND (doses >= p_doses OR account IN ('supplier', 'found'));
    IF NOT FOUND THEN
        RETURN 'short';
    END IF;
    UPDATE stock_balance SET doses = doses + p_doses
        WHERE account = p_target AND vaccine_id = p_vaccine AND batch_number = p_batch;
    RETURN 'posted';
END $$;
COMMENT ON FUNCTION stock_post IS 'Post a movement: both balances change or none. On differs and short the caller ends its transaction.';

-- What centres have on record already came from the supplier.
INSERT INTO vaccine_batch (vaccine_id, batch_number, expires_on, doses_per_vial)
    SELECT vaccine_id, batch_number, min(expires_on), 10 FROM batch GROUP BY 1, 2;
INSERT INTO stock_movement (movement_id, kind, vaccine_id, batch_number, doses, source, target, note, recorded_at, recorded_by)
    SELECT gen_random_uuid(), 'receipt', vaccine_id, batch_number, received, 'supplier', 'centre:' || centre_id,
           'on record before the ledger', now(), 'migration'
    FROM batch WHERE received > 0;
INSERT INTO stock_balance (account, vaccine_id, batch_number, doses)
    SELECT 'centre:' || centre_id, vaccine_id, batch_number, received FROM batch WHERE received > 0
    UNION ALL SELECT 'supplier', vaccine_id, batch_number, -sum(received) FROM batch WHERE received > 0 GROUP BY 2, 3;

COMMENT ON COLUMN batch.received IS 'Doses that came here and have not left: on hand, or used in sessions.';
