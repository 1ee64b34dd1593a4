-- The room `draw`: seats of some sessions are allotted by lot.
SET lock_timeout = '5s';

CREATE TABLE draw (
    draw_id uuid PRIMARY KEY,
    district_id integer NOT NULL REFERENCES district ON UPDATE CASCADE,
    state text NOT NULL CHECK (state IN ('open', 'closed', 'revealed', 'drawn', 'halted', 'cancelled')),
    groups text[] NOT NULL,
    number_source text NOT NULL,
    opened_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    commitment text NOT NULL CHECK (commitment ~ '^[0-9a-f]{64}$'),
    seed_sealed bytea NOT NULL,
    seed text,
    public_number text,
    list_digest text,
    closed_at timestamptz,
    revealed_at timestamptz,
    ended_at timestamptz,
    reason text,
    CONSTRAINT draw_known_when_revealed CHECK (state NOT IN ('revealed', 'drawn')
        OR num_nonnulls(seed, public_number, list_digest, closed_at, revealed_at) = 5)
);
CREATE INDEX draw_by_district ON draw (district_id, closes_at DESC);
CREATE INDEX draw_under_way ON draw (closes_at) WHERE ended_at IS NULL;
COMMENT ON TABLE draw IS 'A draw over some sessions of a district: until it has ended, nobody else gives their seats.';
COMMENT ON COLUMN draw.draw_id IS 'Identity.';
COMMENT ON COLUMN draw.district_id IS 'Place side key.';
COMMENT ON COLUMN draw.state IS 'open: may be entered; closed: the list is published; revealed: seed and number are; drawn: it is known who gets what; halted: the list stored is not the list published; cancelled.';
COMMENT ON COLUMN draw.groups IS 'Priority groups, who is served first first; everybody else comes after them.';
COMMENT ON COLUMN draw.number_source IS 'Which public number will count, as it was announced when the draw opened.';
COMMENT ON COLUMN draw.opened_at IS 'When.';
COMMENT ON COLUMN draw.closes_at IS 'Until when one may enter.';
COMMENT ON COLUMN draw.commitment IS 'SHA-256 of the seed, published from the opening on.';
COMMENT ON COLUMN draw.seed_sealed IS 'The seed, sealed until it is revealed.';
COMMENT ON COLUMN draw.seed IS 'The seed once revealed.';
COMMENT ON COLUMN draw.public_number IS 'The digits of the public number.';
COMMENT ON COLUMN draw.list_digest IS 'SHA-256 of the list, published from the closing on.';
COMMENT ON COLUMN draw.closed_at IS 'When it closed.';
COMMENT ON COLUMN draw.revealed_at IS 'When seed and number were made known.';
COMMENT ON COLUMN draw.ended_at IS 'When everybody had been booked or told, and what was left opened to all.';
COMMENT ON COLUMN draw.reason IS 'Why it was called off.';

CREATE TABLE draw_session (
    draw_id uuid NOT NULL REFERENCES draw ON DELETE CASCADE,
    session_id uuid NOT NULL,
    doses integer CHECK (doses >= 0),
    PRIMARY KEY (draw_id, session_id)
);
COMMENT ON TABLE draw_session IS 'A session whose seats a draw allots.';
COMMENT ON COLUMN draw_session.draw_id IS 'The draw.';
COMMENT ON COLUMN draw_session.session_id IS 'The session.';
COMMENT ON COLUMN draw_session.doses IS 'Doses free when the draw closed; null before, and where the session was withdrawn by then.';

CREATE TABLE draw_seat (
    draw_id uuid NOT NULL REFERENCES draw ON DELETE CASCADE,
    session_id uuid NOT NULL,
    slot_number smallint NOT NULL,
    dose smallint NOT NULL,
    seats integer NOT NULL CHECK (seats > 0),
    PRIMARY KEY (draw_id, session_id, slot_number, dose)
);
COMMENT ON TABLE draw_seat IS 'Seats that were free when a draw closed: what is drawn for.';
COMMENT ON COLUMN draw_seat.draw_id IS 'The draw.';
COMMENT ON COLUMN draw_seat.session_id IS 'The session.';
COMMENT ON COLUMN draw_seat.slot_number IS 'The slot.';
COMMENT ON COLUMN draw_seat.dose IS 'For which dose.';
COMMENT ON COLUMN draw_seat.seats IS 'How many.';

