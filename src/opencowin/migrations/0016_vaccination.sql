-- Vaccination: people report side effects themselves, and may ask to be called.
SET lock_timeout = '5s';

ALTER TABLE adverse_event ADD COLUMN wants_call boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN adverse_event.wants_call IS 'The person asks to be called back.';
COMMENT ON COLUMN adverse_event.reported_by IS 'Actor who reported it; the account itself, where the person did.';
