"""A gateway that is slow, down, duplicating or lying about receipts: nothing is lost, and nothing is sent twice."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from opencowin import notifications
from opencowin.kit.db import Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.notifications import Carriage, Gateway, Kind, Medium, Priority, Receipt, Router, Template, dispatching
from tests.carriers import HttpDouble, http_service, message_centre
from tests.rooms.test_gateways import a_draft, delivered, in_a_while, pool, router, sms, state, write

__all__ = ["pool"]
pytestmark = pytest.mark.anyio


def centre_at(port: int, **facts: Any) -> Gateway:
    """A message centre."""
    return Gateway(
        name="centre", medium=Medium.SMS, kind=Kind.SMPP, address=f"127.0.0.1:{port}", user="opencowin",
        sender="COWIN", per_second=5000, **{"seconds": 3, **facts},
    )  # fmt: skip


def given(double: HttpDouble) -> Counter[str]:
    """How often the gateway was given each message, by our reference."""
    return Counter(json.loads(raw)["ref"] for _, _, raw in double.given)


async def receipts_of(pool: Pool, floor: Floor, references: list[str], receipt: Receipt) -> None:
    """What the gateway tells later."""
    async with transaction(pool) as conn:
        for reference in references:
            await notifications.note_receipt(conn, floor, "first", reference, receipt)


@asynccontextmanager
async def handing_on(pool: Pool, floor: Floor, by: Router) -> AsyncIterator[notifications.Scribe]:
    """What a worker does all the time, and through what it is told of messages."""
    stop, scribe = asyncio.Event(), notifications.Scribe(pool, floor, Carriage())
    task = asyncio.create_task(notifications.hand_on(pool, floor, scribe, by, stop))
    try:
        yield scribe
    finally:
        stop.set()
        await asyncio.wait_for(task, 30)


# Slow


async def test_a_slow_gateway_holds_up_neither_an_urgent_message_nor_those_of_another_medium(
    pool: Pool, floor: Floor
) -> None:
    async with http_service() as double, http_service() as quick:
        double.wait = 0.3
        mails = Gateway(name="bot", medium=Medium.TELEGRAM, kind=Kind.TELEGRAM, address=quick.address)
        quick.answers = lambda number: {"ok": True, "result": {"message_id": number}}
        by = router(pool, floor, sms(double.address, at_once=2), mails, bot="7:t")
        many = [a_draft("A place is free.", priority=Priority.MANY) for _ in range(40)]
        await write(pool, floor, *many, carriage=awake())
        async with handing_on(pool, floor, by) as scribe:
            await asyncio.sleep(0.5)
            otp = a_draft("482913", template=Template.OTP, priority=Priority.URGENT)
            other = a_draft(address="4242", medium=Medium.TELEGRAM)
            await asyncio.gather(scribe.deliver(otp), scribe.deliver(other))
            for _ in range(40):
                if await state(pool, otp) == await state(pool, other) == "sent":
                    break
                await asyncio.sleep(0.05)
            assert (await state(pool, otp), await state(pool, other)) == ("sent", "sent")
            assert await state(pool, many[-1]) == "queued", "it went past those that wait"


async def test_a_gateway_that_is_asked_slowly_gets_nothing_after_it_may_be_in_other_hands(
    pool: Pool, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "SAFE", timedelta(seconds=0.3))
    async with http_service() as double:
        drafts = [a_draft() for _ in range(40)]
        await write(pool, floor, *drafts)
        slow = replace(sms(double.address), per_second=20)
        one, other = router(pool, floor, slow), router(pool, floor, slow)
        first = await notifications.dispatch(pool, floor, one)
        assert first.taken == 40
        assert 0 < first.sent < 15
        rounds = [
            notifications.dispatch(pool, in_a_while(floor, seconds=1 + n), by) for n, by in enumerate((one, other) * 6)
        ]
        await asyncio.gather(*rounds)
        assert set(given(double).values()) == {1}
        await asyncio.gather(one.close(), other.close())


async def test_a_centre_that_does_not_answer_is_not_given_the_message_again(pool: Pool, floor: Floor) -> None:
    async with message_centre() as centre:
        by, draft = router(pool, floor, centre_at(centre.port, seconds=1), centre="secret"), a_draft()
        await centre.behave(answer=False, receipts=0)
        await write(pool, floor, draft)
        await notifications.dispatch(pool, floor, by)
        assert await state(pool, draft) == "unsure"
        assert (await notifications.dispatch(pool, in_a_while(floor, minutes=2), by)).taken == 0
        await centre.behave(answer=True)
        assert (await notifications.dispatch(pool, in_a_while(floor, minutes=6), by)).sent == 1
        assert len(centre.given) == 2
        await by.close()


# Down


async def test_a_centre_that_is_down_has_not_got_the_message_and_another_gateway_carries_it(
    pool: Pool, floor: Floor
) -> None:
    async with http_service() as double:
        by = router(pool, floor, centre_at(9, seconds=0.4), sms(double.address, "second"), centre="secret")
        draft = a_draft()
        await write(pool, floor, draft)
        assert (await notifications.dispatch(pool, floor, by)).sent == 1
        assert given(double) == {draft.cause_id.hex: 1}
        await by.close()


async def test_what_a_broken_line_left_behind_is_not_sent_when_it_stands_again(pool: Pool, floor: Floor) -> None:
    async with message_centre() as centre:
        by = router(pool, floor, centre_at(centre.port, seconds=1.5), centre="secret")
        await write(pool, floor, a_draft())
        await notifications.dispatch(pool, floor, by)
        await centre.behave(hangUp=True)
        drafts = [a_draft() for _ in range(20)]
        await write(pool, floor, *drafts)
        await notifications.dispatch(pool, floor, by)
        await centre.behave(hangUp=False)
        async with asyncio.timeout(30):
            while {await state(pool, one) for one in drafts} != {"sent"}:
                await notifications.dispatch(pool, in_a_while(floor, minutes=20), by)
        per_number = Counter(one["to"] for one in centre.given)
        lost_answers = sum(count > 1 for count in per_number.values())
        assert len(per_number) == 21, "nothing is lost"
        assert max(per_number.values()) <= 2
        assert lost_answers <= 20, "only what the centre had when it hung up may come twice, after the patience"
        await by.close()


async def test_a_gateway_that_rests_is_not_asked_and_the_next_one_is(pool: Pool, floor: Floor) -> None:
    async with http_service() as bad, http_service() as good:
        bad.status = 503
        by = router(pool, floor, sms(bad.address, "bad", at_once=1), sms(good.address, "good"))
        drafts = [a_draft() for _ in range(30)]
        await write(pool, floor, *drafts)
        assert (await notifications.dispatch(pool, floor, by)).sent == 30
        assert len(bad.given) == 5, "five faults in a row, and it rests"
        assert given(good) == {one.cause_id.hex: 1 for one in drafts}
        await by.close()


# Duplicating


async def test_a_gateway_that_calls_all_messages_the_same_loses_and_doubles_nothing(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        double.answers = lambda _: {"id": "1"}
        by, drafts = router(pool, floor, sms(double.address)), [a_draft() for _ in range(10)]
        await write(pool, floor, *drafts)
        assert (await notifications.dispatch(pool, floor, by)).sent == 10
        assert (await notifications.dispatch(pool, in_a_while(floor, minutes=30), by)).taken == 0
        assert given(double) == {one.cause_id.hex: 1 for one in drafts}
        await receipts_of(pool, floor, ["1"] * 3, Receipt.DELIVERED)
        assert await delivered(pool) == 3, "each receipt is of one message"
        await by.close()


async def test_a_centre_that_calls_all_messages_the_same_too(pool: Pool, floor: Floor) -> None:
    async with message_centre() as centre:
        by, drafts = router(pool, floor, centre_at(centre.port), centre="secret"), [a_draft() for _ in range(10)]
        await centre.behave(name="same", receipts=3)
        await write(pool, floor, *drafts)
        assert (await notifications.dispatch(pool, floor, by)).sent == 10
        await asyncio.sleep(0.3)
        assert (await notifications.dispatch(pool, in_a_while(floor, minutes=30), by)).taken == 0
        assert len({one["to"] for one in centre.given}) == len(centre.given) == 10
        await by.close()


# Lying


async def test_undelivered_told_twice_of_an_unsure_message_sends_it_again_once(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        by, draft = router(pool, floor, sms(double.address, seconds=0.2)), a_draft()
        double.wait = 0.5
        await write(pool, floor, draft)

        async def tells() -> None:
            async with transaction(pool) as conn:
                await notifications.note_receipt(
                    conn, floor, "first", draft.cause_id.hex, Receipt.UNDELIVERED, ours=True
                )

        for tries in (1, 2, 2, 2):
            await notifications.dispatch(pool, floor, by)
            assert given(double)[draft.cause_id.hex] == tries
            await tells()
        assert await state(pool, draft) == "unsure", "only the first is news"
        await by.close()


async def test_a_centre_that_tells_of_messages_it_was_never_given_is_not_believed(pool: Pool, floor: Floor) -> None:
    async with message_centre() as centre:
        by, draft = router(pool, floor, centre_at(centre.port), centre="secret"), a_draft()
        await centre.behave(receipts=1, stat="UNDELIV")
        await write(pool, floor, draft)
        assert (await notifications.dispatch(pool, floor, by)).sent == 1
        async with asyncio.timeout(10):
            while await told(pool) != "undelivered":
                await asyncio.sleep(0.05)
                await notifications.dispatch(pool, floor, by)
        async with transaction(pool) as conn:
            for name in ("m999", "m1", "m1"):
                await notifications.note_receipt(conn, floor, "centre", name, Receipt.DELIVERED)
        assert await told(pool) == "undelivered", "the first stands"
        assert await state(pool, draft) == "sent"
        assert (await notifications.dispatch(pool, in_a_while(floor, minutes=30), by)).taken == 0
        await by.close()


# Two who believe to hold it


async def test_who_comes_back_late_does_not_give_away_what_somebody_else_holds(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        draft = a_draft()
        await write(pool, floor, draft)
        late, now = router(pool, floor, sms(double.address)), datetime.now(UTC)
        double.status, double.wait = 503, 0.4
        sleeper = asyncio.create_task(notifications.dispatch(pool, floor, late))
        await asyncio.sleep(0.1)
        async with transaction(pool) as conn:
            taken = "UPDATE message SET tries = tries + 1, leased_until = %(until)s WHERE cause_id = %(id)s"
            await run(conn, taken, id=draft.cause_id, until=now + timedelta(minutes=10))
        await sleeper
        assert (await notifications.dispatch(pool, in_a_while(floor, minutes=5), late)).taken == 0
        await late.close()


async def told(pool: Pool) -> str:
    """What was told of the one message that there is."""
    async with transaction(pool) as conn:
        return str(await fetch_value(conn, "SELECT receipt FROM message"))


def awake() -> Carriage:
    """Nobody sleeps."""
    hour = datetime.now(UTC).time().replace(hour=1, minute=0)
    return Carriage(quiet=notifications.Quiet(start=hour, end=hour))


# Hours, waits and what it may cost


def at(floor: Floor, hour: int, day: int = 1) -> Floor:
    """The same deployment at that hour of the country's clock."""
    instant = datetime(2030, 1, day, hour, 30, tzinfo=floor.country.zone)
    return replace(floor, clock=replace(floor.clock, source=lambda: instant))


