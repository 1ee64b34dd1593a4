-- The room `scheduling`: sessions whose seats a draw allots.
SET lock_timeout = '5s';

ALTER TABLE session ADD COLUMN draw_id uuid;
COMMENT ON COLUMN session.draw_id IS 'The draw that allots its seats; while it is set, nobody else is given any but those who walk in. Null: first come, first served.';

DROP TRIGGER session_note_update ON session;
CREATE TRIGGER session_note_update AFTER UPDATE ON session FOR EACH ROW
    WHEN ((OLD.state, OLD.held_on, OLD.vaccine_id, OLD.min_age, OLD.max_age, OLD.fee, OLD.bookable_from, OLD.closed,
           OLD.draw_id)
          IS DISTINCT FROM
          (NEW.state, NEW.held_on, NEW.vaccine_id, NEW.min_age, NEW.max_age, NEW.fee, NEW.bookable_from, NEW.closed,
           NEW.draw_id))
    EXECUTE FUNCTION session_note_update();
