"""Households that hold, change their minds, book and let go at once, while what is over is taken back."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from opencowin import registry, scheduling
from opencowin.kit.clock import Clock
from opencowin.kit.db import Pool, fetch_value, transaction
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.scheduling import BookingWish
from tests.builders import a_centre, a_session, citizen, member, publish, stock_up
from tests.concurrency.invariants import violations
from tests.rooms.scene import MORNING, NOON

pytestmark = pytest.mark.anyio
HOUSEHOLDS, STEPS, SEATS = 12, 8, 5


async def a_family(pool: Pool, floor: Floor) -> list[registry.Beneficiary]:
    async with transaction(pool) as conn:
        first = await member(conn, floor)
        return [first, await member(conn, floor, account=first.person.account_id)]


async def test_holds_of_many_households_never_oversell_and_never_leak(pool: Pool, floor: Floor) -> None:
    centre = await a_centre(pool, floor)
    await stock_up(pool, floor, centre, "COVISHIELD", doses=200)
    days = (1, 2)
    sessions = [
        UUID(
            await publish(pool, floor, a_session(centre, floor.clock.today() + timedelta(ahead), doses=9, seats=SEATS))
        )
        for ahead in days
    ]
    families = [await a_family(pool, floor) for _ in range(HOUSEHOLDS)]
    later = floor.clock.now() + timedelta(minutes=10)
    tomorrow = replace(floor, clock=Clock(floor.clock.zone, lambda: later))
    done = {"held": 0, "booked": 0, "full": 0}

    async def household(number: int) -> None:
        chance = random.Random(number)
        family = families[number]
        actor = citizen(family[0].person.account_id)
        for _ in range(STEPS):
            session, slot = chance.choice(sessions), chance.choice((MORNING, NOON))
            step = chance.choice(("hold", "hold", "book", "let go", "sweep"))
            try:
                async with transaction(pool) as conn:
                    if step == "hold":
                        await scheduling.hold_slot(conn, floor, actor, session, slot, 1, chance.randint(1, 2))
                        done["held"] += 1
                    elif step == "book":
                        wish = BookingWish(1, session, slot, tuple(one.reference_id for one in family))
                        await scheduling.book(conn, floor, actor, wish)
                        done["booked"] += 1
                    elif step == "let go":
                        await scheduling.let_go(conn, actor)
                    else:
                        await scheduling.end_holds(conn, tomorrow)
            except scheduling.FullyBooked:
                done["full"] += 1
            except Refusal:
                pass
            async with transaction(pool) as conn:
                assert await violations(conn) == []

    await asyncio.gather(*map(household, range(HOUSEHOLDS)))
    assert min(done.values()) > 0, done
    async with transaction(pool) as conn:
        await scheduling.end_holds(conn, tomorrow)
        assert await violations(conn) == []
        assert await fetch_value(conn, "SELECT count(*) FROM seat_hold") == 0
