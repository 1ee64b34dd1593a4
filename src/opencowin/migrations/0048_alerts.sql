-- Alerts: when a session last met the subscriptions, so that seats given back one by one do not meet them one by one.
SET lock_timeout = '5s';

ALTER TABLE alert_round ALTER COLUMN again_at DROP NOT NULL;
ALTER TABLE alert_round ADD COLUMN matched_at timestamptz;
COMMENT ON TABLE alert_round IS 'Sessions of which people are told in rounds: when the last was, and when the next is.';
COMMENT ON COLUMN alert_round.again_at IS 'When more people are told, if seats are left by then; null: when seats are given back.';
COMMENT ON COLUMN alert_round.matched_at IS 'When it last met all subscriptions; deleted a day later.';
