"""SQL of planning: drafts, templates, changes of published sessions. One function, one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_value, run, touch
from opencowin.scheduling.model import NewSession, NewSlot


@dataclass(frozen=True, slots=True)
class Due:
    """A draft whose time has come."""

    district_id: int
    session_id: UUID


@dataclass(frozen=True, slots=True)
class Seats:
    """Seats of a slot by dose class."""

    slot_number: int
    dose_class: int
    capacity: int
    booked: int


async def due_drafts(conn: Connection, now: datetime, again_before: datetime, limit: int) -> list[Due]:
    """Drafts to publish now, locked, without those that others are publishing or that were just tried in vain."""
    return await fetch_all(
        conn,
        Due,
        """
        SELECT district_id, session_id FROM session
        WHERE state = 'draft' AND publish_at <= %(now)s AND (tried_at IS NULL OR tried_at <= %(again)s)
        ORDER BY publish_at, session_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        """,
        now=now,
        again=again_before,
        limit=limit,
    )


async def set_published(conn: Connection, district_id: int, session_id: UUID, now: datetime) -> bool:
    """A draft is published; False when it is none (any more)."""
    touch(district_id)
    touched = await run(
        conn,
        """
        UPDATE session SET state = 'published', published_at = %(now)s, held_back = NULL
        WHERE district_id = %(district)s AND session_id = %(session)s AND state = 'draft'
        """,
        district=district_id,
        session=session_id,
        now=now,
    )
    return touched == 1


async def set_held_back(
    conn: Connection, district_id: int, session_id: UUID, code: str, now: datetime, *, for_good: bool
) -> int:
    """Write down why a due draft could not be published; `for_good`: it is not tried again."""
    return await run(
        conn,
        """
        UPDATE session SET held_back = %(code)s, tried_at = %(now)s,
               publish_at = CASE WHEN %(for_good)s THEN NULL ELSE publish_at END
        WHERE district_id = %(district)s AND session_id = %(session)s
        """,
        district=district_id,
        session=session_id,
        code=code,
        now=now,
        for_good=for_good,
    )


async def set_publish_at(conn: Connection, district_id: int, session_id: UUID, at: datetime | None) -> bool:
    """When a draft is to be published; False when it is none (any more)."""
    touched = await run(
        conn,
        """
        UPDATE session SET publish_at = %(at)s, tried_at = NULL, held_back = NULL
        WHERE district_id = %(district)s AND session_id = %(session)s AND state = 'draft'
        """,
        district=district_id,
        session=session_id,
        at=at,
    )
    return touched == 1


async def set_bookable_from(conn: Connection, district_id: int, session_id: UUID, opens: datetime) -> int:
    """When the booking of a session opens."""
    touch(district_id)
    return await run(
        conn,
        """
        UPDATE session SET bookable_from = %(opens)s WHERE district_id = %(district)s AND session_id = %(session)s
        """,
        district=district_id,
        session=session_id,
        opens=opens,
    )


async def discard(conn: Connection, district_id: int, session_id: UUID, reason: str, now: datetime) -> bool:
    """A draft will not be published: it is withdrawn before anybody could book; False when it is no draft."""
    touched = await run(
        conn,
        """
        UPDATE session SET state = 'withdrawn', published_at = %(now)s, withdrawn_at = %(now)s,
               withdrawn_reason = %(reason)s, publish_at = NULL
        WHERE district_id = %(district)s AND session_id = %(session)s AND state = 'draft'
        """,
        district=district_id,
        session=session_id,
        reason=reason,
        now=now,
    )
    return touched == 1


async def rewrite_draft(
    conn: Connection, district_id: int, session_id: UUID, new: NewSession, invitation: str | None
) -> bool:
    """Make another session of a draft, its slots aside; on another day it is no longer its template's. False when it
    is no draft (any more)."""
    touch(district_id)
    found = await fetch_value(
        conn,
        """
        WITH changed AS (
            UPDATE session SET held_on = %(held_on)s, vaccine_id = %(vaccine)s, min_age = %(min_age)s,
                   max_age = %(max_age)s, fee = %(fee)s, round = %(round)s, closed = %(closed)s,
                   reserved_for = %(reserved_for)s, opens_to_all_at = %(opens_to_all_at)s,
                   bookable_from = %(bookable_from)s, tried_at = NULL, held_back = NULL,
                   template_id = CASE WHEN held_on = %(held_on)s THEN template_id END
            WHERE district_id = %(district)s AND session_id = %(session)s AND state = 'draft'
            RETURNING district_id, session_id),
        doses AS (
            UPDATE session_stock k SET doses = %(doses)s FROM changed c
            WHERE k.district_id = c.district_id AND k.session_id = c.session_id),
        directory AS (
            UPDATE session_directory d
            SET invitation = CASE WHEN %(closed)s THEN coalesce(d.invitation, %(invitation)s::text) END
            FROM changed c WHERE d.session_id = c.session_id)
        SELECT count(*) FROM changed
        """,
        district=district_id,
        session=session_id,
        held_on=new.held_on,
        vaccine=new.vaccine_id,
        min_age=new.min_age,
        max_age=new.max_age,
        fee=new.fee,
        doses=new.doses,
        round=new.round,
        closed=new.closed,
        reserved_for=new.reserved_for,
        opens_to_all_at=new.opens_to_all_at,
        bookable_from=new.bookable_from,
        invitation=invitation,
    )
    return int(found) == 1


async def clear_slots(conn: Connection, district_id: int, session_id: UUID) -> int:
    """Take away the slots of a draft, of which nobody could book any."""
    return await run(
        conn,
        """
        WITH seats AS (
            DELETE FROM slot_capacity WHERE district_id = %(district)s AND session_id = %(session)s)
        DELETE FROM slot WHERE district_id = %(district)s AND session_id = %(session)s
        """,
        district=district_id,
        session=session_id,
    )


async def hold_state(conn: Connection, district_id: int, session_id: UUID) -> str:
    """The state of a session, which nobody changes until the transaction ends; after its slots."""
    found = await fetch_value(
        conn,
        """
        SELECT state FROM session WHERE district_id = %(district)s AND session_id = %(session)s FOR NO KEY UPDATE
        """,
        district=district_id,
        session=session_id,
    )
    return str(found)


async def seats_of(conn: Connection, district_id: int, session_id: UUID) -> list[Seats]:
    """The seats of a session, locked in their order."""
    return await fetch_all(
        conn,
        Seats,
        """
        SELECT slot_number, dose_class, capacity, booked FROM slot_capacity
        WHERE district_id = %(district)s AND session_id = %(session)s ORDER BY slot_number, dose_class FOR UPDATE
        """,
        district=district_id,
        session=session_id,
    )


async def seats_seen(conn: Connection, district_id: int, session_id: UUID) -> list[Seats]:
    """The seats of a session, as they are at this moment."""
    return await fetch_all(
        conn,
        Seats,
        """
        SELECT slot_number, dose_class, capacity, booked FROM slot_capacity
        WHERE district_id = %(district)s AND session_id = %(session)s ORDER BY slot_number, dose_class
        """,
        district=district_id,
        session=session_id,
    )


async def set_seats(conn: Connection, district_id: int, session_id: UUID, seats: Sequence[tuple[int, int, int]]) -> int:
    """Set how many seats there are, given as (slot, dose class, seats); how many rows could be: never below booked."""
    touch(district_id)
    return await run(
        conn,
        """
        INSERT INTO slot_capacity AS s (district_id, session_id, slot_number, dose_class, capacity)
        SELECT %(district)s, %(session)s, c.n, c.class, c.seats
        FROM unnest(%(numbers)s::smallint[], %(classes)s::smallint[], %(seats)s::int[]) AS c (n, class, seats)
        ORDER BY c.n, c.class
        ON CONFLICT (district_id, session_id, slot_number, dose_class)
        DO UPDATE SET capacity = excluded.capacity WHERE s.booked <= excluded.capacity
        """,
        district=district_id,
        session=session_id,
        numbers=[one[0] for one in seats],
        classes=[one[1] for one in seats],
        seats=[one[2] for one in seats],
    )


async def set_hours(
    conn: Connection, district_id: int, session_id: UUID, hours: Mapping[int, tuple[time, time]]
) -> int:
    """Set when slots begin and end."""
    touch(district_id)
    return await run(
        conn,
        """
        UPDATE slot SET starts_at = c.s, ends_at = c.e
        FROM unnest(%(numbers)s::smallint[], %(starts)s::time[], %(ends)s::time[]) AS c (n, s, e)
        WHERE district_id = %(district)s AND session_id = %(session)s AND slot_number = c.n
        """,
        district=district_id,
        session=session_id,
        numbers=list(hours),
        starts=[one[0] for one in hours.values()],
        ends=[one[1] for one in hours.values()],
    )


async def set_doses(conn: Connection, district_id: int, session_id: UUID, doses: int) -> bool:
    """Set how many doses a session has; False when more are booked."""
    touch(district_id)
    touched = await run(
        conn,
        """
        UPDATE session_stock SET doses = %(doses)s
        WHERE district_id = %(district)s AND session_id = %(session)s AND booked <= %(doses)s
        """,
        district=district_id,
        session=session_id,
        doses=doses,
    )
    return touched == 1


@dataclass(frozen=True, slots=True)
class Booked:
    """A live appointment of a session."""

    account_id: UUID
    booking_id: UUID
    claim_id: UUID
    slot_number: int


async def booked_in(conn: Connection, district_id: int, session_id: UUID) -> list[Booked]:
    """The live appointments of a session."""
    return await fetch_all(
        conn,
        Booked,
        """
        SELECT account_id, booking_id, claim_id, slot_number FROM appointment
        WHERE district_id = %(district)s AND session_id = %(session)s AND state = 'booked'
        """,
        district=district_id,
        session=session_id,
    )


async def session_invited_by(conn: Connection, code: str) -> UUID | None:
    """The session that an invitation code is for."""
    found = await fetch_value(conn, "SELECT session_id FROM session_directory WHERE invitation = %(code)s", code=code)
    return None if found is None else UUID(str(found))


async def invitation_of(conn: Connection, session_id: UUID) -> str | None:
    """The invitation code of a session."""
    found = await fetch_value(conn, "SELECT invitation FROM session_directory WHERE session_id = %(id)s", id=session_id)
    return None if found is None else str(found)


async def to_open(conn: Connection, now: datetime, limit: int) -> list[Due]:
    """Sessions whose reserved seats become everybody's now."""
    return await fetch_all(
        conn,
        Due,
        """
        SELECT district_id, session_id FROM session
        WHERE reserved_for IS NOT NULL AND opens_to_all_at <= %(now)s
        ORDER BY opens_to_all_at, session_id LIMIT %(limit)s
        """,
        now=now,
        limit=limit,
    )


async def open_to_all(conn: Connection, district_id: int, session_id: UUID) -> int:
    """Open what is left of a session's reserved seats; how many."""
    touch(district_id)
    found = await fetch_value(
        conn, "SELECT session_open_to_all(%(district)s, %(session)s)", district=district_id, session=session_id
    )
    return int(found)


async def slots_of(conn: Connection, district_id: int, session_id: UUID) -> list[NewSlot]:
    """The slots of a session with all their seats, as they were published."""
    cursor = await conn.execute(
        """
        SELECT l.starts_at, l.ends_at, jsonb_object_agg(c.dose_class, c.capacity)
        FROM slot l JOIN slot_capacity c USING (district_id, session_id, slot_number)
        WHERE l.district_id = %(district)s AND l.session_id = %(session)s
        GROUP BY l.slot_number, l.starts_at, l.ends_at ORDER BY l.slot_number
        """,
        {"district": district_id, "session": session_id},
    )
    return [NewSlot(row[0], row[1], {int(c): int(n) for c, n in row[2].items()}) for row in await cursor.fetchall()]
