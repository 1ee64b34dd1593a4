"""A crowd: many families, a centre with sessions, and everybody at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

from opencowin import places, registry, scheduling
from opencowin.kit.db import Pool, transaction
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.scheduling import BookingWish
from tests.builders import TEST, a_session, citizen, member, new_centre, stock_in
from tests.concurrency.invariants import violations

MORNING, NOON, EVENING = "09:00AM-11:00AM", "11:00AM-01:00PM", "10:00PM-11:30PM"
Family = Sequence[registry.Beneficiary]


@dataclass(frozen=True, slots=True)
class Crowd:
    """Verbs, each in a transaction of its own, as requests are."""

    pool: Pool
    floor: Floor
    centre: places.Centre
    desk: scheduling.Desk | None = None
    """Where they book; without one, each books in a transaction of its own."""
    vaccinations: scheduling.VaccinationDesk | None = None
    """Where their doses are recorded, likewise."""

    @classmethod
    async def at_a_centre(cls, pool: Pool, floor: Floor, doses: int = 100_000, *, desk: bool = False) -> "Crowd":
        async with transaction(pool) as conn:
            centre = await new_centre(conn)
            await stock_in(conn, floor, centre, "COVISHIELD", doses=doses)
        if not desk:
            return cls(pool, floor, centre)
        opened = partial(transaction, pool)
        return cls(pool, floor, centre, scheduling.Desk(floor, opened), scheduling.VaccinationDesk(floor, opened))

    async def session(self, *, seats: int, doses: int = 500, ahead: int = 1) -> UUID:
        new = a_session(self.centre, self.floor.clock.today() + timedelta(days=ahead), doses=doses, seats=seats)
        async with transaction(self.pool) as conn:
            return await scheduling.publish_session(conn, self.floor, TEST, new)

    async def families(self, count: int, size: int = 1) -> list[Family]:
        found: list[Family] = []
        async with transaction(self.pool) as conn:
            for _ in range(count):
                first = await member(conn, self.floor)
                account = first.person.account_id
                found.append([first] + [await member(conn, self.floor, account=account) for _ in range(size - 1)])
        return found

    async def book(self, family: Family, session: UUID, slot: str = MORNING, key: str | None = None) -> UUID:
        wish = BookingWish(1, session, slot, tuple(one.reference_id for one in family), key=key)
        actor = citizen(family[0].person.account_id)
        if self.desk:
            return (await self.desk.book(actor, wish)).booking_id
        async with transaction(self.pool) as conn:
            booking = await scheduling.book(conn, self.floor, actor, wish)
        return booking.booking_id

    async def move(self, family: Family, booking: UUID, session: UUID, slot: str) -> UUID:
        async with transaction(self.pool) as conn:
            actor = citizen(family[0].person.account_id)
            return (await scheduling.move(conn, self.floor, actor, booking, session, slot)).booking_id

    async def cancel(self, family: Family, booking: UUID, whom: Family | None = None) -> int:
        references = [one.reference_id for one in whom] if whom else None
        async with transaction(self.pool) as conn:
            actor = citizen(family[0].person.account_id)
            return await scheduling.cancel(conn, self.floor, actor, booking, references)

    async def withdraw(self, session: UUID) -> int:
        async with transaction(self.pool) as conn:
            return await scheduling.withdraw_session(conn, self.floor, TEST, session, "no electricity")

    async def live(self, families: Iterable[Family]) -> list[int]:
        """How many members of each family have a live appointment."""
        async with transaction(self.pool) as conn:
            return [len(await scheduling.appointments_of(conn, one[0].person.account_id)) for one in families]

    async def violations(self) -> list[tuple[str, str]]:
        async with transaction(self.pool) as conn:
            return await violations(conn)


async def outcomes(attempts: Iterable[Awaitable[object]]) -> Counter[str]:
    """All at once: how often it worked ("ok") and how often each refusal was the answer; anything else is raised."""

    async def one(attempt: Awaitable[object]) -> str:
        try:
            await attempt
        except Refusal as refusal:
            return refusal.code
        return "ok"

    return Counter(await asyncio.gather(*map(one, attempts)))
