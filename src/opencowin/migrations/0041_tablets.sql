-- Tablets: those of one member of staff are found, to be ended together.
SET lock_timeout = '5s';

CREATE INDEX tablet_of_staff ON tablet (staff_id) WHERE ended_at IS NULL;
