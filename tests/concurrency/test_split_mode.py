"""The split mode under faults: every step may be lost, late or repeated, and sweepers have no patience at all.

The same storm with the fence taken out must break something: so the test can see the fault.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import TypeVar
from uuid import UUID, uuid4, uuid5

import pytest

from opencowin.kit.db import Pool, fetch_value, transaction
from opencowin.kit.floor import Floor
from opencowin.registry import Person
from opencowin.scheduling.seats import Group, SeatKey
from opencowin.scheduling.split import Sides, book_split, cancel_split, resolve, sweep
from tests.concurrency.crowd import Crowd, Family

pytestmark = pytest.mark.anyio

SECONDS = 4.0
PATIENCE_SECONDS = 40.0
STORMS = 12
"""At most so many, until one has done the damage that the fence keeps away."""
STEPS = ("claim", "seat", "confirm")
NO_PATIENCE = timedelta(0)
T = TypeVar("T")


class Died(Exception):
    """The caller is gone: whether the step was made, nobody told it."""


@dataclass(slots=True)
class Fate:
    """What befalls steps, from a seed that is printed."""

    chance: random.Random
    told: Counter[str] = field(default_factory=Counter)
    late: set[asyncio.Task[object]] = field(default_factory=set)

    async def step(self, name: str, do: Callable[[], Awaitable[T]]) -> T:
        await asyncio.sleep(self.chance.random() ** 4 * 0.05)
        if self.chance.random() < 0.25:
            self.later(name, do)
        if self.chance.random() < 0.08:
            self.told[f"{name} lost"] += 1
            raise Died
        done = await do()
        if self.chance.random() < 0.08:
            self.told[f"{name} unheard"] += 1
            raise Died
        return done

    def later(self, name: str, do: Callable[[], Awaitable[object]]) -> None:
        async def again() -> object:
            await asyncio.sleep(self.chance.random() * 0.15)
            self.told[f"{name} repeated or late"] += 1
            return await do()

        task = asyncio.create_task(again())
        self.late.add(task)
        task.add_done_callback(self.late.discard)


@dataclass(frozen=True, slots=True)
class FaultySides(Sides):
    """Both sides, with every writing step in the hands of fate."""

    fate: Fate

    async def open_claims(self, seat: SeatKey, group: Group, programme_id: str, now: datetime) -> bool:
        return await self.fate.step("claim", lambda: Sides.open_claims(self, seat, group, programme_id, now))

    async def take_seats(self, seat: SeatKey, group: Group, now: datetime) -> list[str]:
        return await self.fate.step("seat", lambda: Sides.take_seats(self, seat, group, now))

    async def fence(self, seat: SeatKey, group: Group, now: datetime) -> list[str]:
        return await self.fate.step("fence", lambda: Sides.fence(self, seat, group, now))

    async def release_seats(self, seat: SeatKey, claims: Sequence[UUID], state: str, now: datetime) -> set[UUID]:
        return await self.fate.step("give back", lambda: Sides.release_seats(self, seat, claims, state, now))

    async def confirm_claims(self, account_id: UUID, claims: Sequence[UUID]) -> None:
        await self.fate.step("confirm", lambda: Sides.confirm_claims(self, account_id, claims))

    async def release_claims(self, account_id: UUID, claims: Sequence[UUID]) -> None:
        await self.fate.step("release", lambda: Sides.release_claims(self, account_id, claims))


@dataclass(frozen=True, slots=True)
class FencelessSides(FaultySides):
    """The same, but what has no seat yet is only looked at: a seat may still come late."""

    async def fence(self, seat: SeatKey, group: Group, now: datetime) -> list[str]:
        return await look(self.place, seat, group)


@dataclass(frozen=True, slots=True)
class QuietFencelessSides(Sides):
    """Without faults, for the end of the fenceless storm."""

    async def fence(self, seat: SeatKey, group: Group, now: datetime) -> list[str]:
        return await look(self.place, seat, group)


async def look(pool: Pool, seat: SeatKey, group: Group) -> list[str]:
    state = "SELECT state FROM appointment WHERE session_id = %(s)s AND claim_id = %(c)s"
    async with transaction(pool) as conn:
        return [await fetch_value(conn, state, s=seat.session_id, c=claim) or "none" for claim in group.claims]


def is_telling(told: Counter[str], steps: Sequence[str]) -> bool:
    """Whether enough was booked, refused and lost, at each of these steps, for the end to mean something."""
    return (
        all(told[f"{step} lost"] and told[f"{step} repeated or late"] for step in steps)
        and told["book: booked"] > 50
        and told["book: full"] + told["book: has_appointment"] > 20
        and told["book: void"] + told["book: died"] > 20
    )


@dataclass(slots=True)
class SplitStorm:
    """Callers who book, give up, try again and cancel, and sweepers who cannot wait."""

    sides: Sides
    crowd: Crowd
    fate: Fate
    seats: list[SeatKey]
    families: list[Family]
    steps: Sequence[str]
    """What fate must have touched before it ends."""
    booked: list[tuple[UUID, UUID]] = field(default_factory=list)

    def wish(self) -> tuple[SeatKey, Group]:
        chance = self.fate.chance
        family = chance.choice(self.families)
        people: tuple[Person, ...] = tuple(
            one.person for one in chance.sample(list(family), chance.randint(1, len(family)))
        )
        booking = uuid4()
        claims = tuple(uuid5(booking, str(person.beneficiary_id)) for person in people)
        return chance.choice(self.seats), Group(booking, people, claims, 1)

    def goes_on(self, began: float) -> bool:
        """Fate deals unevenly and machines are slow: the storm lasts until it has shown what the test is about."""
        told, lasted = self.fate.told, monotonic() - began
        return lasted < SECONDS or (lasted < PATIENCE_SECONDS and not is_telling(told, self.steps))

    async def caller(self, began: float) -> None:
        while self.goes_on(began):
            if self.booked and self.fate.chance.random() < 0.4:
                await self.cancel(*self.booked.pop(self.fate.chance.randrange(len(self.booked))))
            else:
                await self.book(*self.wish())

    async def cancel(self, account_id: UUID, booking_id: UUID) -> None:
        now = self.crowd.floor.clock.now()
        await self.bravely("cancel", lambda: cancel_split(self.sides, account_id, booking_id, now))

    async def book(self, seat: SeatKey, group: Group) -> None:
        now = self.crowd.floor.clock.now()
        for _ in range(self.fate.chance.randint(1, 3)):
            told = await self.bravely("book", lambda: book_split(self.sides, seat, group, "programme", now))
            if told == "booked":
                self.booked.append((group.people[0].account_id, group.booking_id))
            if told != "died":
                break

    async def bravely(self, what: str, do: Callable[[], Awaitable[object]]) -> str:
        try:
            told = str(await do())
        except Died:
            told = "died"
        self.fate.told[f"{what}: {told}"] += 1
        return told

    async def sweeper(self, began: float) -> None:
        while self.goes_on(began):
            await self.bravely("sweep", lambda: sweep(self.sides, self.crowd.floor.clock.now(), patience=NO_PATIENCE))
            await asyncio.sleep(0.005)

    async def rage(self) -> None:
        began = monotonic()
        callers = [self.caller(began) for _ in range(16)]
        await asyncio.gather(*callers, *(self.sweeper(began) for _ in range(2)))
        while self.fate.late:
            await asyncio.gather(*list(self.fate.late))

    async def calm(self, sides: Sides) -> list[tuple[str, str]]:
        """Resolve every live claim without faults, then look for what is wrong."""
        async with transaction(self.crowd.pool) as conn:
            cursor = await conn.execute(
                "SELECT DISTINCT account_id, booking_id FROM claim WHERE state IN ('pending', 'confirmed')"
            )
            live = [(row[0], row[1]) for row in await cursor.fetchall()]
        for account_id, booking_id in live:
            await resolve(sides, account_id, booking_id, self.crowd.floor.clock.now())
        return await self.crowd.violations()


async def storm(pool: Pool, floor: Floor, kind: type[FaultySides], *steps: str) -> SplitStorm:
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    crowd = await Crowd.at_a_centre(pool, floor)
    sessions = [await crowd.session(seats=4, doses=9) for _ in range(3)]
    keys = [SeatKey(crowd.centre.district_id, session, slot, 1) for session in sessions for slot in (1, 2, 3)]
    fate = Fate(random.Random(seed))
    made = SplitStorm(kind(pool, pool, fate), crowd, fate, keys, await crowd.families(12, size=2), steps)
    await made.rage()
    print(sorted(fate.told.items()))
    return made


async def test_with_the_fence_nothing_breaks(pool: Pool, floor: Floor) -> None:
    made = await storm(pool, floor, FaultySides, *STEPS, "fence")
    assert await made.calm(Sides(pool, pool)) == []
    assert is_telling(made.fate.told, made.steps)


async def test_without_the_fence_it_does(pool: Pool, floor: Floor) -> None:
    found: Counter[str] = Counter()
    for _ in range(STORMS):
        made = await storm(pool, floor, FencelessSides, *STEPS)
        found.update(what for what, _ in await made.calm(QuietFencelessSides(pool, pool)))
        if found:
            break
    print(found)
    assert found["two live appointments"] + found["appointment without claim"] > 0


async def test_a_late_seat_finds_the_fence(pool: Pool, floor: Floor) -> None:
    crowd = await Crowd.at_a_centre(pool, floor)
    (family,) = await crowd.families(1)
    seat = SeatKey(crowd.centre.district_id, await crowd.session(seats=4), 1, 1)
    sides, now, booking = Sides(pool, pool), floor.clock.now(), uuid4()
    group = Group(booking, (family[0].person,), (uuid4(),), 1)
    assert await sides.open_claims(seat, group, "programme", now)
    assert await sweep(sides, now, patience=timedelta(minutes=1)) == 0
    assert await sweep(sides, now, patience=NO_PATIENCE) == 1
    assert await sides.take_seats(seat, group, now) == ["void"]
    assert await book_split(sides, seat, group, "programme", now) == "void"
    anew = Group(uuid4(), group.people, (uuid4(),), 1)
    assert await book_split(sides, seat, anew, "programme", now) == "booked"
    assert await book_split(sides, seat, anew, "programme", now) == "booked"
    assert await cancel_split(sides, family[0].person.account_id, anew.booking_id, now) == 1
    assert await cancel_split(sides, family[0].person.account_id, anew.booking_id, now) == 0
