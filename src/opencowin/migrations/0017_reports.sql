-- Reports: daily series that were published elsewhere, kept apart from what is counted here.
SET lock_timeout = '5s';

CREATE TABLE history_series (
    series_id text PRIMARY KEY,
    name text NOT NULL,
    source text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    imported_at timestamptz NOT NULL
);
COMMENT ON TABLE history_series IS 'A daily series that was published elsewhere and imported: history, never mixed with doses counted here.';
COMMENT ON COLUMN history_series.series_id IS 'Its short name.';
COMMENT ON COLUMN history_series.name IS 'What it is about.';
COMMENT ON COLUMN history_series.source IS 'Who published it.';
COMMENT ON COLUMN history_series.first_day IS 'First day.';
COMMENT ON COLUMN history_series.last_day IS 'Last day.';
COMMENT ON COLUMN history_series.imported_at IS 'When.';

CREATE TABLE history_figure (
    series_id text NOT NULL REFERENCES history_series ON DELETE CASCADE,
    state_id integer REFERENCES state ON UPDATE CASCADE,
    on_date date NOT NULL,
    figure text NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    CONSTRAINT history_figure_once UNIQUE NULLS NOT DISTINCT (series_id, on_date, state_id, figure)
);
COMMENT ON TABLE history_figure IS 'One published sum since the start, of one place up to one day.';
COMMENT ON COLUMN history_figure.series_id IS 'Of which series.';
COMMENT ON COLUMN history_figure.state_id IS 'Of which state; null: the nation.';
COMMENT ON COLUMN history_figure.on_date IS 'Up to which day.';
COMMENT ON COLUMN history_figure.figure IS 'doses, first, second, sessions, sites, aefi, male, female, other, age_<band>, vaccine_<id>.';
COMMENT ON COLUMN history_figure.amount IS 'The sum as published; it may fall where the source put a count right.';
