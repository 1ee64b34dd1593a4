-- The waitlist: who waits near a centre is found by a box, not by a band round the earth.
SET lock_timeout = '5s';

CREATE INDEX waiting_near ON waiting USING gist (point(longitude, latitude)) WHERE latitude IS NOT NULL;
DROP INDEX waiting_by_latitude;
