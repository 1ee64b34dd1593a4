"""A household is told by the ways that it chose and proved, by nothing else, and by SMS where those fail."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiosmtpd.controller import Controller

from opencowin import alerts, identity, notifications, places
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection, Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.notifications import Carriage, Gateway, Kind, Medium, Template
from tests import builders
from tests.carriers.chatting import signal_bridge
from tests.rooms.test_gateways import Letters, free_port, in_a_while, router
from tests.rooms.test_notifications import asked, do
from tests.surface import OTP

pytestmark = pytest.mark.anyio
DEMO = Carriage()
MAIL = "asha@example.org"


@dataclass
class Home:
    """A household and its number."""

    actor: Actor
    account: UUID
    mobile: str


@pytest.fixture
async def pool(pool: Pool) -> AsyncIterator[Pool]:
    """Where nothing waits once a test is over."""
    yield pool
    async with transaction(pool) as conn:
        for table in ("message", "household_address", "address_proof", "spare_message", "sms_last", "limited"):
            await run(conn, f"DELETE FROM {table}")


@pytest.fixture
async def home(pool: Pool, floor: Floor) -> Home:
    """A household that is reached by SMS alone."""
    mobile = builders.mobile()
    async with transaction(pool) as conn:
        account = await identity.open_account(conn, floor, mobile)
    return Home(builders.citizen(account), account, mobile)


async def code_at(pool: Pool, floor: Floor, address: str) -> str:
    """The code that was sent to an address."""
    async with transaction(pool) as conn:
        message = await notifications.latest_message(conn, floor, address)
    assert message is not None
    assert message.template is Template.ADDRESS_CODE
    return message.text.split()[0]


async def ask(pool: Pool, floor: Floor, home: Home, medium: Medium = Medium.EMAIL, address: str = MAIL) -> None:
    async with transaction(pool) as conn:
        await notifications.ask_proof(conn, floor, DEMO, home.actor, medium, address)


async def prove(pool: Pool, floor: Floor, home: Home, code: str, medium: Medium = Medium.EMAIL) -> None:
    async with transaction(pool) as conn:
        await notifications.prove(conn, floor, home.actor, medium, code)


async def proved_mail(pool: Pool, floor: Floor, home: Home, address: str = MAIL) -> None:
    await ask(pool, floor, home, address=address)
    await prove(pool, floor, home, await code_at(pool, floor, address))


async def ways(pool: Pool, floor: Floor, home: Home) -> notifications.Ways:
    async with transaction(pool) as conn:
        return await notifications.ways_of(conn, floor, DEMO, home.actor)


async def tell(pool: Pool, floor: Floor, home: Home, carriage: Carriage = DEMO) -> None:
    """Something happens of which the household is told."""
    scribe = notifications.Scribe(pool, floor, carriage)
    news = identity.Assisted(home.account, uuid4(), "operator 7", "booked", datetime.now(UTC))
    await do(notifications.handlers(pool, floor, scribe), identity.ASSISTED, news)


async def told(pool: Pool, **where: Any) -> list[tuple[str, str]]:
    """What was written of it, by which medium, and what became of it."""
    async with transaction(pool) as conn:
        cursor = await conn.execute(
            "SELECT medium, state FROM message WHERE template = %(template)s ORDER BY message_id",
            {"template": where.get("template", "assisted")},
        )
        return [(row[0], row[1]) for row in await cursor.fetchall()]


async def test_an_address_is_used_once_its_code_came_back_and_not_before(pool: Pool, floor: Floor, home: Home) -> None:
    await ask(pool, floor, home, address=f"  {MAIL.upper()} ")
    code = await code_at(pool, floor, MAIL)
    await tell(pool, floor, home)
    assert await told(pool) == [("sms", "queued")], "nothing is sent to what is not proved"
    for wrong in ("AAAA-AAAA", ""):
        with pytest.raises(notifications.ProofWrong):
            await prove(pool, floor, home, wrong)
    assert [one.address for one in (await ways(pool, floor, home)).proving] == [MAIL]
    await prove(pool, floor, home, f" {code.lower().replace('-', ' ')} ")
    found = await ways(pool, floor, home)
    assert [(one.medium, one.address) for one in found.addresses] == [(Medium.EMAIL, MAIL)]
    assert found.proving == ()
    with pytest.raises(notifications.ProofWrong):
        await prove(pool, floor, home, code)
    await tell(pool, floor, home)
    assert sorted(await told(pool)) == [("email", "queued"), ("sms", "queued"), ("sms", "queued")]
    async with transaction(pool) as conn:
        kept = "SELECT count(*) FROM household_address WHERE address_sealed::text LIKE %(plain)s"
        assert await fetch_value(conn, kept, plain="%asha%") == 0
        trail = "SELECT count(*) FROM audit WHERE action = 'notifications.add_address' AND subject_id = %(id)s"
        assert await fetch_value(conn, trail, id=str(home.account)) == 1


async def test_codes_are_guessed_five_times_and_asked_for_three_times_a_day(
    pool: Pool, floor: Floor, home: Home
) -> None:
    await ask(pool, floor, home)
    code = await code_at(pool, floor, MAIL)
    for _ in range(5):
        with pytest.raises(notifications.ProofWrong):
            await prove(pool, floor, home, "AAAA-AAAA")
    with pytest.raises(notifications.ProofWrong):
        await prove(pool, floor, home, code)
    for _ in range(2):
        await ask(pool, floor, home)
    with pytest.raises(notifications.TooManyProofs):
        await ask(pool, floor, home)
    stranger = replace(home, actor=builders.citizen(uuid4()))
    with pytest.raises(notifications.ProofWrong):
        await prove(pool, floor, stranger, await code_at(pool, floor, MAIL))


@pytest.mark.parametrize(
    ("medium", "address"), [(Medium.EMAIL, "asha"), (Medium.EMAIL, "a@b"), (Medium.SIGNAL, "12"), (Medium.SIGNAL, "+0")]
)
async def test_what_is_no_address_is_refused(
    pool: Pool, floor: Floor, home: Home, medium: Medium, address: str
) -> None:
    with pytest.raises(notifications.AddressInvalid):
        await ask(pool, floor, home, medium, address)


async def test_a_way_that_nobody_carries_is_not_offered(pool: Pool, floor: Floor, home: Home) -> None:
    real = replace(floor, settings=floor.settings.model_copy(update={"demo": False}))
    for medium in (Medium.EMAIL, Medium.TELEGRAM, Medium.SMS, Medium.WEB_PUSH):
        with pytest.raises(notifications.WayNotOffered):
            await ask(pool, real, home, medium)


async def test_a_one_time_password_goes_to_the_number_alone(pool: Pool, floor: Floor, home: Home) -> None:
    await proved_mail(pool, floor, home)
    async with transaction(pool) as conn:
        await notifications.choose_sms(conn, floor, home.actor, last=True)
        await identity.request_otp(conn, floor, home.mobile, address="127.0.0.1")
    (news,) = await asked(pool, identity.OTP_REQUESTED)
    await do(notifications.handlers(pool, floor), identity.OTP_REQUESTED, news)
    assert await told(pool, template="otp") == [("sms", "queued")]
    async with transaction(pool) as conn:
        message = await notifications.latest_message(conn, floor, home.mobile)
    assert message is not None
    assert OTP.search(message.text)


async def settle(pool: Pool, floor: Floor, carriage: Carriage = DEMO) -> int:
    async with transaction(pool) as conn:
        return await notifications.settle_spares(conn, floor, carriage)


async def test_who_wants_an_sms_last_gets_it_only_where_all_else_failed(pool: Pool, floor: Floor, home: Home) -> None:
    letters = Letters()
    server = Controller(letters, hostname="127.0.0.1", port=(port := free_port()))
    server.start()
    try:
        mail = Gateway(
            name="mail", medium=Medium.EMAIL, kind=Kind.SMTP, address=f"127.0.0.1:{port}", sender="cowin@example.org"
        )
        carriage, by = Carriage(gateway=(mail,)), router(pool, floor, mail)
        await proved_mail(pool, floor, home)
        async with transaction(pool) as conn:
            await run(conn, "DELETE FROM message")
            await notifications.choose_sms(conn, floor, home.actor, last=True)
        assert (await ways(pool, floor, home)).sms_last
        await tell(pool, floor, home, carriage)
        assert await told(pool) == [("email", "queued")]
        assert await settle(pool, floor) == 0, "it is not known yet"
        await notifications.dispatch(pool, floor, by)
        assert await settle(pool, floor) == 0
        assert await told(pool) == [("email", "sent")], "the letter was taken: no SMS"
        letter = letters.contents[0].decode()
        assert "operator 7" in letter
        link = re.search(r"^List-Unsubscribe: <(\S+)>\r?$", letter, re.MULTILINE)
        assert link
        assert notifications.stopped_address(floor, link[1].rpartition("/")[2]) == MAIL
        assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in letter
        await only_refused(pool, floor, home)
        await tell(pool, floor, home, carriage)
        await notifications.dispatch(pool, floor, by)
        assert await settle(pool, floor) == 1
        assert await told(pool) == [("email", "sent"), ("email", "failed"), ("sms", "queued")]
        assert await settle(pool, floor) == 0, "once"
        await by.close()
    finally:
        server.stop()


async def only_refused(pool: Pool, floor: Floor, home: Home) -> None:
    """The household's address is another, at which the server refuses letters."""
    (old,) = (await ways(pool, floor, home)).addresses
    async with transaction(pool) as conn:
        assert await notifications.end_address(conn, home.actor, old.key) == 1
        assert await notifications.end_address(conn, home.actor, "x") == 0
    await proved_mail(pool, floor, home, "refused@example.org")
    async with transaction(pool) as conn:
        await run(conn, "DELETE FROM message WHERE template = 'address_code'")


