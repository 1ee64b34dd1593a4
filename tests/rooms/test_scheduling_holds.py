"""Scheduling: a chosen slot is held for a household for some minutes."""

from dataclasses import replace
from datetime import timedelta

import pytest

from opencowin import registry, scheduling
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from tests.builders import citizen, new_centre, stock_in
from tests.concurrency.invariants import violations
from tests.rooms.scene import MORNING, NOON, Scene

pytestmark = pytest.mark.anyio


@pytest.fixture
async def scene(conn: Connection, floor: Floor) -> Scene:
    centre = await new_centre(conn)
    await stock_in(conn, floor, centre, "COVISHIELD", doses=1000)
    return Scene(conn, floor, centre)


async def hold(scene: Scene, who: registry.Beneficiary, session: object, slot: str, people: int) -> scheduling.Hold:
    actor = citizen(who.person.account_id)
    return await scheduling.hold_slot(scene.conn, scene.floor, actor, session, slot, 1, people)  # type: ignore[arg-type]


async def held(scene: Scene) -> int:
    return int(await fetch_value(scene.conn, "SELECT coalesce(sum(seats), 0) FROM seat_hold"))


async def test_held_seats_are_for_nobody_else_and_become_the_booking(scene: Scene) -> None:
    session, family, others = await scene.session(seats=2), await scene.family(2), await scene.family(1)
    kept = await hold(scene, family[0], session, MORNING, 2)
    assert kept.held_until > scene.floor.clock.now() + timedelta(minutes=4)
    with pytest.raises(scheduling.FullyBooked):
        await scene.book(others, session)
    assert await violations(scene.conn) == []
    booking = await scene.book(family, session)
    assert len(booking.people) == 2
    assert await held(scene) == 0
    assert await violations(scene.conn) == []


async def test_another_choice_gives_the_first_one_back(scene: Scene) -> None:
    session, other, family = await scene.session(seats=1), await scene.session(seats=1), await scene.family(1)
    await hold(scene, family[0], session, MORNING, 1)
    await hold(scene, family[0], session, NOON, 1)
    await hold(scene, family[0], other, MORNING, 1)
    assert await held(scene) == 1
    neighbours = await scene.family(1)
    await scene.book(neighbours, session)
    assert await violations(scene.conn) == []


async def test_what_is_full_is_not_held_and_the_old_hold_stays(scene: Scene) -> None:
    full, session = await scene.session(seats=1), await scene.session(seats=1)
    family = await scene.family(1)
    await scene.book(await scene.family(1), full)
    await hold(scene, family[0], session, MORNING, 1)
    with pytest.raises(scheduling.FullyBooked):
        async with scene.conn.transaction():
            await hold(scene, family[0], full, MORNING, 1)
    with pytest.raises(scheduling.TooManySeats):
        await hold(scene, family[0], session, MORNING, 7)
    assert await held(scene) == 1
    assert await violations(scene.conn) == []


async def test_a_hold_ends_after_its_minutes_and_not_before(scene: Scene) -> None:
    session, family = await scene.session(seats=1), await scene.family(1)
    await hold(scene, family[0], session, MORNING, 1)
    assert await scheduling.end_holds(scene.conn, scene.floor) == 0
    now = scene.floor.clock.now()
    over = now + timedelta(minutes=5, seconds=1)
    later = replace(scene.floor, clock=Clock(scene.floor.clock.zone, lambda: over))
    assert await scheduling.end_holds(scene.conn, later) == 1
    assert await held(scene) == 0
    assert await violations(scene.conn) == []
    await scene.book(await scene.family(1), session)


async def test_letting_go_frees_the_seats_at_once(scene: Scene) -> None:
    session, family = await scene.session(seats=1), await scene.family(1)
    await hold(scene, family[0], session, MORNING, 1)
    await scheduling.let_go(scene.conn, citizen(family[0].person.account_id))
    await scene.book(await scene.family(1), session)
    assert await violations(scene.conn) == []