async def test_at_night_nobody_is_woken_by_what_can_wait(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        by = router(pool, floor, sms(double.address))
        alert, own = a_draft("A place is free.", priority=Priority.MANY), a_draft()
        otp = a_draft("482913", template=Template.OTP, priority=Priority.URGENT)
        await write(pool, at(floor, 23), alert, own, otp)
        assert (await notifications.dispatch(pool, at(floor, 23), by)).sent == 2
        assert (await notifications.dispatch(pool, at(floor, 5, day=2), by)).taken == 0
        assert await state(pool, alert) == "queued"
        assert (await notifications.dispatch(pool, at(floor, 8, day=2), by)).sent == 1
        await by.close()


async def test_a_gateway_that_stays_busy_is_asked_ever_later(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        double.status, draft, waits = 429, a_draft(), list[float]()
        by, now = router(pool, floor, sms(double.address)), datetime.now(UTC)
        await write(pool, floor, draft)
        for _ in range(4):
            by_now = replace(floor.clock, source=partial(datetime.fromtimestamp, now.timestamp(), UTC))
            assert (await notifications.dispatch(pool, replace(floor, clock=by_now), by)).taken == 1
            async with transaction(pool) as conn:
                column = "SELECT not_before FROM message WHERE cause_id = %(id)s"
                again = await fetch_value(conn, column, id=draft.cause_id)
            waits.append((again - now).total_seconds())
            now = again
        assert waits == sorted(set(waits)), "each wait is longer"
        assert waits[-1] >= 4 * waits[0]
        await by.close()


async def test_what_a_day_may_cost_holds_for_a_worker_that_begins_anew(pool: Pool, floor: Floor) -> None:
    async with http_service() as double:
        for expected in (3, 3):
            by = router(pool, floor, sms(double.address, units_per_day=3))
            await write(pool, floor, *[a_draft() for _ in range(5)])
            await notifications.dispatch(pool, floor, by)
            assert len(double.given) == expected
            await by.close()
        tomorrow = router(pool, floor, sms(double.address, units_per_day=3))
        await notifications.dispatch(pool, in_a_while(floor, days=1), tomorrow)
        assert len(double.given) == 6, "three more of those that wait"
        await tomorrow.close()


async def test_a_gateway_that_sends_us_elsewhere_is_not_followed(pool: Pool, floor: Floor) -> None:
    async with http_service() as elsewhere, http_service() as double:
        double.status, double.headers = 307, {"Location": elsewhere.address}
        by, draft = router(pool, floor, sms(double.address)), a_draft()
        await write(pool, floor, draft)
        await notifications.dispatch(pool, floor, by)
        assert elsewhere.given == []
        assert await state(pool, draft) == "unsure"
        await by.close()
