-- Certificates: what is published of those that were revoked.
SET lock_timeout = '5s';

ALTER TABLE certificate ADD COLUMN revoked_by text;
COMMENT ON COLUMN certificate.revoked_by IS 'Actor who revoked it.';

CREATE TABLE revocation_mark (
    mark bytea PRIMARY KEY CHECK (octet_length(mark) = 16),
    certificate_id text NOT NULL REFERENCES certificate (certificate_id)
);
COMMENT ON TABLE revocation_mark IS 'The published list of revoked certificates; rows are only ever added.';
COMMENT ON COLUMN revocation_mark.mark IS 'First half of the hash of one signature that the certificate carries: only who holds it can look it up.';
COMMENT ON COLUMN revocation_mark.certificate_id IS 'Of which certificate; not published.';
