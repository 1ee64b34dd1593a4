-- Identity: sign-ins that wait for their second factor, and links by which somebody chooses another password.
SET lock_timeout = '5s';

CREATE TABLE staff_sign_in (
    sign_in_id uuid PRIMARY KEY,
    staff_id uuid NOT NULL REFERENCES staff,
    challenge bytea NOT NULL CHECK (octet_length(challenge) = 32),
    begun_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX staff_sign_in_of ON staff_sign_in (staff_id) WHERE ended_at IS NULL;
COMMENT ON TABLE staff_sign_in IS 'Sign-ins whose password was right and that wait, for minutes, for the second factor.';
COMMENT ON COLUMN staff_sign_in.sign_in_id IS 'Identity, in the browser''s sealed cookie.';
COMMENT ON COLUMN staff_sign_in.staff_id IS 'Who.';
COMMENT ON COLUMN staff_sign_in.challenge IS 'What a passkey has to sign.';
COMMENT ON COLUMN staff_sign_in.begun_at IS 'When the password was shown.';
COMMENT ON COLUMN staff_sign_in.ended_at IS 'When it led to a session, or ended otherwise: it leads to one once.';

COMMENT ON TABLE staff_invitation IS 'A link that works once, by which somebody joins the staff or chooses another password.';
COMMENT ON COLUMN staff_invitation.staff_id IS 'Who accepted it; while it is open: who chooses another password by it.';
