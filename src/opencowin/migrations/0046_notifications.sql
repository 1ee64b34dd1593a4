-- The room `notifications`: what people are reminded of, once; and the devices that take their messages by push.
SET lock_timeout = '5s';

CREATE TABLE reminder (
    kind text NOT NULL CHECK (kind IN ('appointment', 'dose')),
    account_id uuid NOT NULL,
    about_id uuid NOT NULL,
    due_on date NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (kind, account_id, about_id, due_on)
);
CREATE INDEX reminder_old ON reminder (made_at);
COMMENT ON TABLE reminder IS 'Who was reminded of what: a row is written with the job that tells it, so that nobody hears twice.';
COMMENT ON COLUMN reminder.kind IS 'appointment: the day before it; dose: the day from which the next dose may be given.';
COMMENT ON COLUMN reminder.account_id IS 'Person side key: who is told.';
COMMENT ON COLUMN reminder.about_id IS 'The claim, or the beneficiary.';
COMMENT ON COLUMN reminder.due_on IS 'The day of the appointment, or the day on which the dose became due.';
COMMENT ON COLUMN reminder.made_at IS 'When the job was queued; deleted 90 days later.';

CREATE TABLE reminder_day (
    kind text NOT NULL CHECK (kind IN ('appointment', 'dose')),
    day date NOT NULL,
    done_at timestamptz NOT NULL,
    PRIMARY KEY (kind, day)
);
COMMENT ON TABLE reminder_day IS 'Days on which everybody who is to be reminded was, so that nobody is looked for again.';
COMMENT ON COLUMN reminder_day.kind IS 'Of what, as in reminder.';
COMMENT ON COLUMN reminder_day.day IS 'The day of reminding, in the country''s time zone.';
COMMENT ON COLUMN reminder_day.done_at IS 'When the last of them was queued.';

CREATE TABLE device (
    account_id uuid NOT NULL,
    address_hash bytea NOT NULL,
    address_sealed bytea NOT NULL,
    made_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, address_hash)
);
CREATE INDEX device_by_address ON device (address_hash);
COMMENT ON TABLE device IS 'A browser or app of a household''s that takes its messages by push, beside the SMS.';
COMMENT ON COLUMN device.account_id IS 'Person side key: whose messages it takes.';
COMMENT ON COLUMN device.address_hash IS 'Keyed hash of the address, to keep it once and to find it when its carrier says that it is gone.';
COMMENT ON COLUMN device.address_sealed IS 'Endpoint and keys as its browser made them, sealed.';
COMMENT ON COLUMN device.made_at IS 'When it was registered.';