async def test_an_sms_goes_too_when_the_other_ways_take_too_long(pool: Pool, floor: Floor, home: Home) -> None:
    await proved_mail(pool, floor, home)
    async with transaction(pool) as conn:
        await notifications.choose_sms(conn, floor, home.actor, last=True)
    await tell(pool, floor, home)
    assert await settle(pool, floor) == 0
    assert await settle(pool, in_a_while(floor, minutes=16)) == 1
    assert sorted(await told(pool)) == [("email", "queued"), ("sms", "queued")]


async def test_whoever_reads_the_mail_ends_it_for_all_households(pool: Pool, floor: Floor, home: Home) -> None:
    async with transaction(pool) as conn:
        other = builders.citizen(await identity.open_account(conn, floor, builders.mobile()))
    neighbour = Home(other, other.own_account(), "")
    for one in (home, neighbour):
        await proved_mail(pool, floor, one)
    token = notifications.stop_link(floor, MAIL).rpartition("/")[2]
    assert notifications.stopped_address(floor, token) == MAIL
    assert notifications.stopped_address(floor, token[:-2] + "xx") is None
    async with transaction(pool) as conn:
        assert await notifications.end_for_all(conn, floor, home.actor, Medium.EMAIL, MAIL) == 2
    for one in (home, neighbour):
        assert (await ways(pool, floor, one)).addresses == ()


