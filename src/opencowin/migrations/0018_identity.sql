-- Identity: accounts that a national ID opens, with or without a mobile number; the registry notes what a provider confirmed.
SET lock_timeout = '5s';

ALTER TABLE account ALTER COLUMN mobile_sealed DROP NOT NULL;
COMMENT ON TABLE account IS 'A signed-in mobile number or national ID (FHIR Person).';
COMMENT ON COLUMN account.mobile_sealed IS 'The mobile number, sealed; null where a national ID opened the account and no number is known.';
COMMENT ON COLUMN account.created_at IS 'When the number or national ID first signed in, or was registered on the spot.';
COMMENT ON COLUMN account.last_sign_in_at IS 'Last sign-in, by one-time password or national ID.';

CREATE TABLE national_id (
    subject_hash bytea PRIMARY KEY CHECK (octet_length(subject_hash) = 32),
    account_id uuid NOT NULL,
    provider_id text NOT NULL,
    linked_at timestamptz NOT NULL,
    last_sign_in_at timestamptz NOT NULL
);
COMMENT ON TABLE national_id IS 'Directory: which account a person whom a provider of national IDs names signs in to.';
COMMENT ON COLUMN national_id.subject_hash IS 'Keyed hash of the provider''s address and its name for the person.';
COMMENT ON COLUMN national_id.account_id IS 'The account.';
COMMENT ON COLUMN national_id.provider_id IS 'Name of the provider in the deployment''s list.';
COMMENT ON COLUMN national_id.linked_at IS 'When the person first came from there.';
COMMENT ON COLUMN national_id.last_sign_in_at IS 'When the person last came from there.';

-- Not validated: every row that exists has neither, and a nation's rows are not to be read under this lock.
ALTER TABLE beneficiary
    ADD COLUMN document_confirmed_by text,
    ADD COLUMN document_confirmed_at timestamptz,
    ADD CONSTRAINT beneficiary_confirmation_whole
        CHECK ((document_confirmed_by IS NULL) = (document_confirmed_at IS NULL)) NOT VALID;
COMMENT ON COLUMN beneficiary.document_confirmed_by IS 'Provider of national IDs that confirmed document, name, birth and gender; null: nobody did.';
COMMENT ON COLUMN beneficiary.document_confirmed_at IS 'When it did.';
