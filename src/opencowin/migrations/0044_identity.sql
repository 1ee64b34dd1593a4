-- Identity: codes without which nobody sets up the first second factor of an account.
SET lock_timeout = '5s';

ALTER TABLE staff
    ADD COLUMN enrolment_hash bytea,
    ADD COLUMN enrolment_until timestamptz,
    ADD CONSTRAINT staff_enrolment_whole CHECK ((enrolment_hash IS NULL) = (enrolment_until IS NULL));
COMMENT ON COLUMN staff.enrolment_hash IS 'Keyed hash of the code by which the first second factor may be set up, once; none once it is used.';
COMMENT ON COLUMN staff.enrolment_until IS 'Until when that code is good.';
