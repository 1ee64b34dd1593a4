"""SQL of sessions: publish, find, withdraw. One function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import LiteralString
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_value, run, touch
from opencowin.registry import Person
from opencowin.scheduling.model import NewSession, NewSlot, Session

SESSIONS: LiteralString = """
    SELECT s.district_id, s.session_id, s.centre_id, s.programme_id, s.held_on, s.vaccine_id, s.min_age, s.max_age,
           s.fee, s.state, t.doses, t.booked AS doses_booked, s.round, s.closed, s.reserved_for, s.opens_to_all_at,
           s.publish_at, s.held_back, s.template_id, s.bookable_from, s.draw_id,
           (SELECT coalesce(jsonb_agg(jsonb_build_array(l.slot_number, l.starts_at, l.ends_at, (
                       SELECT coalesce(jsonb_object_agg(c.dose_class, c.capacity - c.booked), '{}')
                       FROM slot_capacity c
                       WHERE c.district_id = l.district_id AND c.session_id = l.session_id
                         AND c.slot_number = l.slot_number)) ORDER BY l.slot_number), '[]')
            FROM slot l WHERE l.district_id = s.district_id AND l.session_id = s.session_id) AS stored_slots
    FROM session s JOIN session_stock t USING (district_id, session_id)
"""

FACTS = (
    *("centre_id", "held_on", "vaccine_id", "min_age", "max_age", "fee", "doses", "round", "closed"),
    *("reserved_for", "opens_to_all_at", "bookable_from"),
)
"""Of a new session, as they are stored."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An appointment that ended because its session was withdrawn."""

    account_id: UUID
    booking_id: UUID
    claim_id: UUID


@dataclass(frozen=True, slots=True)
class ExpectedRow:
    """An appointment of a session with its slot."""

    account_id: UUID
    beneficiary_id: UUID
    dose_number: int
    state: str
    slot_number: int
    starts_at: time
    ends_at: time


async def session(conn: Connection, session_id: UUID) -> Session | None:
    """One session, published or withdrawn, found through the directory."""
    return next(iter(await sessions_with_ids(conn, [session_id])), None)


async def sessions_with_ids(conn: Connection, session_ids: Sequence[UUID]) -> list[Session]:
    """These sessions, published or withdrawn; unknown ones are left out."""
    return await fetch_all(
        conn,
        Session,
        SESSIONS
        + """JOIN session_directory d USING (district_id, session_id) WHERE d.session_id = ANY (%(session_ids)s)""",
        session_ids=list(session_ids),
    )


async def accounts_with_bookings(conn: Connection, people: Sequence[Person], booking_ids: Sequence[UUID]) -> set[UUID]:
    """Accounts of which one of these people has a live claim, or one of these bookings made a claim before."""
    cursor = await conn.execute(
        """
        SELECT account_id FROM claim
        WHERE state IN ('pending', 'confirmed') AND account_id = ANY (%(accounts)s)
          AND beneficiary_id = ANY (%(beneficiaries)s)
        UNION SELECT account_id FROM claim
        WHERE account_id = ANY (%(accounts)s) AND booking_id = ANY (%(bookings)s)
        """,
        {
            "accounts": [person.account_id for person in people],
            "beneficiaries": [person.beneficiary_id for person in people],
            "bookings": list(booking_ids),
        },
    )
    return {row[0] for row in await cursor.fetchall()}


async def sessions(
    conn: Connection,
    district_ids: Sequence[int],
    centre_ids: Sequence[int],
    *,
    first: date,
    last: date,
    vaccine_id: str | None,
    closed: bool = False,
) -> list[Session]:
    """The published sessions of these centres from `first` to `last`, by day; those for invited people if `closed`."""
    return await fetch_all(
        conn,
        Session,
        SESSIONS
        + """
        WHERE s.district_id = ANY (%(district_ids)s) AND s.held_on BETWEEN %(first)s AND %(last)s
          AND s.state = 'published' AND s.centre_id = ANY (%(centre_ids)s) AND (%(closed)s OR NOT s.closed)
          AND (%(vaccine_id)s::text IS NULL OR s.vaccine_id = %(vaccine_id)s)
        ORDER BY s.held_on, s.min_age, s.vaccine_id, s.session_id
        """,
        district_ids=list(district_ids),
        centre_ids=list(centre_ids),
        first=first,
        last=last,
        vaccine_id=vaccine_id,
        closed=closed,
    )


async def districts_with_sessions(conn: Connection, first: date, last: date) -> list[int]:
    """The districts in which sessions for all are published from `first` to `last`."""
    cursor = await conn.execute(
        """
        SELECT DISTINCT district_id FROM session
        WHERE held_on BETWEEN %(first)s AND %(last)s AND state = 'published' AND NOT closed ORDER BY district_id
        """,
        {"first": first, "last": last},
    )
    return [int(row[0]) for row in await cursor.fetchall()]


async def expected_in(conn: Connection, district_id: int, session_id: UUID) -> list[ExpectedRow]:
    """Who is booked in a session or has been there, by slot."""
    return await fetch_all(
        conn,
        ExpectedRow,
        """
        SELECT a.account_id, a.beneficiary_id, a.dose_number, a.state, l.slot_number, l.starts_at, l.ends_at
        FROM appointment a JOIN slot l USING (district_id, session_id, slot_number)
        WHERE a.district_id = %(district_id)s AND a.session_id = %(session_id)s AND a.state IN ('booked', 'given')
        ORDER BY l.slot_number, a.booked_at, a.claim_id
        """,
        district_id=district_id,
        session_id=session_id,
    )


