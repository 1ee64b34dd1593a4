"""Who finds nothing waits in line; a seat that is free is kept for the next, once, for a time, and then goes on."""

from datetime import timedelta
from uuid import UUID

import pytest

from opencowin import alerts, identity, notifications, places, scheduling, vaccination, waitlist
from opencowin.kit.db import Connection, Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.registry import Beneficiary
from opencowin.scheduling import SEATS_OFFERED, SeatsOffered
from opencowin.waitlist import WaitWish, offering, queries
from tests.builders import TEST, a_dose, citizen, new_centre, stock_in
from tests.rooms.scene import Scene, at
from tests.rooms.test_alerts import later
from tests.rooms.test_notifications import do, latest

pytestmark = pytest.mark.anyio


@pytest.fixture
async def scene(conn: Connection, floor: Floor) -> Scene:
    """A centre with stock at ten in the morning, where nobody waits yet."""
    await run(conn, "DELETE FROM waiting")
    centre = await new_centre(conn)
    await stock_in(conn, floor, centre, "COVISHIELD", doses=500)
    return Scene(conn, at(floor, 10), centre)


async def waits(scene: Scene, person: Beneficiary, **place: int | str) -> None:
    where = place or {"district_id": scene.centre.district_id}
    wish = WaitWish(person.reference_id, **where)  # type: ignore[arg-type]
    await waitlist.join(scene.conn, scene.floor, citizen(person.person.account_id), wish)


async def offered(scene: Scene, session: UUID, floor: Floor | None = None) -> list[UUID]:
    floor = floor or scene.floor
    made = await waitlist.offer_round(scene.conn, floor, session, floor.clock.now())
    return [one.account_id for one in made]


async def a_full_session(scene: Scene, seats: int = 1) -> tuple[UUID, list[scheduling.Booking], list[Beneficiary]]:
    """A session whose first slot alone has seats, all booked; the bookings and their people."""
    session = await scene.session(scene.tomorrow + timedelta(days=1), doses=seats, seats=seats)
    people = [(await scene.family(1))[0] for _ in range(seats)]
    return session, [await scene.book([one], session) for one in people], people


async def give_back(scene: Scene, booking: scheduling.Booking) -> None:
    await scheduling.cancel(scene.conn, scene.floor, citizen(booking.people[0].account_id), booking.booking_id)


async def test_a_seat_that_is_given_back_is_kept_for_the_next_and_goes_on_when_it_lapses(scene: Scene) -> None:
    session, (booking,), _ = await a_full_session(scene)
    first, second, child = [(await scene.family(1, born=born))[0] for born in (1990, 1990, 2020)]
    listed = (await scene.family(1))[0]
    await run(
        scene.conn,
        "UPDATE beneficiary SET comorbidity = true WHERE beneficiary_id = %(id)s",
        id=listed.person.beneficiary_id,
    )
    for one in (child, first, second, listed):
        await waits(scene, one)
    assert await offered(scene, session) == [], "nothing is free"
    await give_back(scene, booking)
    assert await offered(scene, session) == [listed.person.account_id], "who is in a priority group comes first"
    assert await offered(scene, session) == [], "the seat is held: nobody else is promised it"
    assert await scene.free(session) == 0
    over = later(scene.floor, timedelta(minutes=31))
    assert await scheduling.end_holds(scene.conn, over) == 1
    assert await offered(scene, session, over) == [first.person.account_id], "then whoever joined first"
    over = later(scene.floor, timedelta(minutes=62))
    await scheduling.end_holds(scene.conn, over)
    assert await offered(scene, session, over) == [second.person.account_id]
    over = later(scene.floor, timedelta(minutes=93))
    await scheduling.end_holds(scene.conn, over)
    assert await offered(scene, session, over) == [], "nobody is offered the same session twice"
    assert await scene.free(session) == 1


async def test_who_accepts_in_time_is_booked_and_waits_no_more(scene: Scene) -> None:
    session, (booking,), _ = await a_full_session(scene)
    person, other = [(await scene.family(1))[0] for _ in range(2)]
    actor = citizen(person.person.account_id)
    await waits(scene, person, pin_code=scene.centre.pin_code)
    await waits(scene, other)
    with pytest.raises(waitlist.NoSeatKept):
        await waitlist.accept(scene.conn, scene.floor, actor)
    await give_back(scene, booking)
    assert await offered(scene, session) == [person.person.account_id]
    (where,), (kept,) = await waitlist.waits_of(scene.conn, scene.floor, actor)
    assert (where.pin_code, where.dose, where.ahead) == (scene.centre.pin_code, 1, 0)
    for wrong, code in ((actor, "0000"), (citizen(other.person.account_id), "")):
        with pytest.raises(waitlist.NoSeatKept):
            await waitlist.accept(scene.conn, scene.floor, wrong, code)
    with pytest.raises(waitlist.NoSeatKept):
        await waitlist.accept(scene.conn, later(scene.floor, timedelta(minutes=31)), actor)
    await waitlist.accept(scene.conn, scene.floor, actor, kept.code.lower())
    assert [one.session_id for one in await scene.live(person)] == [session]
    assert await waitlist.waits_of(scene.conn, scene.floor, actor) == ([], [])
    assert await fetch_value(scene.conn, "SELECT count(*) FROM seat_hold") == 0
    with pytest.raises(scheduling.HasAppointment):
        await waits(scene, person)


