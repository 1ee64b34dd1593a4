"""People who wait for seats are told of them: those whom it fits, once, by lot, and a few for each seat."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from opencowin import alerts, identity, notifications, places, scheduling
from opencowin.alerts import NewSubscription, queries
from opencowin.alerts.model import Circle, Offer
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection, Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from tests.builders import TEST, citizen, mobile, new_centre, stock_in
from tests.rooms.scene import Scene
from tests.rooms.test_notifications import asked, do, latest

pytestmark = pytest.mark.anyio
MANY = 100_000


async def household(conn: Connection, floor: Floor, language: str = "en") -> tuple[UUID, str]:
    number = mobile()
    return await identity.open_account(conn, floor, number, language), number


async def subscribed(conn: Connection, floor: Floor, new: NewSubscription) -> UUID:
    account, _ = await household(conn, floor)
    await alerts.subscribe(conn, floor, citizen(account), new)
    return account


@pytest.fixture
async def scene(conn: Connection, floor: Floor) -> Scene:
    async with conn.transaction():
        centre = await new_centre(conn)
        await stock_in(conn, floor, centre, "COVISHIELD", doses=500)
    return Scene(conn, floor, centre)


async def told(scene: Scene, session: UUID, floor: Floor | None = None) -> set[UUID]:
    async with scene.conn.transaction():
        found = await alerts.alert_round(scene.conn, floor or scene.floor, session)
    return {one.account_id for one in found.people} if found else set()


def later(floor: Floor, by: timedelta) -> Floor:
    then = floor.clock.now() + by
    return replace(floor, clock=Clock(floor.clock.zone, lambda: then))


async def test_a_session_is_told_to_those_whom_it_fits_and_to_nobody_else(scene: Scene) -> None:
    conn, floor, centre = scene.conn, scene.floor, scene.centre
    pin, district = centre.pin_code, centre.district_id
    fitting = [
        NewSubscription(district_id=district),
        NewSubscription(pin_code=pin),
        NewSubscription(pin_code=pin, radius_km=50),
        NewSubscription(district_id=district, vaccine_id="COVISHIELD", dose=1, age=30, most_fee=Decimal(0)),
    ]
    async with conn.transaction():
        (state, *_) = await places.all_states(conn)
        near = await places.districts_of(conn, state.state_id)
        elsewhere = next(one.district_id for one in near if one.district_id != district)
        wanted = {await subscribed(conn, floor, one) for one in fitting}
        for one in (
            NewSubscription(district_id=elsewhere),
            NewSubscription(district_id=district, vaccine_id="COVAXIN"),
            NewSubscription(district_id=district, dose=7),
            NewSubscription(district_id=district, age=12),
        ):
            await subscribed(conn, floor, one)
        session = await scene.session()
    assert await told(scene, session) == wanted
    assert await told(scene, session) == set(), "nobody is told twice"


async def test_a_household_with_two_subscriptions_is_told_once(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    async with conn.transaction():
        account, _ = await household(conn, floor)
        for new in (
            NewSubscription(district_id=scene.centre.district_id),
            NewSubscription(pin_code=scene.centre.pin_code),
        ):
            await alerts.subscribe(conn, floor, citizen(account), new)
        session = await scene.session()
    assert await told(scene, session) == {account}
    assert await fetch_value(conn, "SELECT count(*) FROM alert WHERE account_id = %(id)s", id=account) == 1


async def test_no_more_are_told_at_once_than_so_many_for_each_seat_and_the_others_later(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    most = floor.settings.alerts_per_seat
    async with conn.transaction():
        new = NewSubscription(district_id=scene.centre.district_id, vaccine_id="COVISHIELD", dose=1, age=44)
        everybody = {await subscribed(conn, floor, new) for _ in range(2 * most + 1)}
        await run(conn, "DELETE FROM subscription WHERE NOT account_id = ANY (%(ids)s)", ids=list(everybody))
        session = await scene.session(doses=1)
    first = await told(scene, session)
    assert len(first) == most
    assert await told(scene, session) == set(), "a seat that is given back within the round alerts nobody more"
    after = later(floor, timedelta(minutes=16))
    async with conn.transaction():
        assert await alerts.next_rounds(conn, after) == 1
    second = await told(scene, session, after)
    assert len(second) == most
    assert not first & second
    third = await told(scene, session, later(floor, timedelta(minutes=32)))
    assert first | second | third == everybody


async def test_a_session_that_cannot_be_booked_yet_is_told_of_when_it_can(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    ahead = floor.settings.booking_days_ahead + 5
    async with conn.transaction():
        account = await subscribed(conn, floor, NewSubscription(district_id=scene.centre.district_id))
        session = await scene.session(floor.clock.today() + timedelta(days=ahead))
    assert await told(scene, session) == set()
    assert account in await told(scene, session, later(floor, timedelta(days=6)))


async def test_seats_given_back_are_offered_in_the_same_transaction(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    async with conn.transaction():
        session = await scene.session()
        family = await scene.family(1)
        booking = await scene.book(family, session)
        await run(conn, "DELETE FROM pgqueuer WHERE entrypoint = 'scheduling.seats_offered'")
    queued = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'scheduling.seats_offered'"
    async with conn.transaction(force_rollback=True):
        await scheduling.cancel(conn, floor, citizen(family[0].person.account_id), booking.booking_id)
        assert await fetch_value(conn, queued) == 1
    assert await fetch_value(conn, queued) == 0
    async with conn.transaction():
        await scheduling.cancel(conn, floor, citizen(family[0].person.account_id), booking.booking_id)
    assert await fetch_value(conn, queued) == 1


async def test_the_lot_favours_nobody(scene: Scene) -> None:
    """Positive control included: one seed always draws the same, other seeds draw others."""
    conn, floor = scene.conn, scene.floor
    async with conn.transaction():
        new = NewSubscription(district_id=scene.centre.district_id, dose=3)
        everybody = [await subscribed(conn, floor, new) for _ in range(8)]
    drawn: dict[int, list[UUID]] = {}
    for seed in (*range(40), 0):
        async with conn.transaction(force_rollback=True):
            found = await queries.match(conn, offer_of(scene, doses=[3]), floor.clock.now(), seed, 2)
        order = [one.account_id for one in found]
        assert drawn.setdefault(seed, order) == order
    assert {one for order in drawn.values() for one in order} == set(everybody)
    assert len({tuple(order) for order in drawn.values()}) > 10


def offer_of(scene: Scene, doses: list[int]) -> Offer:
    centre = scene.centre
    return Offer(
        session_id=uuid4(),
        district_id=centre.district_id,
        pin_code=centre.pin_code,
        latitude=centre.latitude,
        longitude=centre.longitude,
        vaccine_id="COVISHIELD",
        min_age=18,
        max_age=None,
        fee=Decimal(0),
        doses=doses,
    )


async def test_people_are_told_in_their_language_and_answer_stop(pool: Pool, floor: Floor) -> None:
    async with transaction(pool) as conn:
        centre = await new_centre(conn)
        await stock_in(conn, floor, centre, "COVISHIELD", doses=500)
        account, number = await household(conn, floor, "hi")
        await alerts.subscribe(conn, floor, citizen(account), NewSubscription(pin_code=centre.pin_code))
        (made,) = await alerts.subscriptions_of(conn, floor, citizen(account))
        session = await Scene(conn, floor, centre).session()
    handlers = notifications.handlers(pool, floor)
    news = [one for one in await asked(pool, scheduling.SEATS_OFFERED) if session in one.session_ids]
    for _ in range(2):
        await do(handlers, scheduling.SEATS_OFFERED, news[0])
    message = await latest(pool, floor, number)
    assert (message.template, message.language) == (notifications.Template.SLOT_ALERT, "hi")
    assert f"STOP {made.code}" in message.text
    async with transaction(pool) as conn:
        assert await alerts.stop_by_reply(conn, floor, TEST, number, "WRONG") == 0
        assert await alerts.stop_by_reply(conn, floor, TEST, number, made.code.lower()) == 1
        assert await alerts.subscriptions_of(conn, floor, citizen(account)) == []
        sent = "SELECT count(*) FROM alert WHERE account_id = %(id)s"
        assert await fetch_value(conn, sent, id=account) == 1


async def test_subscribing_is_bounded_repeats_safely_and_is_ones_own(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    async with conn.transaction():
        account, _ = await household(conn, floor)
        other, _ = await household(conn, floor)
        actor = citizen(account)
        new = NewSubscription(district_id=scene.centre.district_id)
        number = await alerts.subscribe(conn, floor, actor, new)
        assert await alerts.subscribe(conn, floor, actor, new) == number
        for age in range(9):
            await alerts.subscribe(conn, floor, actor, replace(new, age=age))
        with pytest.raises(alerts.TooManySubscriptions):
            await alerts.subscribe(conn, floor, actor, replace(new, age=99))
        with pytest.raises(alerts.NoSuchSubscription):
            await alerts.unsubscribe(conn, citizen(other), number)
        await alerts.unsubscribe(conn, actor, number)
        assert len(await alerts.subscriptions_of(conn, floor, actor)) == 9


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        (NewSubscription(), alerts.WhereMissing),
        (NewSubscription(district_id=1, pin_code="682001"), alerts.WhereMissing),
        (NewSubscription(pin_code="000000"), alerts.UnknownPin),
        (NewSubscription(pin_code="682001", radius_km=101), alerts.RadiusInvalid),
        (NewSubscription(pin_code="682001", vaccine_id="TEA"), alerts.UnknownVaccine),
    ],
)
async def test_what_cannot_be_watched_is_refused(
    conn: Connection, floor: Floor, wrong: NewSubscription, refusal: type[Exception]
) -> None:
    async with conn.transaction(force_rollback=True):
        account, _ = await household(conn, floor)
        with pytest.raises(refusal):
            await alerts.subscribe(conn, floor, citizen(account), wrong)


async def test_a_circle_across_the_180th_meridian_is_round(scene: Scene) -> None:
    conn, now = scene.conn, scene.floor.clock.now()
    async with conn.transaction(force_rollback=True):
        pin, until = NewSubscription(pin_code="682001", radius_km=50), now + timedelta(days=1)
        watching = {}
        for longitude in (179.9, -179.9):
            account, _ = await household(conn, scene.floor)
            await queries.insert(conn, account, "AAAA", pin, Circle(-17.0, longitude, 50), now, until)
            watching[longitude] = account
        for longitude, told_of in (
            (-179.8, {179.9, -179.9}),
            (179.8, {179.9, -179.9}),
            (-179.0, set()),
            (179.5, {179.9}),
        ):
            offer = replace(offer_of(scene, [1]), district_id=0, pin_code="", latitude=-17.0, longitude=longitude)
            found = {one.account_id for one in await queries.match(conn, offer, now, 7, 300)}
            assert found == {watching[one] for one in told_of}, longitude


async def test_seats_given_back_one_by_one_meet_the_subscriptions_together(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    async with conn.transaction():
        first = await subscribed(conn, floor, NewSubscription(district_id=scene.centre.district_id))
        session = await scene.session()
    assert first in await told(scene, session)
    async with conn.transaction():
        second = await subscribed(conn, floor, NewSubscription(district_id=scene.centre.district_id))
    assert await told(scene, session) == set(), "it has just met them"
    after = later(floor, timedelta(seconds=21))
    async with conn.transaction():
        assert await alerts.next_rounds(conn, after) >= 1
    assert await told(scene, session, after) == {second}


async def test_a_hundred_thousand_subscriptions_are_met_by_their_indexes(scene: Scene) -> None:
    conn = scene.conn
    async with conn.transaction(force_rollback=True):
        await run(conn, FILL, many=MANY, at=scene.floor.clock.now(), until=date(2999, 1, 1))
        await run(conn, "ANALYZE subscription")
        offer = offer_of(scene, doses=[1])
        values = {name: getattr(offer, name) for name in Offer.__dataclass_fields__}
        cursor = await conn.execute(
            "EXPLAIN (ANALYZE, BUFFERS) " + queries.MATCH,
            {**values, "beyond": offer.beyond, "now": scene.floor.clock.now(), "seed": 7, "most": 300},
        )
        plan = "\n".join(row[0] for row in await cursor.fetchall())
    for index in ("subscription_by_district", "subscription_by_pin", "subscription_by_area"):
        assert index in plan, plan
    assert "Seq Scan on subscription" not in plan, plan


FILL = """
    WITH pin AS (
        SELECT array_agg(pin_code) AS code, array_agg(longitude) AS x, array_agg(latitude) AS y, count(*)::int AS many
        FROM pin_code WHERE latitude IS NOT NULL
    ), district AS (SELECT array_agg(district_id) AS id FROM district)
    INSERT INTO subscription (account_id, code, district_id, pin_code, radius_km, latitude, longitude, area, made_at,
                              ends_at)
    SELECT gen_random_uuid(), 'AAAA', d.id[1 + n %% cardinality(d.id)], NULL, NULL::smallint,
           NULL::float8, NULL::float8,
           NULL::box, %(at)s, %(until)s
    FROM district d, generate_series(1, %(many)s / 3) AS n
    UNION ALL
    SELECT gen_random_uuid(), 'AAAA', NULL, p.code[1 + n %% p.many], NULL::smallint, NULL::float8, NULL::float8,
           NULL::box, %(at)s, %(until)s
    FROM pin p, generate_series(1, %(many)s / 3) AS n
    UNION ALL
    SELECT gen_random_uuid(), 'AAAA', NULL, c.code, 10::smallint, c.y, c.x,
           box(point(c.x - 0.1, c.y - 0.1), point(c.x + 0.1, c.y + 0.1)), %(at)s, %(until)s
    FROM (SELECT * FROM pin_code WHERE latitude IS NOT NULL ORDER BY pin_code LIMIT 1000) q
    CROSS JOIN LATERAL (SELECT q.pin_code AS code, q.longitude AS x, q.latitude AS y) c
    CROSS JOIN generate_series(1, %(many)s / 3000) AS n
"""
