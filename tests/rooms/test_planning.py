"""Planning: drafts, weekly templates, copies, changes, reserved seats, closed sessions, and what withdrawing offers."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from opencowin import places, scheduling, stock
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from opencowin.scheduling import RESERVED, NewSlot, SlotChange, Template, Wish
from tests.builders import TEST, a_session, new_centre, stock_in
from tests.rooms.scene import Scene, at, jobs

pytestmark = pytest.mark.anyio
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


@pytest.fixture
async def scene(conn: Connection, floor: Floor) -> Scene:
    centre = await new_centre(conn)
    await stock_in(conn, floor, centre, "COVISHIELD", doses=300)
    return Scene(conn, floor, centre)


def officer(**place: int) -> Actor:
    rights = frozenset({Permission.PUBLISH_SESSIONS, Permission.MANAGE_CENTRES})
    return Actor(ActorKind.STAFF, "officer", rights, place=Place(**place))


def a_template(scene: Scene, **facts: object) -> Template:
    slots = (NewSlot(time(9), time(11), {1: 10, 2: 10, 0: 5}),)
    plain = Template(
        district_id=scene.centre.district_id,
        template_id=uuid4(),
        centre_id=scene.centre.centre_id,
        name="Every day",
        weekdays=EVERY_DAY,
        vaccine_id="COVISHIELD",
        min_age=18,
        max_age=None,
        fee=Decimal(0),
        stored_slots=scheduling.stored(slots),
        doses=25,
    )
    return replace(plain, **facts)  # type: ignore[arg-type]


def next_monday(floor: Floor) -> date:
    return scheduling.week_of(floor.clock.today()) + timedelta(days=7)


async def state(scene: Scene, session_id: UUID) -> scheduling.Session:
    return await scheduling.read_session(scene.conn, session_id)


async def test_a_template_says_when_booking_opens(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    half = a_template(scene, bookable_days=2)
    for wrong in (half, replace(half, bookable_days=91, bookable_time=time(16))):
        with pytest.raises(scheduling.TemplateIncomplete) as refused:
            await scheduling.save_template(conn, floor, TEST, wrong)
        assert refused.value.field == "bookable_days"
    whole = replace(half, bookable_time=time(16))
    await scheduling.save_template(conn, floor, TEST, whole)
    saved = await scheduling.read_template(conn, TEST, whole.template_id)
    assert (saved.bookable_days, saved.bookable_time) == (2, time(16))
    made = await scheduling.make_weeks(conn, floor, TEST, whole.template_id, next_monday(floor), 1)
    for session_id in made.drafted:
        session = await scheduling.read_session(conn, session_id)
        day = session.held_on - timedelta(days=2)
        assert session.bookable_from == datetime.combine(day, time(16), tzinfo=floor.clock.zone)


async def test_a_template_makes_a_week_once_and_nobody_sees_it_before_its_time(scene: Scene) -> None:
    conn, floor, monday = scene.conn, scene.floor, next_monday(scene.floor)
    template = a_template(scene)
    await scheduling.save_template(conn, floor, TEST, template)
    due = floor.clock.now() + timedelta(hours=1)
    off = frozenset({monday + timedelta(days=2)})
    made = await scheduling.make_weeks(conn, floor, TEST, template.template_id, monday, 1, due, days_off=off)
    assert (len(made.drafted), made.skipped) == (6, 1)
    again = await scheduling.make_weeks(conn, floor, TEST, template.template_id, monday, 1, due, days_off=off)
    assert (again.drafted, again.skipped) == ([], 7)
    wish = Wish(from_date=floor.clock.today(), days=60, centre_id=scene.centre.centre_id)
    assert await scheduling.find_sessions(conn, floor, wish) == []
    with pytest.raises(scheduling.NoSuchSession):
        await scheduling.offered_session(conn, floor, made.drafted[0])
    assert await scheduling.publish_due(conn, floor) == 0
    assert await scheduling.publish_due(conn, at(floor, 12, ahead=1)) == 6
    (found,) = await scheduling.find_sessions(conn, floor, wish)
    assert len(found.sessions) == 6
    allotted = await stock.batches_at(conn, scene.centre.district_id, scene.centre.centre_id)
    assert sum(batch.allotted for batch in allotted) == 150
    assert await scheduling.publish_due(conn, at(floor, 13, ahead=1)) == 0


async def test_holidays_are_left_out(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    holiday = date(floor.clock.today().year + 1, 8, 15)
    template = a_template(scene)
    await scheduling.save_template(conn, floor, TEST, template)
    made = await scheduling.make_weeks(conn, floor, TEST, template.template_id, holiday, 1)
    held = [(await state(scene, one)).held_on for one in made.drafted]
    assert (len(held), made.skipped) == (6, 1)
    assert holiday not in held


async def test_a_draft_that_lacks_stock_waits_and_is_published_when_it_comes(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    key, now = uuid4(), floor.clock.now()
    new = a_session(scene.centre, scene.tomorrow, doses=400, seats=200)
    draft, is_new = await scheduling.draft_session(conn, floor, TEST, new, now, key)
    assert is_new
    assert await scheduling.draft_session(conn, floor, TEST, new, now, key) == (draft, False)
    assert await scheduling.publish_due(conn, floor) == 0
    assert ((await state(scene, draft)).state, (await state(scene, draft)).held_back) == ("draft", "STOCK0001")
    with pytest.raises(stock.NotEnoughStock):
        async with conn.transaction():
            await scheduling.publish_draft(conn, floor, TEST, draft)
    warned = replace(floor, settings=floor.settings.model_copy(update={"capacity_beyond_stock": "warn"}))
    async with conn.transaction(force_rollback=True):
        assert await scheduling.publish_draft(conn, warned, TEST, draft)
        assert sum(one.doses for one in await stock.allotted_to(conn, scene.centre.district_id, draft)) == 300
    await stock_in(conn, floor, scene.centre, "COVISHIELD", doses=100)
    later = replace(floor, clock=replace(floor.clock, source=lambda: now + timedelta(minutes=6)))
    assert await scheduling.publish_due(conn, later) == 1
    assert not await scheduling.publish_draft(conn, floor, TEST, draft)


async def test_a_week_is_copied_once(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    await scene.session(next_monday(floor), doses=20)
    centre = scene.centre.centre_id
    target = next_monday(floor) + timedelta(days=7)
    made = await scheduling.copy_week(conn, floor, TEST, centre, next_monday(floor), target)
    assert (len(made.drafted), made.skipped) == (1, 0)
    copied = await state(scene, made.drafted[0])
    assert (copied.held_on, copied.doses, copied.state, len(copied.slots)) == (target, 20, "draft", 3)
    again = await scheduling.copy_week(conn, floor, TEST, centre, next_monday(floor), target)
    assert (again.drafted, again.skipped) == ([], 1)
    await scheduling.discard_draft(conn, floor, TEST, made.drafted[0], "too many")
    with pytest.raises(scheduling.NotADraft):
        await scheduling.publish_draft(conn, floor, TEST, made.drafted[0])


async def test_a_change_never_goes_below_what_is_booked_and_tells_of_other_hours(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    session = await scene.session(doses=40, seats=10)
    await scene.book(await scene.family(2), session)
    fewer = {1: SlotChange(time(9), time(11), {1: 1})}
    with pytest.raises(scheduling.BelowBooked):
        await scheduling.change_session(conn, floor, TEST, session, fewer, 40)
    with pytest.raises(scheduling.BelowBooked):
        await scheduling.change_session(conn, floor, TEST, session, {}, 1)
    overlap = {1: SlotChange(time(9), time(12), {})}
    with pytest.raises(scheduling.SlotsDisordered):
        await scheduling.change_session(conn, floor, TEST, session, overlap, 40)
    moved = await jobs(conn, "scheduling.moved")
    later = {1: SlotChange(time(9, 30), time(11), {1: 2, 4: 7})}
    assert await scheduling.change_session(conn, floor, TEST, session, later, 60) == 2
    assert await jobs(conn, "scheduling.moved") == moved + 1
    assert await scene.free(session, 4) == 7
    (batch,) = await stock.batches_at(conn, scene.centre.district_id, scene.centre.centre_id)
    assert batch.allotted == 60
    assert await scheduling.change_session(conn, floor, TEST, session, {}, 30) == 0
    (batch,) = await stock.batches_at(conn, scene.centre.district_id, scene.centre.centre_id)
    assert batch.allotted == 30
    here = {"district_id": scene.centre.district_id, "centre_id": scene.centre.centre_id}
    await stock.issue_to_session(conn, floor, TEST, session, **here)
    with pytest.raises(scheduling.SessionIssued):
        await scheduling.change_session(conn, floor, TEST, session, {}, 31)


async def test_reserved_seats_are_for_the_group_until_they_are_opened_to_all(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    soon = floor.clock.now() + timedelta(hours=1)
    plain = a_session(scene.centre, scene.tomorrow)
    slot = replace(plain.slots[0], seats={1: 1, RESERVED + 1: 3})
    new = replace(plain, slots=(slot,), reserved_for="aged_60_and_over", opens_to_all_at=soon)
    session = await scheduling.publish_session(conn, floor, TEST, new)
    young, other, old = await scene.family(1), await scene.family(1), await scene.family(1, born=1950)
    assert await scene.free(session) == 1
    await scene.book(young, session)
    with pytest.raises(scheduling.FullyBooked):
        await scene.book(other, session)
    await scene.book(old, session)
    assert await scheduling.open_reserved(conn, floor) == 0
    assert await scheduling.open_reserved(conn, at(floor, 23, 50)) in {0, 1}
    await conn.execute("UPDATE session SET opens_to_all_at = now() - interval '1 hour'")
    await scheduling.open_reserved(conn, floor)
    assert await scene.free(session) == 2
    await scene.book(other, session)
    sold = "SELECT sum(booked) FROM slot_capacity WHERE session_id = %(session)s"
    assert await fetch_value(conn, sold, session=session) == 3


async def test_a_closed_session_is_found_by_its_code_alone(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    new = replace(a_session(scene.centre, scene.tomorrow), round="school", closed=True)
    session = await scheduling.publish_session(conn, floor, TEST, new)
    wish = Wish(from_date=floor.clock.today(), days=60, centre_id=scene.centre.centre_id)
    assert await scheduling.find_sessions(conn, floor, wish) == []
    assert len(await scheduling.find_sessions(conn, floor, replace(wish, closed=True))) == 1
    code = await scheduling.invitation_of(conn, session)
    assert code is not None
    written = f"{code[:4].lower()} {code[4:]}"
    found = await scheduling.invited_session(conn, floor, written)
    assert found.sessions[0].session_id == session
    await scene.book(await scene.family(1), session)
    with pytest.raises(scheduling.NotInvited):
        await scheduling.invited_session(conn, floor, "ABCD2345" if code != "ABCD2345" else "ABCD2346")


async def test_a_fee_stays_below_the_ceiling(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    paid = await new_centre(conn)
    await conn.execute("UPDATE centre SET is_paid = true WHERE centre_id = %s", [paid.centre_id])
    new = replace(a_session(paid, scene.tomorrow, doses=0), fee=Decimal(781))
    with pytest.raises(scheduling.FeeAboveCap):
        await scheduling.publish_session(conn, floor, TEST, new)
    await scheduling.publish_session(conn, floor, TEST, replace(new, fee=Decimal(780)))


async def test_who_lost_a_session_is_shown_the_nearest_one_like_it(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    lost = await scene.session(doses=20)
    assert await scheduling.nearest_replacement(conn, floor, lost, 1) is None
    far = await scene.session(scene.tomorrow + timedelta(days=5), doses=20)
    near = await scene.session(scene.tomorrow + timedelta(days=1), doses=20)
    await scene.session(scene.tomorrow, doses=20, min_age=45)
    best = await scheduling.nearest_replacement(conn, floor, lost, 1)
    assert best is not None
    assert (best.session_id, best.centre.centre_id) == (near, scene.centre.centre_id)
    await scheduling.withdraw_session(conn, floor, TEST, near, "no power")
    other = await scheduling.nearest_replacement(conn, floor, lost, 1)
    assert other is not None
    assert other.session_id == far


async def test_planning_elsewhere_is_refused(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    template = a_template(scene)
    await scheduling.save_template(conn, floor, TEST, template)
    session = await scene.session()
    stranger = officer(district_id=scene.centre.district_id + 1)
    with pytest.raises(NotPermitted):
        await scheduling.save_template(conn, floor, stranger, replace(template, template_id=uuid4()))
    with pytest.raises(NotPermitted):
        await scheduling.make_weeks(conn, floor, stranger, template.template_id, next_monday(floor), 1)
    with pytest.raises(NotPermitted):
        await scheduling.change_session(conn, floor, stranger, session, {}, 50)
    with pytest.raises(NotPermitted):
        await scheduling.copy_session(conn, floor, stranger, session, scene.tomorrow + timedelta(days=3))
    with pytest.raises(NotPermitted):
        await scheduling.close_centre(conn, floor, stranger, scene.centre.centre_id, "moved")


async def test_a_centre_is_entered_changed_closed_and_opened_by_who_looks_after_it(scene: Scene) -> None:
    conn, floor, here = scene.conn, scene.floor, scene.centre
    keeper = officer(district_id=here.district_id)
    facts = places.CentreFacts(
        name="Ward 7 school", address="Temple Road", pin_code=here.pin_code, opens_at=time(9), closes_at=time(15)
    )
    assert set(await places.change_centre(conn, keeper, here.centre_id, facts)) >= {"name", "closes_at"}
    assert await places.change_centre(conn, keeper, here.centre_id, facts) == []
    listed = await places.centres_in(conn, keeper.place, name="ward 7")
    assert [one.centre_id for one in listed] == [here.centre_id]
    new = places.NewCentre(
        district_id=here.district_id + 1,
        name=facts.name,
        address=facts.address,
        pin_code=facts.pin_code,
        opens_at=facts.opens_at,
        closes_at=facts.closes_at,
        kind=places.CentreKind.HOME,
    )
    with pytest.raises(NotPermitted):
        await places.enter_centre(conn, keeper, new)
    assert await places.enter_centre(conn, keeper, replace(new, district_id=here.district_id))
    session = await scene.session()
    with pytest.raises(scheduling.CentreHasSessions):
        async with conn.transaction():
            await scheduling.close_centre(conn, floor, keeper, here.centre_id, "moved")
    await scheduling.withdraw_session(conn, floor, TEST, session, "moved")
    await scheduling.close_centre(conn, floor, keeper, here.centre_id, "moved")
    assert await places.reopen_centre(conn, keeper, here.centre_id)
    assert not await places.reopen_centre(conn, keeper, here.centre_id)
