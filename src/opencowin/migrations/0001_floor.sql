-- The floor: the audit trail, signing keys and counters of limited things.
SET lock_timeout = '5s';

CREATE TABLE audit (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    address text NOT NULL DEFAULT '',
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    reason text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    chain_hash bytea CHECK (octet_length(chain_hash) = 32)
);
COMMENT ON TABLE audit IS 'Every look at a person and every change by staff: who, whom, why, from where. Append-only.';
COMMENT ON COLUMN audit.audit_id IS 'Order of the chain.';
COMMENT ON COLUMN audit.transaction_id IS 'Writer, so that rows are chained only when no earlier one can still appear.';
COMMENT ON COLUMN audit.at IS 'When it happened.';
COMMENT ON COLUMN audit.actor_kind IS 'public, citizen, partner, staff or system.';
COMMENT ON COLUMN audit.actor_id IS 'Who: an account, key or staff id, or the name of a command.';
COMMENT ON COLUMN audit.address IS 'Network address of the caller.';
COMMENT ON COLUMN audit.action IS 'What was done, as room.verb.';
COMMENT ON COLUMN audit.subject_kind IS 'Kind of thing that was looked at or changed.';
COMMENT ON COLUMN audit.subject_id IS 'Its id; never a personal datum.';
COMMENT ON COLUMN audit.reason IS 'Why the look was allowed.';
COMMENT ON COLUMN audit.detail IS 'Further facts; never a personal datum.';
COMMENT ON COLUMN audit.chain_hash IS 'SHA-256 over the previous hash and this row; null until chained.';
CREATE INDEX audit_subject ON audit (subject_kind, subject_id, audit_id);
CREATE INDEX audit_actor ON audit (actor_kind, actor_id, audit_id);
CREATE INDEX audit_unchained ON audit (audit_id) WHERE chain_hash IS NULL;

CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.chain_hash IS NULL AND NEW.chain_hash IS NOT NULL
       AND to_jsonb(NEW) - 'chain_hash' = to_jsonb(OLD) - 'chain_hash' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();

CREATE TABLE signing_key (
    key_id text PRIMARY KEY,
    purpose text NOT NULL,
    algorithm text NOT NULL,
    private_sealed bytea NOT NULL,
    public_pem text NOT NULL,
    certificate_pem text,
    created_at timestamptz NOT NULL DEFAULT now(),
    active_from timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);
COMMENT ON TABLE signing_key IS 'Keys that sign tokens and certificates; several may be valid at once, the newest active one signs.';
COMMENT ON COLUMN signing_key.key_id IS 'Name of the key in what it signs (kid).';
COMMENT ON COLUMN signing_key.purpose IS 'What the key signs.';
COMMENT ON COLUMN signing_key.algorithm IS 'JOSE name of the algorithm.';
COMMENT ON COLUMN signing_key.private_sealed IS 'Private key (PKCS 8 PEM), sealed by the keyring.';
COMMENT ON COLUMN signing_key.public_pem IS 'Public key.';
COMMENT ON COLUMN signing_key.certificate_pem IS 'Certificate of the public key, where the format wants one.';
COMMENT ON COLUMN signing_key.created_at IS 'When it was made.';
COMMENT ON COLUMN signing_key.active_from IS 'From when it signs.';
COMMENT ON COLUMN signing_key.retired_at IS 'Since when it no longer signs; what it signed stays verifiable.';
CREATE INDEX signing_key_current ON signing_key (purpose, active_from DESC) WHERE retired_at IS NULL;

CREATE UNLOGGED TABLE limited (
    subject bytea NOT NULL,
    window_start timestamptz NOT NULL,
    used integer NOT NULL,
    PRIMARY KEY (subject, window_start)
);
COMMENT ON TABLE limited IS 'Counters of limited things (one-time passwords, wrong tries) per window; unlogged: a crash forgives.';
COMMENT ON COLUMN limited.subject IS 'Keyed hash of what is limited: a number, an address, a beneficiary.';
COMMENT ON COLUMN limited.window_start IS 'Start of the counted window.';
COMMENT ON COLUMN limited.used IS 'Uses in the window.';
CREATE INDEX limited_age ON limited (window_start);

CREATE TABLE measure_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    measure text NOT NULL,
    district_id integer NOT NULL,
    at timestamptz NOT NULL,
    on_date date NOT NULL,
    hour smallint NOT NULL CHECK (hour BETWEEN 0 AND 23),
    keys jsonb NOT NULL,
    amount integer NOT NULL
);
COMMENT ON TABLE measure_change IS 'Changes to be counted, appended in the transaction of their cause and folded within seconds.';
COMMENT ON COLUMN measure_change.change_id IS 'Order.';
COMMENT ON COLUMN measure_change.measure IS 'What is counted.';
COMMENT ON COLUMN measure_change.district_id IS 'Where; 0 where the place is not known.';
COMMENT ON COLUMN measure_change.at IS 'When it happened.';
COMMENT ON COLUMN measure_change.on_date IS 'Its date in the country''s time zone.';
COMMENT ON COLUMN measure_change.hour IS 'Its hour in the country''s time zone.';
COMMENT ON COLUMN measure_change.keys IS 'Breakdown: gender, age band, vaccine, dose, kind of site. No person.';
COMMENT ON COLUMN measure_change.amount IS 'How many.';
