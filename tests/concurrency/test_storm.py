"""A storm of bookings, moves, cancellations, doses and withdrawals: counters stay true, nobody waits for ever.

A deadlock is not a refusal, so a caller that meets one fails the test.
"""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from time import monotonic
from uuid import UUID, uuid4

import psycopg
import pytest

from opencowin import scheduling, vaccination
from opencowin.kit.db import Pool, run, transaction
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.registry import Beneficiary
from tests.builders import TEST
from tests.concurrency.crowd import EVENING, MORNING, NOON, Crowd, Family

pytestmark = pytest.mark.anyio

SECONDS, PATIENCE_SECONDS = 4.0, 60.0
SEEN = ("book", "move", "cancel", "part", "dose", "withdraw", "APPOIN0040")
"""What a storm must have shown; on a slow machine it lasts until it has."""
SLOTS = (MORNING, NOON, EVENING)


@dataclass(slots=True)
class Storm:
    """What the callers of the storm share."""

    crowd: Crowd
    chance: random.Random
    sessions: list[UUID]
    families: list[Family]
    bookings: dict[int, UUID] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)

    def goes_on(self, began: float) -> bool:
        lasted = monotonic() - began
        return lasted < SECONDS or (lasted < PATIENCE_SECONDS and not all(self.told[what] for what in SEEN))

    async def caller(self, began: float) -> None:
        while self.goes_on(began):
            doing = self.chance.choices(("book", "move", "cancel", "part", "dose", "withdraw"), (8, 8, 4, 3, 1, 0.3))[0]
            try:
                await self.do(doing, self.chance.randrange(len(self.families)))
                self.told[doing] += 1
            except Refusal as refusal:
                self.told[refusal.code] += 1

    async def do(self, doing: str, at: int) -> None:
        family, session, slot = self.families[at], self.chance.choice(self.sessions), self.chance.choice(SLOTS)
        booking = self.bookings.get(at, uuid4())
        match doing:
            case "book":
                whom = family if self.chance.random() < 0.5 else family[: self.chance.randint(1, len(family))]
                self.bookings[at] = await self.crowd.book(whom, session, slot)
            case "move":
                await self.crowd.move(family, booking, session, slot)
            case "cancel":
                await self.crowd.cancel(family, booking)
            case "part":
                await self.crowd.cancel(family, booking, [self.chance.choice(family)])
            case "dose":
                await self.vaccinate(self.chance.choice(family))
            case _:
                await self.crowd.withdraw(session)
                self.sessions[self.sessions.index(session)] = await self.crowd.session(seats=4, doses=9)

    async def vaccinate(self, who: Beneficiary) -> None:
        crowd = self.crowd
        given = partial(
            vaccination.GivenDose,
            dose_id=uuid4(),
            dose_number=1,
            vaccine_id="COVISHIELD",
            batch_number="B-1",
            given_on=crowd.floor.clock.today() - timedelta(days=self.chance.randint(0, 3)),
            vaccinator_name="Sister Mary",
            centre_id=crowd.centre.centre_id,
        )
        if crowd.vaccinations:
            await crowd.vaccinations.vaccinate(TEST, who.reference_id, given, centre_id=crowd.centre.centre_id)
            return
        async with transaction(crowd.pool) as conn:
            await scheduling.vaccinate(conn, crowd.floor, TEST, given(who.person))


async def test_a_deadlock_would_be_raised(pool: Pool, floor: Floor) -> None:
    crowd = await Crowd.at_a_centre(pool, floor)
    one, other = [await crowd.session(seats=4) for _ in range(2)]
    met = asyncio.Barrier(2)
    touch = "UPDATE session_stock SET booked = booked WHERE session_id = %(s)s"

    async def both(first: UUID, second: UUID) -> None:
        async with transaction(pool) as conn:
            await run(conn, touch, s=first)
            await met.wait()
            await run(conn, touch, s=second)

    told = await asyncio.gather(both(one, other), both(other, one), return_exceptions=True)
    assert [type(one) for one in told if one is not None] == [psycopg.errors.DeadlockDetected]


@pytest.mark.parametrize("desk", [False, True], ids=["each alone", "at the desk"])
async def test_a_storm_leaves_everything_counted_and_deadlocks_nowhere(pool: Pool, floor: Floor, *, desk: bool) -> None:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    crowd = await Crowd.at_a_centre(pool, floor, desk=desk)
    sessions = [await crowd.session(seats=4, doses=9) for _ in range(4)]
    storm = Storm(crowd, random.Random(seed), sessions, await crowd.families(30, size=3))
    began = monotonic()
    await asyncio.gather(*(storm.caller(began) for _ in range(24)))
    print(sorted(storm.told.items()))
    assert await crowd.violations() == [], f"seed {seed}"
    assert all(storm.told[what] for what in SEEN)
