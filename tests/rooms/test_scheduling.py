"""Scheduling: sessions are published and withdrawn, found, booked, moved and cancelled."""

from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest

from opencowin import places, programme, registry, scheduling, stock
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.scheduling import BookingWish, NewSlot, Wish
from tests.builders import TEST, a_session, citizen, member, new_centre, stock_in
from tests.concurrency.invariants import violations
from tests.rooms.scene import EVENING, MORNING, NOON, Scene, at, jobs

pytestmark = pytest.mark.anyio


@pytest.fixture
async def scene(conn: Connection, floor: Floor) -> Scene:
    centre = await new_centre(conn)
    await stock_in(conn, floor, centre, "COVISHIELD", doses=1000)
    return Scene(conn, floor, centre)


async def test_a_published_session_is_found_with_its_seats(scene: Scene) -> None:
    session = await scene.session(seats=7, doses=50)
    wish = Wish(from_date=scene.tomorrow, days=1, district_id=scene.centre.district_id, only_free=True)
    found = await scheduling.find_sessions(scene.conn, scene.floor, wish)
    (ours,) = [one for one in found if one.centre.centre_id == scene.centre.centre_id]
    assert ours.place.district_id == scene.centre.district_id
    (view,) = ours.sessions
    assert (view.session_id, view.vaccine_id, view.min_age, view.max_age) == (session, "COVISHIELD", 18, None)
    assert [slot.label for slot in view.slots] == [MORNING, NOON, EVENING]
    assert view.slots[0].free == {1: 7, 2: 7, 3: 7}
    assert view.free_by_dose == {1: 21, 2: 21, 3: 21}
    assert view.free_total == 50


async def test_the_number_never_exceeds_the_doses(scene: Scene) -> None:
    session = await scene.session(seats=20, doses=5)
    assert await scene.free(session) == 5
    await scene.book(await scene.family(2), session)
    assert await scene.free(session) == 3
    assert await scene.free(session, dose=2) == 3


async def test_sessions_are_found_by_centre_pin_code_and_vaccine(scene: Scene) -> None:
    session = await scene.session()
    wish = Wish(from_date=scene.tomorrow, days=7)
    for where, expected in (
        ({"centre_id": scene.centre.centre_id}, True),
        ({"pin_code": scene.centre.pin_code}, True),
        ({"pin_code": scene.centre.pin_code, "vaccine_id": "COVISHIELD"}, True),
        ({"pin_code": scene.centre.pin_code, "vaccine_id": "COVAXIN"}, False),
        ({"centre_id": 2**31 - 1}, False),
        ({}, False),
        ({"centre_id": scene.centre.centre_id, "from_date": scene.tomorrow + timedelta(days=1)}, False),
        ({"centre_id": scene.centre.centre_id, "from_date": scene.tomorrow - timedelta(days=30), "days": 7}, False),
    ):
        found = await scheduling.find_sessions(scene.conn, scene.floor, replace(wish, **where))
        ids = [view.session_id for one in found for view in one.sessions]
        assert (session in ids) is expected, where


async def test_a_full_session_stays_in_the_calendar_only(scene: Scene) -> None:
    session = await scene.session(seats=5, doses=1)
    await scene.book(await scene.family(1), session)
    wish = Wish(from_date=scene.tomorrow, days=7, centre_id=scene.centre.centre_id)
    (calendar,) = await scheduling.find_sessions(scene.conn, scene.floor, wish)
    assert [(one.session_id, one.free_total) for one in calendar.sessions] == [(session, 0)]
    assert await scheduling.find_sessions(scene.conn, scene.floor, replace(wish, only_free=True)) == []


async def test_slots_that_have_begun_are_not_free(scene: Scene) -> None:
    scene.floor = at(scene.floor, 8)
    session = await scene.session(on=scene.floor.clock.today(), seats=3)
    for hour, minute, slots in ((8, 59, 3), (9, 0, 2), (11, 0, 1), (22, 0, 0), (23, 59, 0)):
        scene.floor = at(scene.floor, hour, minute)
        assert await scene.free(session) == 3 * slots
    with pytest.raises(scheduling.SlotBegun):
        await scene.book(await scene.family(1), session, EVENING)


