"""Scheduling: bookings are moved, cancelled and withdrawn; people come, walk in, or stay away."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from opencowin import programme, registry, scheduling, stock, vaccination
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from opencowin.scheduling import BookingWish
from tests.builders import TEST, a_session, citizen, member, new_centre, stock_in
from tests.concurrency.invariants import violations
from tests.rooms.scene import MORNING, NOON, Scene, at, jobs

pytestmark = pytest.mark.anyio


@pytest.fixture
async def scene(conn: Connection, floor: Floor) -> Scene:
    centre = await new_centre(conn)
    await stock_in(conn, floor, centre, "COVISHIELD", doses=1000)
    return Scene(conn, floor, centre)


async def move(scene: Scene, who: registry.Beneficiary, booking: UUID, session: UUID, slot: str) -> scheduling.Booking:
    actor = citizen(who.person.account_id)
    return await scheduling.move(scene.conn, scene.floor, actor, booking, session, slot)


async def cancel(scene: Scene, who: registry.Beneficiary, booking: UUID, *whom: registry.Beneficiary) -> int:
    actor, references = citizen(who.person.account_id), [one.reference_id for one in whom]
    return await scheduling.cancel(scene.conn, scene.floor, actor, booking, references or None)


def given(scene: Scene, who: registry.Beneficiary, *, ahead: int, dose: int = 1) -> vaccination.GivenDose:
    return vaccination.GivenDose(
        person=who.person,
        dose_id=uuid4(),
        dose_number=dose,
        vaccine_id="COVISHIELD",
        batch_number="B-1",
        given_on=scene.floor.clock.today() + timedelta(days=ahead),
        vaccinator_name="Sister Mary",
        district_id=scene.centre.district_id,
        centre_id=scene.centre.centre_id,
    )


async def vaccinate(scene: Scene, dose: vaccination.GivenDose) -> vaccination.Dose:
    return (await scheduling.vaccinate(scene.conn, scene.floor, TEST, dose)).dose


async def test_all_of_a_booking_move_together(scene: Scene) -> None:
    old, new, family = await scene.session(seats=3), await scene.session(seats=2), await scene.family(2)
    booking = await scene.book(family, old)
    moved = await move(scene, family[0], booking.booking_id, new, NOON)
    assert moved.booking_id == booking.booking_id
    for one in family:
        (now,) = await scene.live(one)
        assert (now.booking_id, now.session_id, now.slot) == (booking.booking_id, new, NOON)
    assert (await scene.free(old), await scene.free(new)) == (9, 4)
    assert await jobs(scene.conn, "scheduling.moved") == 1
    await move(scene, family[0], booking.booking_id, old, MORNING)
    assert (await scene.free(old), await scene.free(new)) == (7, 6)
    assert await violations(scene.conn) == []


async def test_a_move_to_the_same_slot_changes_nothing(scene: Scene) -> None:
    session, family = await scene.session(seats=1), await scene.family(1)
    booking = await scene.book(family, session)
    assert (await move(scene, family[0], booking.booking_id, session, MORNING)).booking_id == booking.booking_id
    assert await jobs(scene.conn, "scheduling.moved") == 0
    assert await violations(scene.conn) == []


async def test_a_move_to_a_full_slot_changes_nothing(scene: Scene) -> None:
    old, new, family = await scene.session(), await scene.session(seats=1), await scene.family(2)
    booking = await scene.book(family, old)
    with pytest.raises(scheduling.FullyBooked):
        await move(scene, family[0], booking.booking_id, new, NOON)
    dry = await scene.session(doses=1)
    with pytest.raises(scheduling.FullyBooked):
        await move(scene, family[0], booking.booking_id, dry, NOON)
    assert [(await scene.live(one))[0].session_id for one in family] == [old, old]
    assert await scene.free(new) == 3
    assert await violations(scene.conn) == []


async def test_moving_within_a_session_needs_no_further_doses(scene: Scene) -> None:
    session, family = await scene.session(doses=2), await scene.family(2)
    booking = await scene.book(family, session)
    assert await scene.free(session) == 0
    await move(scene, family[0], booking.booking_id, session, NOON)
    assert (await scene.live(family[1]))[0].slot == NOON
    assert await violations(scene.conn) == []


async def test_a_move_is_judged_by_the_new_session_and_the_day_of_the_booking(scene: Scene) -> None:
    old, elders, family = await scene.session(), await scene.session(min_age=60), await scene.family(1)
    booking = await scene.book(family, old)
    with pytest.raises(programme.TooYoung):
        await move(scene, family[0], booking.booking_id, elders, MORNING)
    (before,) = await scene.live(family[0])
    other = await scene.session()
    scene.floor = at(scene.floor, 8, 0, ahead=0)
    await move(scene, family[0], booking.booking_id, other, MORNING)
    (after,) = await scene.live(family[0])
    assert after.booked_at == before.booked_at


async def test_only_the_own_live_booking_can_be_changed(scene: Scene) -> None:
    session, other, family = await scene.session(), await scene.session(), await scene.family(2)
    booking = (await scene.book(family, session)).booking_id
    stranger = await member(scene.conn, scene.floor)
    for change in (move(scene, stranger, booking, other, MORNING), cancel(scene, stranger, booking)):
        with pytest.raises(scheduling.NoSuchBooking):
            await change
    with pytest.raises(registry.NoSuchBeneficiary):
        await cancel(scene, family[0], booking, stranger)
    third = await member(scene.conn, scene.floor, account=family[0].person.account_id)
    with pytest.raises(scheduling.NotInBooking):
        await cancel(scene, family[0], booking, family[0], third)
    assert len(await scene.live(family[0])) == 1
    await cancel(scene, family[0], booking)
    for change in (move(scene, family[0], booking, other, MORNING), cancel(scene, family[0], booking)):
        with pytest.raises(scheduling.NothingToCancel):
            await change


async def test_some_or_all_of_a_booking_can_be_cancelled(scene: Scene) -> None:
    session, family = await scene.session(seats=5), await scene.family(3)
    booking = (await scene.book(family, session)).booking_id
    assert await cancel(scene, family[0], booking, family[1]) == 1
    assert [len(await scene.live(one)) for one in family] == [1, 0, 1]
    with pytest.raises(scheduling.NothingToCancel):
        await cancel(scene, family[0], booking, family[1])
    assert await scene.free(session) == 13
    assert await cancel(scene, family[0], booking) == 2
    assert await scene.free(session) == 15
    assert await jobs(scene.conn, "scheduling.cancelled") == 2
    await scene.book(family, session, NOON)
    assert await violations(scene.conn) == []


async def test_what_is_over_can_neither_be_cancelled_nor_moved(scene: Scene) -> None:
    scene.floor = at(scene.floor, 8)
    session, family = await scene.session(on=scene.floor.clock.today()), await scene.family(1)
    booking, other = (await scene.book(family, session)).booking_id, await scene.session()
    scene.floor = at(scene.floor, 11)
    for change in (move(scene, family[0], booking, other, MORNING), cancel(scene, family[0], booking)):
        with pytest.raises(scheduling.TooLateToChange):
            await change


async def test_who_stayed_away_may_book_again(scene: Scene) -> None:
    scene.floor = at(scene.floor, 8)
    session, family = await scene.session(on=scene.floor.clock.today(), seats=3), await scene.family(1)
    await scene.book(family, session)
    scene.floor = at(scene.floor, 10, 59)
    with pytest.raises(scheduling.HasAppointment):
        await scene.book(family, session, NOON)
    scene.floor = at(scene.floor, 10, 59, ahead=1)
    again = await scene.session(on=scene.tomorrow)
    await scene.book(family, again, NOON)
    assert [one.session_id for one in await scene.live(family[0])] == [again]
    assert await violations(scene.conn) == []


async def test_withdrawing_ends_appointments_and_frees_doses(scene: Scene) -> None:
    session, families = await scene.session(doses=50), [await scene.family(2), await scene.family(1)]
    for family in families:
        await scene.book(family, session)
    with pytest.raises(scheduling.ReasonMissing):
        await scheduling.withdraw_session(scene.conn, scene.floor, TEST, session, " ")
    assert await scheduling.withdraw_session(scene.conn, scene.floor, TEST, session, "no electricity") == 3
    assert await jobs(scene.conn, "scheduling.withdrawn") == 2
    assert [await scene.live(one) for family in families for one in family] == [[], [], []]
    (batch,) = await stock.batches_at(scene.conn, scene.centre.district_id, scene.centre.centre_id)
    assert batch.allotted == 0
    with pytest.raises(scheduling.AlreadyWithdrawn):
        await scheduling.withdraw_session(scene.conn, scene.floor, TEST, session, "again")
    with pytest.raises(scheduling.SessionWithdrawn):
        await scene.book(families[0], session)
    await scene.book(families[0], await scene.session())
    counted = "SELECT sum(amount) FROM measure_change WHERE measure = 'session'"
    assert await fetch_value(scene.conn, counted) == 1
    assert await violations(scene.conn) == []


async def test_doses_that_were_given_stay_with_a_withdrawn_session(scene: Scene) -> None:
    scene.floor = at(scene.floor, 8)
    session = await scene.session(on=scene.floor.clock.today(), doses=50)
    one, other = await scene.family(2)
    await scene.book([one], session)
    await scene.book([other], session)
    await vaccinate(scene, given(scene, one, ahead=0))
    assert await scheduling.withdraw_session(scene.conn, scene.floor, TEST, session, "no electricity") == 1
    (left,) = await stock.allotted_to(scene.conn, scene.centre.district_id, session)
    assert left.doses == 1
    assert await violations(scene.conn) == []


async def test_a_dose_fulfils_its_appointment(scene: Scene) -> None:
    scene.floor = at(scene.floor, 8)
    session, family = await scene.session(on=scene.floor.clock.today(), seats=3), await scene.family(1)
    await scene.book(family, session)
    dose = given(scene, family[0], ahead=0)
    recorded = await vaccinate(scene, dose)
    assert (recorded.session_id, recorded.flags) == (session, frozenset())
    assert await scene.live(family[0]) == []
    assert await scene.free(session) == 8
    assert (await vaccinate(scene, dose)).dose_id == recorded.dose_id
    with pytest.raises(programme.AlreadyVaccinated):
        await scene.book(family, await scene.session())
    assert await violations(scene.conn) == []


async def test_a_dose_given_elsewhere_ends_the_appointment_for_it(scene: Scene) -> None:
    session, family = await scene.session(seats=3), await scene.family(1)
    await scene.book(family, session)
    recorded = await vaccinate(scene, given(scene, family[0], ahead=-90))
    assert recorded.session_id is None
    assert await scene.live(family[0]) == []
    assert await scene.free(session) == 9
    assert await violations(scene.conn) == []


async def test_somebody_walks_in(scene: Scene) -> None:
    scene.floor = at(scene.floor, 10)
    session = await scene.session(on=scene.floor.clock.today(), seats=1)
    one, other = await member(scene.conn, scene.floor), await member(scene.conn, scene.floor)
    wish = BookingWish(1, session, MORNING, (one.reference_id,))
    await scheduling.on_the_spot(scene.conn, scene.floor, TEST, wish)
    with pytest.raises(scheduling.FullyBooked):
        await scheduling.on_the_spot(scene.conn, scene.floor, TEST, replace(wish, reference_ids=(other.reference_id,)))
    assert await scheduling.booked_here(scene.conn, one.person, scene.centre.centre_id, scene.floor.clock.today())
    assert await scene.free(session) == 2
    await vaccinate(scene, given(scene, one, ahead=0))
    scene.floor = at(scene.floor, 11)
    with pytest.raises(scheduling.SlotBegun):
        await scheduling.on_the_spot(scene.conn, scene.floor, TEST, replace(wish, reference_ids=(other.reference_id,)))
    looks = "SELECT count(*) FROM audit WHERE action LIKE 'registry.%%' AND subject_id = %(id)s"
    assert await fetch_value(scene.conn, looks, id=str(one.person.beneficiary_id)) > 0
    assert await violations(scene.conn) == []


async def test_only_vaccinators_of_the_place_seat_walk_ins(scene: Scene) -> None:
    session, one = await scene.session(), await member(scene.conn, scene.floor)
    wish = BookingWish(1, session, MORNING, (one.reference_id,))
    rights = frozenset({Permission.VACCINATE})
    elsewhere = Actor(ActorKind.STAFF, "s", rights, place=Place(centre_id=scene.centre.centre_id + 1))
    for actor in (elsewhere, citizen(one.person.account_id)):
        with pytest.raises(NotPermitted):
            await scheduling.on_the_spot(scene.conn, scene.floor, actor, wish)
    here = replace(elsewhere, place=Place(centre_id=scene.centre.centre_id))
    await scheduling.on_the_spot(scene.conn, scene.floor, here, wish)


async def test_a_session_for_one_dose_only_is_full_for_others(scene: Scene) -> None:
    slot = replace(a_session(scene.centre, scene.tomorrow).slots[0], seats={2: 10})
    new = replace(a_session(scene.centre, scene.tomorrow), slots=(slot,))
    session = await scheduling.publish_session(scene.conn, scene.floor, TEST, new)
    with pytest.raises(scheduling.FullyBooked):
        await scene.book(await scene.family(1), session)


async def test_the_slip_names_the_booking_and_its_people_only(scene: Scene) -> None:
    session, family = await scene.session(), await scene.family(2)
    booking = (await scene.book(family, session)).booking_id
    actor, stranger = citizen(family[0].person.account_id), citizen(uuid4())
    page = await scheduling.read_slip(scene.conn, scene.floor, actor, booking)
    assert {one.reference_id for one in page.people} == {one.reference_id for one in family}
    assert (await scheduling.printed_slip(scene.floor, page, "hi")).startswith(b"%PDF-")
    with pytest.raises(scheduling.NoSuchBooking):
        await scheduling.read_slip(scene.conn, scene.floor, stranger, booking)
    await cancel(scene, family[0], booking)
    with pytest.raises(scheduling.NoSuchBooking):
        await scheduling.read_slip(scene.conn, scene.floor, actor, booking)
