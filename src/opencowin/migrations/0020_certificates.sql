-- Certificates of others: whose signatures are believed here.
SET lock_timeout = '5s';

CREATE TABLE trusted_key (
    kind text NOT NULL CHECK (kind IN ('credential', 'signer', 'card', 'authority')),
    key_id text NOT NULL,
    fingerprint text NOT NULL,
    issuer text NOT NULL,
    public_pem text NOT NULL,
    source text NOT NULL,
    valid_from timestamptz,
    valid_until timestamptz,
    loaded_at timestamptz NOT NULL,
    PRIMARY KEY (kind, key_id, fingerprint)
);
CREATE INDEX trusted_key_source ON trusted_key (source);
COMMENT ON TABLE trusted_key IS 'Keys of other issuers, loaded by the operator: what they signed is believed here (trust list).';
COMMENT ON COLUMN trusted_key.kind IS 'credential: of W3C credentials; signer: document signer of HC1; card: of SMART Health Cards; authority: signing authority (CSCA).';
COMMENT ON COLUMN trusted_key.key_id IS 'By what a certificate names the key: verification method, key id, issuer and key id, or hash of the authority''s name.';
COMMENT ON COLUMN trusted_key.fingerprint IS 'SHA-256 of the key or certificate; two may go by one name.';
COMMENT ON COLUMN trusted_key.issuer IS 'Who it belongs to, as shown to whoever checks a certificate: an address or a country''s code.';
COMMENT ON COLUMN trusted_key.public_pem IS 'The public key or the certificate.';
COMMENT ON COLUMN trusted_key.source IS 'The file that it came from; loading a file of that name again replaces what it brought.';
COMMENT ON COLUMN trusted_key.valid_from IS 'From when the certificate is valid, where it is one.';
COMMENT ON COLUMN trusted_key.valid_until IS 'Until when.';
COMMENT ON COLUMN trusted_key.loaded_at IS 'When it was loaded last.';
