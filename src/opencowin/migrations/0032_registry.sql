-- Registry: what a correction may add to a person, and what makes two records comparable without reading them.
SET lock_timeout = '5s';

ALTER TABLE beneficiary
    ADD COLUMN passport_sealed bytea,
    ADD COLUMN passport_type_id smallint,
    ADD COLUMN passport_hash bytea,
    ADD COLUMN died_on date,
    ADD COLUMN merged_into bigint,
    ADD COLUMN likeness_hash bytea,
    ADD COLUMN birth_likeness_hash bytea;
COMMENT ON COLUMN beneficiary.passport_sealed IS 'Number of a passport that was added for travel, sealed.';
COMMENT ON COLUMN beneficiary.passport_type_id IS 'Which type of identity document that passport is.';
COMMENT ON COLUMN beneficiary.passport_hash IS 'Keyed hash of that passport, as in identity_document.';
COMMENT ON COLUMN beneficiary.died_on IS 'Reported day of death, confirmed by an officer.';
COMMENT ON COLUMN beneficiary.merged_into IS 'Reference of the record that this one was merged into; empty while it stands alone.';
COMMENT ON COLUMN beneficiary.likeness_hash IS 'Keyed hash of how the name sounds in any script, with birth year and gender: equal for likely twins, readable by nobody.';
COMMENT ON COLUMN beneficiary.birth_likeness_hash IS 'The same with the full date of birth; empty where it is not known.';
CREATE INDEX beneficiary_likeness ON beneficiary (likeness_hash) WHERE deleted_at IS NULL AND merged_into IS NULL;
CREATE INDEX beneficiary_without_likeness ON beneficiary (registered_at) WHERE likeness_hash IS NULL AND deleted_at IS NULL;
CREATE INDEX beneficiary_by_change ON beneficiary (changed_at);
CREATE INDEX beneficiary_dead ON beneficiary (account_id, beneficiary_id) WHERE died_on IS NOT NULL;
DROP INDEX beneficiary_member_number;
CREATE UNIQUE INDEX beneficiary_member_number ON beneficiary (account_id, member_number)
    WHERE deleted_at IS NULL AND merged_into IS NULL;
CREATE INDEX identity_document_of ON identity_document (account_id, beneficiary_id);
ALTER TABLE duplicate_attempt ADD COLUMN facts_sealed bytea;
COMMENT ON COLUMN duplicate_attempt.facts_sealed IS 'Name, birth and gender that were typed, sealed, for the human who compares; JSON.';
CREATE INDEX duplicate_attempt_open ON duplicate_attempt (attempt_id) WHERE resolved_at IS NULL;
