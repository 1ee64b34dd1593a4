"""Holds: a chosen slot is kept for a household for some minutes while the details are entered.

Held seats count as booked, so nobody else can be promised them. One household holds one slot at a time; changes of its
hold pass one after the other (an advisory lock, before any other lock).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString
from uuid import UUID

import psycopg

from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection, fetch_all, fetch_value, run, touch
from opencowin.kit.errors import Invalid
from opencowin.kit.floor import Floor
from opencowin.scheduling import seats
from opencowin.scheduling.booking_slot import open_slot
from opencowin.scheduling.model import Session
from opencowin.scheduling.news import offer
from opencowin.scheduling.refusals import FullyBooked
from opencowin.scheduling.reserve import class_to_hold
from opencowin.scheduling.seats import SeatKey

SWEPT_AT_ONCE = 500
HOLDS: LiteralString = """
    SELECT account_id, district_id, session_id, slot_number, dose_class, seats, held_until FROM seat_hold
"""


class TooManySeats(Invalid):
    """Hold at least one seat, and at most {most}."""

    code = "APPOIN0064"


@dataclass(frozen=True, slots=True)
class Hold:
    """Seats that a household holds."""

    account_id: UUID
    district_id: int
    session_id: UUID
    slot_number: int
    dose_class: int
    seats: int
    held_until: datetime

    @property
    def key(self) -> SeatKey:
        """The row that counts them."""
        return SeatKey(self.district_id, self.session_id, self.slot_number, self.dose_class)


async def hold_slot(  # noqa: PLR0917 (said in one breath: so many seats for this dose in that slot)
    conn: Connection, floor: Floor, actor: Actor, session_id: UUID, slot: str, dose: int, people: int
) -> Hold:
    """Hold seats of a slot for the actor's household instead of what it held before.

    Raises NotPermitted, TooManySeats, what `open_slot` raises, FullyBooked.
    """
    actor.require(Permission.BOOK_FOR_OWN_MEMBERS)
    account, most = actor.own_account(), floor.settings.members_per_mobile
    if not 0 < people <= most:
        raise TooManySeats(field="people", most=most)
    session, target = await open_slot(conn, floor, session_id, slot)
    held = (await held_seats(conn, account)).get(account)
    taken = await class_to_hold(conn, floor, actor, session, target, dose, people)
    wanted = SeatKey(session.district_id, session.session_id, target.slot_number, taken)
    await lock_seats(conn, [wanted, *([held.key] if held else [])])
    if held:
        await give_up(conn, [held])
    until = floor.clock.now() + timedelta(minutes=floor.settings.hold_minutes)
    hold = Hold(account, wanted.district_id, wanted.session_id, wanted.slot_number, taken, people, until)
    if not await _take(conn, hold):
        raise FullyBooked(field="session_id")
    if held and held.session_id != session_id:
        await offer(conn, [held.session_id])
    return hold


async def keep_for(  # noqa: PLR0917 (said in one breath: for them, this seat, until then)
    conn: Connection, account_id: UUID, session: Session, slot_number: int, dose: int, until: datetime
) -> bool:
    """Hold one seat for a household that holds nothing, until an instant; whether there was one."""
    hold = Hold(account_id, session.district_id, session.session_id, slot_number, dose, 1, until)
    try:
        async with conn.transaction():
            await lock_seats(conn, [hold.key])
            return await hold_of(conn, account_id) is None and await _take(conn, hold)
    except psycopg.errors.UniqueViolation:
        return False


async def let_go(conn: Connection, actor: Actor) -> None:
    """Give back what the actor's household holds."""
    held = (await held_seats(conn, actor.own_account())).get(actor.own_account())
    if held:
        await lock_seats(conn, [held.key])
        await give_up(conn, [held])
        await offer(conn, [held.session_id])


async def hold_of(conn: Connection, account_id: UUID) -> Hold | None:
    """What a household holds, also when its time is over but nobody has taken it back."""
    return (await holds_of(conn, [account_id])).get(account_id)


async def holds_of(conn: Connection, account_ids: Sequence[UUID]) -> dict[UUID, Hold]:
    """What these households hold, by account."""
    found = await fetch_all(conn, Hold, HOLDS + """WHERE account_id = ANY (%(accounts)s)""", accounts=list(account_ids))
    return {hold.account_id: hold for hold in found}


