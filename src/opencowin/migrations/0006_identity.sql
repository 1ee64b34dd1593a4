-- Identity: accounts, one-time passwords, staff and API keys.
SET lock_timeout = '5s';

CREATE TABLE mobile_directory (
    mobile_hash bytea PRIMARY KEY CHECK (octet_length(mobile_hash) = 32),
    account_id uuid NOT NULL UNIQUE
);
COMMENT ON TABLE mobile_directory IS 'Directory: which account a mobile number signs in to.';
COMMENT ON COLUMN mobile_directory.mobile_hash IS 'Keyed hash of the number.';
COMMENT ON COLUMN mobile_directory.account_id IS 'The account.';

CREATE TABLE account (
    account_id uuid PRIMARY KEY,
    mobile_sealed bytea NOT NULL,
    language text NOT NULL DEFAULT 'en',
    created_at timestamptz NOT NULL,
    last_sign_in_at timestamptz
);
COMMENT ON TABLE account IS 'A signed-in mobile number (FHIR Person).';
COMMENT ON COLUMN account.account_id IS 'Identity; does not change when the number does.';
COMMENT ON COLUMN account.mobile_sealed IS 'The mobile number, sealed.';
COMMENT ON COLUMN account.language IS 'Language of messages, a code of the country pack.';
COMMENT ON COLUMN account.created_at IS 'When the number first signed in or was registered on the spot.';
COMMENT ON COLUMN account.last_sign_in_at IS 'Last sign-in by one-time password.';

CREATE TABLE otp (
    txn_id uuid PRIMARY KEY,
    mobile_hash bytea NOT NULL,
    mobile_sealed bytea NOT NULL,
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    purpose text NOT NULL,
    language text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    tries smallint NOT NULL DEFAULT 0,
    spent_at timestamptz,
    detail_sealed bytea
);
COMMENT ON TABLE otp IS 'One-time passwords under way; the code itself is never stored.';
COMMENT ON COLUMN otp.txn_id IS 'Transaction that the caller was given.';
COMMENT ON COLUMN otp.mobile_hash IS 'Keyed hash of the number.';
COMMENT ON COLUMN otp.mobile_sealed IS 'The number, sealed, to open an account with.';
COMMENT ON COLUMN otp.code_hash IS 'Keyed hash of transaction and wire form of the code.';
COMMENT ON COLUMN otp.purpose IS 'What the code is for: sign-in or consent to a status answer.';
COMMENT ON COLUMN otp.language IS 'Language of the message, and of an account that is opened by it.';
COMMENT ON COLUMN otp.created_at IS 'When it was asked for.';
COMMENT ON COLUMN otp.expires_at IS 'Until when it is good.';
COMMENT ON COLUMN otp.tries IS 'Wrong tries so far.';
COMMENT ON COLUMN otp.spent_at IS 'When it was used or used up.';
COMMENT ON COLUMN otp.detail_sealed IS 'What the purpose needs to remember (a full name), sealed.';
CREATE INDEX otp_recent ON otp (mobile_hash, created_at DESC);
CREATE INDEX otp_age ON otp (created_at);

CREATE TABLE api_key (
    key_id uuid PRIMARY KEY,
    name text NOT NULL,
    key_hash bytea NOT NULL UNIQUE,
    permissions text[] NOT NULL,
    state_id integer,
    district_id integer,
    centre_id integer,
    calls_per_minute integer NOT NULL CHECK (calls_per_minute > 0),
    calls_per_day integer NOT NULL CHECK (calls_per_day > 0),
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);
COMMENT ON TABLE api_key IS 'Keys of partner systems: what they may do, where, and how often.';
COMMENT ON COLUMN api_key.key_id IS 'Public id of the key.';
COMMENT ON COLUMN api_key.name IS 'Whose key it is.';
COMMENT ON COLUMN api_key.key_hash IS 'Keyed hash of the key; the key itself is shown once and not kept.';
COMMENT ON COLUMN api_key.permissions IS 'Scopes.';
COMMENT ON COLUMN api_key.state_id IS 'Limits the key to a state.';
COMMENT ON COLUMN api_key.district_id IS 'Limits the key to a district.';
COMMENT ON COLUMN api_key.centre_id IS 'Limits the key to a centre.';
COMMENT ON COLUMN api_key.calls_per_minute IS 'Rate.';
COMMENT ON COLUMN api_key.calls_per_day IS 'Quota.';
COMMENT ON COLUMN api_key.created_at IS 'When it was made.';
COMMENT ON COLUMN api_key.expires_at IS 'When it ends.';
COMMENT ON COLUMN api_key.revoked_at IS 'When it was revoked.';

CREATE TABLE staff (
    staff_id uuid PRIMARY KEY,
    user_name text NOT NULL UNIQUE,
    name_sealed bytea NOT NULL,
    password_hash text NOT NULL,
    second_factor_sealed bytea,
    permissions text[] NOT NULL,
    role text NOT NULL,
    state_id integer,
    district_id integer,
    centre_id integer,
    created_at timestamptz NOT NULL,
    deactivated_at timestamptz
);
COMMENT ON TABLE staff IS 'People who run the campaign (FHIR Practitioner with PractitionerRole).';
COMMENT ON COLUMN staff.staff_id IS 'Identity.';
COMMENT ON COLUMN staff.user_name IS 'Log-in name.';
COMMENT ON COLUMN staff.name_sealed IS 'Full name, sealed.';
COMMENT ON COLUMN staff.password_hash IS 'argon2id.';
COMMENT ON COLUMN staff.second_factor_sealed IS 'Secret of the second factor, sealed; null until enrolled.';
COMMENT ON COLUMN staff.permissions IS 'What the person may do.';
COMMENT ON COLUMN staff.role IS 'Name of the role that gave the permissions.';
COMMENT ON COLUMN staff.state_id IS 'Scope: a state.';
COMMENT ON COLUMN staff.district_id IS 'Scope: a district.';
COMMENT ON COLUMN staff.centre_id IS 'Scope: a centre.';
COMMENT ON COLUMN staff.created_at IS 'When.';
COMMENT ON COLUMN staff.deactivated_at IS 'When the person left; bites at once.';
