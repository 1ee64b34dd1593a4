"""One seat that is given back is never kept for two who wait, however many workers offer it at once."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from opencowin import waitlist
from opencowin.kit.db import Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.waitlist import queries
from opencowin.waitlist.queries import Seats
from tests.builders import a_centre, a_session, citizen, member, publish, stock_up
from tests.concurrency.invariants import violations
from tests.rooms.scene import at

pytestmark = pytest.mark.anyio
WORKERS, PEOPLE, SEATS = 8, 12, 3


async def test_free_seats_are_kept_for_as_many_and_no_more(pool: Pool, floor: Floor) -> None:
    floor = at(floor, 10)
    centre = await a_centre(pool, floor)
    await stock_up(pool, floor, centre, "COVISHIELD", doses=SEATS)
    day = floor.clock.today() + timedelta(days=2)
    session = UUID(await publish(pool, floor, a_session(centre, day, doses=SEATS)))
    async with transaction(pool) as conn:
        await run(conn, "DELETE FROM waiting")
        for _ in range(PEOPLE):
            person = await member(conn, floor)
            wish = waitlist.WaitWish(person.reference_id, district_id=centre.district_id)
            await waitlist.join(conn, floor, citizen(person.person.account_id), wish)

    await naive_offers_of_one_seat_choose_two(
        pool,
        floor,
        Seats(
            session_id=session,
            district_id=centre.district_id,
            pin_code=centre.pin_code,
            latitude=centre.latitude,
            longitude=centre.longitude,
            min_age=18,
            max_age=None,
            year=day.year,
            doses=[1],
        ),
    )

    async def work() -> int:
        async with transaction(pool) as conn:
            return len(await waitlist.offer_round(conn, floor, session, floor.clock.now()))

    made = await asyncio.gather(*(work() for _ in range(WORKERS)))
    assert sum(made) == SEATS, made
    async with transaction(pool) as conn:
        assert await fetch_value(conn, "SELECT count(*) FROM seat_hold") == SEATS
        assert await fetch_value(conn, "SELECT count(*) FROM waiting_offer") == SEATS
        first = "SELECT array_agg(waiting_id ORDER BY joined_at, waiting_id) FROM waiting"
        kept = "SELECT array_agg(waiting_id ORDER BY waiting_id) FROM waiting_offer"
        assert await fetch_value(conn, kept) == (await fetch_value(conn, first))[:SEATS], "first come, first served"
        assert await violations(conn) == []


async def naive_offers_of_one_seat_choose_two(pool: Pool, floor: Floor, seats: Seats) -> None:
    """The positive control: who only asks for the next in line, and takes no seat, promises one seat to two."""
    async with (
        pool.connection() as one,
        pool.connection() as other,
        one.transaction(force_rollback=True),
        other.transaction(force_rollback=True),
    ):
        (first,) = await queries.next_in_line(one, seats, floor.clock.now(), [], 1)
        (second,) = await queries.next_in_line(other, seats, floor.clock.now(), [], 1)
    assert first.account_id != second.account_id
