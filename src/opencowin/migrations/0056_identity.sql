-- Identity: developers ask for API keys, officers of the nation decide.
SET lock_timeout = '5s';

CREATE TABLE api_key_request (
    request_id uuid PRIMARY KEY,
    name text NOT NULL,
    contact_sealed bytea NOT NULL,
    purpose text NOT NULL,
    language text NOT NULL,
    asked_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid,
    approved boolean,
    permissions text[] NOT NULL DEFAULT '{}',
    calls_per_minute integer,
    calls_per_day integer,
    claim_hash bytea UNIQUE,
    claim_until timestamptz,
    key_id uuid UNIQUE REFERENCES api_key,
    CONSTRAINT api_key_request_decided CHECK ((decided_at IS NULL) = (approved IS NULL))
);
CREATE INDEX api_key_request_open ON api_key_request (asked_at) WHERE decided_at IS NULL;
COMMENT ON TABLE api_key_request IS 'Developers who asked for a key. Deleted when refused or not claimed for months; kept as long as the key it led to.';
COMMENT ON COLUMN api_key_request.request_id IS 'Identity.';
COMMENT ON COLUMN api_key_request.name IS 'What the program is called; the key will be.';
COMMENT ON COLUMN api_key_request.contact_sealed IS 'E-mail address of who asked: where the link goes, and news of the key. Encrypted.';
COMMENT ON COLUMN api_key_request.purpose IS 'What the key is for, in the words of who asked.';
COMMENT ON COLUMN api_key_request.language IS 'In which messages are written.';
COMMENT ON COLUMN api_key_request.asked_at IS 'When.';
COMMENT ON COLUMN api_key_request.decided_at IS 'When it was approved or refused; null: not yet.';
COMMENT ON COLUMN api_key_request.decided_by IS 'Which officer decided, who must still be there when the key is made.';
COMMENT ON COLUMN api_key_request.approved IS 'How it was decided.';
COMMENT ON COLUMN api_key_request.permissions IS 'Scopes that the key will have.';
COMMENT ON COLUMN api_key_request.calls_per_minute IS 'Its rate.';
COMMENT ON COLUMN api_key_request.calls_per_day IS 'Its quota.';
COMMENT ON COLUMN api_key_request.claim_hash IS 'Keyed hash of the link that makes and shows the key, once.';
COMMENT ON COLUMN api_key_request.claim_until IS 'Until when that link is good.';
COMMENT ON COLUMN api_key_request.key_id IS 'The key that was made; null until the link is used.';
