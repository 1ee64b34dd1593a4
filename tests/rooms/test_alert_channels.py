"""Alerts of free seats go out by all ways; the lot favours none, and counts households, however many ways they have."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from opencowin import alerts, identity, notifications, scheduling
from opencowin.kit.db import Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.notifications import Carriage, Medium
from opencowin.places import Centre
from opencowin.scheduling import SEATS_OFFERED, SeatsOffered
from tests import builders
from tests.rooms.scene import at
from tests.rooms.test_notifications import asked, do
from tests.rooms.test_reaching import Home, proved_mail

pytestmark = pytest.mark.anyio
ROUNDS, EACH = 40, 4


@pytest.fixture
async def day(floor: Floor) -> Floor:
    """It is ten in the morning, and three households are told of each seat."""
    settings = floor.settings.model_copy(update={"alerts_per_seat": 3})
    return at(replace(floor, settings=settings), 10)


@pytest.fixture
async def centre(pool: Pool, day: Floor) -> AsyncIterator[Centre]:
    """With vaccine enough."""
    async with transaction(pool) as conn:
        made = await builders.new_centre(conn)
        await builders.stock_in(conn, day, made, "COVISHIELD", doses=500)
    yield made
    async with transaction(pool) as conn:
        for table in ("subscription", "alert", "message", "household_address", "sms_last", "spare_message", "limited"):
            await run(conn, f"DELETE FROM {table}")


async def a_watcher(pool: Pool, floor: Floor, centre: Centre) -> Home:
    """A household that wants to hear of seats at a centre."""
    mobile = builders.mobile()
    async with transaction(pool) as conn:
        account = await identity.open_account(conn, floor, mobile)
        home = Home(builders.citizen(account), account, mobile)
        await alerts.subscribe(conn, floor, home.actor, alerts.NewSubscription(pin_code=centre.pin_code))
    return home


async def a_round(pool: Pool, floor: Floor, centre: Centre, doses: int) -> list[tuple[str, bytes]]:
    """A session is published; by which media which addresses are told, in the order in which it is written."""
    async with transaction(pool) as conn:
        await run(conn, "DELETE FROM message")
        new = builders.a_session(centre, floor.clock.today() + timedelta(days=2), doses=doses)
        session = await scheduling.publish_session(conn, floor, builders.TEST, new)
    await asked(pool, SEATS_OFFERED)
    await tell(pool, floor, session)
    async with transaction(pool) as conn:
        cursor = await conn.execute("SELECT medium, recipient_hash FROM message ORDER BY message_id")
        return [(row[0], bytes(row[1])) for row in await cursor.fetchall()]


async def tell(pool: Pool, floor: Floor, session: UUID) -> None:
    scribe = notifications.Scribe(pool, floor, Carriage())
    await do(notifications.handlers(pool, floor, scribe), SEATS_OFFERED, SeatsOffered([session]))


async def test_households_with_many_ways_count_once(pool: Pool, day: Floor, centre: Centre) -> None:
    for number in range(8):
        home = await a_watcher(pool, day, centre)
        for copy in range(3):
            await proved_mail(pool, day, home, f"home{number}.{copy}@example.org")
    told = await a_round(pool, day, centre, doses=2)
    assert len(told) == 6 * 4, "six households for two seats, each by SMS and at three addresses"
    media = [medium for medium, _ in told]
    assert media == ["sms", "email", "email", "email"] * 6, "one household after the other"
    async with transaction(pool) as conn:
        assert await fetch_value(conn, "SELECT count(*) FROM alert") == 6


async def test_the_lot_favours_no_channel(pool: Pool, day: Floor, centre: Centre) -> None:
    """Of eight households four are reached by SMS alone and four by mail alone; three are told in each round."""
    for number in range(EACH):
        await a_watcher(pool, day, centre)
        by_mail = await a_watcher(pool, day, centre)
        await proved_mail(pool, day, by_mail, f"only{number}@example.org")
        async with transaction(pool) as conn:
            await notifications.choose_sms(conn, day, by_mail.actor, last=True)
    rounds = [[medium for medium, _ in await a_round(pool, day, centre, doses=1)] for _ in range(ROUNDS)]
    assert {len(one) for one in rounds} == {3}
    mails = sum(one.count(Medium.EMAIL) for one in rounds)
    first = sum(one[0] == Medium.EMAIL for one in rounds)
    deviation = (3 * ROUNDS / 4) ** 0.5
    assert abs(mails - 3 * ROUNDS / 2) < 4.5 * deviation, mails
    assert abs(first - ROUNDS / 2) < 4.5 * (ROUNDS / 4) ** 0.5, first
