-- Alerts: boxes round circles as all rooms draw them, right near the poles too.
SET lock_timeout = '5s';

UPDATE subscription SET area = box_round(latitude, longitude, radius_km) WHERE area IS NOT NULL;
