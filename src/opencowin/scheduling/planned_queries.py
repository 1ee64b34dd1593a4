"""SQL of lists of sessions for those who plan: drafts and withdrawn ones too, with their seats and bookings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import LiteralString
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_value

# Of what is long over, what was given is what is booked and not live any more: so it is known while rows are away.
PLANNED: LiteralString = """
    SELECT s.session_id, s.district_id, s.centre_id, s.held_on, s.vaccine_id, s.min_age, s.max_age, s.state,
           s.round, s.closed, s.reserved_for, s.draw_id, s.publish_at, s.held_back, s.withdrawn_reason,
           t.doses, t.booked,
           coalesce(c.seats, 0)::integer AS seats,
           (CASE WHEN s.held_on < current_date - 7 THEN t.booked - a.live ELSE a.given END)::integer AS given,
           w.starts_at, w.ends_at
    FROM session s JOIN session_stock t USING (district_id, session_id)
    LEFT JOIN LATERAL (SELECT sum(capacity) AS seats FROM slot_capacity c
                       WHERE c.district_id = s.district_id AND c.session_id = s.session_id) c ON true
    JOIN LATERAL (SELECT count(*) FILTER (WHERE a.state = 'booked') AS live,
                         count(*) FILTER (WHERE a.state = 'given') AS given
                  FROM appointment a WHERE a.district_id = s.district_id AND a.session_id = s.session_id) a ON true
    JOIN LATERAL (SELECT min(starts_at) AS starts_at, max(ends_at) AS ends_at FROM slot l
                  WHERE l.district_id = s.district_id AND l.session_id = s.session_id) w ON true
"""


@dataclass(frozen=True, slots=True)
class Planned:
    """A session as those who plan see it: drafts and withdrawn ones too, with all its seats and bookings."""

    session_id: UUID
    district_id: int
    centre_id: int
    held_on: date
    vaccine_id: str
    min_age: int
    max_age: int | None
    state: str
    round: str
    closed: bool
    reserved_for: str | None
    draw_id: UUID | None
    publish_at: datetime | None
    held_back: str | None
    withdrawn_reason: str | None
    doses: int
    booked: int
    seats: int
    given: int
    starts_at: time
    ends_at: time


async def planned(conn: Connection, district_id: int, centre_id: int | None, first: date, last: date) -> list[Planned]:
    """What a district, or one of its centres, holds from `first` to `last`, by day and centre."""
    return await fetch_all(
        conn,
        Planned,
        PLANNED
        + """
        WHERE s.district_id = %(district)s AND s.held_on BETWEEN %(first)s AND %(last)s
          AND (%(centre)s::integer IS NULL OR s.centre_id = %(centre)s)
        ORDER BY s.held_on, s.centre_id, w.starts_at, s.session_id
        """,
        district=district_id,
        centre=centre_id,
        first=first,
        last=last,
    )


async def planned_in(
    conn: Connection,
    districts: Sequence[int] | None,
    centre_id: int | None,
    *,
    first: date,
    last: date,
    text: str,
    state: str | None,
    start: int,
    rows: int,
) -> list[Planned]:
    """Some of the sessions of some districts (of all without any named), by day and centre, of a state if one is named,
    at centres that have a text in name, block or postal code."""
    return await fetch_all(
        conn,
        Planned,
        PLANNED  # noqa: S608 (both parts are literals)
        + """
        WHERE (s.district_id, s.session_id) IN (
            SELECT o.district_id, o.session_id FROM session o JOIN centre n USING (district_id, centre_id)
            WHERE o.held_on BETWEEN %(first)s AND %(last)s
              AND (%(districts)s::int[] IS NULL OR o.district_id = ANY (%(districts)s))
              AND (%(centre)s::int IS NULL OR o.centre_id = %(centre)s)
              AND (%(state)s::text IS NULL OR o.state = %(state)s)
              AND (%(text)s = ''
                   OR strpos(lower(n.name || ' ' || n.block_name || ' ' || n.pin_code), lower(%(text)s)) > 0)
            ORDER BY o.held_on, o.centre_id, o.session_id LIMIT %(rows)s OFFSET %(start)s)
        ORDER BY s.held_on, s.centre_id, s.session_id
        """,
        districts=None if districts is None else list(districts),
        centre=centre_id,
        first=first,
        last=last,
        text=text,
        state=state,
        start=start,
        rows=rows,
    )


async def count_held_back(conn: Connection, districts: Sequence[int] | None, centre_id: int | None, first: date) -> int:
    """How many drafts of days from `first` on should be published by now and could not be."""
    found = await fetch_value(
        conn,
        """
        SELECT count(*) FROM session
        WHERE state = 'draft' AND held_back IS NOT NULL AND held_on >= %(first)s
          AND (%(districts)s::int[] IS NULL OR district_id = ANY (%(districts)s))
          AND (%(centre)s::int IS NULL OR centre_id = %(centre)s)
        """,
        districts=None if districts is None else list(districts),
        centre=centre_id,
        first=first,
    )
    return int(found)
