-- Reports: the roll-ups that counted changes are folded into.
SET lock_timeout = '5s';

CREATE TABLE report_daily (
    district_id integer NOT NULL,
    on_date date NOT NULL,
    measure text NOT NULL,
    keys jsonb NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (district_id, on_date, measure, keys)
);
CREATE INDEX report_daily_by_measure ON report_daily (measure, on_date);
COMMENT ON TABLE report_daily IS 'Roll-up by district and day.';
COMMENT ON COLUMN report_daily.district_id IS 'Where; 0 where the place is not known.';
COMMENT ON COLUMN report_daily.on_date IS 'Day.';
COMMENT ON COLUMN report_daily.measure IS 'What is counted.';
COMMENT ON COLUMN report_daily.keys IS 'Breakdown.';
COMMENT ON COLUMN report_daily.amount IS 'How many.';

CREATE TABLE report_hourly (
    district_id integer NOT NULL,
    on_date date NOT NULL,
    hour smallint NOT NULL,
    measure text NOT NULL,
    keys jsonb NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (district_id, on_date, hour, measure, keys)
);
COMMENT ON TABLE report_hourly IS 'Roll-up by district and hour; kept for some days.';
COMMENT ON COLUMN report_hourly.district_id IS 'Where; 0 where the place is not known.';
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
COMMENT ON COLUMN report_freshness.folded_at IS 'When changes were last folded in.';
