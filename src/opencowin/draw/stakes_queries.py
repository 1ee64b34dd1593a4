"""SQL of what a draw is for and who takes part, as it stands when the draw closes: one function, one statement."""

from dataclasses import dataclass
from uuid import UUID

from opencowin.draw.lots import SessionDoses, SlotSeats, Ticket
from opencowin.kit.db import Connection, fetch_all, fetch_value, run


@dataclass(frozen=True, slots=True)
class Result:
    """What fell to a published entry."""

    entry_id: int
    session_id: UUID | None
    slot_number: int | None


async def strike(conn: Connection, draw_id: UUID) -> int:
    """Take people out who have an appointment, or the dose, or who are not there any more."""
    return await run(
        conn,
        """
        DELETE FROM draw_member m USING draw_entry e
        WHERE m.draw_id = %(draw)s AND e.entry_id = m.entry_id AND (
            NOT EXISTS (SELECT FROM beneficiary b WHERE b.account_id = m.account_id
                        AND b.beneficiary_id = m.beneficiary_id AND b.deleted_at IS NULL AND b.died_on IS NULL)
            OR EXISTS (SELECT FROM claim c WHERE c.account_id = m.account_id AND c.beneficiary_id = m.beneficiary_id
                       AND c.state IN ('pending', 'confirmed'))
            OR EXISTS (SELECT FROM dose d WHERE d.account_id = m.account_id AND d.beneficiary_id = m.beneficiary_id
                       AND d.state = 'valid' AND d.dose_number >= e.dose))
        """,
        draw=draw_id,
    )


async def count_people(conn: Connection, draw_id: UUID) -> None:
    """Count those who are left of each entry; one of whom nobody is left takes no part."""
    await run(
        conn,
        """
        UPDATE draw_entry e SET people = greatest(m.people, 1),
               outcome = CASE WHEN m.people = 0 THEN 'refused' END,
               refusal = CASE WHEN m.people = 0 THEN 'struck' END
        FROM (SELECT e.entry_id, count(m.beneficiary_id) AS people
              FROM draw_entry e LEFT JOIN draw_member m USING (entry_id)
              WHERE e.draw_id = %(draw)s GROUP BY e.entry_id) AS m
        WHERE e.entry_id = m.entry_id AND e.people <> m.people
        """,
        draw=draw_id,
    )


async def note_doses(conn: Connection, draw_id: UUID, district_id: int) -> None:
    """Keep how many doses the sessions of a draw have free."""
    await run(
        conn,
        """
        UPDATE draw_session d SET doses = greatest(t.doses - t.booked, 0)
        FROM session s JOIN session_stock t USING (district_id, session_id)
        WHERE d.draw_id = %(draw)s AND s.district_id = %(district)s AND s.session_id = d.session_id
          AND s.state = 'published' AND s.draw_id = d.draw_id
        """,
        draw=draw_id,
        district=district_id,
    )


async def note_seats(conn: Connection, draw_id: UUID, district_id: int, last_class: int) -> None:
    """Keep which seats are free there; `last_class`: above it are seats that a draw does not give."""
    await run(
        conn,
        """
        INSERT INTO draw_seat (draw_id, session_id, slot_number, dose, seats)
        SELECT d.draw_id, c.session_id, c.slot_number, c.dose_class, c.capacity - c.booked
        FROM draw_session d JOIN slot_capacity c ON c.district_id = %(district)s AND c.session_id = d.session_id
        WHERE d.draw_id = %(draw)s AND d.doses IS NOT NULL AND c.capacity > c.booked
          AND c.dose_class BETWEEN 1 AND %(last)s
        """,
        draw=draw_id,
        district=district_id,
        last=last_class,
    )


async def doses(conn: Connection, draw_id: UUID) -> list[SessionDoses]:
    """How many doses were free."""
    return await fetch_all(
        conn,
        SessionDoses,
        "SELECT session_id, doses FROM draw_session WHERE draw_id = %(draw)s AND doses IS NOT NULL",
        draw=draw_id,
    )


async def seats(conn: Connection, draw_id: UUID) -> list[SlotSeats]:
    """Which seats were free."""
    return await fetch_all(
        conn,
        SlotSeats,
        "SELECT session_id, slot_number, dose, seats FROM draw_seat WHERE draw_id = %(draw)s",
        draw=draw_id,
    )


async def tickets(conn: Connection, draw_id: UUID) -> list[Ticket]:
    """Who takes part."""
    return await fetch_all(
        conn,
        Ticket,
        """
        SELECT entry_id, rank, dose, people, preferences FROM draw_entry
        WHERE draw_id = %(draw)s AND refusal IS DISTINCT FROM 'struck' ORDER BY entry_id
        """,
        draw=draw_id,
    )


async def content(conn: Connection, draw_id: UUID) -> str | None:
    """The list as it was published."""
    found: str | None = await fetch_value(conn, "SELECT content FROM draw_list WHERE draw_id = %(draw)s", draw=draw_id)
    return found


async def results(conn: Connection, draw_id: UUID) -> list[Result]:
    """What fell to each entry that took part, by its number."""
    return await fetch_all(
        conn,
        Result,
        """
        SELECT entry_id, session_id, slot_number FROM draw_entry
        WHERE draw_id = %(draw)s AND refusal IS DISTINCT FROM 'struck' ORDER BY entry_id
        """,
        draw=draw_id,
    )
