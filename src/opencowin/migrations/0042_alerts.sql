-- The room `alerts`: who wants to be told of free seats where, and who was told of which session.
SET lock_timeout = '5s';

CREATE TABLE subscription (
    subscription_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id uuid NOT NULL,
    code text NOT NULL,
    district_id integer REFERENCES district ON UPDATE CASCADE,
    pin_code text,
    radius_km smallint CHECK (radius_km > 0),
    latitude double precision,
    longitude double precision,
    area box,
    vaccine_id text,
    dose smallint CHECK (dose > 0),
    age smallint CHECK (age >= 0),
    most_fee numeric(10, 2) CHECK (most_fee >= 0),
    made_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    CONSTRAINT subscription_code_once UNIQUE (account_id, code),
    CONSTRAINT subscription_of_one_place CHECK (num_nonnulls(district_id, pin_code) = 1),
    CONSTRAINT subscription_circle_whole CHECK (num_nonnulls(radius_km, latitude, longitude, area) IN (0, 4)),
    CONSTRAINT subscription_circle_of_pin CHECK (area IS NULL OR pin_code IS NOT NULL)
);
CREATE INDEX subscription_by_district ON subscription (district_id) WHERE district_id IS NOT NULL;
CREATE INDEX subscription_by_pin ON subscription (pin_code) WHERE pin_code IS NOT NULL AND area IS NULL;
CREATE INDEX subscription_by_area ON subscription USING gist (area) WHERE area IS NOT NULL;
CREATE INDEX subscription_over ON subscription (ends_at);
COMMENT ON TABLE subscription IS 'A wish to be told of free seats (FHIR Subscription): at one place, and what must fit. Deleted when it ends.';
COMMENT ON COLUMN subscription.subscription_id IS 'Identity.';
COMMENT ON COLUMN subscription.account_id IS 'Whose; messages go to the number of this account.';
COMMENT ON COLUMN subscription.code IS 'What the person answers after STOP to end it; unique within the account.';
COMMENT ON COLUMN subscription.district_id IS 'The district that is watched; null: a postal code is.';
COMMENT ON COLUMN subscription.pin_code IS 'The postal code that is watched, or round whose middle.';
COMMENT ON COLUMN subscription.radius_km IS 'How far round the middle of the postal code; null: only the code itself.';
COMMENT ON COLUMN subscription.latitude IS 'Degrees north of that middle.';
COMMENT ON COLUMN subscription.longitude IS 'Degrees east of that middle.';
COMMENT ON COLUMN subscription.area IS 'A box round the circle, by which the index finds it.';
COMMENT ON COLUMN subscription.vaccine_id IS 'Only this vaccine; null: any.';
COMMENT ON COLUMN subscription.dose IS 'Only seats for this dose; null: for any.';
COMMENT ON COLUMN subscription.age IS 'Only sessions for this age in years; null: for any.';
COMMENT ON COLUMN subscription.most_fee IS 'Only sessions that cost no more; null: whatever they cost.';
COMMENT ON COLUMN subscription.made_at IS 'When it was made.';
COMMENT ON COLUMN subscription.ends_at IS 'When it ends by itself.';

CREATE TABLE alert (
    session_id uuid NOT NULL,
    account_id uuid NOT NULL,
    subscription_id bigint NOT NULL,
    alerted_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, account_id)
);
CREATE INDEX alert_lately ON alert (session_id, alerted_at);
CREATE INDEX alert_old ON alert (alerted_at);
COMMENT ON TABLE alert IS 'Who was told of which session: each household once, whatever number of its subscriptions fit.';
COMMENT ON COLUMN alert.session_id IS 'The session.';
COMMENT ON COLUMN alert.account_id IS 'Who was told.';
COMMENT ON COLUMN alert.subscription_id IS 'The subscription that fitted; it may have ended since.';
COMMENT ON COLUMN alert.alerted_at IS 'When.';

CREATE TABLE alert_round (
    session_id uuid PRIMARY KEY,
    again_at timestamptz NOT NULL
);
CREATE INDEX alert_round_due ON alert_round (again_at);
COMMENT ON TABLE alert_round IS 'Sessions of which more people may be told later, if seats are left by then.';
COMMENT ON COLUMN alert_round.session_id IS 'The session.';
COMMENT ON COLUMN alert_round.again_at IS 'When.';
