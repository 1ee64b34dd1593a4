"""The booking desk: calls that share a transaction are answered as if each had had its own."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from opencowin import scheduling
from opencowin.kit.db import Pool, fetch_value, transaction
from opencowin.kit.errors import Refusal, Unavailable
from opencowin.kit.floor import Floor
from opencowin.scheduling import RESERVED, Booking, BookingWish, Desk
from tests.builders import TEST, a_session, citizen, member
from tests.concurrency.crowd import MORNING, NOON, Crowd, Family, outcomes
from tests.concurrency.doors import Doors

pytestmark = pytest.mark.anyio
NO_NUMBER = "no number"
"""A reference that the database cannot even compare: the call fails, it is not refused."""
GROUP = "health_care_worker"


@pytest.fixture
async def crowd(pool: Pool, floor: Floor) -> Crowd:
    return await Crowd.at_a_centre(pool, floor)


def wish_of(family: Family, session: UUID, slot: str = MORNING, **how: object) -> BookingWish:
    return replace(BookingWish(1, session, slot, tuple(one.reference_id for one in family)), **how)  # type: ignore[arg-type]


async def answers(desk: Desk, calls: Sequence[tuple[Family, BookingWish]]) -> list[Booking | BaseException]:
    """All at once: those after the first are gathered while it is booked."""
    asked = (desk.book(citizen(family[0].person.account_id), wish) for family, wish in calls)
    return await asyncio.gather(*asked, return_exceptions=True)


async def hold(crowd: Crowd, family: Family, session: UUID, slot: str, people: int) -> None:
    async with transaction(crowd.pool) as conn:
        actor = citizen(family[0].person.account_id)
        await scheduling.hold_slot(conn, crowd.floor, actor, session, slot, 1, people)


async def test_each_call_is_answered_as_if_it_came_alone(crowd: Crowd) -> None:
    """Calls of every kind, in one batch at the desk and one by one; first the batch is shown to be one."""
    tomorrow = crowd.floor.clock.today() + timedelta(days=1)
    new = replace(a_session(crowd.centre, tomorrow, seats=9), reserved_for=GROUP)
    slots = tuple(replace(slot, seats={**slot.seats, RESERVED + 1: 3}) for slot in new.slots)
    async with transaction(crowd.pool) as conn:
        reserved = await scheduling.publish_session(conn, crowd.floor, TEST, replace(new, slots=slots))
        child = await member(conn, crowd.floor, born=crowd.floor.clock.today().year - 5)
    full, other = await crowd.session(seats=1), await crowd.session(seats=30)
    await crowd.book((await crowd.families(1))[0], full)
    told = []
    for together in (True, False):
        session = await crowd.session(seats=30, doses=40)
        first, keyed, booked, holder, elsewhere, late, *rest = await crowd.families(12, size=2)
        await crowd.book(booked, session)
        await hold(crowd, holder, session, MORNING, 2)
        await hold(crowd, elsewhere, other, NOON, 1)
        calls: list[tuple[Family, BookingWish]] = [
            (first, wish_of(first, session)),
            (keyed, wish_of(keyed, session, key="k")),
            (keyed, wish_of(keyed, session, key="k")),
            (booked, wish_of(booked, session)),
            (booked, wish_of(booked[:1], session, NOON)),
            (holder, wish_of(holder, session)),
            (elsewhere, wish_of(elsewhere, session)),
            (late, wish_of(late, session, "05:00AM-06:00AM")),
            (rest[0], wish_of(rest[1], session)),
            (rest[1], wish_of([], session)),
            (rest[2], wish_of(rest[2], full)),
            (rest[3], wish_of(rest[3], uuid4())),
            (rest[4], wish_of(rest[4], session, centre_id=7)),
            (rest[5], wish_of(rest[5], reserved)),
            ([child], wish_of([child], session)),
            (late, wish_of(late, session, dose_number=2)),
        ]
        doors = Doors(crowd.pool)
        if together:
            crowd_floor = replace(crowd.floor, settings=crowd.floor.settings.model_copy(update={"booking_lanes": 1}))
            told.append([said(one) for one in await answers(Desk(crowd_floor, doors), calls)])
            assert doors.opened < len(calls)
        else:
            desk = Desk(crowd.floor, doors)
            told.append([said((await answers(desk, [call]))[0]) for call in calls])
            assert doors.opened >= len(calls)
        assert await crowd.violations() == []
        assert await crowd.live([first, keyed, booked, holder, elsewhere]) == [2] * 5
    assert told[0] == told[1]
    assert len({one for one in told[0] if one != "ok"}) >= 8


def said(answer: Booking | BaseException) -> str:
    if isinstance(answer, Booking):
        return "ok"
    assert isinstance(answer, Refusal), answer
    return answer.code


async def test_a_call_that_fails_fails_no_neighbour(crowd: Crowd) -> None:
    session, families = await crowd.session(seats=30), await crowd.families(12)
    calls = [(one, wish_of(one, session)) for one in families]
    calls[6] = families[6], wish_of(families[6], session, reference_ids=(NO_NUMBER,))
    told = await answers(Desk(crowd.floor, Doors(crowd.pool)), calls)
    assert isinstance(told.pop(6), psycopg.Error)
    assert [said(one) for one in told] == ["ok"] * 11
    assert await crowd.live(families) == [0 if at == 6 else 1 for at in range(12)]
    assert await crowd.violations() == []


async def test_nobody_is_told_before_the_commit(crowd: Crowd) -> None:
    session, families, doors = await crowd.session(seats=30), await crowd.families(8), Doors(crowd.pool)
    desk, doors.shut = Desk(crowd.floor, doors), True
    calls = [(one, wish_of(one, session)) for one in families]
    assert [type(one) for one in await answers(desk, calls)] == [psycopg.OperationalError] * 8
    assert await crowd.live(families) == [0] * 8
    doors.shut = False
    assert [said(one) for one in await answers(desk, calls)] == ["ok"] * 8
    async with transaction(crowd.pool) as conn:
        jobs = "SELECT count(*) FROM pgqueuer WHERE convert_from(payload, 'UTF8') LIKE ANY (%(ids)s)"
        ids = [f"%{one[0].person.account_id}%" for one in families]
        assert await fetch_value(conn, jobs, ids=ids) == 8


async def test_a_rush_shares_few_transactions(crowd: Crowd) -> None:
    session, families, doors = await crowd.session(seats=20), await crowd.families(40), Doors(crowd.pool)
    told = [said(one) for one in await answers(Desk(crowd.floor, doors), [(f, wish_of(f, session)) for f in families])]
    assert (told.count("ok"), told.count("APPOIN0040")) == (20, 20)
    assert doors.opened == 1


async def test_more_than_there_is_room_for_are_told_to_come_again(crowd: Crowd) -> None:
    session, families = await crowd.session(seats=30), await crowd.families(9)
    small = replace(crowd.floor, settings=crowd.floor.settings.model_copy(update={"booking_room": 4}))
    told = await answers(Desk(small, Doors(crowd.pool)), [(one, wish_of(one, session)) for one in families])
    refused = [one for one in told if isinstance(one, Unavailable)]
    assert len(refused) == 5
    assert {one.retry_after for one in refused} == {1}
    assert sum(await crowd.live(families)) == 4


async def test_who_left_before_the_batch_began_is_not_booked(crowd: Crowd) -> None:
    session, families = await crowd.session(seats=30), await crowd.families(3)
    desk = Desk(crowd.floor, Doors(crowd.pool))

    def asking(at: int) -> Awaitable[Booking]:
        return desk.book(citizen(families[at][0].person.account_id), wish_of(families[at], session))

    first = asyncio.ensure_future(asking(0))
    await asyncio.sleep(0)
    left, stays = asyncio.ensure_future(asking(1)), asyncio.ensure_future(asking(2))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.gather(first, stays)
    assert await crowd.live(families) == [1, 0, 1]


async def test_two_desks_at_the_last_seats_sell_each_once(crowd: Crowd) -> None:
    """As in two web processes: the invariants are the database's, whoever runs a desk."""
    session, families = await crowd.session(seats=7), await crowd.families(20, size=2)
    desks = [Desk(crowd.floor, Doors(crowd.pool)) for _ in range(2)]

    async def book(at: int) -> Booking:
        family = families[at % 20]
        return await desks[at // 20].book(citizen(family[0].person.account_id), wish_of(family, session, key="k"))

    assert await outcomes(map(book, range(40))) == {"ok": 6, "APPOIN0040": 34}
    assert sum(await crowd.live(families)) == 6
    assert await crowd.violations() == []
