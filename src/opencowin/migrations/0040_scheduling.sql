-- Scheduling: sessions by day and centre, whatever became of them: what those who plan for a state or the nation page through.
SET lock_timeout = '5s';

CREATE INDEX session_by_day ON session (held_on, centre_id, session_id);
