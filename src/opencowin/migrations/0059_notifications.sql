-- Notifications: what waits for its hour stands apart from what is due, and a gateway may call two messages the same.
SET lock_timeout = '5s';

ALTER TABLE message ADD COLUMN due boolean NOT NULL DEFAULT true;
DROP INDEX message_due;
CREATE INDEX message_due ON message (medium, priority DESC, message_id) WHERE state = 'queued' AND due;
CREATE INDEX message_later ON message (coalesce(leased_until, not_before)) WHERE state = 'queued' AND NOT due;
CREATE INDEX message_expires ON message (expires_at) WHERE state IN ('queued', 'unsure');
UPDATE message SET due = false WHERE state = 'queued' AND (not_before > now() OR leased_until IS NOT NULL);
DROP INDEX message_gateway_ref;
CREATE INDEX message_gateway_ref ON message (channel, gateway_ref) WHERE gateway_ref IS NOT NULL;
COMMENT ON COLUMN message.due IS 'Whether it may be taken up at once: nobody has it in hand, and its hour has come.';
COMMENT ON COLUMN message.tries IS 'How often it was taken up to be handed on; of two who believe to hold it, the later one does.';
