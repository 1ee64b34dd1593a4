-- Programme: officers add dated rules; those of the country pack stay its own.
SET lock_timeout = '5s';

ALTER TABLE programme_rule
    ADD COLUMN origin text NOT NULL DEFAULT 'pack' CHECK (origin IN ('pack', 'officer')),
    ADD COLUMN announced_by text NOT NULL DEFAULT '',
    ADD COLUMN announced_at timestamptz;
COMMENT ON COLUMN programme_rule.origin IS 'pack: loaded from the country pack, replaced when it is loaded again; officer: announced here, kept.';
COMMENT ON COLUMN programme_rule.announced_by IS 'The actor who announced it; empty for the pack''s.';
COMMENT ON COLUMN programme_rule.announced_at IS 'When it was announced.';
