-- Tablets: what centres' tablets carry away for a day and send back, each record once, with what became of it.
SET lock_timeout = '5s';

CREATE TABLE tablet (
    tablet_id uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (octet_length(token_hash) = 32),
    staff_id uuid NOT NULL,
    worker_name_sealed bytea NOT NULL,
    district_id integer NOT NULL,
    centre_id integer NOT NULL,
    began_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    ended_at timestamptz
);
COMMENT ON TABLE tablet IS 'A tablet on which a member of staff signed in for a centre (FHIR Device).';
COMMENT ON COLUMN tablet.tablet_id IS 'Identity.';
COMMENT ON COLUMN tablet.token_hash IS 'Keyed hash of what the tablet shows when it calls.';
COMMENT ON COLUMN tablet.staff_id IS 'Who signed in.';
COMMENT ON COLUMN tablet.worker_name_sealed IS 'Who gives the doses, sealed.';
COMMENT ON COLUMN tablet.district_id IS 'Place side key.';
COMMENT ON COLUMN tablet.centre_id IS 'The only centre that it works for.';
COMMENT ON COLUMN tablet.began_at IS 'When.';
COMMENT ON COLUMN tablet.expires_at IS 'Until when it may call.';
COMMENT ON COLUMN tablet.seen_at IS 'When it called last.';
COMMENT ON COLUMN tablet.ended_at IS 'When the worker signed out.';

CREATE TABLE tablet_session (
    session_id uuid NOT NULL,
    tablet_id uuid NOT NULL REFERENCES tablet,
    district_id integer NOT NULL,
    held_on date NOT NULL,
    carried_at timestamptz NOT NULL,
    closed_at timestamptz,
    PRIMARY KEY (session_id, tablet_id)
);
CREATE INDEX tablet_session_open ON tablet_session (held_on) WHERE closed_at IS NULL;
COMMENT ON TABLE tablet_session IS 'Which tablet carried the list of which session, and whether it closed it.';
COMMENT ON COLUMN tablet_session.session_id IS 'The session.';
COMMENT ON COLUMN tablet_session.tablet_id IS 'The tablet.';
COMMENT ON COLUMN tablet_session.district_id IS 'Place side key.';
COMMENT ON COLUMN tablet_session.held_on IS 'Day of the session.';
COMMENT ON COLUMN tablet_session.carried_at IS 'When the list was fetched last.';
COMMENT ON COLUMN tablet_session.closed_at IS 'When the tablet closed the session.';

CREATE TABLE tablet_record (
    record_id uuid PRIMARY KEY,
    tablet_id uuid NOT NULL REFERENCES tablet,
    district_id integer NOT NULL,
    centre_id integer NOT NULL,
    session_id uuid,
    kind text NOT NULL CHECK (kind IN ('dose', 'undo', 'adverse_event', 'vials', 'waste', 'close', 'unread')),
    outcome text NOT NULL CHECK (outcome IN ('kept', 'attention', 'undone', 'replaced')),
    answer jsonb NOT NULL,
    figures jsonb NOT NULL DEFAULT '{}',
    account_id uuid,
    beneficiary_id uuid,
    dose_id uuid,
    content_sealed bytea,
    made_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    settled_at timestamptz
);
CREATE INDEX tablet_record_of_session ON tablet_record (session_id, kind) WHERE session_id IS NOT NULL;
CREATE INDEX tablet_record_of_attention ON tablet_record (district_id, centre_id, received_at) WHERE outcome = 'attention';
COMMENT ON TABLE tablet_record IS 'What tablets sent: each record once, with the answer that it had and will have.';
COMMENT ON COLUMN tablet_record.record_id IS 'Made on the tablet, so that a record sent twice is one.';
COMMENT ON COLUMN tablet_record.tablet_id IS 'From which tablet.';
COMMENT ON COLUMN tablet_record.district_id IS 'Place side key.';
COMMENT ON COLUMN tablet_record.centre_id IS 'At which centre.';
COMMENT ON COLUMN tablet_record.session_id IS 'In which session, if in one.';
COMMENT ON COLUMN tablet_record.kind IS 'What it says; unread: it could not be understood and is kept as it came.';
COMMENT ON COLUMN tablet_record.outcome IS 'kept; attention: it is kept here, and a human must act; undone; replaced by a corrected one.';
COMMENT ON COLUMN tablet_record.answer IS 'The answer, for the next time that it is sent.';
COMMENT ON COLUMN tablet_record.figures IS 'What counts for the stock: vaccine, batch, doses, vials, reason.';
COMMENT ON COLUMN tablet_record.account_id IS 'Person side key, once known.';
COMMENT ON COLUMN tablet_record.beneficiary_id IS 'Of whom, once known.';
COMMENT ON COLUMN tablet_record.dose_id IS 'The dose on record that it made or meets.';
COMMENT ON COLUMN tablet_record.content_sealed IS 'The record as it came, sealed: while a human must act on it, and where it says something in somebody''s own words.';
COMMENT ON COLUMN tablet_record.made_at IS 'When, by the tablet''s clock.';
COMMENT ON COLUMN tablet_record.received_at IS 'When it reached the platform.';
COMMENT ON COLUMN tablet_record.settled_at IS 'When its doses went through the stock''s ledger.';
