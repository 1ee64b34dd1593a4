-- Release windows: a session is seen from when it is published, and can be booked from an announced instant on.
SET lock_timeout = '5s';

ALTER TABLE session ADD COLUMN bookable_from timestamptz;
COMMENT ON COLUMN session.bookable_from IS 'From when its seats can be held and booked; null: from when it is published. Walk-ins do not wait for it.';
