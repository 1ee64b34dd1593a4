-- The room `feeds`: programs that are called when something changes for people who look for a seat.
SET lock_timeout = '5s';

CREATE TABLE webhook (
    webhook_id uuid PRIMARY KEY,
    key_id uuid NOT NULL REFERENCES api_key,
    url_sealed bytea NOT NULL,
    secret_sealed bytea NOT NULL,
    district_ids integer[] NOT NULL,
    pin_codes text[] NOT NULL,
    made_at timestamptz NOT NULL,
    cursor_at bigint NOT NULL CHECK (cursor_at >= 0),
    sending_until bigint,
    due_at timestamptz NOT NULL,
    leased_until timestamptz,
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    last_answer text NOT NULL DEFAULT '',
    delivered_at timestamptz,
    off_at timestamptz
);
CREATE INDEX webhook_of_key ON webhook (key_id);
CREATE INDEX webhook_due ON webhook (due_at) WHERE off_at IS NULL;
COMMENT ON TABLE webhook IS 'An address that is called with the changes of the journal; deleted when its owner ends it.';
COMMENT ON COLUMN webhook.webhook_id IS 'Identity.';
COMMENT ON COLUMN webhook.key_id IS 'Whose it is; nothing is sent once that key has ended.';
COMMENT ON COLUMN webhook.url_sealed IS 'The address; encrypted, since it may carry a secret of the receiver.';
COMMENT ON COLUMN webhook.secret_sealed IS 'What the calls are signed with; encrypted.';
COMMENT ON COLUMN webhook.district_ids IS 'Of which districts it is told.';
COMMENT ON COLUMN webhook.pin_codes IS 'Of which postal codes it is told; everything where neither is named.';
COMMENT ON COLUMN webhook.made_at IS 'When.';
COMMENT ON COLUMN webhook.cursor_at IS 'The last change (session_change) that it has taken.';
COMMENT ON COLUMN webhook.sending_until IS 'The last change of the call that is tried now, so that a call that is repeated is the same; null: none is.';
COMMENT ON COLUMN webhook.due_at IS 'When it may be called next: later and later after failures.';
COMMENT ON COLUMN webhook.leased_until IS 'Until when a job has it; a job that died gives it back so.';
COMMENT ON COLUMN webhook.failures IS 'Calls that failed one after the other.';
COMMENT ON COLUMN webhook.failing_since IS 'Since when; null while it takes what it is sent.';
COMMENT ON COLUMN webhook.last_answer IS 'What came of the last call: a status, or why there was none.';
COMMENT ON COLUMN webhook.delivered_at IS 'When it last took a call.';
COMMENT ON COLUMN webhook.off_at IS 'When it was switched off, having failed for too long; null: it is on.';
