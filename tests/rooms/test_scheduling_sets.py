"""Set functions: many bookings in one call, each with its own outcome, against a plain model."""

import random
from dataclasses import dataclass, field
from typing import LiteralString, Protocol
from uuid import UUID, uuid4

import pytest

from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from opencowin.registry import Person
from opencowin.scheduling import seats
from opencowin.scheduling.seats import Group, SeatKey
from tests.builders import new_centre, stock_in
from tests.concurrency.invariants import violations
from tests.rooms.scene import Scene

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Request:
    """One group in a batch: a claim for each person."""

    people: tuple[UUID, ...]
    booking: UUID = field(default_factory=uuid4)

    @property
    def claims(self) -> list[UUID]:
        return [UUID(int=(self.booking.int ^ person.int)) for person in self.people]


ACCOUNT = UUID(int=1)
ONE_SLOT = """
    SELECT book_local(%(d)s, %(s)s, %(n)s::smallint, 1::smallint, 1::smallint, 'programme', %(g)s::int[],
                      %(c)s::uuid[], %(b)s::uuid[], %(a)s::uuid[], %(p)s::uuid[], %(now)s)
"""
ANY_SLOTS = """
    SELECT book_all(array_fill(%(d)s::int, ARRAY[m]), array_fill(%(s)s::uuid, ARRAY[m]),
                    array_fill(%(n)s::smallint, ARRAY[m]), array_fill(1::smallint, ARRAY[m]),
                    array_fill(1::smallint, ARRAY[m]), 'programme', %(g)s::int[],
                    %(c)s::uuid[], %(b)s::uuid[], %(a)s::uuid[], %(p)s::uuid[], %(now)s)
    FROM cardinality(%(g)s::int[]) AS m
"""


class Batch:
    """Batches for one slot of one session, by one of the two functions."""

    def __init__(self, conn: Connection, floor: Floor, seat: SeatKey, function: LiteralString) -> None:
        self.conn, self.floor, self.seat, self.function = conn, floor, seat, function

    async def book(self, *requests: Request) -> list[list[str]]:
        """The outcomes, request by request."""
        rows = [
            (at, c, one.booking, p)
            for at, one in enumerate(requests)
            for c, p in zip(one.claims, one.people, strict=True)
        ]
        groups, claims, bookings, people = (list(column) for column in zip(*rows, strict=True))
        found = await fetch_value(
            self.conn,
            self.function,
            d=self.seat.district_id,
            s=self.seat.session_id,
            n=self.seat.slot_number,
            g=groups,
            c=claims,
            b=bookings,
            a=[ACCOUNT] * len(rows),
            p=people,
            now=self.floor.clock.now(),
        )
        return [
            [outcome for at, outcome in zip(groups, found, strict=True) if at == which]
            for which in range(len(requests))
        ]

    async def release(self, request: Request) -> None:
        seat, now = self.seat, self.floor.clock.now()
        ended = await seats.release(
            self.conn, seat.district_id, seat.session_id, request.claims, state="cancelled", now=now
        )
        await seats.release_claims(self.conn, [ACCOUNT] * len(ended), sorted(ended))


@pytest.fixture
async def scene(conn: Connection, floor: Floor) -> Scene:
    centre = await new_centre(conn)
    await stock_in(conn, floor, centre, "COVISHIELD", doses=1000)
    return Scene(conn, floor, centre)


class Making(Protocol):
    """Makes a batch at a new session."""

    async def __call__(self, scene: Scene, *, places: int, doses: int = 100) -> Batch: ...


@pytest.fixture(params=[ONE_SLOT, ANY_SLOTS], ids=["one slot", "any slots"])
def batch_for(request: pytest.FixtureRequest) -> Making:
    async def made(scene: Scene, *, places: int, doses: int = 100) -> Batch:
        session = await scene.session(seats=places, doses=doses)
        return Batch(scene.conn, scene.floor, SeatKey(scene.centre.district_id, session, 1, 1), request.param)

    return made


def people(count: int) -> tuple[UUID, ...]:
    return tuple(uuid4() for _ in range(count))


async def test_a_smaller_group_behind_a_larger_one_still_fits(scene: Scene, batch_for: Making) -> None:
    batch = await batch_for(scene, places=5)
    told = await batch.book(Request(people(2)), Request(people(4)), Request(people(3)), Request(people(1)))
    assert told == [["booked"] * 2, ["full"] * 4, ["booked"] * 3, ["full"]]
    assert await violations(scene.conn) == []