async def reopen(conn: Connection, district_id: int, session_id: UUID, person: Person, now: datetime) -> int:
    """Let a fulfilled appointment be live again, unless the person has made another since."""
    return await run(
        conn,
        """
        WITH seat AS (
            UPDATE appointment a SET state = 'booked', changed_at = %(now)s
            WHERE a.district_id = %(district)s AND a.session_id = %(session)s AND a.state = 'given'
              AND a.account_id = %(account)s AND a.beneficiary_id = %(beneficiary)s
              AND NOT EXISTS (SELECT FROM claim c WHERE c.account_id = %(account)s
                              AND c.beneficiary_id = %(beneficiary)s AND c.state IN ('pending', 'confirmed'))
            RETURNING a.claim_id)
        UPDATE claim SET state = 'confirmed' FROM seat
        WHERE claim.account_id = %(account)s AND claim.claim_id = seat.claim_id AND claim.state = 'given'
        """,
        district=district_id,
        session=session_id,
        account=person.account_id,
        beneficiary=person.beneficiary_id,
        now=now,
    )


async def insert_session(
    conn: Connection,
    new: NewSession,
    *,
    session_id: UUID,
    key: UUID | None,
    district_id: int,
    programme_id: str,
    at: datetime | None,
    publish_at: datetime | None = None,
    invitation: str | None = None,
) -> int:
    """Enter a session, its doses, and where it can be found; a draft without `at`. 0 when its key is taken."""
    touch(district_id)
    return await run(
        conn,
        """
        WITH directory AS (
            INSERT INTO session_directory (session_id, district_id, invitation, entered_as)
            SELECT %(session_id)s, %(district_id)s, %(invitation)s, %(key)s::uuid
            WHERE NOT EXISTS (SELECT FROM session_directory WHERE session_id = %(key)s::uuid)
            ON CONFLICT (entered_as) WHERE entered_as IS NOT NULL DO NOTHING
            RETURNING session_id),
        stock AS (
            INSERT INTO session_stock (district_id, session_id, doses)
            SELECT %(district_id)s, session_id, %(doses)s FROM directory)
        INSERT INTO session
            (district_id, session_id, centre_id, programme_id, held_on, vaccine_id, min_age, max_age, fee, state,
             published_at, publish_at, round, closed, reserved_for, opens_to_all_at, bookable_from)
        SELECT %(district_id)s, session_id, %(centre_id)s, %(programme_id)s, %(held_on)s, %(vaccine_id)s, %(min_age)s,
               %(max_age)s, %(fee)s, CASE WHEN %(at)s::timestamptz IS NULL THEN 'draft' ELSE 'published' END,
               %(at)s, %(publish_at)s, %(round)s, %(closed)s, %(reserved_for)s, %(opens_to_all_at)s, %(bookable_from)s
        FROM directory
        """,
        session_id=session_id,
        key=key,
        district_id=district_id,
        programme_id=programme_id,
        at=at,
        publish_at=publish_at,
        invitation=invitation,
        **{name: getattr(new, name) for name in FACTS},
    )


async def entered_as(conn: Connection, key: UUID | None) -> UUID:
    """The session that was entered under a key; before ids began with days, the key was the id."""
    found = await fetch_value(
        conn, "SELECT session_id FROM session_directory WHERE entered_as = %(key)s OR session_id = %(key)s", key=key
    )
    return UUID(str(found))


async def insert_slots(conn: Connection, district_id: int, session_id: UUID, slots: Sequence[NewSlot]) -> int:
    """Enter the slots of a session with their seats, numbered from 1 in the order given."""
    seats = [(number, c, n) for number, slot in enumerate(slots, start=1) for c, n in sorted(slot.seats.items())]
    return await run(
        conn,
        """
        WITH windows AS (
            INSERT INTO slot (district_id, session_id, slot_number, starts_at, ends_at)
            SELECT %(district_id)s, %(session_id)s, w.n, w.s, w.e
            FROM unnest(%(starts)s::time[], %(ends)s::time[]) WITH ORDINALITY AS w (s, e, n))
        INSERT INTO slot_capacity (district_id, session_id, slot_number, dose_class, capacity)
        SELECT %(district_id)s, %(session_id)s, c.n, c.class, c.capacity
        FROM unnest(%(numbers)s::smallint[], %(classes)s::smallint[], %(capacities)s::int[]) AS c (n, class, capacity)
        """,
        district_id=district_id,
        session_id=session_id,
        starts=[slot.starts_at for slot in slots],
        ends=[slot.ends_at for slot in slots],
        numbers=[number for number, _, _ in seats],
        classes=[dose_class for _, dose_class, _ in seats],
        capacities=[capacity for _, _, capacity in seats],
    )


async def withdraw(conn: Connection, district_id: int, session_id: UUID, reason: str, now: datetime) -> bool:
    """Withdraw a session on the place side: its seats are given back; False when it was not published any more."""
    touch(district_id)
    ended = await fetch_value(
        conn,
        "SELECT session_withdraw(%(district_id)s, %(session_id)s, %(reason)s, %(at)s)",
        district_id=district_id,
        session_id=session_id,
        reason=reason,
        at=now,
    )
    return ended is not None


async def ended_by_withdrawal(conn: Connection, district_id: int, session_id: UUID) -> list[Ended]:
    """The appointments that ended because their session was withdrawn."""
    return await fetch_all(
        conn,
        Ended,
        """
        SELECT account_id, booking_id, claim_id FROM appointment
        WHERE district_id = %(district_id)s AND session_id = %(session_id)s AND state = 'withdrawn'
        """,
        district_id=district_id,
        session_id=session_id,
    )