CREATE TABLE draw_entry (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    draw_id uuid NOT NULL REFERENCES draw ON DELETE CASCADE,
    account_id uuid,
    rank smallint NOT NULL CHECK (rank >= 0),
    dose smallint NOT NULL CHECK (dose > 0),
    people smallint NOT NULL CHECK (people > 0),
    preferences uuid[] NOT NULL CHECK (cardinality(preferences) > 0),
    waits boolean NOT NULL,
    entered_at timestamptz NOT NULL,
    session_id uuid,
    slot_number smallint,
    outcome text CHECK (outcome IN ('booked', 'refused', 'lost', 'cancelled')),
    refusal text,
    CONSTRAINT draw_entry_booked_somewhere CHECK (outcome <> 'booked' OR num_nonnulls(session_id, slot_number) = 2)
);
CREATE INDEX draw_entry_by_draw ON draw_entry (draw_id, entry_id);
CREATE INDEX draw_entry_of_account ON draw_entry (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX draw_entry_to_settle ON draw_entry (draw_id, entry_id) WHERE outcome IS NULL;
COMMENT ON TABLE draw_entry IS 'An entry of a household in a draw: some of its people, who go together or not at all.';
COMMENT ON COLUMN draw_entry.entry_id IS 'Its number, by which it stands in the published list.';
COMMENT ON COLUMN draw_entry.draw_id IS 'The draw.';
COMMENT ON COLUMN draw_entry.account_id IS 'Person side key; null: forgotten, 90 days after the draw has ended.';
COMMENT ON COLUMN draw_entry.rank IS 'The place of its priority group, from 0: of the member who comes last.';
COMMENT ON COLUMN draw_entry.dose IS 'Which dose is due.';
COMMENT ON COLUMN draw_entry.people IS 'How many people.';
COMMENT ON COLUMN draw_entry.preferences IS 'Sessions, the dearest first.';
COMMENT ON COLUMN draw_entry.waits IS 'Whether they join the waitlist where no seat falls to them.';
COMMENT ON COLUMN draw_entry.entered_at IS 'When.';
COMMENT ON COLUMN draw_entry.session_id IS 'The session that fell to it.';
COMMENT ON COLUMN draw_entry.slot_number IS 'The slot there.';
COMMENT ON COLUMN draw_entry.outcome IS 'booked; refused: by the rules of the day; lost; cancelled with the draw. Null: not settled yet.';
COMMENT ON COLUMN draw_entry.refusal IS 'The code of that refusal.';

CREATE TABLE draw_member (
    draw_id uuid NOT NULL REFERENCES draw ON DELETE CASCADE,
    entry_id bigint NOT NULL REFERENCES draw_entry ON DELETE CASCADE,
    account_id uuid NOT NULL,
    beneficiary_id uuid NOT NULL,
    PRIMARY KEY (draw_id, beneficiary_id)
);
CREATE INDEX draw_member_of_entry ON draw_member (entry_id);
COMMENT ON TABLE draw_member IS 'A person who enters a draw: once. Deleted 90 days after it has ended.';
COMMENT ON COLUMN draw_member.draw_id IS 'The draw.';
COMMENT ON COLUMN draw_member.entry_id IS 'The entry.';
COMMENT ON COLUMN draw_member.account_id IS 'Person side key.';
COMMENT ON COLUMN draw_member.beneficiary_id IS 'The person.';

CREATE TABLE draw_list (
    draw_id uuid PRIMARY KEY REFERENCES draw ON DELETE CASCADE,
    content text NOT NULL
);
COMMENT ON TABLE draw_list IS 'The list of a draw as it is published: nothing of a person.';
COMMENT ON COLUMN draw_list.draw_id IS 'The draw.';
COMMENT ON COLUMN draw_list.content IS 'One line a fact; the draw''s list_digest is of these bytes.';
