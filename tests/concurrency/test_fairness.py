"""Everybody joins at once, at several processes, while the room opens: one place for each, each given once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from uuid import UUID, uuid4

import pytest

from opencowin import fairness
from opencowin.fairness import Entrance, Room, Ticket, Wanted, queries
from opencowin.kit.actor import Actor, Place, system
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection, Pool, fetch_all, fetch_one, run, transaction
from opencowin.kit.floor import Floor
from tests.builders import citizen

pytestmark = pytest.mark.anyio
OFFICER = system("test")
TICKETS = "SELECT room_id, account_id, number FROM queue_ticket"


@pytest.fixture(autouse=True)
async def _no_room(pool: Pool) -> AsyncIterator[None]:
    yield
    async with transaction(pool) as conn:
        await run(conn, "DELETE FROM queue_room")


async def announced(pool: Pool, floor: Floor, *, in_seconds: float = 0) -> UUID:
    opens = floor.clock.now() + timedelta(seconds=in_seconds) if in_seconds else None
    async with transaction(pool) as conn:
        return await fairness.announce_room(conn, floor, OFFICER, Place(), opens_at=opens, per_minute=1)


async def rush(pool: Pool, floor: Floor, room_id: UUID, people: int) -> list[list[Ticket | None]]:
    """Each joins in a transaction of its own, as at as many processes."""

    async def one() -> list[Ticket | None]:
        async with transaction(pool) as conn:
            return await fairness.join(conn, floor, room_id, [uuid4()])

    return await asyncio.gather(*(one() for _ in range(people)))


async def twice(pool: Pool) -> list[int]:
    """Places behind the lots that more than one has."""
    async with transaction(pool) as conn:
        found = await fetch_all(conn, Ticket, TICKETS)
    return [number for number, times in Counter(one.number for one in found).items() if number and times > 1]


async def test_without_the_lock_two_have_one_place(pool: Pool, floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the race is real."""

    async def looked_at(conn: Connection, room_id: UUID) -> Room | None:
        found = await fetch_one(conn, Room, queries.ROOM + "WHERE room_id = %(room)s", room=room_id)
        await asyncio.sleep(0.01)
        return found

    monkeypatch.setattr(queries, "lock_room", looked_at)
    room_id = await announced(pool, floor)
    await rush(pool, floor, room_id, 30)
    assert await twice(pool)


async def test_no_place_is_given_twice(pool: Pool, floor: Floor) -> None:
    room_id = await announced(pool, floor)
    tickets = [one for (one,) in await rush(pool, floor, room_id, 100) if one]
    assert sorted(one.number for one in tickets) == list(range(1, 101))


async def test_one_place_each_though_all_ask_everywhere_while_the_room_opens(pool: Pool, floor: Floor) -> None:
    noon, looks = floor.clock.now(), count()

    def clock() -> datetime:
        """It opens in the midst of the asking, between two looks at the clock."""
        return noon if next(looks) < 200 else noon + timedelta(seconds=61)

    rushing = replace(floor, clock=Clock(floor.clock.zone, clock))
    doors = [Entrance(rushing, partial(transaction, pool), _nowhere) for _ in range(4)]
    room_id = await announced(pool, floor, in_seconds=60)
    people = [citizen(uuid4()) for _ in range(60)]
    told: dict[UUID, set[str]] = {one.own_account(): set() for one in people}

    async def ask(door: Entrance, actor: Actor) -> None:
        found = await door.stand(actor, room_id, "")
        assert found
        told[actor.own_account()].add(found.ticket)

    for first in range(0, 60, 20):
        asking = [(door, person) for door in doors for person in people[first : first + 20] * 2]
        await asyncio.gather(*(ask(*one) for one in asking))
    assert all(len(tickets) == 1 for tickets in told.values()), "one ticket each"
    async with transaction(pool) as conn:
        tickets = await fetch_all(conn, Ticket, TICKETS)
        (room,) = await fairness.rooms_within(conn, OFFICER)
    assert len(tickets) == 60
    assert 0 < room.early < 60, "some came before the opening, some after"
    assert room.early == sum(one.number == 0 for one in tickets)
    assert len({one.number for one in tickets if one.number}) == 60 - room.early, "no place is given twice"


async def _nowhere(_conn: Connection, _session: UUID) -> Wanted:
    return Wanted(Place(1, 2), None)
