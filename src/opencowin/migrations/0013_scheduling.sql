-- Scheduling: a slot that a person has chosen is held while the details are entered.
SET lock_timeout = '5s';

CREATE TABLE seat_hold (
    account_id uuid PRIMARY KEY,
    district_id integer NOT NULL,
    session_id uuid NOT NULL,
    slot_number smallint NOT NULL,
    dose_class smallint NOT NULL,
    seats smallint NOT NULL CHECK (seats > 0),
    held_until timestamptz NOT NULL,
    FOREIGN KEY (district_id, session_id, slot_number, dose_class)
        REFERENCES slot_capacity (district_id, session_id, slot_number, dose_class)
);
CREATE INDEX seat_hold_by_end ON seat_hold (held_until);
COMMENT ON TABLE seat_hold IS 'Seats kept for a household for some minutes, one hold each; they count as booked.';
COMMENT ON COLUMN seat_hold.account_id IS 'For whom: one hold per mobile.';
COMMENT ON COLUMN seat_hold.district_id IS 'Place side key.';
COMMENT ON COLUMN seat_hold.session_id IS 'The session.';
COMMENT ON COLUMN seat_hold.slot_number IS 'The slot.';
COMMENT ON COLUMN seat_hold.dose_class IS 'Dose number that the seats are for.';
COMMENT ON COLUMN seat_hold.seats IS 'How many.';
COMMENT ON COLUMN seat_hold.held_until IS 'From then on the seats may be given back; until they are, they still are the household''s.';
