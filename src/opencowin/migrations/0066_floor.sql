-- The trail is asked what somebody did on a day, and never by kind of actor alone: an index that says so is smaller,
-- and PostgreSQL below 18 uses it (it looked through the whole day before).
SET lock_timeout = '5s';

DROP INDEX audit_actor;
CREATE INDEX audit_actor ON audit (actor_id, at);
