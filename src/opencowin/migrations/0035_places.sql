-- Places: a change of a centre or of names is announced, so that answers kept in memory are made anew.
SET lock_timeout = '5s';

-- The payload is a district's number; '*' where it cannot be told whose answers change. PostgreSQL tells each payload
-- once per transaction, when that is committed.
CREATE FUNCTION board_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('opencowin_board', (CASE WHEN TG_OP = 'DELETE' THEN OLD.district_id ELSE NEW.district_id END)::text);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION board_tell IS 'Row trigger: what is told of this row''s district has changed.';

CREATE FUNCTION board_tell_set() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('opencowin_board', district_id::text) FROM (SELECT DISTINCT district_id FROM changed) AS d;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION board_tell_set IS 'Statement trigger: what is told of these rows'' districts has changed.';

CREATE FUNCTION board_tell_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('opencowin_board', '*');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION board_tell_all IS 'Statement trigger: anything that is told of places may have changed.';

CREATE TRIGGER board_centre AFTER UPDATE ON centre FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION board_tell();
CREATE TRIGGER board_centre_moved AFTER INSERT OR DELETE OR UPDATE OF pin_code, district_id ON centre
    FOR EACH STATEMENT EXECUTE FUNCTION board_tell_all();
CREATE TRIGGER board_district AFTER INSERT OR UPDATE OR DELETE ON district
    FOR EACH STATEMENT EXECUTE FUNCTION board_tell_all();
CREATE TRIGGER board_state AFTER INSERT OR UPDATE OR DELETE ON state
    FOR EACH STATEMENT EXECUTE FUNCTION board_tell_all();
