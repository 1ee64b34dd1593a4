-- Vaccination: standing doses by day, by which those are found whose next dose becomes due.
SET lock_timeout = '5s';

CREATE INDEX dose_by_day ON dose (given_on, vaccine_id) WHERE state = 'valid';
