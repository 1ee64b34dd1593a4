-- Notifications: many channels, in order of urgency, each message handed on by one worker at a time.
SET lock_timeout = '5s';

ALTER TABLE message
    ADD COLUMN medium text NOT NULL DEFAULT 'sms'
        CHECK (medium IN ('sms', 'email', 'telegram', 'web_push', 'signal')),
    ADD COLUMN priority smallint NOT NULL DEFAULT 0,
    ADD COLUMN not_before timestamptz NOT NULL DEFAULT '-infinity',
    ADD COLUMN tries smallint NOT NULL DEFAULT 0,
    ADD COLUMN leased_until timestamptz,
    ADD COLUMN gateway_ref text,
    ADD COLUMN receipt text CHECK (receipt IN ('delivered', 'undelivered')),
    ADD COLUMN receipt_at timestamptz,
    ADD COLUMN units smallint NOT NULL DEFAULT 1,
    DROP CONSTRAINT message_state_check,
    ADD CONSTRAINT message_state_check CHECK (state IN ('queued', 'unsure', 'sent', 'failed', 'expired')),
    DROP CONSTRAINT message_to_send_has_text,
    ADD CONSTRAINT message_to_send_has_text CHECK (state NOT IN ('queued', 'unsure') OR text_sealed IS NOT NULL);
DROP INDEX message_queued;
CREATE INDEX message_due ON message (priority DESC, message_id) WHERE state = 'queued';
CREATE INDEX message_unsure ON message (leased_until) WHERE state = 'unsure';
CREATE INDEX message_old ON message (caused_at);
CREATE UNIQUE INDEX message_gateway_ref ON message (channel, gateway_ref) WHERE gateway_ref IS NOT NULL;
COMMENT ON COLUMN message.channel IS 'The gateway that it was handed to, or is expected to be: outbox in demo mode, none while none is set up.';
COMMENT ON COLUMN message.recipient_hash IS 'Keyed hash of the number or address.';
COMMENT ON COLUMN message.recipient_sealed IS 'The number or address, sealed; erased with old messages.';
COMMENT ON COLUMN message.medium IS 'By what kind of address the person is reached.';
COMMENT ON COLUMN message.priority IS 'Higher goes first: one-time passwords 100, news of one''s own 0, alerts to many -100.';
COMMENT ON COLUMN message.not_before IS 'Not handed on earlier: after quiet hours, or after a gateway''s rest.';
COMMENT ON COLUMN message.tries IS 'How often it was taken up to be handed on.';
COMMENT ON COLUMN message.leased_until IS 'Until then one worker has it in hand; where the outcome is unsure, until then a receipt is awaited.';
COMMENT ON COLUMN message.gateway_ref IS 'The gateway''s own name for it, which receipts use.';
COMMENT ON COLUMN message.receipt IS 'What the gateway later told of its delivery.';
COMMENT ON COLUMN message.receipt_at IS 'When that was told first.';
COMMENT ON COLUMN message.units IS 'What it costs in the gateway''s units: parts of an SMS, else 1.';

CREATE TABLE gateway_day (
    gateway text NOT NULL,
    day date NOT NULL,
    units bigint NOT NULL,
    PRIMARY KEY (gateway, day)
);
COMMENT ON TABLE gateway_day IS 'What was handed to a gateway on a day, so that its cost is bounded.';
COMMENT ON COLUMN gateway_day.gateway IS 'The gateway''s name.';
COMMENT ON COLUMN gateway_day.day IS 'The day, in the country''s time zone.';
COMMENT ON COLUMN gateway_day.units IS 'Units handed on.';

CREATE TABLE gateway_receipt (
    gateway text NOT NULL,
    reference text NOT NULL,
    receipt text NOT NULL CHECK (receipt IN ('delivered', 'undelivered')),
    told_at timestamptz NOT NULL,
    PRIMARY KEY (gateway, reference)
);
COMMENT ON TABLE gateway_receipt IS 'Receipts that came before it was noted that their message was handed on; kept a day.';
COMMENT ON COLUMN gateway_receipt.gateway IS 'The gateway''s name.';
COMMENT ON COLUMN gateway_receipt.reference IS 'The gateway''s own name for the message.';
COMMENT ON COLUMN gateway_receipt.receipt IS 'What it told.';
COMMENT ON COLUMN gateway_receipt.told_at IS 'When.';