async def test_the_doses_of_the_session_bound_a_batch_too(scene: Scene, batch_for: Making) -> None:
    batch = await batch_for(scene, places=5, doses=3)
    assert await batch.book(Request(people(2)), Request(people(2)), Request(people(1))) == [
        ["booked"] * 2,
        ["full"] * 2,
        ["booked"],
    ]


async def test_a_person_twice_in_a_batch_is_booked_once(scene: Scene, batch_for: Making) -> None:
    batch = await batch_for(scene, places=5)
    who = people(2)
    told = await batch.book(Request(who), Request((who[1],)), Request(who))
    assert told == [["booked"] * 2, ["has_appointment"], ["has_appointment"] * 2]
    assert await violations(scene.conn) == []


async def test_what_was_refused_leaves_nothing_behind(scene: Scene, batch_for: Making) -> None:
    batch = await batch_for(scene, places=1)
    who = people(2)
    assert await batch.book(Request(who)) == [["full"] * 2]
    assert await batch.book(Request((who[1],))) == [["booked"]]
    nowhere = Batch(
        scene.conn, scene.floor, SeatKey(batch.seat.district_id, batch.seat.session_id, 9, 1), batch.function
    )
    assert await nowhere.book(Request((who[0],))) == [["no_such_slot"]]
    assert await fetch_value(scene.conn, "SELECT count(*) FROM claim") == 1


async def test_taking_seats_again_changes_nothing(scene: Scene, batch_for: Making) -> None:
    batch = await batch_for(scene, places=3)
    request = Request(people(2))
    await batch.book(request)
    persons = [Person(ACCOUNT, one) for one in request.people]
    group = Group(request.booking, tuple(persons), tuple(request.claims), 1)
    now = scene.floor.clock.now()
    assert await seats.take(scene.conn, batch.seat, group, now, now) == ["booked", "booked"]
    await batch.release(request)
    await batch.release(request)
    assert await seats.take(scene.conn, batch.seat, group, now, now) == ["cancelled", "cancelled"]
    wider = Group(request.booking, (*persons, Person(ACCOUNT, uuid4())), (*request.claims, uuid4()), 1)
    assert await seats.take(scene.conn, batch.seat, wider, now, now) == ["cancelled", "cancelled", "void"]
    assert await violations(scene.conn) == []


@pytest.mark.parametrize("seed", range(6))
async def test_batches_answer_as_a_plain_model_does(scene: Scene, batch_for: Making, seed: int) -> None:
    chance = random.Random(seed)
    batch, capacity = await batch_for(scene, places=12, doses=10), 10
    crowd, booked = people(16), list[Request]()
    for _ in range(60):
        if booked and chance.random() < 0.4:
            await batch.release(booked.pop(chance.randrange(len(booked))))
            continue
        shuffled = chance.sample(crowd, 9)
        requests = [Request(tuple(shuffled[at * 3 : at * 3 + chance.randint(1, 3)])) for at in range(3)]
        expected = []
        for one in requests:
            taken = {person for other in booked for person in other.people}
            if taken & set(one.people):
                outcome = "has_appointment"
            elif len(taken) + len(one.people) > capacity:
                outcome = "full"
            else:
                outcome = "booked"
                booked.append(one)
            expected.append([outcome] * len(one.people))
        assert await batch.book(*requests) == expected
    assert await violations(scene.conn) == []


async def test_several_slots_at_once_share_the_sessions_doses(scene: Scene) -> None:
    where = scene.centre.district_id
    first, second = await scene.session(seats=2, doses=3), await scene.session(seats=2, doses=2)
    wishes = [(first, 1, 2), (first, 2, 2), (second, 1, 1), (second, 1, 2), (first, 2, 1)]
    orders = []
    for session, slot, count in wishes:
        who = [Person(uuid4(), uuid4()) for _ in range(count)]
        group = Group(uuid4(), tuple(who), tuple(uuid4() for _ in who), 1)
        orders.append((SeatKey(where, session, slot, 1), group))
    told = await seats.book_all(scene.conn, orders, "programme", scene.floor.clock.now())
    assert told == ["booked", "full", "booked", "full", "booked"]
    assert await violations(scene.conn) == []
    assert await seats.book_all(scene.conn, orders[:1] + orders[2:3], "programme", scene.floor.clock.now()) == [
        "has_appointment",
        "has_appointment",
    ]
