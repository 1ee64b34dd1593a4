-- Places: rounds from door to door are a kind of centre too.
SET lock_timeout = '5s';

ALTER TABLE centre DROP CONSTRAINT centre_kind_known;
ALTER TABLE centre ADD CONSTRAINT centre_kind_known
    CHECK (kind IN ('static', 'outreach', 'near_home', 'workplace', 'school', 'home'));
COMMENT ON COLUMN centre.kind IS 'static (a facility), outreach (a camp), near_home (for the elderly and the disabled), workplace, school, or home (rounds from door to door).';
