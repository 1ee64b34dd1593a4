-- Reports: the roll-ups that counted changes are folded into.
SET lock_timeout = '5s';

CREATE TABLE report_daily (
    district_id integer REFERENCES district ON UPDATE CASCADE,
    on_date date NOT NULL,
    measure text NOT NULL,
    keys jsonb NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT report_daily_once UNIQUE NULLS NOT DISTINCT (measure, on_date, district_id, keys)
);
COMMENT ON TABLE report_daily IS 'Roll-up by district and day.';
COMMENT ON COLUMN report_daily.district_id IS 'Where; null where the place is not known.';
COMMENT ON COLUMN report_daily.on_date IS 'Day.';
COMMENT ON COLUMN report_daily.measure IS 'What is counted.';
COMMENT ON COLUMN report_daily.keys IS 'Breakdown.';
COMMENT ON COLUMN report_daily.amount IS 'How many.';

CREATE TABLE report_total (
    district_id integer REFERENCES district ON UPDATE CASCADE,
    measure text NOT NULL,
    keys jsonb NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT report_total_once UNIQUE NULLS NOT DISTINCT (measure, district_id, keys)
);
COMMENT ON TABLE report_total IS 'Roll-up by district over all days, future ones too: a sum up to a day is this less the days after it.';
COMMENT ON COLUMN report_total.district_id IS 'Where; null where the place is not known.';
COMMENT ON COLUMN report_total.measure IS 'What is counted.';
COMMENT ON COLUMN report_total.keys IS 'Breakdown.';
COMMENT ON COLUMN report_total.amount IS 'How many.';

CREATE TABLE report_hourly (
    district_id integer REFERENCES district ON UPDATE CASCADE,
    on_date date NOT NULL,
    hour smallint NOT NULL CHECK (hour BETWEEN 0 AND 23),
    measure text NOT NULL,
    keys jsonb NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT report_hourly_once UNIQUE NULLS NOT DISTINCT (measure, on_date, hour, district_id, keys)
);
COMMENT ON TABLE report_hourly IS 'Roll-up by district and hour; kept for some weeks.';
COMMENT ON COLUMN report_hourly.district_id IS 'Where; null where the place is not known.';
COMMENT ON COLUMN report_hourly.on_date IS 'Day.';
COMMENT ON COLUMN report_hourly.hour IS 'Hour in the country''s time zone.';
COMMENT ON COLUMN report_hourly.measure IS 'What is counted.';
COMMENT ON COLUMN report_hourly.keys IS 'Breakdown.';
COMMENT ON COLUMN report_hourly.amount IS 'How many.';

CREATE TABLE report_freshness (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    folded_at timestamptz NOT NULL
);
COMMENT ON TABLE report_freshness IS 'Up to when the roll-ups are complete.';
COMMENT ON COLUMN report_freshness.only_row IS 'There is one row.';
COMMENT ON COLUMN report_freshness.folded_at IS 'Changes counted before this instant are folded in.';