async def test_only_staff_of_the_place_publish_and_withdraw(scene: Scene) -> None:
    new = a_session(scene.centre, scene.tomorrow)
    session = await scene.session()
    rights = frozenset({Permission.PUBLISH_SESSIONS})
    elsewhere = Actor(ActorKind.STAFF, "s", rights, place=Place(centre_id=scene.centre.centre_id + 1))
    powerless = Actor(ActorKind.STAFF, "s", place=Place(centre_id=scene.centre.centre_id))
    for actor in (elsewhere, powerless, citizen(uuid4())):
        with pytest.raises(NotPermitted):
            await scheduling.publish_session(scene.conn, scene.floor, actor, new)
        with pytest.raises(NotPermitted):
            await scheduling.withdraw_session(scene.conn, scene.floor, actor, session, "no vaccinator")
    await scheduling.publish_session(scene.conn, scene.floor, replace(powerless, permissions=rights), new)


async def test_what_cannot_be_a_session_is_refused(scene: Scene) -> None:
    good = a_session(scene.centre, scene.tomorrow)
    nine, ten, eleven = time(9), time(10), time(11)
    for wrong, refusal in (
        ({"vaccine_id": "NOSUCH"}, scheduling.SessionIncomplete),
        ({"slots": ()}, scheduling.SessionIncomplete),
        ({"slots": (NewSlot(nine, ten, {1: 0}),)}, scheduling.SessionIncomplete),
        ({"slots": (NewSlot(nine, ten, {1: 1, 21: 1}),)}, scheduling.SessionIncomplete),
        ({"doses": -1}, scheduling.SessionIncomplete),
        ({"min_age": 45, "max_age": 44}, scheduling.AgesReversed),
        ({"slots": (NewSlot(nine, eleven, {1: 1}), NewSlot(ten, eleven, {1: 1}))}, scheduling.SlotsDisordered),
        ({"slots": (NewSlot(ten, nine, {1: 1}),)}, scheduling.SlotsDisordered),
        ({"slots": (NewSlot(time(9, 0, 30), ten, {1: 1}),)}, scheduling.SlotsDisordered),
        ({"held_on": scene.tomorrow - timedelta(days=2)}, scheduling.SessionInPast),
        ({"fee": Decimal(100)}, scheduling.FeeInvalid),
        ({"fee": Decimal(-1)}, scheduling.FeeInvalid),
        ({"centre_id": 2**31 - 1}, places.UnknownCentre),
        ({"doses": 1001}, stock.NotEnoughStock),
    ):
        with pytest.raises(refusal):
            await scheduling.publish_session(scene.conn, scene.floor, TEST, replace(good, **wrong))


async def test_a_session_without_stock_of_its_own_needs_no_batch(scene: Scene) -> None:
    new = replace(a_session(scene.centre, scene.tomorrow, vaccine="COVAXIN", doses=5), allot=False)
    session = await scheduling.publish_session(scene.conn, scene.floor, TEST, new)
    assert await scene.free(session) == 5


async def test_a_booking_takes_seats_and_tells(scene: Scene) -> None:
    session, family = await scene.session(seats=5), await scene.family(2)
    booking = await scene.book(family, session)
    assert (booking.slot, booking.dose_number) == (MORNING, 1)
    assert await jobs(scene.conn, "scheduling.booked") == 1
    (mine,) = await scene.live(family[0])
    (other,) = await scene.live(family[1])
    assert mine.booking_id == other.booking_id == booking.booking_id
    assert (mine.slot, mine.held_on, mine.vaccine_id, mine.dose_number) == (MORNING, scene.tomorrow, "COVISHIELD", 1)
    assert mine.centre.centre_id == scene.centre.centre_id
    assert await scene.free(session) == 13
    assert await scheduling.booked_here(scene.conn, family[0].person, scene.centre.centre_id, scene.tomorrow)
    assert not await scheduling.booked_here(scene.conn, family[0].person, scene.centre.centre_id + 1, scene.tomorrow)
    assert not await scheduling.booked_here(scene.conn, family[0].person, None, scene.floor.clock.today())
    with pytest.raises(scheduling.HasAppointment):
        await scheduling.refuse_if_booked(scene.conn, family[0].person)
    assert await violations(scene.conn) == []


