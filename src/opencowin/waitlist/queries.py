"""All SQL of the room `waitlist`: one function, one statement."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_value, run


@dataclass(frozen=True, slots=True)
class NewWaiting:
    """A row to be written."""

    account_id: UUID
    beneficiary_id: UUID
    code: str
    district_id: int | None
    pin_code: str | None
    latitude: float | None
    longitude: float | None
    dose: int
    priority: int
    joined_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A place in the line; `ahead`: how many wait for the same place and dose before it."""

    waiting_id: int
    beneficiary_id: UUID
    district_id: int | None
    pin_code: str | None
    dose: int
    joined_at: datetime
    ahead: int


@dataclass(frozen=True, slots=True)
class Next:
    """Who is next in line for a session."""

    waiting_id: int
    account_id: UUID
    beneficiary_id: UUID
    dose: int
    code: str


@dataclass(frozen=True, slots=True)
class Offered:
    """A seat that is kept for somebody from now on."""

    waiting_id: int
    account_id: UUID
    code: str
    dose: int
    slot_number: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A seat that a household holds by the waitlist."""

    waiting_id: int
    beneficiary_id: UUID
    code: str
    dose: int
    session_id: UUID
    slot_number: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Seats:
    """What a session has, as the line is asked for it."""

    session_id: UUID
    district_id: int
    pin_code: str
    latitude: float
    longitude: float
    min_age: int
    max_age: int | None
    year: int
    doses: list[int]


async def insert(conn: Connection, new: NewWaiting) -> int:
    """Put a person in line; who waits already keeps the place in it where place and dose stay the same."""
    found: int = await fetch_value(
        conn,
        """
        INSERT INTO waiting AS w (account_id, beneficiary_id, code, district_id, pin_code, latitude, longitude, dose,
                                  priority, joined_at, ends_at)
        VALUES (%(account_id)s, %(beneficiary_id)s, %(code)s, %(district_id)s, %(pin_code)s, %(latitude)s,
                %(longitude)s, %(dose)s, %(priority)s, %(joined_at)s, %(ends_at)s)
        ON CONFLICT (account_id, beneficiary_id) DO UPDATE SET
            district_id = excluded.district_id, pin_code = excluded.pin_code, latitude = excluded.latitude,
            longitude = excluded.longitude, dose = excluded.dose, priority = excluded.priority,
            ends_at = excluded.ends_at,
            joined_at = CASE WHEN (w.district_id, w.pin_code, w.dose)
                                  IS NOT DISTINCT FROM (excluded.district_id, excluded.pin_code, excluded.dose)
                             THEN w.joined_at ELSE excluded.joined_at END
        RETURNING waiting_id
        """,
        **asdict(new),
    )
    return found


async def delete(conn: Connection, account_id: UUID, waiting_id: int) -> int:
    """Delete a place in the line."""
    return await run(
        conn,
        "DELETE FROM waiting WHERE account_id = %(account)s AND waiting_id = %(id)s",
        account=account_id,
        id=waiting_id,
    )


async def of_account(conn: Connection, account_id: UUID, now: datetime) -> list[Waiting]:
    """Where a household waits, who joined first."""
    return await fetch_all(
        conn,
        Waiting,
        """
        SELECT w.waiting_id, w.beneficiary_id, w.district_id, w.pin_code, w.dose, w.joined_at,
               (SELECT count(*) FROM waiting o
                WHERE (o.district_id = w.district_id OR o.pin_code = w.pin_code) AND o.dose = w.dose
                  AND o.ends_at > %(now)s
                  AND (-o.priority, o.joined_at, o.waiting_id) < (-w.priority, w.joined_at, w.waiting_id)) AS ahead
        FROM waiting w WHERE w.account_id = %(account)s AND w.ends_at > %(now)s ORDER BY w.joined_at, w.waiting_id
        """,
        account=account_id,
        now=now,
    )


async def hold_session(conn: Connection, session_id: UUID) -> None:
    """Let one session's seats be offered by one after the other."""
    await fetch_value(conn, "SELECT pg_advisory_xact_lock(hashtextextended(%(id)s, 7))", id=str(session_id))


