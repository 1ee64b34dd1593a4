"""How full a day is: sessions, seats and bookings of an area, for those who run it."""

from dataclasses import dataclass
from datetime import date

from opencowin.kit.db import Connection, fetch_one
from opencowin.places import Area


@dataclass(frozen=True, slots=True)
class DayLoad:
    """The published sessions of one day."""

    sessions: int
    doses: int
    booked: int


async def load_of_day(conn: Connection, area: Area, on: date) -> DayLoad:
    """Sessions of a day in an area, the doses that they have and how many of them are spoken for."""
    found = await fetch_one(
        conn,
        DayLoad,
        """
        SELECT count(*) AS sessions, coalesce(sum(k.doses), 0)::bigint AS doses,
               coalesce(sum(k.booked), 0)::bigint AS booked
        FROM session s JOIN session_stock k USING (district_id, session_id)
        WHERE s.state = 'published' AND s.held_on = %(on)s
          AND (%(districts)s::int[] IS NULL OR s.district_id = ANY (%(districts)s))
          AND (%(centre)s::int IS NULL OR s.centre_id = %(centre)s)
        """,
        on=on,
        districts=area.district_list,
        centre=area.centre_id,
    )
    assert found is not None
    return found
