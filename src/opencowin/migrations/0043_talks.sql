-- The room `talks`: talks by keypad that can be gone on with, and which messages were heard.
SET lock_timeout = '5s';

CREATE TABLE talk (
    mobile_hash bytea PRIMARY KEY,
    session_hash bytea NOT NULL,
    heard integer NOT NULL CHECK (heard >= 0),
    state_sealed bytea NOT NULL,
    seen_at timestamptz NOT NULL
);
CREATE INDEX talk_rests ON talk (seen_at);
COMMENT ON TABLE talk IS 'Where somebody stands in a talk over USSD or SMS; deleted when it rests for a quarter of an hour.';
COMMENT ON COLUMN talk.mobile_hash IS 'Keyed hash of the number that talks.';
COMMENT ON COLUMN talk.session_hash IS 'Keyed hash of the gateway and its session; empty for SMS.';
COMMENT ON COLUMN talk.heard IS 'How many answers of that session were heard, so that one sent again does nothing more.';
COMMENT ON COLUMN talk.state_sealed IS 'Step, what was said so far and what was answered last, sealed.';
COMMENT ON COLUMN talk.seen_at IS 'When something was heard last.';

CREATE TABLE text_heard (
    gateway text NOT NULL,
    message_hash bytea NOT NULL,
    heard_at timestamptz NOT NULL,
    PRIMARY KEY (gateway, message_hash)
);
CREATE INDEX text_heard_old ON text_heard (heard_at);
COMMENT ON TABLE text_heard IS 'Which SMS were heard, so that one handed on twice is answered once; deleted after a week.';
COMMENT ON COLUMN text_heard.gateway IS 'Whose key handed it on.';
COMMENT ON COLUMN text_heard.message_hash IS 'Keyed hash of the gateway''s number for it.';
COMMENT ON COLUMN text_heard.heard_at IS 'When.';
