"""People are reminded of tomorrow, and of the dose that becomes due; once, not at night, and only while it is so."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from opencowin import identity, notifications, scheduling, vaccination
from opencowin.kit.db import Pool, run, transaction
from opencowin.kit.floor import Floor
from opencowin.notifications import DOSE_DUE, REMINDED, Template
from tests.builders import TEST, a_dose, citizen, member, new_centre, stock_in
from tests.rooms.scene import Scene, at
from tests.rooms.test_notifications import asked, do, latest

pytestmark = pytest.mark.anyio


@pytest.fixture
async def scene(database: str, floor: Floor) -> AsyncIterator[Scene]:
    """A centre with stock, on a connection that commits."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as conn:
        async with conn.transaction():
            await run(conn, "DELETE FROM reminder_day")
            centre = await new_centre(conn)
            await stock_in(conn, floor, centre, "COVISHIELD", doses=500)
        yield Scene(conn, floor, centre)


async def reminded(scene: Scene, floor: Floor) -> int:
    async with scene.conn.transaction():
        return await notifications.remind(scene.conn, floor)


async def number_of(scene: Scene, account: UUID) -> str:
    return await identity.account_mobile(scene.conn, scene.floor, account)


async def test_households_are_reminded_of_tomorrow_once(scene: Scene, pool: Pool) -> None:
    async with scene.conn.transaction():
        session = await scene.session(on=scene.tomorrow + timedelta(days=1))
        family, other, late = [await scene.family(size) for size in (2, 1, 1)]
        await scene.book(family, session)
        gone = await scene.book(other, session)
    scene.floor = at(scene.floor, 9, ahead=1)
    async with scene.conn.transaction():
        await scene.book(late, session)
        await scheduling.cancel(scene.conn, scene.floor, citizen(other[0].person.account_id), gone.booking_id)
    await asked(pool, REMINDED)
    assert await reminded(scene, at(scene.floor, 7)) == 0, "nobody is reminded before the morning"
    assert await reminded(scene, scene.floor) == 2, "not who cancelled, nor who booked just now"
    assert await reminded(scene, scene.floor) == 0
    (news,) = await asked(pool, REMINDED)
    account = family[0].person.account_id
    assert news.account_id == account
    assert len(news.claim_ids) == 2
    handlers = notifications.handlers(pool, scene.floor)
    for _ in range(2):
        await do(handlers, REMINDED, news)
    message = await latest(pool, scene.floor, await number_of(scene, account))
    assert message.template is Template.REMINDER
    assert str(family[1].reference_id) in message.text.replace(" ", "")


async def test_who_cancels_before_the_reminder_is_written_is_not_reminded(scene: Scene, pool: Pool) -> None:
    async with scene.conn.transaction():
        session, family = await scene.session(on=scene.tomorrow + timedelta(days=1)), await scene.family(1)
        booking = await scene.book(family, session)
    floor, account = at(scene.floor, 9, ahead=1), family[0].person.account_id
    assert await reminded(scene, floor) == 1
    async with scene.conn.transaction():
        await scheduling.cancel(scene.conn, floor, citizen(account), booking.booking_id)
    (news,) = await asked(pool, REMINDED)
    await do(notifications.handlers(pool, floor), REMINDED, news)
    async with transaction(pool) as conn:
        assert await notifications.latest_message(conn, floor, await number_of(scene, account)) is None


async def test_a_dose_that_becomes_due_is_told_once_to_who_has_none_booked(scene: Scene, pool: Pool) -> None:
    conn, today = scene.conn, scene.floor.clock.today()
    async with conn.transaction():
        waits, done, early = [await member(conn, scene.floor, born=1990) for _ in range(3)]
        for person, ago in ((waits, 84), (done, 84), (early, 83)):
            given = a_dose(person.person, scene.centre, 1, today, ago)
            await vaccination.record_dose(conn, scene.floor, TEST, given)
        await vaccination.record_dose(conn, scene.floor, TEST, a_dose(done.person, scene.centre, 2, today, 0))
    floor = at(scene.floor, 9)
    await asked(pool, DOSE_DUE)
    assert await reminded(scene, floor) == 1
    assert await reminded(scene, floor) == 0
    (news,) = await asked(pool, DOSE_DUE)
    assert (news.beneficiary_id, news.dose_number) == (waits.person.beneficiary_id, 2)
    handlers = notifications.handlers(pool, floor)
    await do(handlers, DOSE_DUE, news)
    message = await latest(pool, floor, await number_of(scene, waits.person.account_id))
    assert message.template is Template.DOSE_DUE
    died = "UPDATE beneficiary SET died_on = %(on)s WHERE beneficiary_id = %(id)s"
    await run(conn, died, on=today, id=early.person.beneficiary_id)
    family = replace(news, account_id=early.person.account_id, beneficiary_id=early.person.beneficiary_id)
    in_time = at(scene.floor, 9, ahead=1)
    await do(notifications.handlers(pool, in_time), DOSE_DUE, family)
    async with transaction(pool) as other:
        number = await number_of(scene, early.person.account_id)
        assert await notifications.latest_message(other, in_time, number) is None, "nobody is reminded of the dead"
    await do(handlers, DOSE_DUE, replace(news, beneficiary_id=done.person.beneficiary_id))
    tomorrow = at(scene.floor, 9, ahead=1)
    assert await reminded(scene, tomorrow) == 1
    assert [one.beneficiary_id for one in await asked(pool, DOSE_DUE)] == [early.person.beneficiary_id]