async def test_a_group_is_all_or_nothing(scene: Scene) -> None:
    session = await scene.session(seats=2)
    three = await scene.family(3)
    with pytest.raises(scheduling.FullyBooked) as no:
        await scene.book(three, session)
    assert no.value.code == "APPOIN0040"
    assert [await scene.live(one) for one in three] == [[], [], []]
    await scene.book(three[:2], session)
    with pytest.raises(scheduling.HasAppointment):
        await scene.book(three[1:], session, NOON)
    assert await scene.live(three[2]) == []
    assert await violations(scene.conn) == []


async def test_the_reason_why_somebody_may_not_book_is_told(scene: Scene) -> None:
    session = await scene.session()
    (adult,) = await scene.family(1)
    child = await member(scene.conn, scene.floor, born=scene.tomorrow.year - 10, account=adult.person.account_id)
    with pytest.raises(programme.TooYoung) as no:
        await scene.book([adult, child], session)
    assert no.value.details["reference_id"] == str(child.reference_id)
    with pytest.raises(programme.WrongDoseNumber):
        await scene.book([adult], session, dose_number=2)
    assert await scene.live(adult) == []


async def test_a_wish_that_makes_no_sense_is_refused(scene: Scene) -> None:
    session, family = await scene.session(), await scene.family(1)
    far = await scene.session(on=scene.tomorrow + timedelta(days=scene.floor.settings.booking_days_ahead))
    for wrong, refusal, code in (
        ({"slot": "FORENOON"}, scheduling.InvalidSlot, "APPOIN0015"),
        ({"session_id": uuid4()}, scheduling.NoSuchSession, "APPOIN0051"),
        ({"centre_id": scene.centre.centre_id + 1}, scheduling.CentreMismatch, "APPOIN0055"),
        ({"reference_ids": ()}, scheduling.NobodyNamed, "APPOIN0056"),
        ({"reference_ids": (12345678901234,)}, registry.NoSuchBeneficiary, "APPOIN0001"),
        ({"session_id": far}, scheduling.TooFarAhead, "APPOIN0054"),
    ):
        with pytest.raises(refusal) as no:
            await scene.book(family, session, **wrong)
        assert no.value.code == code
    wish = BookingWish(1, session, MORNING, (family[0].reference_id,))
    with pytest.raises(registry.NoSuchBeneficiary):
        await scheduling.book(scene.conn, scene.floor, citizen(uuid4()), wish)
    assert await scene.live(family[0]) == []


async def test_the_same_key_books_once(scene: Scene) -> None:
    session, family = await scene.session(), await scene.family(2)
    first = await scene.book(family, session, key="k1")
    assert await scene.book(list(reversed(family)), session, key="k1") == replace(
        first, people=tuple(reversed(first.people))
    )
    assert await jobs(scene.conn, "scheduling.booked") == 1
    for other in ({"slot": NOON}, {"dose_number": 2}, {"reference_ids": (family[0].reference_id,)}):
        with pytest.raises(scheduling.KeyReused):
            await scene.book(family, session, key="k1", **other)
    stranger = await scene.family(1)
    assert (await scene.book(stranger, session, key="k1")).booking_id != first.booking_id


async def test_the_same_key_answers_the_same_even_after_a_cancellation(scene: Scene) -> None:
    session, family = await scene.session(), await scene.family(1)
    first = await scene.book(family, session, key="k1")
    actor = citizen(family[0].person.account_id)
    await scheduling.cancel(scene.conn, scene.floor, actor, first.booking_id)
    assert await scene.book(family, session, key="k1") == first
    assert await scene.live(family[0]) == []
    assert (await scene.book(family, session, key="k2")).booking_id != first.booking_id


async def test_the_same_request_within_the_retry_window_books_once(scene: Scene) -> None:
    scene.floor = at(scene.floor, 8)
    session, family = await scene.session(seats=2), await scene.family(2)
    first = await scene.book(family, session)
    assert (await scene.book(family, session)).booking_id == first.booking_id
    for other in ({"slot": NOON}, {"reference_ids": (family[0].reference_id,)}):
        with pytest.raises((scheduling.HasAppointment, scheduling.FullyBooked)):
            await scene.book(family, session, **other)
    scene.floor = at(scene.floor, 8, scene.floor.settings.retry_window_minutes + 1)
    with pytest.raises((scheduling.HasAppointment, scheduling.FullyBooked)):
        await scene.book(family, session)
    assert await violations(scene.conn) == []
