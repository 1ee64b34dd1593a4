"""Stock: batches received, allotted soonest-expiring first, given back."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from opencowin import places, stock
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from tests.builders import TEST, citizen, new_centre

pytestmark = pytest.mark.anyio


def batch(floor: Floor, centre: places.Centre, number: str, doses: int, days: int = 30) -> stock.NewBatch:
    expires = floor.clock.today() + timedelta(days=days)
    return stock.NewBatch(centre.centre_id, "COVISHIELD", number, expires, doses)


async def allot(
    conn: Connection, floor: Floor, centre: places.Centre, doses: int, ahead: int = 0
) -> list[tuple[str, int]]:
    taken = await stock.allot(
        conn,
        centre.district_id,
        centre.centre_id,
        vaccine_id="COVISHIELD",
        session_id=uuid4(),
        doses=doses,
        on=floor.clock.today() + timedelta(days=ahead),
    )
    return [(one.batch_number, one.doses) for one in taken]


async def test_more_of_a_batch_is_added_to_it(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    await stock.receive_batch(conn, floor, TEST, batch(floor, centre, "B1", 10))
    again = await stock.receive_batch(conn, floor, TEST, batch(floor, centre, " B1 ", 5))
    assert (again.received, again.allotted, again.free) == (15, 0, 15)
    assert await stock.batches_at(conn, centre.district_id, centre.centre_id) == [again]
    assert await stock.batches_at(conn, centre.district_id, centre.centre_id, "COVAXIN") == []


async def test_a_batch_keeps_its_expiry_date(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    await stock.receive_batch(conn, floor, TEST, batch(floor, centre, "B1", 10))
    with pytest.raises(stock.BatchDiffers):
        await stock.receive_batch(conn, floor, TEST, batch(floor, centre, "B1", 10, days=31))


async def test_what_cannot_be_a_batch_is_refused(conn: Connection, floor: Floor) -> None:
    good = batch(floor, await new_centre(conn), "B1", 10)
    today = floor.clock.today()
    await stock.receive_batch(conn, floor, TEST, replace(good, batch_number="last day", expires_on=today))
    with pytest.raises(stock.BatchExpired):
        await stock.receive_batch(conn, floor, TEST, replace(good, expires_on=today - timedelta(days=1)))
    for wrong in ({"doses": 0}, {"batch_number": " "}, {"batch_number": "x" * 51}, {"vaccine_id": "NOSUCH"}):
        with pytest.raises(stock.BatchIncomplete):
            await stock.receive_batch(conn, floor, TEST, replace(good, **wrong))


async def test_only_staff_of_the_place_receive(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    rights = frozenset({Permission.PUBLISH_SESSIONS})
    elsewhere = Actor(ActorKind.STAFF, "s", rights, place=Place(centre_id=centre.centre_id + 1))
    here = replace(elsewhere, place=Place(district_id=centre.district_id))
    for actor in (elsewhere, citizen(uuid4())):
        with pytest.raises(NotPermitted):
            await stock.receive_batch(conn, floor, actor, batch(floor, centre, "B1", 10))
    await stock.receive_batch(conn, floor, here, batch(floor, centre, "B1", 10))


async def test_the_soonest_expiring_is_allotted_first(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    for number, doses, days in (("late", 10, 90), ("soon", 4, 10), ("too soon", 50, 2)):
        await stock.receive_batch(conn, floor, TEST, batch(floor, centre, number, doses, days))
    assert await allot(conn, floor, centre, 6, ahead=5) == [("soon", 4), ("late", 2)]
    assert await allot(conn, floor, centre, 8, ahead=5) == [("late", 8)]
    with pytest.raises(stock.NotEnoughStock) as no:
        await allot(conn, floor, centre, 1, ahead=5)
    assert no.value.details["free"] == 0
    assert await allot(conn, floor, centre, 50) == [("too soon", 50)]


async def test_allotting_is_all_or_nothing(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    await stock.receive_batch(conn, floor, TEST, batch(floor, centre, "B1", 10))
    with pytest.raises(stock.NotEnoughStock):
        await allot(conn, floor, centre, 11)
    (kept,) = await stock.batches_at(conn, centre.district_id, centre.centre_id)
    assert kept.free == 10


async def test_doses_not_used_are_given_back(conn: Connection, floor: Floor) -> None:
    centre = await new_centre(conn)
    for number, doses, days in (("soon", 4, 10), ("late", 10, 90)):
        await stock.receive_batch(conn, floor, TEST, batch(floor, centre, number, doses, days))
    session, where = uuid4(), (centre.district_id, centre.centre_id)
    on = floor.clock.today()
    await stock.allot(conn, *where, vaccine_id="COVISHIELD", session_id=session, doses=9, on=on)
    assert await stock.give_back(conn, centre.district_id, session, used=5) == 4
    left = await stock.allotted_to(conn, centre.district_id, session)
    assert [(one.batch_number, one.doses) for one in left] == [("soon", 4), ("late", 1)]
    assert await stock.give_back(conn, centre.district_id, session) == 5
    assert await stock.allotted_to(conn, centre.district_id, session) == []
    assert await stock.give_back(conn, centre.district_id, session) == 0
    assert sum(one.allotted for one in await stock.batches_at(conn, *where)) == 0