async def held_seats(conn: Connection, *account_ids: UUID) -> dict[UUID, Hold]:
    """What households hold, unchanged by others until the transaction ends; before the lock of any seat."""
    if not (found := await holds_of(conn, account_ids)):
        return {}
    await fetch_value(
        conn,
        """
        SELECT count(pg_advisory_xact_lock(hashtextextended(account, 1)))
        FROM (SELECT account FROM unnest(%(accounts)s::text[]) AS account ORDER BY account) AS held
        """,
        accounts=[str(account) for account in sorted(found)],
    )
    return await holds_of(conn, list(found))


async def give_up(conn: Connection, holds: Sequence[Hold]) -> None:
    """Give held seats back, under the locks of `lock_seats`."""
    for hold in holds:
        touch(hold.district_id)
    await run(
        conn,
        """
        WITH given AS (DELETE FROM seat_hold WHERE account_id = ANY (%(accounts)s) RETURNING *),
        seat AS (
            UPDATE slot_capacity s SET booked = s.booked - g.seats
            FROM (SELECT district_id, session_id, slot_number, dose_class, sum(seats) AS seats FROM given
                  GROUP BY district_id, session_id, slot_number, dose_class) AS g
            WHERE (s.district_id, s.session_id, s.slot_number, s.dose_class)
                = (g.district_id, g.session_id, g.slot_number, g.dose_class))
        UPDATE session_stock t SET booked = t.booked - g.seats
        FROM (SELECT district_id, session_id, sum(seats) AS seats FROM given GROUP BY district_id, session_id) AS g
        WHERE (t.district_id, t.session_id) = (g.district_id, g.session_id)
        """,
        accounts=[hold.account_id for hold in holds],
    )


async def lock_seats(conn: Connection, keys: Sequence[SeatKey]) -> None:
    """Lock the rows that count these seats, then their sessions' stocks, each by key."""
    await seats.hold_seats(conn, keys)
    await seats.hold_stocks(conn, keys)


async def end_holds(conn: Connection, floor: Floor) -> int:
    """Take back what was held for too long, where nobody is just changing it; how many holds ended.

    It waits for no household while it holds a lock that one may need: a busy hold is left for the next time.
    """
    cursor = await conn.execute(
        """
        WITH ended AS MATERIALIZED (
            SELECT account_id FROM seat_hold WHERE held_until <= %(now)s ORDER BY held_until LIMIT %(most)s),
        ours AS MATERIALIZED (
            SELECT account_id FROM ended WHERE pg_try_advisory_xact_lock(hashtextextended(account_id::text, 1)))
        SELECT account_id FROM ours
        """,
        {"now": floor.clock.now(), "most": SWEPT_AT_ONCE},
    )
    holds = await fetch_all(
        conn,
        Hold,
        HOLDS + """WHERE account_id = ANY (%(accounts)s) AND held_until <= %(now)s""",
        accounts=[row[0] for row in await cursor.fetchall()],
        now=floor.clock.now(),
    )
    await lock_seats(conn, [hold.key for hold in holds])
    await give_up(conn, holds)
    await offer(conn, (hold.session_id for hold in holds))
    return len(holds)


async def _take(conn: Connection, hold: Hold) -> bool:
    """Take seats for a hold, if there are as many in a session that stands."""
    touch(hold.district_id)
    taken = await run(
        conn,
        """
        WITH seat AS (
            UPDATE slot_capacity s SET booked = s.booked + %(seats)s
            FROM session_stock t JOIN session n USING (district_id, session_id)
            WHERE (s.district_id, s.session_id, s.slot_number, s.dose_class)
                  = (%(district)s, %(session)s, %(slot)s, %(class)s)
              AND (t.district_id, t.session_id) = (s.district_id, s.session_id)
              AND s.capacity - s.booked >= %(seats)s AND t.doses - t.booked >= %(seats)s AND n.state = 'published'
              AND n.draw_id IS NULL
            RETURNING s.district_id, s.session_id, s.slot_number, s.dose_class),
        stock AS (
            UPDATE session_stock t SET booked = t.booked + %(seats)s FROM seat
            WHERE (t.district_id, t.session_id) = (seat.district_id, seat.session_id))
        INSERT INTO seat_hold (account_id, district_id, session_id, slot_number, dose_class, seats, held_until)
        SELECT %(account)s, district_id, session_id, slot_number, dose_class, %(seats)s, %(until)s FROM seat
        """,
        account=hold.account_id,
        district=hold.district_id,
        session=hold.session_id,
        slot=hold.slot_number,
        seats=hold.seats,
        until=hold.held_until,
        **{"class": hold.dose_class},
    )
    return taken == 1
