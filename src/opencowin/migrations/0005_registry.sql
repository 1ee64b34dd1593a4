-- Registry: beneficiaries, their identity documents, households.
SET lock_timeout = '5s';

CREATE TABLE household (
    account_id uuid PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE household IS 'The members that one mobile registered; its row is locked while members are added.';
COMMENT ON COLUMN household.account_id IS 'The account, which never changes when the mobile number does.';
COMMENT ON COLUMN household.created_at IS 'When the first member was registered.';

CREATE TABLE beneficiary (
    account_id uuid NOT NULL,
    beneficiary_id uuid NOT NULL,
    reference_id bigint NOT NULL,
    member_number smallint NOT NULL CHECK (member_number >= 1),
    name_sealed bytea NOT NULL,
    birth_year smallint NOT NULL,
    birth_date_sealed bytea,
    gender_id smallint NOT NULL,
    document_type_id smallint NOT NULL,
    document_sealed bytea NOT NULL,
    document_masked_sealed bytea NOT NULL,
    document_hash bytea,
    comorbidity boolean NOT NULL DEFAULT false,
    priority_groups text[] NOT NULL DEFAULT '{}',
    consent_version text NOT NULL,
    secret_code_sealed bytea NOT NULL,
    channel text NOT NULL CHECK (channel IN ('self', 'on_the_spot', 'import')),
    registered_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    locked_at timestamptz,
    deleted_at timestamptz,
    PRIMARY KEY (account_id, beneficiary_id)
);
CREATE UNIQUE INDEX beneficiary_member_number ON beneficiary (account_id, member_number) WHERE deleted_at IS NULL;
COMMENT ON TABLE beneficiary IS 'A person entitled to a dose (FHIR Patient).';
COMMENT ON COLUMN beneficiary.account_id IS 'The account that registered the person; key of the person side.';
COMMENT ON COLUMN beneficiary.beneficiary_id IS 'Identity of the person inside the platform.';
COMMENT ON COLUMN beneficiary.reference_id IS 'The 14 digits that people are given; random, with a check digit.';
COMMENT ON COLUMN beneficiary.member_number IS 'Place in the household, 1 to the limit; unique, so the limit cannot be passed.';
COMMENT ON COLUMN beneficiary.name_sealed IS 'Full name, NFC-normalised, sealed.';
COMMENT ON COLUMN beneficiary.birth_year IS 'Readable: rules and statistics need it.';
COMMENT ON COLUMN beneficiary.birth_date_sealed IS 'Full birth date where it was given, sealed.';
COMMENT ON COLUMN beneficiary.gender_id IS 'Gender, an id of the country pack; readable for statistics.';
COMMENT ON COLUMN beneficiary.document_type_id IS 'Type of the identity document, an id of the country pack.';
COMMENT ON COLUMN beneficiary.document_sealed IS 'Number of the identity document, sealed.';
COMMENT ON COLUMN beneficiary.document_masked_sealed IS 'The number as it is shown, all but its last characters masked, sealed.';
COMMENT ON COLUMN beneficiary.document_hash IS 'Keyed hash of type and number; null where the number is not unique (partial).';
COMMENT ON COLUMN beneficiary.comorbidity IS 'Whether the person has one of the listed conditions.';
COMMENT ON COLUMN beneficiary.priority_groups IS 'Priority groups of the programme that the person belongs to.';
COMMENT ON COLUMN beneficiary.consent_version IS 'Version of the consent text that was agreed to.';
COMMENT ON COLUMN beneficiary.secret_code_sealed IS 'Four digits that the person shows with the reference, sealed.';
COMMENT ON COLUMN beneficiary.channel IS 'How the person was registered.';
COMMENT ON COLUMN beneficiary.registered_at IS 'When.';
COMMENT ON COLUMN beneficiary.changed_at IS 'When the person''s facts last changed.';
COMMENT ON COLUMN beneficiary.locked_at IS 'Since when (the first dose) the person''s facts can no longer be edited or removed by the household.';
COMMENT ON COLUMN beneficiary.deleted_at IS 'When the member was removed; sealed facts are then overwritten.';

CREATE TABLE beneficiary_reference (
    reference_id bigint PRIMARY KEY,
    account_id uuid NOT NULL,
    beneficiary_id uuid NOT NULL
);
COMMENT ON TABLE beneficiary_reference IS 'Directory: which beneficiary a reference id names. Nation-wide unique.';
COMMENT ON COLUMN beneficiary_reference.reference_id IS 'The 14 digits.';
COMMENT ON COLUMN beneficiary_reference.account_id IS 'Person side key.';
COMMENT ON COLUMN beneficiary_reference.beneficiary_id IS 'Person side key.';

CREATE TABLE identity_document (
    document_hash bytea PRIMARY KEY CHECK (octet_length(document_hash) = 32),
    account_id uuid NOT NULL,
    beneficiary_id uuid NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE identity_document IS 'Directory: one identity document registers once in the nation.';
COMMENT ON COLUMN identity_document.document_hash IS 'Keyed hash of type and number.';
COMMENT ON COLUMN identity_document.account_id IS 'Person side key.';
COMMENT ON COLUMN identity_document.beneficiary_id IS 'Person side key.';
COMMENT ON COLUMN identity_document.registered_at IS 'When.';

CREATE TABLE duplicate_attempt (
    attempt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_hash bytea NOT NULL,
    account_id uuid NOT NULL,
    attempted_at timestamptz NOT NULL,
    resolved_at timestamptz
);
COMMENT ON TABLE duplicate_attempt IS 'Second registrations of one identity document, kept for a human to look at.';
COMMENT ON COLUMN duplicate_attempt.attempt_id IS 'Number of the attempt.';
COMMENT ON COLUMN duplicate_attempt.document_hash IS 'Keyed hash of the document that is registered already.';
COMMENT ON COLUMN duplicate_attempt.account_id IS 'The account that tried.';
COMMENT ON COLUMN duplicate_attempt.attempted_at IS 'When.';
COMMENT ON COLUMN duplicate_attempt.resolved_at IS 'When a human settled it.';
