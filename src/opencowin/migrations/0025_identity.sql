-- Identity: how staff come in and stay in: invitations, second factors, passkeys, sessions and devices known to them.
SET lock_timeout = '5s';

-- What a role may do is in the code, so that a new right reaches everybody who holds the role.
UPDATE staff SET permissions = '{}';
COMMENT ON COLUMN staff.permissions IS 'What the person may do beyond what the role gives.';

ALTER TABLE staff
    ADD COLUMN second_factor_step bigint NOT NULL DEFAULT 0,
    ADD COLUMN password_set_at timestamptz;
COMMENT ON COLUMN staff.second_factor_sealed IS 'Secret of the authenticator app (TOTP), sealed; null: none is enrolled.';
COMMENT ON COLUMN staff.second_factor_step IS 'Newest time step whose code was used: no code is good twice.';
COMMENT ON COLUMN staff.password_set_at IS 'When the password was last chosen; null: never since appointment.';

CREATE TABLE staff_session (
    session_id uuid PRIMARY KEY,
    staff_id uuid NOT NULL REFERENCES staff,
    secret_hash bytea NOT NULL UNIQUE CHECK (octet_length(secret_hash) = 32),
    proved_by text NOT NULL,
    address text NOT NULL,
    device text NOT NULL,
    begun_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX staff_session_open ON staff_session (staff_id) WHERE ended_at IS NULL;
COMMENT ON TABLE staff_session IS 'Who of the staff is signed in at the console, where and since when.';
COMMENT ON COLUMN staff_session.session_id IS 'Identity.';
COMMENT ON COLUMN staff_session.staff_id IS 'Who.';
COMMENT ON COLUMN staff_session.secret_hash IS 'Keyed hash of the secret in the browser''s sealed cookie.';
COMMENT ON COLUMN staff_session.proved_by IS 'What was shown beside the password: nothing, code, recovery or passkey.';
COMMENT ON COLUMN staff_session.address IS 'Network address at sign-in.';
COMMENT ON COLUMN staff_session.device IS 'What the browser calls itself, for the list of one''s own sessions.';
COMMENT ON COLUMN staff_session.begun_at IS 'When.';
COMMENT ON COLUMN staff_session.seen_at IS 'Last page, to the minute.';
COMMENT ON COLUMN staff_session.ended_at IS 'When it was ended by hand; one that rested or lasted too long is ended without a word.';

CREATE TABLE staff_device (
    staff_id uuid NOT NULL REFERENCES staff,
    device_hash bytea NOT NULL CHECK (octet_length(device_hash) = 32),
    known_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    PRIMARY KEY (staff_id, device_hash)
);
COMMENT ON TABLE staff_device IS 'Browsers in which somebody has signed in: strangers'' wrong passwords do not keep these out.';
COMMENT ON COLUMN staff_device.staff_id IS 'Who.';
COMMENT ON COLUMN staff_device.device_hash IS 'Keyed hash of the secret in the browser''s cookie.';
COMMENT ON COLUMN staff_device.known_at IS 'First sign-in.';
COMMENT ON COLUMN staff_device.seen_at IS 'Last sign-in.';

CREATE TABLE staff_recovery_code (
    staff_id uuid NOT NULL REFERENCES staff,
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    used_at timestamptz,
    PRIMARY KEY (staff_id, code_hash)
);
COMMENT ON TABLE staff_recovery_code IS 'Codes on paper for who has lost the second factor; each is good once.';
COMMENT ON COLUMN staff_recovery_code.staff_id IS 'Whose.';
COMMENT ON COLUMN staff_recovery_code.code_hash IS 'Keyed hash.';
COMMENT ON COLUMN staff_recovery_code.used_at IS 'When it was used.';

CREATE TABLE staff_passkey (
    credential_id bytea PRIMARY KEY,
    staff_id uuid NOT NULL REFERENCES staff,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    name text NOT NULL,
    added_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX staff_passkey_of ON staff_passkey (staff_id);
COMMENT ON TABLE staff_passkey IS 'Passkeys (WebAuthn) as second factors.';
COMMENT ON COLUMN staff_passkey.credential_id IS 'What the authenticator calls it.';
COMMENT ON COLUMN staff_passkey.staff_id IS 'Whose.';
COMMENT ON COLUMN staff_passkey.public_key IS 'COSE key.';
COMMENT ON COLUMN staff_passkey.sign_count IS 'The authenticator''s counter when it was last used.';
COMMENT ON COLUMN staff_passkey.name IS 'What its owner calls it.';
COMMENT ON COLUMN staff_passkey.added_at IS 'When.';
COMMENT ON COLUMN staff_passkey.used_at IS 'When it last was.';

CREATE TABLE staff_invitation (
    invitation_id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    user_name text NOT NULL,
    name_sealed bytea NOT NULL,
    role text NOT NULL,
    state_id integer,
    district_id integer,
    centre_id integer,
    invited_by text NOT NULL,
    invited_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    staff_id uuid REFERENCES staff
);
CREATE UNIQUE INDEX staff_invitation_open ON staff_invitation (user_name) WHERE ended_at IS NULL;
COMMENT ON TABLE staff_invitation IS 'Somebody may join the staff by a link that works once.';
COMMENT ON COLUMN staff_invitation.invitation_id IS 'Identity.';
COMMENT ON COLUMN staff_invitation.token_hash IS 'Keyed hash of what the link carries.';
COMMENT ON COLUMN staff_invitation.user_name IS 'Log-in name that is kept for the person.';
COMMENT ON COLUMN staff_invitation.name_sealed IS 'Full name, sealed.';
COMMENT ON COLUMN staff_invitation.role IS 'As what.';
COMMENT ON COLUMN staff_invitation.state_id IS 'Scope: a state.';
COMMENT ON COLUMN staff_invitation.district_id IS 'Scope: a district.';
COMMENT ON COLUMN staff_invitation.centre_id IS 'Scope: a centre.';
COMMENT ON COLUMN staff_invitation.invited_by IS 'By which actor.';
COMMENT ON COLUMN staff_invitation.invited_at IS 'When.';
COMMENT ON COLUMN staff_invitation.expires_at IS 'Until when the link works.';
COMMENT ON COLUMN staff_invitation.ended_at IS 'When it was accepted or withdrawn.';
COMMENT ON COLUMN staff_invitation.staff_id IS 'Who accepted it; null: nobody.';
