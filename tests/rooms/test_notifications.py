"""People are told once, in their language, what happened; what cannot be sent waits and is not called sent."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from opencowin import certificates, identity, notifications, registry, scheduling, vaccination
from opencowin.kit.db import Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Handler, Job
from opencowin.notifications import Message, MessageState, Template
from tests import builders

pytestmark = pytest.mark.anyio
SIX = re.compile(r"(?<!\d)\d{6}(?!\d)")


async def asked(pool: Pool, job: Job[Any]) -> list[Any]:
    """The payloads of the queued jobs of this kind, which are then gone."""
    async with transaction(pool) as conn:
        cursor = await conn.execute(
            "WITH gone AS (DELETE FROM pgqueuer WHERE entrypoint = %s RETURNING id, payload) "
            "SELECT payload FROM gone ORDER BY id",
            (job.name,),
        )
        return [job.read(row[0]) for row in await cursor.fetchall()]


async def do(handlers: Sequence[Handler], job: Job[Any], news: object) -> None:
    """What the worker does with one job."""
    await next(handler for handler in handlers if handler.job is job).handle(news)


async def hand_on(pool: Pool, floor: Floor) -> int:
    """What the dispatcher does in one round; how many messages were sent."""
    router = notifications.router_of(pool, floor, notifications.Carriage())
    return (await notifications.dispatch(pool, floor, router)).sent


async def latest(pool: Pool, floor: Floor, mobile: str) -> Message:
    """The newest message to a number, after what waits was handed on."""
    await hand_on(pool, floor)
    async with transaction(pool) as conn:
        found = await notifications.latest_message(conn, floor, mobile)
    assert found is not None
    return found


async def how_many(pool: Pool, state: str = "%") -> int:
    """How many messages there are in a state."""
    async with transaction(pool) as conn:
        return int(await fetch_value(conn, "SELECT count(*) FROM message WHERE state LIKE %(state)s", state=state))


async def an_otp(pool: Pool, floor: Floor, mobile: str, language: str = "en") -> identity.OtpRequested:
    """A one-time password that was asked for."""
    async with transaction(pool) as conn:
        await identity.request_otp(conn, floor, mobile, address="192.0.2.1", language=language)
    (news,) = await asked(pool, identity.OTP_REQUESTED)
    assert isinstance(news, identity.OtpRequested)
    return news


async def test_a_one_time_password_arrives_in_the_words_that_programs_read(pool: Pool, floor: Floor) -> None:
    mobile = builders.mobile()
    news = await an_otp(pool, floor, mobile)
    await do(notifications.handlers(pool, floor), identity.OTP_REQUESTED, news)
    message = await latest(pool, floor, "+91 " + mobile)
    said = r"Your OTP to register/access CoWIN is \d{6}\. It will be valid for 3 minutes\. - CoWIN"
    assert re.fullmatch(said, message.text)
    assert message.state is MessageState.SENT
    assert message.sent_at is not None


async def test_a_job_that_runs_again_sends_nothing_again(pool: Pool, floor: Floor) -> None:
    mobile = builders.mobile()
    news, handlers = await an_otp(pool, floor, mobile), notifications.handlers(pool, floor)
    await do(handlers, identity.OTP_REQUESTED, news)
    before, sent_at = await how_many(pool), (await latest(pool, floor, mobile)).sent_at
    await do(handlers, identity.OTP_REQUESTED, news)
    assert await how_many(pool) == before
    assert (await latest(pool, floor, mobile)).sent_at == sent_at


async def test_a_one_time_password_in_hindi_still_has_its_six_digits_once(pool: Pool, floor: Floor) -> None:
    mobile = builders.mobile()
    news = await an_otp(pool, floor, mobile, "hi")
    await do(notifications.handlers(pool, floor), identity.OTP_REQUESTED, news)
    message = await latest(pool, floor, mobile)
    assert message.language == "hi"
    assert re.search(r"[\u0900-\u097f]", message.text)
    assert len(SIX.findall(message.text)) == 1


async def test_a_one_time_password_that_is_over_is_not_sent(pool: Pool, floor: Floor) -> None:
    mobile = builders.mobile()
    news = await an_otp(pool, floor, mobile)
    old = replace(news, caused_at=news.caused_at - timedelta(hours=1), expires_at=news.expires_at - timedelta(hours=1))
    await do(notifications.handlers(pool, floor), identity.OTP_REQUESTED, old)
    async with transaction(pool) as conn:
        assert await notifications.latest_message(conn, floor, mobile) is None
        row = "SELECT state || ',' || coalesce(text_sealed::text, '-') FROM message WHERE cause_id = %(id)s"
        assert await fetch_value(conn, row, id=news.txn_id) == "expired,-"


async def test_the_newest_message_is_that_of_the_newest_cause(pool: Pool, floor: Floor) -> None:
    mobile, handlers = builders.mobile(), notifications.handlers(pool, floor)
    first, second = await an_otp(pool, floor, mobile), await an_otp(pool, floor, mobile)
    await do(handlers, identity.OTP_REQUESTED, second)
    newest = (await latest(pool, floor, mobile)).text
    await do(handlers, identity.OTP_REQUESTED, first)
    assert (await latest(pool, floor, mobile)).text == newest


async def test_numbers_and_texts_are_not_readable_in_the_database(pool: Pool, floor: Floor) -> None:
    mobile = builders.mobile()
    await do(notifications.handlers(pool, floor), identity.OTP_REQUESTED, await an_otp(pool, floor, mobile))
    text = (await latest(pool, floor, mobile)).text
    async with transaction(pool) as conn:
        cursor = await conn.execute("SELECT message::text FROM message")
        rows = "".join(row[0] for row in await cursor.fetchall())
    assert mobile.encode().hex() not in rows
    assert text[:20].encode().hex() not in rows


async def booked(
    pool: Pool, floor: Floor, language: str = "en"
) -> tuple[str, registry.Beneficiary, scheduling.Booking]:
    """Two members of a household with one booking for tomorrow; the number, the first, the booking."""
    mobile = builders.mobile()
    async with transaction(pool) as conn:
        account_id = await identity.open_account(conn, floor, mobile, language)
        people = [await builders.member(conn, floor, account=account_id) for _ in range(2)]
        centre = await builders.new_centre(conn)
        await builders.stock_in(conn, floor, centre, "COVISHIELD", doses=100)
        session = builders.a_session(centre, floor.clock.today() + timedelta(days=1))
        session_id = await scheduling.publish_session(conn, floor, builders.TEST, session)
        references = tuple(person.reference_id for person in people)
        wish = scheduling.BookingWish(1, session_id, "09:00AM-11:00AM", references)
        booking = await scheduling.book(conn, floor, builders.citizen(account_id), wish)
    return mobile, people[0], booking


async def tell_all(pool: Pool, floor: Floor, job: Job[Any]) -> int:
    """Do every queued job of a kind; how many there were."""
    handlers, news = notifications.handlers(pool, floor), await asked(pool, job)
    for one in news:
        await do(handlers, job, one)
    return len(news)


async def test_a_booking_is_confirmed_with_what_to_bring(pool: Pool, floor: Floor) -> None:
    mobile, person, _ = await booked(pool, floor)
    assert await tell_all(pool, floor, scheduling.BOOKED) == 1
    text = (await latest(pool, floor, mobile)).text
    tomorrow = floor.clock.today() + timedelta(days=1)
    for said in (f"{tomorrow:%d-%m-%Y}", "09:00AM-11:00AM", "PHC Ward", "Covishield", str(person.reference_id)):
        assert said in text
    assert f"secret code {person.secret_code}" in text
    assert person.name not in text
    assert text.count("reference ") == 2
    assert SIX.findall(text) == []


async def test_a_booking_in_hindi(pool: Pool, floor: Floor) -> None:
    mobile, _, _ = await booked(pool, floor, "hi")
    await tell_all(pool, floor, scheduling.BOOKED)
    message = await latest(pool, floor, mobile)
    assert (message.language, message.template) == ("hi", Template.BOOKED)
    assert "कोविशील्ड" in message.text


async def test_a_booking_cancelled_before_it_was_told_is_told_as_cancelled_only(pool: Pool, floor: Floor) -> None:
    mobile, person, booking = await booked(pool, floor)
    async with transaction(pool) as conn:
        actor = builders.citizen(person.person.account_id)
        await scheduling.cancel(conn, floor, actor, booking.booking_id, None)
    await tell_all(pool, floor, scheduling.BOOKED)
    async with transaction(pool) as conn:
        assert await notifications.latest_message(conn, floor, mobile) is None
    assert await tell_all(pool, floor, scheduling.CANCELLED) == 1
    message = await latest(pool, floor, mobile)
    assert message.template is Template.CANCELLED
    assert str(person.reference_id) in message.text


async def test_a_withdrawn_session_is_told_with_its_reason_and_how_to_book_again(pool: Pool, floor: Floor) -> None:
    await booked(pool, floor)  # a session near by that has seats
    mobile, _, booking = await booked(pool, floor)
    async with transaction(pool) as conn:
        reason = "Cold chain fault, lot 123456"
        await scheduling.withdraw_session(conn, floor, builders.TEST, booking.session_id, reason)
    await tell_all(pool, floor, scheduling.WITHDRAWN)
    message = await latest(pool, floor, mobile)
    assert message.template is Template.WITHDRAWN_OFFER
    assert "The nearest with seats: " in message.text
    assert "Cold chain fault, lot 123 456" in message.text
    assert floor.settings.address in message.text
    assert SIX.findall(message.text) == []


async def test_a_moved_appointment_is_told_with_its_new_slot(pool: Pool, floor: Floor) -> None:
    mobile, person, booking = await booked(pool, floor)
    async with transaction(pool) as conn:
        actor = builders.citizen(person.person.account_id)
        await scheduling.move(conn, floor, actor, booking.booking_id, booking.session_id, "11:00AM-01:00PM")
    await tell_all(pool, floor, scheduling.MOVED)
    message = await latest(pool, floor, mobile)
    assert message.template is Template.MOVED
    assert "11:00AM-01:00PM" in message.text


async def test_a_certificate_is_told_with_the_day_of_the_next_dose(pool: Pool, floor: Floor) -> None:
    mobile = builders.mobile()
    async with transaction(pool) as conn:
        account_id = await identity.open_account(conn, floor, mobile)
        person = await builders.member(conn, floor, account=account_id)
        given = vaccination.GivenDose(
            person.person, uuid4(), 1, "COVISHIELD", "B-1", floor.clock.today(), "Nurse Example"
        )
        await vaccination.record_dose(conn, floor, builders.TEST, given)
        due = await vaccination.due(conn, floor, person)
        assert due is not None
    news = certificates.CertificateIssued(account_id, person.person.beneficiary_id, "C1", 1)
    await do(notifications.handlers(pool, floor), certificates.CERTIFICATE_ISSUED, news)
    message = await latest(pool, floor, mobile)
    assert message.template is Template.CERTIFICATE_READY_NEXT
    assert f"{due.from_date:%d-%m-%Y}" in message.text
    assert str(person.reference_id) in message.text


def outside_demo(floor: Floor) -> Floor:
    """The same deployment for real people."""
    return replace(floor, settings=floor.settings.model_copy(update={"demo": False}))


async def test_outside_demo_mode_messages_wait_and_are_not_called_sent(pool: Pool, floor: Floor) -> None:
    real, mobile = outside_demo(floor), builders.mobile()
    news = await an_otp(pool, floor, mobile)
    await do(notifications.handlers(pool, real), identity.OTP_REQUESTED, news)
    async with transaction(pool) as conn:
        waiting = await notifications.waiting(conn, real)
        assert (waiting.queued, waiting.stuck) == (1, True)
        with pytest.raises(notifications.OnlyInDemoMode):
            await notifications.latest_message(conn, real, mobile)
    assert await hand_on(pool, real) == 0
    assert await how_many(pool, "queued") == 1
    later = replace(floor.clock, source=lambda: news.expires_at)
    assert await hand_on(pool, replace(real, clock=later)) == 0
    async with transaction(pool) as conn:
        assert (await notifications.waiting(conn, real)).stuck is False
        row = "SELECT state FROM message WHERE cause_id = %(id)s AND text_sealed IS NULL"
        assert await fetch_value(conn, row, id=news.txn_id) == "expired"


async def test_what_a_worker_wrote_but_did_not_live_to_send_is_sent_later(pool: Pool, floor: Floor) -> None:
    mobile = builders.mobile()
    news = await an_otp(pool, floor, mobile)
    await do(notifications.handlers(pool, floor), identity.OTP_REQUESTED, news)
    async with transaction(pool) as conn:
        taken = "UPDATE message SET due = false, leased_until = now() + interval '2 minutes' WHERE cause_id = %(id)s"
        await run(conn, taken, id=news.txn_id)
    assert await hand_on(pool, floor) == 0
    later = replace(floor.clock, source=lambda: news.caused_at + timedelta(seconds=130))
    assert await hand_on(pool, replace(floor, clock=later)) == 1
    assert (await latest(pool, floor, mobile)).state is MessageState.SENT
