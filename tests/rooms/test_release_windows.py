"""Release windows: a session is seen from when it is published, and booked from an announced instant on."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from opencowin import scheduling
from opencowin.kit.actor import NotPermitted
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from opencowin.kit.named import readable
from opencowin.scheduling import RESERVED, NotOpenYet, Wish
from tests.builders import TEST, a_session, citizen, new_centre, stock_in
from tests.rooms.scene import MORNING, NOON, Scene

pytestmark = pytest.mark.anyio


@pytest.fixture
async def scene(conn: Connection, floor: Floor) -> Scene:
    centre = await new_centre(conn)
    await stock_in(conn, floor, centre, "COVISHIELD", doses=300)
    return Scene(conn, floor, centre)


@pytest.fixture
def opens(floor: Floor) -> datetime:
    return floor.clock.now() + timedelta(hours=1)


@pytest.fixture
async def session(scene: Scene, opens: datetime) -> UUID:
    new = replace(a_session(scene.centre, scene.tomorrow), bookable_from=opens)
    return await scheduling.publish_session(scene.conn, scene.floor, TEST, new)


def later(scene: Scene, instant: datetime) -> Scene:
    """The same scene at another instant."""
    there = Scene(scene.conn, replace(scene.floor, clock=Clock(scene.floor.clock.zone, lambda: instant)), scene.centre)
    there.tomorrow = scene.tomorrow
    return there


async def test_nothing_is_booked_held_or_moved_into_before_it_opens(
    scene: Scene, session: UUID, opens: datetime
) -> None:
    family, mover = await scene.family(1), await scene.family(1)
    actor = citizen(family[0].person.account_id)
    with pytest.raises(NotOpenYet) as refused:
        await scene.book(family, session)
    assert refused.value.details["opens"] == opens
    with pytest.raises(NotOpenYet):
        await scheduling.hold_slot(scene.conn, scene.floor, actor, session, MORNING, 1, 1)
    booking = await scene.book(mover, await scene.session())
    with pytest.raises(NotOpenYet):
        await scheduling.move(
            scene.conn, scene.floor, citizen(mover[0].person.account_id), booking.booking_id, session, NOON
        )
    assert len(await scene.live(mover[0])) == 1
    with pytest.raises(NotOpenYet):
        await later(scene, opens - timedelta(milliseconds=1)).book(family, session)
    assert (await later(scene, opens).book(family, session)).session_id == session


async def test_who_walks_in_does_not_wait_for_it(scene: Scene, session: UUID, opens: datetime) -> None:
    (one,) = await scene.family(1)
    wish = scheduling.BookingWish(1, session, NOON, (one.reference_id,))
    await scheduling.on_the_spot(scene.conn, scene.floor, TEST, wish)
    assert [view.session_id for view in await scene.live(one)] == [session]


async def test_it_is_seen_with_the_instant_and_without_free_seats(scene: Scene, session: UUID, opens: datetime) -> None:
    wish = Wish(from_date=scene.floor.clock.today(), centre_id=scene.centre.centre_id)

    async def seen(floor: Floor) -> tuple[datetime | None, int, float]:
        found = await scheduling.find_sessions(scene.conn, floor, wish)
        (view,) = found[0].sessions
        return view.bookable_from, view.free_total, scheduling.good_for(floor, found)

    at, free, seconds = await seen(scene.floor)
    assert (at, free) == (opens, 0)
    assert 0 < seconds <= 3600
    assert (await seen(later(scene, opens).floor))[:2] == (None, 50)
    assert await scheduling.find_sessions(scene.conn, scene.floor, replace(wish, only_free=True)) == []


async def test_a_copy_opens_as_long_before_its_day_and_a_draft_may_be_given_another_instant(
    scene: Scene, session: UUID, opens: datetime
) -> None:
    conn, floor = scene.conn, scene.floor
    copy, _ = await scheduling.copy_session(conn, floor, TEST, session, scene.tomorrow + timedelta(days=2))
    assert (await scheduling.read_session(conn, copy)).bookable_from == opens + timedelta(days=2)
    new = replace(a_session(scene.centre, scene.tomorrow), bookable_from=opens + timedelta(hours=2))
    await scheduling.change_draft(conn, floor, TEST, copy, new)
    assert (await scheduling.read_session(conn, copy)).bookable_from == opens + timedelta(hours=2)


async def test_booking_opens_before_the_session_ends(scene: Scene) -> None:
    new = a_session(scene.centre, scene.tomorrow)
    ends = datetime.combine(scene.tomorrow, new.slots[-1].ends_at, tzinfo=scene.floor.clock.zone)
    with pytest.raises(scheduling.OpensTooLate):
        await scheduling.publish_session(scene.conn, scene.floor, TEST, replace(new, bookable_from=ends))


async def test_an_announced_opening_is_put_off_or_brought_forward_with_notice(
    scene: Scene, session: UUID, opens: datetime
) -> None:
    conn, floor, now = scene.conn, scene.floor, scene.floor.clock.now()
    (one,) = await scene.family(1)

    async def change(at: datetime, where: Scene = scene) -> None:
        async with conn.transaction():
            await scheduling.set_release(conn, where.floor, TEST, session, at)

    for too_soon in (now - timedelta(seconds=1), opens - timedelta(minutes=30)):
        with pytest.raises(scheduling.OpensTooSoon):
            await change(too_soon)
    with pytest.raises(scheduling.OpensTooLate):
        await change(now + timedelta(days=3))
    with pytest.raises(NotPermitted):
        await scheduling.set_release(conn, floor, citizen(one.person.account_id), session, opens)
    await change(opens + timedelta(hours=4))
    with pytest.raises(NotOpenYet):
        await later(scene, opens + timedelta(hours=1)).book([one], session)
    await change(now + timedelta(hours=2))
    assert (await scheduling.read_session(conn, session)).bookable_from == now + timedelta(hours=2)
    open_now = later(scene, now + timedelta(hours=2))
    assert (await open_now.book([one], session)).session_id == session
    with pytest.raises(scheduling.ReleaseFixed):
        await change(now + timedelta(hours=5), open_now)
    audited = await fetch_value(conn, "SELECT count(*) FROM audit WHERE action = 'scheduling.set_release'")
    assert audited == 2, "two changes, and none that was refused"


async def test_what_opened_when_it_was_published_stays_open(scene: Scene) -> None:
    at_once = await scene.session()
    with pytest.raises(scheduling.ReleaseFixed):
        await scheduling.set_release(
            scene.conn, scene.floor, TEST, at_once, scene.floor.clock.now() + timedelta(hours=2)
        )


async def test_who_moves_within_the_group_takes_a_reserved_seat(scene: Scene) -> None:
    plain = a_session(scene.centre, scene.tomorrow)
    slots = tuple(replace(slot, seats={RESERVED + 1: 1}) for slot in plain.slots)
    new = replace(plain, slots=slots, reserved_for="aged_60_and_over")
    session = await scheduling.publish_session(scene.conn, scene.floor, TEST, new)
    old = await scene.family(1, born=1950)
    booking = await scene.book(old, session)
    actor = citizen(old[0].person.account_id)
    moved = await scheduling.move(scene.conn, scene.floor, actor, booking.booking_id, session, NOON)
    assert moved.slot == NOON


def test_an_instant_is_written_with_its_time() -> None:
    assert readable(datetime(2021, 4, 28, 16, 0), "hi") == "28-04-2021, 04:00 PM"  # noqa: DTZ001 (local already)