async def test_only_those_are_offered_a_seat_who_may_have_it_there_and_then(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    session, (booking,), _ = await a_full_session(scene)
    people = [(await scene.family(1))[0] for _ in range(4)]
    far, holds, old_dose, booked = people
    (state, *_) = await places.all_states(conn)
    near = [one.district_id for one in await places.districts_of(conn, state.state_id)]
    await waits(scene, far, district_id=next(one for one in near if one != scene.centre.district_id))
    for one in (holds, old_dose, booked):
        await waits(scene, one)
    other = await scene.session(scene.tomorrow)
    label = (await scheduling.read_session(conn, other)).slots[0].label
    await scheduling.hold_slot(conn, floor, citizen(holds.person.account_id), other, label, 1, 1)
    from_dose = a_dose(old_dose.person, scene.centre, 1, floor.clock.today(), 10)
    await vaccination.record_dose(conn, floor, TEST, from_dose)
    await scene.book([booked], other)
    await give_back(scene, booking)
    assert await offered(scene, session) == []
    night = at(floor, 10, ahead=1)
    assert await offered(scene, session, night) == [], "still nobody"
    last = (await scene.family(1))[0]
    await waits(scene, last)
    late = at(floor, 8, 45, ahead=2)
    begun = await waitlist.offer_round(conn, late, session, late.clock.now())
    assert [one.slot_number for one in begun] == [2], "no seat is kept whose slot begins before"


async def test_who_may_not_have_the_seat_holds_up_nobody(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    session, (booking,), _ = await a_full_session(scene)
    dead, dosed, *refused, last = [(await scene.family(1))[0] for _ in range(6)]
    for one in (dead, dosed, *refused, last):
        await waits(scene, one)
    died = "UPDATE beneficiary SET died_on = %(on)s WHERE beneficiary_id = %(id)s"
    await run(scene.conn, died, on=scene.floor.clock.today(), id=dead.person.beneficiary_id)
    given = a_dose(dosed.person, scene.centre, 1, scene.floor.clock.today(), 1)
    await vaccination.record_dose(scene.conn, scene.floor, TEST, given)
    by_the_rules, judged = offering._may, []

    async def strict(conn: Connection, floor: Floor, there: scheduling.Session, one: queries.Next) -> bool:
        judged.append(one.beneficiary_id)
        may = await by_the_rules(conn, floor, there, one)
        return may and one.beneficiary_id not in {who.person.beneficiary_id for who in refused}

    monkeypatch.setattr(offering, "_may", strict)
    monkeypatch.setattr(offering, "AT_ONCE", 2)
    await give_back(scene, booking)
    assert await offered(scene, session) == [last.person.account_id]
    assert judged == [one.person.beneficiary_id for one in (*refused, last)], "who is dead or has the dose is not read"


async def test_leaving_gives_the_seat_back_and_joining_again_keeps_the_place(scene: Scene) -> None:
    session, (booking,), _ = await a_full_session(scene)
    person = (await scene.family(1))[0]
    actor = citizen(person.person.account_id)
    await waits(scene, person)
    (before,), _ = await waitlist.waits_of(scene.conn, scene.floor, actor)
    scene.floor = at(scene.floor, 11)
    await waits(scene, person)
    (after,), _ = await waitlist.waits_of(scene.conn, scene.floor, actor)
    assert (after.waiting_id, after.joined_at) == (before.waiting_id, before.joined_at)
    await give_back(scene, booking)
    assert len(await offered(scene, session)) == 1
    with pytest.raises(waitlist.NotWaiting):
        await waitlist.leave(scene.conn, citizen(booking.people[0].account_id), after.waiting_id)
    await waitlist.leave(scene.conn, actor, after.waiting_id)
    assert await scene.free(session) == 1
    for wrong, no in (
        ({"pin_code": "000000"}, alerts.UnknownPin),
        ({"pin_code": "1", "district_id": 1}, alerts.WhereMissing),
    ):
        with pytest.raises(no):
            await waits(scene, person, **wrong)


async def test_who_is_next_is_told_by_message_and_of_the_way_to_take_it(pool: Pool, floor: Floor) -> None:
    floor = at(floor, 10)
    async with transaction(pool) as conn:
        await run(conn, "DELETE FROM waiting")
        centre = await new_centre(conn)
        await stock_in(conn, floor, centre, "COVISHIELD", doses=50)
        scene = Scene(conn, floor, centre)
        person = (await scene.family(1))[0]
        session = await scene.session(scene.tomorrow + timedelta(days=1), doses=1)
        await waits(scene, person)
    handlers = notifications.handlers(pool, floor)
    for _ in range(2):
        await do(handlers, SEATS_OFFERED, SeatsOffered([session]))
    async with transaction(pool) as conn:
        _, (kept,) = await waitlist.waits_of(conn, floor, citizen(person.person.account_id))
        number = await identity.account_mobile(conn, floor, person.person.account_id)
    message = await latest(pool, floor, number)
    assert message.template is notifications.Template.SEAT_KEPT
    assert f"YES {kept.code}" in message.text
