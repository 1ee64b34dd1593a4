-- Scheduling: that a draw allots a session's seats from now on, or no longer, is told as a change of it.
SET lock_timeout = '5s';

CREATE OR REPLACE TRIGGER session_note_update AFTER UPDATE ON session FOR EACH ROW
    WHEN ((OLD.state, OLD.held_on, OLD.vaccine_id, OLD.min_age, OLD.max_age, OLD.fee, OLD.bookable_from, OLD.closed,
           OLD.draw_id)
          IS DISTINCT FROM
          (NEW.state, NEW.held_on, NEW.vaccine_id, NEW.min_age, NEW.max_age, NEW.fee, NEW.bookable_from, NEW.closed,
           NEW.draw_id))
    EXECUTE FUNCTION session_note_update();
