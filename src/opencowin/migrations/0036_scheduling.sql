-- Scheduling: whatever changes what can be booked is announced in its own transaction.
SET lock_timeout = '5s';

CREATE TRIGGER board_session_new AFTER INSERT ON session REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION board_tell_set();
CREATE TRIGGER board_session AFTER UPDATE OR DELETE ON session FOR EACH ROW EXECUTE FUNCTION board_tell();
CREATE TRIGGER board_slot_new AFTER INSERT ON slot REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION board_tell_set();
CREATE TRIGGER board_slot AFTER UPDATE OR DELETE ON slot FOR EACH ROW EXECUTE FUNCTION board_tell();
CREATE TRIGGER board_seats_new AFTER INSERT ON slot_capacity REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION board_tell_set();
-- Seats that are taken or given back are told once, by the session's stock, which changes with them.
CREATE TRIGGER board_seats AFTER UPDATE ON slot_capacity FOR EACH ROW
    WHEN (OLD.capacity <> NEW.capacity) EXECUTE FUNCTION board_tell();
CREATE TRIGGER board_stock AFTER UPDATE ON session_stock FOR EACH ROW
    WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION board_tell();
