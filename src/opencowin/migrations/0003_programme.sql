-- The programme: vaccines, dated rules, and exemptions that persons hold.
SET lock_timeout = '5s';

CREATE TABLE vaccine (
    vaccine_id text PRIMARY KEY,
    name text NOT NULL,
    name_l jsonb NOT NULL DEFAULT '{}',
    manufacturer text NOT NULL,
    primary_doses smallint NOT NULL CONSTRAINT vaccine_has_doses CHECK (primary_doses >= 1),
    codes jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE vaccine IS 'Vaccine products of the country pack. Rows are never removed: doses given refer to them.';
COMMENT ON COLUMN vaccine.vaccine_id IS 'Name on appointments and certificates, such as COVISHIELD.';
COMMENT ON COLUMN vaccine.name IS 'Name for people, in English.';
COMMENT ON COLUMN vaccine.name_l IS 'Names by language code.';
COMMENT ON COLUMN vaccine.manufacturer IS 'Who makes it.';
COMMENT ON COLUMN vaccine.primary_doses IS 'Doses of the primary series.';
COMMENT ON COLUMN vaccine.codes IS 'Code of the product by code system (icd11, atc, cvx, dcc_vp, dcc_mp, dcc_ma).';

CREATE TABLE programme (
    programme_id text PRIMARY KEY,
    name text NOT NULL,
    name_l jsonb NOT NULL DEFAULT '{}',
    loaded_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE programme IS 'Vaccination programmes (FHIR PlanDefinition); the one loaded last is live.';
COMMENT ON COLUMN programme.programme_id IS 'Stable name, such as covid-19.';
COMMENT ON COLUMN programme.name IS 'Name for people, in English.';
COMMENT ON COLUMN programme.name_l IS 'Names by language code.';
COMMENT ON COLUMN programme.loaded_at IS 'When its rules were last loaded from a country pack.';

CREATE TABLE programme_rule (
    programme_id text NOT NULL REFERENCES programme ON DELETE CASCADE,
    kind text NOT NULL CONSTRAINT programme_rule_kind CHECK (kind IN ('group', 'opening', 'step', 'exemption_kind')),
    rule_id text NOT NULL,
    position integer NOT NULL,
    decided_on date,
    valid_from date,
    valid_until date,
    body jsonb NOT NULL,
    PRIMARY KEY (programme_id, kind, rule_id),
    CONSTRAINT programme_rule_dated CHECK (
        kind NOT IN ('opening', 'step') OR (decided_on IS NOT NULL AND valid_from IS NOT NULL)),
    CONSTRAINT programme_rule_in_order CHECK (valid_until >= valid_from)
);
COMMENT ON TABLE programme_rule IS 'Rules of a programme: groups, openings and steps (dated), kinds of exemption. Small; read as a whole.';
COMMENT ON COLUMN programme_rule.programme_id IS 'Whose rule.';
COMMENT ON COLUMN programme_rule.kind IS 'group, opening (who may have which doses), step (which vaccine after which, and the gap), exemption_kind.';
COMMENT ON COLUMN programme_rule.rule_id IS 'Name of the rule, unique in its kind.';
COMMENT ON COLUMN programme_rule.position IS 'Place in the country pack''s file, for lists.';
COMMENT ON COLUMN programme_rule.decided_on IS 'Bookings made from this day on are judged by the rule.';
COMMENT ON COLUMN programme_rule.valid_from IS 'First day of vaccination that it speaks about.';
COMMENT ON COLUMN programme_rule.valid_until IS 'Last day of vaccination that it speaks about; null: no end.';
COMMENT ON COLUMN programme_rule.body IS 'The rule as in the country pack, dates included.';

CREATE TABLE exemption (
    account_id uuid NOT NULL,
    beneficiary_id uuid NOT NULL,
    kind text NOT NULL,
    valid_from date NOT NULL,
    valid_until date NOT NULL,
    granted_by text NOT NULL,
    granted_at timestamptz NOT NULL,
    reason text NOT NULL CONSTRAINT exemption_has_reason CHECK (reason <> ''),
    PRIMARY KEY (account_id, beneficiary_id, kind),
    CONSTRAINT exemption_in_order CHECK (valid_until >= valid_from)
);
COMMENT ON TABLE exemption IS 'Exemptions that a person holds from a rule of the programme, such as a shorter gap before travel.';
COMMENT ON COLUMN exemption.account_id IS 'Account of the beneficiary.';
COMMENT ON COLUMN exemption.beneficiary_id IS 'Who holds it.';
COMMENT ON COLUMN exemption.kind IS 'Kind of exemption, which says what it overrides.';
COMMENT ON COLUMN exemption.valid_from IS 'First day of vaccination that it holds for.';
COMMENT ON COLUMN exemption.valid_until IS 'Last day of vaccination that it holds for.';
COMMENT ON COLUMN exemption.granted_by IS 'Who granted it: the actor''s id.';
COMMENT ON COLUMN exemption.granted_at IS 'When it was granted, or last changed.';
COMMENT ON COLUMN exemption.reason IS 'Why: the document seen or the approval given; never a personal datum beyond that.';
