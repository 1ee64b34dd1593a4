-- Scheduling: a weekly template says when booking opens for the sessions that are made from it.
SET lock_timeout = '5s';

ALTER TABLE session_template ADD COLUMN bookable_days smallint CHECK (bookable_days BETWEEN 0 AND 90);
ALTER TABLE session_template ADD COLUMN bookable_time time CHECK ((bookable_time IS NULL) = (bookable_days IS NULL));
COMMENT ON COLUMN session_template.bookable_days IS 'How many days before the session booking opens; null: when it is published.';
COMMENT ON COLUMN session_template.bookable_time IS 'When booking opens on that day, by the centre''s wall clock.';