async def test_a_letter_ends_the_alert_that_it_names_and_no_other(pool: Pool, floor: Floor, home: Home) -> None:
    await proved_mail(pool, floor, home)
    async with transaction(pool) as conn:
        for dose in (1, 2):
            await alerts.subscribe(
                conn, floor, home.actor, alerts.NewSubscription(district_id=await a_district(conn), dose=dose)
            )
        (second, first) = await alerts.subscriptions_of(conn, floor, home.actor)
        gateway = builders.TEST
        for said in ("STOP", "Hello", f"STOP {first.code[::-1]}X"):
            assert await notifications.stop_by_mail(conn, floor, gateway, MAIL, said) == 0
        assert await notifications.stop_by_mail(conn, floor, gateway, "other@example.org", f"STOP {first.code}") == 0
        assert await notifications.stop_by_mail(conn, floor, gateway, MAIL, f"Stop {first.code}") == 1
        assert [one.code for one in await alerts.subscriptions_of(conn, floor, home.actor)] == [second.code]


async def a_district(conn: Connection) -> int:
    state = (await places.all_states(conn))[0]
    return int((await places.districts_of(conn, state.state_id))[0].district_id)


async def test_signal_is_spoken_by_its_bridge(pool: Pool, floor: Floor, home: Home) -> None:
    async with signal_bridge() as bridge:
        gateway = Gateway(
            name="signal", medium=Medium.SIGNAL, kind=Kind.SIGNAL, address=bridge.address, sender=bridge.number
        )
        carriage, by = Carriage(gateway=(gateway,)), router(pool, floor, gateway)
        async with transaction(pool) as conn:
            await notifications.ask_proof(conn, floor, carriage, home.actor, Medium.SIGNAL, "98765 43210")
        await notifications.dispatch(pool, floor, by)
        (number, text), *_ = bridge.said
        assert number == "+919876543210"
        await prove(pool, floor, home, text.split()[0], Medium.SIGNAL)
        bridge.unregistered.add(number)
        await tell(pool, floor, home, carriage)
        await notifications.dispatch(pool, floor, by)
        assert ("signal", "failed") in await told(pool)
        bridge.unregistered.clear()
        await tell(pool, floor, home, carriage)
        await notifications.dispatch(pool, floor, by)
        assert "operator 7" in bridge.said[-1][1]
        assert bridge.wrong == []
        await by.close()
