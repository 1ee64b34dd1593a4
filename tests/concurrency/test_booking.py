"""Many at once: seats, doses and people are never counted twice. Each test first shows that the race is real."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from opencowin.kit.db import Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from tests.concurrency.crowd import MORNING, NOON, Crowd, Family, outcomes

pytestmark = pytest.mark.anyio

FULL, TAKEN, NO_DOSES, WITHDRAWN = "APPOIN0040", "APPOIN0022", "STOCK0001", "APPOIN0052"


@pytest.fixture(params=[False, True], ids=["each alone", "at the desk"])
async def crowd(pool: Pool, floor: Floor, request: pytest.FixtureRequest) -> Crowd:
    return await Crowd.at_a_centre(pool, floor, desk=request.param)


@pytest.fixture
async def naive_crowd(pool: Pool, floor: Floor) -> Crowd:
    return await Crowd.at_a_centre(pool, floor)


class Naive:
    """Booking as one would write it at first: look, think (as long as it takes that all have looked), write."""

    def __init__(self, crowd: Crowd, think: Callable[[], Awaitable[object]]) -> None:
        self.pool, self.district, self.think = crowd.pool, crowd.centre.district_id, think

    async def book(self, person: tuple[UUID, UUID], session: UUID, *, capacity: int) -> bool:
        async with transaction(self.pool) as conn:
            held = await fetch_value(
                conn, "SELECT count(*) FROM appointment WHERE session_id = %(s)s AND state = 'booked'", s=session
            )
            mine = await fetch_value(
                conn, "SELECT count(*) FROM appointment WHERE beneficiary_id = %(b)s AND state = 'booked'", b=person[1]
            )
            published = await fetch_value(
                conn, "SELECT state = 'published' FROM session WHERE session_id = %(s)s", s=session
            )
            await self.think()
            if held >= capacity or mine or not published:
                return False
            await run(
                conn,
                """
                INSERT INTO appointment (district_id, session_id, claim_id, booking_id, slot_number, dose_class,
                                         account_id, beneficiary_id, dose_number, state, booked_at, changed_at)
                VALUES (%(d)s, %(s)s, %(c)s, %(c)s, 1, 1, %(a)s, %(b)s, 1, 'booked', now(), now())
                """,
                d=self.district,
                s=session,
                c=uuid4(),
                a=person[0],
                b=person[1],
            )
            return True

    async def clean(self, *sessions: UUID) -> None:
        async with transaction(self.pool) as conn:
            await run(conn, "DELETE FROM appointment WHERE session_id = ANY (%(s)s)", s=list(sessions))


def person() -> tuple[UUID, UUID]:
    return uuid4(), uuid4()


async def test_the_naive_way_sells_more_than_there_is(naive_crowd: Crowd) -> None:
    naive, session = Naive(naive_crowd, asyncio.Barrier(30).wait), await naive_crowd.session(seats=3)
    sold = await asyncio.gather(*(naive.book(person(), session, capacity=3) for _ in range(30)))
    assert sum(sold) > 3
    found = {what for what, _ in await naive_crowd.violations()}
    assert {"oversold", "seats counted wrongly", "doses counted wrongly", "appointment without claim"} <= found
    await naive.clean(session)
    assert await naive_crowd.violations() == []


async def test_the_last_seats_are_sold_once(crowd: Crowd) -> None:
    session, families = await crowd.session(seats=5), await crowd.families(40)
    told = await outcomes(crowd.book(one, session) for one in families)
    assert told == {"ok": 5, FULL: 35}
    assert sorted(await crowd.live(families)) == [0] * 35 + [1] * 5
    assert await crowd.violations() == []


async def test_the_last_doses_of_a_session_are_spoken_for_once(crowd: Crowd) -> None:
    session, families = await crowd.session(seats=30, doses=7), await crowd.families(40)
    told = await outcomes(crowd.book(one, session, (MORNING, NOON)[at % 2]) for at, one in enumerate(families))
    assert told == {"ok": 7, FULL: 33}
    assert await crowd.violations() == []


async def test_groups_at_the_last_seats_are_all_or_nothing(crowd: Crowd) -> None:
    session, families = await crowd.session(seats=7), await crowd.families(10, size=3)
    told = await outcomes(crowd.book(one, session) for one in families)
    assert told == {"ok": 2, FULL: 8}
    assert sorted(await crowd.live(families)) == [0] * 8 + [3] * 2
    assert await crowd.violations() == []


async def test_naively_one_person_is_booked_in_several_sessions(naive_crowd: Crowd) -> None:
    naive, sessions = (
        Naive(naive_crowd, asyncio.Barrier(4).wait),
        [await naive_crowd.session(seats=3) for _ in range(4)],
    )
    who = person()
    booked = await asyncio.gather(*(naive.book(who, one, capacity=3) for one in sessions))
    assert sum(booked) > 1
    assert "two live appointments" in {what for what, _ in await naive_crowd.violations()}
    await naive.clean(*sessions)


async def test_two_sign_ins_book_the_same_person_once(crowd: Crowd) -> None:
    sessions, families = [await crowd.session(seats=30) for _ in range(4)], await crowd.families(6, size=2)

    def attempts(family: Family) -> list[tuple[Family, UUID]]:
        return [(family if at % 2 else family[::-1], session) for at, session in enumerate(sessions)]

    told = await outcomes(crowd.book(who, session) for one in families for who, session in attempts(one))
    assert told == {"ok": 6, TAKEN: 18}
    assert await crowd.live(families) == [2] * 6
    assert await crowd.violations() == []


@pytest.mark.parametrize("key", ["the-same", None])
async def test_the_same_request_ten_times_is_one_booking(crowd: Crowd, key: str | None) -> None:
    session, (family,) = await crowd.session(seats=30), await crowd.families(1, size=2)
    answers = await asyncio.gather(*(crowd.book(family, session, key=key) for _ in range(10)))
    assert len(set(answers)) == 1
    assert await crowd.live([family]) == [2]
    async with transaction(crowd.pool) as conn:
        jobs = "SELECT count(*) FROM pgqueuer WHERE convert_from(payload, 'UTF8') LIKE %(id)s"
        assert await fetch_value(conn, jobs, id=f"%{answers[0]}%") == 1
    assert await crowd.violations() == []


async def test_the_same_request_again_and_again_at_the_last_seat(crowd: Crowd) -> None:
    session, families = await crowd.session(seats=2), await crowd.families(8)
    told = await outcomes(crowd.book(one, session, key="k") for one in families for _ in range(4))
    assert told == {"ok": 8, FULL: 24}
    assert sum(await crowd.live(families)) == 2
    assert await crowd.violations() == []


async def test_naively_the_last_doses_of_a_batch_are_allotted_twice(pool: Pool, floor: Floor) -> None:
    crowd = await Crowd.at_a_centre(pool, floor, doses=10)
    everybody_has_looked = asyncio.Barrier(8)
    place = {"d": crowd.centre.district_id, "c": crowd.centre.centre_id}

    async def allot() -> None:
        async with transaction(pool) as conn:
            taken = await fetch_value(conn, "SELECT sum(doses) FROM session_batch WHERE centre_id = %(c)s", **place)
            await everybody_has_looked.wait()
            if (taken or 0) + 3 <= 10:
                row = "INSERT INTO session_batch VALUES (%(d)s, gen_random_uuid(), %(c)s, 'COVISHIELD', 'B-1', 3)"
                await run(conn, row, **place)

    await asyncio.gather(*(allot() for _ in range(8)))
    async with transaction(pool) as conn:
        allotted = "DELETE FROM session_batch WHERE centre_id = %(c)s"
        found = await run(conn, allotted, **place)
    assert found * 3 > 10


async def test_the_last_doses_of_a_batch_are_allotted_once(pool: Pool, floor: Floor) -> None:
    crowd = await Crowd.at_a_centre(pool, floor, doses=10)
    told = await outcomes(crowd.session(seats=5, doses=3) for _ in range(10))
    assert told == {"ok": 3, NO_DOSES: 7}
    assert await outcomes([crowd.session(seats=5, doses=1)]) == {"ok": 1}
    assert await crowd.violations() == []


async def test_naively_a_withdrawn_session_keeps_appointments(naive_crowd: Crowd) -> None:
    everybody_has_looked, withdrawn = asyncio.Barrier(21), asyncio.Event()

    async def think() -> None:
        await everybody_has_looked.wait()
        await withdrawn.wait()

    naive, session = Naive(naive_crowd, think), await naive_crowd.session(seats=30)

    async def withdraw() -> None:
        await everybody_has_looked.wait()
        async with transaction(naive_crowd.pool) as conn:
            await run(conn, "UPDATE session SET state = 'withdrawn' WHERE session_id = %(s)s", s=session)
            await run(conn, "UPDATE appointment SET state = 'withdrawn' WHERE session_id = %(s)s", s=session)
        withdrawn.set()

    await asyncio.gather(*(naive.book(person(), session, capacity=30) for _ in range(20)), withdraw())
    assert "live in a withdrawn session" in {what for what, _ in await naive_crowd.violations()}
    await naive.clean(session)


@pytest.mark.parametrize("lead", [0.0, 0.02, 0.05, 0.1])
async def test_a_withdrawn_session_keeps_no_appointment(crowd: Crowd, lead: float) -> None:
    session, families = await crowd.session(seats=40), await crowd.families(25)

    async def withdraw() -> None:
        await asyncio.sleep(lead)
        await crowd.withdraw(session)

    told = await outcomes([*(crowd.book(one, session) for one in families), withdraw()])
    assert set(told) <= {"ok", WITHDRAWN}
    assert await crowd.live(families) == [0] * 25
    assert await crowd.violations() == []
    other = await crowd.session(seats=40)
    assert await outcomes(crowd.book(one, other) for one in families) == {"ok": 25}
