"""People write to our bot: a stranger looks for seats, a household proves its chat, finds, watches, and ends it all."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from opencowin import alerts, identity, notifications, scheduling, talks
from opencowin.kit.actor import Actor
from opencowin.kit.db import Pool, run, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.i18n import read_catalogues
from opencowin.kit.jobs import Job
from opencowin.notifications import Carriage, Gateway, Kind, Medium
from opencowin.notifications.chats import CHAT_TEXTS
from opencowin.places import Centre
from opencowin.talks.hearing import NOT_IN_CHATS
from tests import builders
from tests.carriers import message_centre
from tests.carriers.chatting import BotApi, bot_api, signal_bridge
from tests.rooms.scene import at
from tests.rooms.test_gateways import router
from tests.rooms.test_notifications import asked, do

pytestmark = pytest.mark.anyio
CHAT, OTHER = 4242, 4343


@dataclass
class Line:
    """A bot that is listened to, a household, and a centre with seats tomorrow."""

    pool: Pool
    floor: Floor
    carriage: Carriage
    api: BotApi
    actor: Actor
    account: UUID
    centre: Centre

    async def prove(self, chat: int = CHAT, count: int = 1) -> None:
        """The household opens the link on its page and presses Start."""
        async with transaction(self.pool) as conn:
            link = await notifications.ask_chat(conn, self.floor, self.carriage, self.actor)
        self.api.write(chat, f"/start {link.partition('?start=')[2]}")
        await self.api.heard_by(chat, fits="Messages for your household", count=count)

    async def addresses(self) -> list[str]:
        """What the household has proved."""
        async with transaction(self.pool) as conn:
            found = await notifications.ways_of(conn, self.floor, self.carriage, self.actor)
        return [one.address for one in found.addresses]

    async def forgotten(self) -> None:
        """Wait until the household has no address any more."""
        for _ in range(600):
            if not await self.addresses():
                return
            await asyncio.sleep(0.05)
        raise AssertionError("the address is still there")

    async def codes(self) -> list[str]:
        """Of the household's alerts, newest first."""
        async with transaction(self.pool) as conn:
            return [one.code for one in await alerts.subscriptions_of(conn, self.floor, self.actor)]


