-- Registry: alarms on unusual reading; the floor's trail can be read by day.
SET lock_timeout = '5s';

CREATE TABLE look_alert (
    alert_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('many_looks', 'wrong_codes', 'far_away', 'refused_looks')),
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    window_start timestamptz NOT NULL,
    times integer NOT NULL DEFAULT 1,
    raised_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    seen_by text,
    seen_at timestamptz,
    CONSTRAINT look_alert_once UNIQUE (actor_kind, actor_id, kind, window_start)
);
CREATE INDEX look_alert_unseen ON look_alert (last_at) WHERE seen_at IS NULL;
COMMENT ON TABLE look_alert IS 'Alarms: somebody reads people''s records in an unusual way. One row for each kind and hour.';
COMMENT ON COLUMN look_alert.alert_id IS 'Identity.';
COMMENT ON COLUMN look_alert.kind IS 'many_looks: more people than the budget; wrong_codes: a large share of wrong secret codes; far_away: people of other districts; refused_looks: references without proof.';
COMMENT ON COLUMN look_alert.actor_kind IS 'staff or partner.';
COMMENT ON COLUMN look_alert.actor_id IS 'Who.';
COMMENT ON COLUMN look_alert.window_start IS 'The hour.';
COMMENT ON COLUMN look_alert.times IS 'How often in that hour, from the one that raised the alarm on.';
COMMENT ON COLUMN look_alert.raised_at IS 'When the alarm was raised.';
COMMENT ON COLUMN look_alert.last_at IS 'When it was raised last.';
COMMENT ON COLUMN look_alert.seen_by IS 'Officer who looked after it.';
COMMENT ON COLUMN look_alert.seen_at IS 'When.';

CREATE INDEX audit_by_time ON audit USING brin (at);
