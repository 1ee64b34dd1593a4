"""A draw that many workers carry out at once books everybody once, and an entry never falls between open and closed."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from opencowin import draw
from opencowin.draw import EntryWish, NewDraw, queries
from opencowin.kit.db import Connection, Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.registry import Beneficiary
from tests.builders import TEST, a_centre, a_session, citizen, member, publish, stock_up
from tests.concurrency.invariants import violations
from tests.rooms.scene import at
from tests.rooms.test_alerts import later

pytestmark = pytest.mark.anyio
WORKERS, PEOPLE, SEATS = 6, 14, 5


async def test_everybody_is_on_the_list_or_refused_and_booked_once(pool: Pool, floor: Floor) -> None:
    floor = at(floor, 10)
    after = later(floor, timedelta(hours=1))
    centre = await a_centre(pool, floor)
    await stock_up(pool, floor, centre, "COVISHIELD", doses=SEATS)
    session = UUID(await publish(pool, floor, a_session(centre, floor.clock.today() + timedelta(days=2), doses=SEATS)))
    async with transaction(pool) as conn:
        await run(conn, "DELETE FROM draw")
        people = [await member(conn, floor) for _ in range(PEOPLE)]
        new = NewDraw(centre.district_id, (session,), (), after.clock.now(), "Index of the exchange")
        which = await draw.open_draw(conn, floor, TEST, new)

    async def enter(person: Beneficiary) -> int:
        async with transaction(pool) as conn:
            wish = EntryWish((person.reference_id,), (session,))
            return await draw.enter(conn, floor, citizen(person.person.account_id), which, wish)

    async def close() -> UUID | None:
        async with transaction(pool) as conn:
            return await draw.close_due(conn, after)

    early = [await enter(one) for one in people[:SEATS]]
    late = [asyncio.create_task(enter(one)) for one in people[SEATS:]]
    assert which in [await close() for _ in range(100)], "who comes to enter holds the closing up for a moment only"
    done = [*early, *await asyncio.gather(*late, return_exceptions=True)]
    entered = [one for one in done if isinstance(one, int)]
    assert all(isinstance(one, int | draw.DrawNotOpen) for one in done), done
    async with transaction(pool) as conn:
        listed = await draw.published_list(conn, which)
        assert all(f"entry {number} " in listed for number in entered)
        await draw.reveal(conn, after, TEST, which, "2485405")
        assert await draw.carry_out(conn, after) == which
    await who_only_reads_what_is_left_sees_what_another_is_booking(pool, which)

    async def work() -> None:
        for _ in range(500):
            async with transaction(pool) as conn:
                await draw.carry_out(conn, after, 2)
                if (await draw.draw_of(conn, which)).ended_at is not None:
                    return
            await asyncio.sleep(0.01)

    await asyncio.gather(*(work() for _ in range(WORKERS)))
    async with transaction(pool) as conn:
        assert (await draw.draw_of(conn, which)).ended_at is not None
        assert (await draw.tally_of(conn, which)).booked == min(SEATS, len(entered))
        assert await live(conn, session) == min(SEATS, len(entered))
        assert await violations(conn) == []


async def live(conn: Connection, session: UUID) -> int:
    sql = "SELECT count(*) FROM appointment WHERE session_id = %(id)s AND state = 'booked'"
    return int(await fetch_value(conn, sql, id=session))


async def who_only_reads_what_is_left_sees_what_another_is_booking(pool: Pool, which: UUID) -> None:
    """The positive control: without keeping the draw, two workers would settle the same entries."""
    async with (
        pool.connection() as one,
        pool.connection() as other,
        one.transaction(force_rollback=True),
        other.transaction(force_rollback=True),
    ):
        first, second = await queries.to_settle(one, which, 2), await queries.to_settle(other, which, 2)
        assert first == second != []
        assert await queries.next_to_carry_out(one) == which
        assert await queries.next_to_carry_out(other) is None