@asynccontextmanager
async def listening(pool: Pool, floor: Floor, carriage: Carriage, workers: int = 1) -> AsyncIterator[Floor]:
    """Workers that hear what is written and hand on what is answered."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            scribe = notifications.Scribe(pool, floor, carriage)
            by = notifications.router_of(pool, floor, carriage)
            tasks.create_task(notifications.listen(scribe, stop))
            tasks.create_task(notifications.hand_on(pool, floor, scribe, by, stop))
        try:
            yield floor
        finally:
            stop.set()


@pytest.fixture
async def line(pool: Pool, floor: Floor) -> AsyncIterator[Line]:
    """All of it, at nine in the morning."""
    floor = at(floor, 9)
    floor = replace(
        floor, settings=floor.settings.model_copy(update={"channel_secrets": {"bot": SecretStr("7:secret")}})
    )
    async with bot_api() as api:
        gateway = Gateway(
            name="bot", medium=Medium.TELEGRAM, kind=Kind.TELEGRAM, address=api.address, sender="@vaccination_bot"
        )
        carriage, mobile = Carriage(gateway=(gateway,)), builders.mobile()
        async with transaction(pool) as conn:
            await run(conn, "DELETE FROM chat_line")
            account = await identity.open_account(conn, floor, mobile)
            centre = await builders.new_centre(conn)
            await builders.stock_in(conn, floor, centre, "COVISHIELD", doses=50)
            new = builders.a_session(centre, floor.clock.today() + timedelta(days=1), doses=20)
            await scheduling.publish_session(conn, floor, builders.TEST, new)
        yield Line(pool, floor, carriage, api, builders.citizen(account), account, centre)
        assert [one for one in api.wrong if not one.startswith("Conflict")] == []
    async with transaction(pool) as conn:
        for table in ("message", "household_address", "subscription", "limited", "talk"):
            await run(conn, f"DELETE FROM {table}")


async def test_a_stranger_is_told_where_seats_are_free_and_nothing_else(line: Line) -> None:
    api = line.api
    async with listening(line.pool, line.floor, line.carriage):
        api.write(CHAT, f"/find@vaccination_bot {line.centre.pin_code}")
        found = await api.heard_by(CHAT, fits=line.centre.name)
        assert f"/find?pin={line.centre.pin_code}" in found
        api.write(CHAT, "/find 12")
        assert "PIN" in await api.heard_by(CHAT, count=2)
        for words in ("/start", "/status", "/alert 560001", "hello"):
            said = len(api.said)
            api.write(CHAT, words)
            assert "/messages" in await api.heard_by(CHAT, count=said + 1)
        api.write(OTHER, "/status", language="hi")
        assert "पिन कोड" in await api.heard_by(OTHER)
        api.write(CHAT, "/find 560001", group=True)
        api.write(CHAT, "/start no-token-of-ours")
        await api.heard_by(CHAT, fits="This code is not right")
    assert not [one for one in api.said if one[0] < 0], "nothing is said in groups"
    assert await line.addresses() == []


async def test_a_household_proves_its_chat_watches_and_ends_it_there(line: Line) -> None:
    api, pin = line.api, line.centre.pin_code
    async with listening(line.pool, line.floor, line.carriage):
        await line.prove()
        assert await line.addresses() == [str(CHAT)]
        api.write(CHAT, "/status")
        await api.heard_by(CHAT, fits="None yet")
        api.write(CHAT, "/register")
        assert "/people/new" in await api.heard_by(CHAT, fits="does not belong in a chat")
        api.write(CHAT, f"/alert {pin}")
        await api.heard_by(CHAT, fits="The alert is made.")
        api.write(CHAT, "/alert")
        await api.heard_by(CHAT, fits="PIN code of your area")
        api.write(CHAT, pin)
        await api.heard_by(CHAT, fits="The alert is made.", count=2)
        (code,) = await line.codes()
        api.write(CHAT, f"stop {code}")
        await api.heard_by(CHAT, fits="The alert is ended.")
        assert await line.codes() == []
        api.write(CHAT, "/stop all")
        await api.heard_by(CHAT, fits="Nothing more is sent to this address.")
        assert await line.addresses() == []
        api.write(CHAT, f"/find {pin}")
        await api.heard_by(CHAT, fits=line.centre.name)


async def test_a_token_is_good_once(line: Line) -> None:
    async with transaction(line.pool) as conn:
        link = await notifications.ask_chat(conn, line.floor, line.carriage, line.actor)
    assert link.startswith("https://t.me/vaccination_bot?start=")
    token = link.partition("?start=")[2]
    assert len(token) <= 64, "Telegram passes no longer ones on"
    async with listening(line.pool, line.floor, line.carriage):
        line.api.write(CHAT, f"/start {token}")
        await line.api.heard_by(CHAT, fits="Messages for your household")
        line.api.write(OTHER, f"/start {token}")
        await line.api.heard_by(OTHER, fits="This code is not right")
    assert await line.addresses() == [str(CHAT)]


async def test_each_message_is_heard_once_whoever_listens_and_however_often_it_is_told(line: Line) -> None:
    async with listening(line.pool, line.floor, line.carriage, workers=3):
        for number in range(12):
            line.api.write(CHAT, f"/find {600_000 + number}")
        await line.api.heard_by(CHAT, count=12)
        await asyncio.sleep(0.3)
    assert len(line.api.said) == 12
    async with listening(line.pool, line.floor, line.carriage):
        line.api.write(CHAT, "/find 12")
        await line.api.heard_by(CHAT, fits="PIN")
    assert len(line.api.said) == 13, "another worker goes on where the first one stopped"


async def test_answers_that_mean_nothing_stop_no_worker(line: Line) -> None:
    line.api.garbled += ["", '{"ok": true, "result": [7]}']
    async with listening(line.pool, line.floor, line.carriage):
        line.api.write(CHAT, "/find 12")
        await line.api.heard_by(CHAT, fits="PIN")
    assert line.api.garbled == []


async def test_who_closes_the_chat_is_forgotten(line: Line) -> None:
    async with listening(line.pool, line.floor, line.carriage):
        await line.prove()
        line.api.block(CHAT)
        async with transaction(line.pool) as conn:
            draft = notifications.Draft(
                line.account, notifications.Template.ANSWER, "en", str(CHAT), "x", line.floor.clock.now(),
                medium=Medium.TELEGRAM,
            )  # fmt: skip
            await notifications.write(conn, line.floor, line.carriage, [draft])
        await line.forgotten()


async def test_after_many_messages_only_stop_is_heard(line: Line) -> None:
    async with listening(line.pool, line.floor, line.carriage):
        await line.prove()
        for _ in range(70):
            line.api.write(CHAT, "/find 12")
        line.api.write(CHAT, "STOP ALL")
        await line.forgotten()
    assert len(line.api.said) <= 61


async def test_signal_is_listened_to_by_its_bridge(line: Line) -> None:
    number = "+919876500001"
    async with signal_bridge() as bridge:
        gateway = Gateway(
            name="signal", medium=Medium.SIGNAL, kind=Kind.SIGNAL, address=bridge.address, sender=bridge.number
        )
        carriage = Carriage(gateway=(gateway,))
        async with listening(line.pool, line.floor, carriage):
            async with transaction(line.pool) as conn:
                await notifications.ask_proof(conn, line.floor, carriage, line.actor, Medium.SIGNAL, number)
            code = (await bridge.heard_by(number, fits="is the code")).split()[0]
            async with transaction(line.pool) as conn:
                await notifications.prove(conn, line.floor, line.actor, Medium.SIGNAL, code)
            bridge.write(number, f"ALERT {line.centre.pin_code}")
            await bridge.heard_by(number, fits="The alert is made.")
            bridge.write(number, "STOP")
            await bridge.heard_by(number, fits="The alert is ended.")
            bridge.write(number, "stop all")
            await bridge.heard_by(number, fits="Nothing more is sent")
        assert bridge.wrong == []
    assert await line.addresses() == []


async def test_what_is_said_in_chats_is_said_in_every_language() -> None:
    for language, catalogue in read_catalogues().by_language.items():
        assert [text for text in (*CHAT_TEXTS, NOT_IN_CHATS) if text not in catalogue] == [], language


async def test_an_sms_comes_over_the_line_of_the_message_centre(line: Line) -> None:
    async with message_centre() as centre:
        gateway = Gateway(
            name="centre", medium=Medium.SMS, kind=Kind.SMPP, address=f"127.0.0.1:{centre.port}", user="opencowin",
            sender="COWIN", seconds=3,
        )  # fmt: skip
        by, mobile = router(line.pool, line.floor, gateway, centre="secret"), await number_of(line)
        handlers = notifications.handlers(line.pool, line.floor)
        async with transaction(line.pool) as conn:
            await alerts.subscribe(conn, line.floor, line.actor, alerts.NewSubscription(pin_code=line.centre.pin_code))
        (code,) = await line.codes()
        await say(line, by, "The line is bound.")
        for sender, text, answer in (
            (mobile, f"stop {code}", "The alert is ended."),
            (mobile, "अलर्ट", "1 Find a slot"),
            (mobile, f"ALERT {line.centre.pin_code}", "The alert is made."),
        ):
            await centre.behave(write={"from": sender, "text": text})
            (answered,) = await some(line, talks.ANSWERED)
            assert answer in talks.open_answer(line.floor, answered)[1]
            await do(handlers, talks.ANSWERED, answered)
        await centre.behave(write={"from": "12", "text": "STOP"})
        await notifications.dispatch(line.pool, line.floor, by)
        assert "The alert is made." in [one["text"] for one in centre.given]
        assert len(await line.codes()) == 1
        await by.close()


async def number_of(line: Line) -> str:
    """The household's number as centres tell it."""
    async with transaction(line.pool) as conn:
        mobile = await identity.account_mobile(conn, line.floor, line.account)
    return line.floor.country.mobile.international(mobile).removeprefix("+")


async def say(line: Line, by: notifications.Router, text: str) -> None:
    """Something goes out."""
    mobile, now = builders.mobile(), line.floor.clock.now()
    async with transaction(line.pool) as conn:
        draft = notifications.Draft(uuid4(), notifications.Template.ANSWER, "en", mobile, text, now)
        await notifications.write(conn, line.floor, Carriage(), [draft])
    assert (await notifications.dispatch(line.pool, line.floor, by)).sent == 1


async def some(line: Line, job: Job[Any]) -> list[Any]:
    """The jobs of this kind, once there are some."""
    for _ in range(200):
        if found := await asked(line.pool, job):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("nothing was answered")
