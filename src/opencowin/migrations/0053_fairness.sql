-- The room `fairness`: waiting rooms before a rush, and who has which place in them.
SET lock_timeout = '5s';

CREATE TABLE queue_room (
    room_id uuid PRIMARY KEY,
    state_id integer REFERENCES state ON UPDATE CASCADE,
    district_id integer REFERENCES district ON UPDATE CASCADE,
    by_load boolean NOT NULL,
    opens_at timestamptz NOT NULL,
    opened_at timestamptz,
    closed_at timestamptz,
    per_minute integer NOT NULL CHECK (per_minute > 0),
    let_in double precision NOT NULL DEFAULT 0 CHECK (let_in >= 0),
    paced_at timestamptz NOT NULL,
    early bigint NOT NULL DEFAULT 0,
    late bigint NOT NULL DEFAULT 0,
    CONSTRAINT queue_room_place CHECK (district_id IS NULL OR state_id IS NOT NULL)
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX queue_room_once ON queue_room (coalesce(state_id, -1), coalesce(district_id, -1))
    WHERE closed_at IS NULL;
COMMENT ON TABLE queue_room IS 'A waiting room: who wants to book in its area while it stands has a place in it first. At most one stands for each area.';
COMMENT ON COLUMN queue_room.room_id IS 'Identity; part of what places are drawn from.';
COMMENT ON COLUMN queue_room.state_id IS 'Its area: the state; null: the nation.';
COMMENT ON COLUMN queue_room.district_id IS 'Its area: the district; null: the whole state or nation.';
COMMENT ON COLUMN queue_room.by_load IS 'Whether load opened it, and not an officer: it closes by itself when nobody waits any more.';
COMMENT ON COLUMN queue_room.opens_at IS 'From when people are let in; who is there before has a place by lot.';
COMMENT ON COLUMN queue_room.opened_at IS 'Set when it has opened: from then on `early` stands still and places follow in order.';
COMMENT ON COLUMN queue_room.closed_at IS 'When it ended; null: it stands.';
COMMENT ON COLUMN queue_room.per_minute IS 'How many places are let in per minute since `paced_at`.';
COMMENT ON COLUMN queue_room.let_in IS 'How many places had been let in at `paced_at`.';
COMMENT ON COLUMN queue_room.paced_at IS 'Since when the present pace holds.';
COMMENT ON COLUMN queue_room.early IS 'How many were there before it opened: as many places are drawn by lot.';
COMMENT ON COLUMN queue_room.late IS 'The last place that was given after these.';

CREATE TABLE queue_ticket (
    room_id uuid NOT NULL REFERENCES queue_room ON DELETE CASCADE,
    account_id uuid NOT NULL,
    number bigint NOT NULL CHECK (number >= 0),
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (room_id, account_id)
);
COMMENT ON TABLE queue_ticket IS 'Who waits in which room: written once, so that whoever asks again has the same place.';
COMMENT ON COLUMN queue_ticket.room_id IS 'The room.';
COMMENT ON COLUMN queue_ticket.account_id IS 'Person side key: the signed-in mobile.';
COMMENT ON COLUMN queue_ticket.number IS '0: there before it opened, the place is drawn; else the place behind those.';
COMMENT ON COLUMN queue_ticket.joined_at IS 'When.';

CREATE FUNCTION queue_room_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('opencowin_queue', '');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION queue_room_tell IS 'Row trigger: rooms have changed; web processes read them anew.';
CREATE TRIGGER queue_room_changed AFTER INSERT OR DELETE OR UPDATE OF opens_at, opened_at, closed_at, per_minute
    ON queue_room FOR EACH ROW EXECUTE FUNCTION queue_room_tell();
