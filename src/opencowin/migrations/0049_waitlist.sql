-- The room `waitlist`: who waits for a seat near by, and which seat was kept for whom.
SET lock_timeout = '5s';

CREATE TABLE waiting (
    waiting_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id uuid NOT NULL,
    beneficiary_id uuid NOT NULL,
    code text NOT NULL,
    district_id integer REFERENCES district ON UPDATE CASCADE,
    pin_code text,
    latitude double precision,
    longitude double precision,
    dose smallint NOT NULL CHECK (dose > 0),
    priority smallint NOT NULL,
    joined_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    CONSTRAINT waiting_once UNIQUE (account_id, beneficiary_id),
    CONSTRAINT waiting_at_one_place CHECK (num_nonnulls(district_id, pin_code) = 1)
);
CREATE INDEX waiting_by_district ON waiting (district_id, priority DESC, joined_at) WHERE district_id IS NOT NULL;
CREATE INDEX waiting_by_pin ON waiting (pin_code) WHERE pin_code IS NOT NULL;
CREATE INDEX waiting_by_latitude ON waiting (latitude) WHERE latitude IS NOT NULL;
CREATE INDEX waiting_over ON waiting (ends_at);
COMMENT ON TABLE waiting IS 'A person who found no seat and waits for one that is given back near by; each waits once.';
COMMENT ON COLUMN waiting.waiting_id IS 'Identity.';
COMMENT ON COLUMN waiting.account_id IS 'Person side key: who is told.';
COMMENT ON COLUMN waiting.beneficiary_id IS 'For whom.';
COMMENT ON COLUMN waiting.code IS 'What may be answered after YES, where several wait.';
COMMENT ON COLUMN waiting.district_id IS 'The district that is waited for; null: the surroundings of a postal code are.';
COMMENT ON COLUMN waiting.pin_code IS 'That postal code.';
COMMENT ON COLUMN waiting.latitude IS 'Degrees north of its middle, where known.';
COMMENT ON COLUMN waiting.longitude IS 'Degrees east of its middle, where known.';
COMMENT ON COLUMN waiting.dose IS 'Which dose was due when the person joined.';
COMMENT ON COLUMN waiting.priority IS '1: belongs to a listed priority group or has a condition, and comes first; 0: everybody else.';
COMMENT ON COLUMN waiting.joined_at IS 'When: the order of the line.';
COMMENT ON COLUMN waiting.ends_at IS 'When it ends by itself, and is deleted.';

CREATE TABLE waiting_offer (
    waiting_id bigint NOT NULL REFERENCES waiting ON DELETE CASCADE,
    session_id uuid NOT NULL,
    district_id integer NOT NULL,
    slot_number smallint NOT NULL,
    offered_at timestamptz NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (waiting_id, session_id)
);
COMMENT ON TABLE waiting_offer IS 'A seat that was kept for who waits; it is theirs as long as the household holds it (seat_hold). One for each session.';
COMMENT ON COLUMN waiting_offer.waiting_id IS 'Who waits.';
COMMENT ON COLUMN waiting_offer.session_id IS 'The session.';
COMMENT ON COLUMN waiting_offer.district_id IS 'Its place side key.';
COMMENT ON COLUMN waiting_offer.slot_number IS 'The slot.';
COMMENT ON COLUMN waiting_offer.offered_at IS 'When.';
COMMENT ON COLUMN waiting_offer.until IS 'Until when the seat is kept.';
