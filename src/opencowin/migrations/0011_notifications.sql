-- Notifications: messages to people.
SET lock_timeout = '5s';

CREATE TABLE message (
    message_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cause_id uuid NOT NULL UNIQUE,
    template text NOT NULL,
    language text NOT NULL,
    channel text NOT NULL,
    recipient_hash bytea NOT NULL,
    recipient_sealed bytea NOT NULL,
    text_sealed bytea,
    state text NOT NULL CHECK (state IN ('queued', 'sent', 'failed', 'expired')),
    caused_at timestamptz NOT NULL,
    expires_at timestamptz,
    sent_at timestamptz,
    CONSTRAINT message_to_send_has_text CHECK (state <> 'queued' OR text_sealed IS NOT NULL),
    CONSTRAINT message_sent_when CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX message_recipient ON message (recipient_hash, caused_at DESC, message_id DESC);
CREATE INDEX message_queued ON message (message_id) WHERE state = 'queued';
COMMENT ON TABLE message IS 'A message to a person (FHIR Communication).';
COMMENT ON COLUMN message.message_id IS 'Order of writing.';
COMMENT ON COLUMN message.cause_id IS 'Identity of what caused it, so that a job that runs twice sends once.';
COMMENT ON COLUMN message.template IS 'Which template.';
COMMENT ON COLUMN message.language IS 'Language of the text.';
COMMENT ON COLUMN message.channel IS 'How it goes out: outbox in demo mode, none while no channel is set up.';
COMMENT ON COLUMN message.recipient_hash IS 'Keyed hash of the number.';
COMMENT ON COLUMN message.recipient_sealed IS 'The number, sealed.';
COMMENT ON COLUMN message.text_sealed IS 'The text, sealed; erased once it has expired, or was sent outside demo mode.';
COMMENT ON COLUMN message.state IS 'What became of it; queued: not handed on yet.';
COMMENT ON COLUMN message.caused_at IS 'When the cause happened.';
COMMENT ON COLUMN message.expires_at IS 'After this it is no longer worth sending.';
COMMENT ON COLUMN message.sent_at IS 'When it was handed on.';