async def anybody(conn: Connection) -> bool:
    """Whether anybody waits at all."""
    found: bool = await fetch_value(conn, "SELECT EXISTS (SELECT FROM waiting)")
    return found


async def next_in_line(conn: Connection, seats: Seats, now: datetime, passed: Sequence[int], most: int) -> list[Next]:
    """Who is next for a session, the first first: of the age, near, without the dose, and without a seat booked, held
    or offered here before; `passed` are passed over.

    Their rows stay locked until the transaction ends; rows that somebody else has locked are passed over.
    """
    return await fetch_all(
        conn,
        Next,
        """
        SELECT w.waiting_id, w.account_id, w.beneficiary_id, w.dose, w.code
        FROM waiting w JOIN beneficiary b USING (account_id, beneficiary_id)
        WHERE (w.district_id = %(district_id)s OR w.pin_code = %(pin_code)s
               OR (w.latitude IS NOT NULL
                   AND (point(w.longitude, w.latitude) <@ box_round(%(latitude)s, %(longitude)s, 10)
                        OR point(w.longitude, w.latitude) <@ box_across(%(latitude)s, %(longitude)s, 10))
                   AND kilometres_between(w.latitude, w.longitude, %(latitude)s, %(longitude)s) <= 10))
          AND w.ends_at > %(now)s AND w.dose = ANY (%(doses)s::smallint[])
          AND b.deleted_at IS NULL AND b.died_on IS NULL
          AND %(year)s - b.birth_year BETWEEN %(min_age)s AND coalesce(%(max_age)s::int, 1000)
          AND NOT EXISTS (SELECT FROM waiting_offer o
                          WHERE o.waiting_id = w.waiting_id AND o.session_id = %(session_id)s)
          AND NOT EXISTS (SELECT FROM claim c WHERE c.account_id = w.account_id
                          AND c.beneficiary_id = w.beneficiary_id AND c.state IN ('pending', 'confirmed'))
          AND NOT w.waiting_id = ANY (%(passed)s::bigint[])
          AND NOT EXISTS (SELECT FROM dose d WHERE d.account_id = w.account_id
                          AND d.beneficiary_id = w.beneficiary_id AND d.state = 'valid' AND d.dose_number >= w.dose)
          AND NOT EXISTS (SELECT FROM seat_hold h WHERE h.account_id = w.account_id)
        ORDER BY w.priority DESC, w.joined_at, w.waiting_id LIMIT %(most)s
        FOR UPDATE OF w SKIP LOCKED
        """,
        **asdict(seats),
        now=now,
        passed=list(passed),
        most=most,
    )


async def note_offers(
    conn: Connection, district_id: int, session_id: UUID, at: datetime, made: Sequence[Offered]
) -> int:
    """Write down which seats are kept for whom."""
    return await run(
        conn,
        """
        INSERT INTO waiting_offer (waiting_id, session_id, district_id, slot_number, offered_at, until)
        SELECT id, %(session)s, %(district)s, slot, %(at)s, until
        FROM unnest(%(ids)s::bigint[], %(slots)s::smallint[], %(until)s::timestamptz[]) AS new (id, slot, until)
        """,
        session=session_id,
        district=district_id,
        at=at,
        ids=[one.waiting_id for one in made],
        slots=[one.slot_number for one in made],
        until=[one.until for one in made],
    )


async def kept_for(conn: Connection, account_id: UUID) -> list[Kept]:
    """What a household holds by the waitlist."""
    return await fetch_all(
        conn,
        Kept,
        """
        SELECT w.waiting_id, w.beneficiary_id, w.code, w.dose, o.session_id, o.slot_number, o.until
        FROM waiting w JOIN waiting_offer o USING (waiting_id)
        JOIN seat_hold h ON h.account_id = w.account_id AND h.session_id = o.session_id
            AND h.slot_number = o.slot_number AND h.held_until = o.until
        WHERE w.account_id = %(account)s
        """,
        account=account_id,
    )


async def forget(conn: Connection, now: datetime) -> int:
    """Delete places in the line that have ended."""
    return await run(conn, "DELETE FROM waiting WHERE ends_at <= %(now)s", now=now)
