"""A session's story: four households have booked it, each is reached in its own way, and it will not take place."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey
from pydantic import SecretStr

from opencowin.kit.clock import Clock
from opencowin.kit.db import Pool, transaction
from opencowin.kit.floor import Floor
from tests.builders import a_centre, a_partner_key, a_session, new_centre, stock_up
from tests.carriers.chatting import BotApi, Bridge, bot_api, signal_bridge
from tests.carriers.distributor import Distributor, distributor
from tests.rooms.test_gateways import Letters, free_port, opened, plain, point
from tests.surface import Calendar, Surface, running
from tests.web.clinic import Clinic, Home, a_home, booked
from tests.web.test_citizen_pages import Browser

pytestmark = pytest.mark.anyio
MAIL, CHAT, NUMBER, TOPIC = "asha@example.org", 4242, "+919876543210", "upAbCdEf123456"
REASON = "The refrigerator failed"
CHANNELS = """
[[gateway]]
name = "mail"
medium = "email"
kind = "smtp"
address = "127.0.0.1:{mail}"
sender = "help@example.org"

[[gateway]]
name = "bot"
medium = "telegram"
kind = "telegram"
address = "{bot}"
sender = "vaccination_bot"

[[gateway]]
name = "signal"
medium = "signal"
kind = "signal"
address = "{bridge}"
sender = "{number}"

[[gateway]]
name = "push"
medium = "web_push"
kind = "web_push"
address = "{distributor}"
sender = "help@example.org"
"""


@dataclass
class Carriers:
    """All that carries messages, and the phone that reads what a distributor cannot."""

    letters: Letters
    mail_port: int
    bot: BotApi
    bridge: Bridge
    push: Distributor
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = b"a" * 16

    def mails(self) -> list[str]:
        """What stands in the letters, a text each."""
        found = [message_from_bytes(one, policy=default) for one in self.letters.contents]
        return [str(one.get_body().get_content()) for one in found if (one.get_body())]  # type: ignore[union-attr]

    def pushed(self) -> list[str]:
        """What the phone was told."""
        return [opened(raw, self.key, self.secret).decode() for raw in self.push.carried.get(TOPIC, [])]


@pytest.fixture
async def carriers() -> AsyncIterator[Carriers]:
    """Each a real server on loopback."""
    letters = Letters()
    port = free_port()
    server = Controller(letters, hostname="127.0.0.1", port=port)
    server.start()
    async with AsyncExitStack() as stack:
        stack.callback(server.stop)
        yield Carriers(
            letters,
            port,
            await stack.enter_async_context(bot_api()),
            await stack.enter_async_context(signal_bridge()),
            await stack.enter_async_context(distributor()),
        )


@pytest.fixture
async def platform(  # noqa: PLR0917 (fixtures)
    floor: Floor, pool: Pool, database: str, calendar: Calendar, carriers: Carriers, tmp_path: Path
) -> AsyncIterator[Surface]:
    """The platform with all these carriers; what goes by SMS is read in its outbox."""
    file = tmp_path / "channels.toml"
    file.write_text(
        CHANNELS.format(
            mail=carriers.mail_port,
            bot=carriers.bot.address,
            bridge=carriers.bridge.address,
            number=carriers.bridge.number,
            distributor=carriers.push.address,
        )
    )
    secrets = {"bot": SecretStr(carriers.bot.token), "push": SecretStr(a_key())}
    settings = floor.settings.model_copy(update={"channels_file": file, "channel_secrets": secrets})
    clock = Clock(floor.clock.zone, calendar)
    async with running(replace(floor, settings=settings, clock=clock), pool, database) as up:
        yield up


def a_key() -> str:
    """By which push services know the platform."""
    return ECKey.generate_key("P-256").as_pem(private=True).decode()


async def until_told(fits: Callable[[], list[str]]) -> str:
    """The newest of what fits, once there is something."""
    for _ in range(600):
        if found := fits():
            return found[-1]
        await asyncio.sleep(0.05)
    raise AssertionError("nothing that fits was told")


@dataclass
class Family:
    """A household, and the pages on which it says how it wants to be reached."""

    home: Home
    pages: Browser

    async def begin(self) -> None:
        """Sign in."""
        await self.pages.open("/messages")
        await self.pages.sign_in(self.home.mobile)
        assert self.pages.path == "/messages"

    async def end(self) -> None:
        """Leave the pages."""
        await self.pages.close()


async def given_a_family(platform: Surface) -> Family:
    family = Family(await a_home(platform, 1), Browser(platform))
    await family.begin()
    return family


async def given_one_is_reached_by_mail_and_wants_no_sms(family: Family, carriers: Carriers) -> None:
    pages = family.pages
    await pages.send("/messages/address", medium="email", email=MAIL)
    letter = await until_told(lambda: [one for one in carriers.mails() if "is the code" in one])
    await pages.send("/messages/prove", medium="email", code_email=letter.split()[0])
    await pages.send("/messages/sms", sms="last")
    assert "Only where nothing else took the message" in pages.page


async def given_one_is_reached_in_a_chat_and_one_by_signal(chat: Family, signal: Family, carriers: Carriers) -> None:
    await chat.pages.send("/messages/address", medium="telegram")
    (token,) = re.findall(r'href="https://t.me/vaccination_bot\?start=([\w-]+)"', chat.pages.page)
    carriers.bot.write(CHAT, f"/start {token}")
    await carriers.bot.heard_by(CHAT, fits="Messages for your household")
    await signal.pages.send("/messages/address", medium="signal", signal="98765 43210")
    code = (await carriers.bridge.heard_by(NUMBER, fits="is the code")).split()[0]
    await signal.pages.send("/messages/prove", medium="signal", code_signal=code)
    assert "Messages come there from now on." in signal.pages.page


async def given_one_has_an_app_that_takes_messages(family: Family, carriers: Carriers) -> None:
    keys = {"p256dh": plain(point(carriers.key)), "auth": plain(carriers.secret)}
    subscription = {"endpoint": carriers.push.endpoint(TOPIC), "keys": keys}
    await family.pages.send("/messages/device", subscription=json.dumps(subscription))
    assert "Messages come there from now on." in family.pages.page


async def given_a_session_and_another_near_by(platform: Surface) -> tuple[Clinic, str]:
    """The session, and the name of the centre near it that has seats too."""
    centre = await a_centre(platform.pool, platform.floor)
    async with transaction(platform.pool) as conn:
        near = await new_centre(conn, centre.district_id)
    for one in (centre, near):
        await stock_up(platform.pool, platform.floor, one, "COVISHIELD", doses=100)
    session = await platform.publish(a_session(centre, platform.day(2), doses=50))
    await platform.publish(a_session(near, platform.day(3), doses=50))
    return Clinic(platform, centre, "", session, await a_partner_key(platform.pool, platform.floor)), near.name


async def when_the_session_is_withdrawn(clinic: Clinic) -> None:
    path = f"/open/v1/sessions/{clinic.tomorrow}/withdraw"
    answer = await clinic.platform.partner("POST", path, clinic.key, json={"reason": REASON})
    assert answer.json() == {"people_told": 5}, answer.text


async def test_a_withdrawn_session_reaches_all_booked_people_by_their_channel_and_offers_the_nearest_replacement(
    platform: Surface, carriers: Carriers
) -> None:
    clinic, near = await given_a_session_and_another_near_by(platform)
    plain_phone, mail, chat, signal, app = [await given_a_family(platform) for _ in range(5)]
    await given_one_is_reached_by_mail_and_wants_no_sms(mail, carriers)
    await given_one_is_reached_in_a_chat_and_one_by_signal(chat, signal, carriers)
    await given_one_has_an_app_that_takes_messages(app, carriers)
    for family in (plain_phone, mail, chat, signal, app):
        await booked(clinic, family.home)

    await when_the_session_is_withdrawn(clinic)

    by_sms = await platform.sms(plain_phone.home.mobile, containing=REASON, seconds=30)
    letter = await until_told(lambda: [one for one in carriers.mails() if REASON in one])
    said = await carriers.bot.heard_by(CHAT, fits=REASON)
    signalled = await carriers.bridge.heard_by(NUMBER, fits=REASON)
    pushed = await until_told(lambda: [one for one in carriers.pushed() if REASON in one])
    for family, text in zip(
        (plain_phone, mail, chat, signal, app), (by_sms, letter, said, signalled, pushed), strict=True
    ):
        assert near in text, "the nearest with seats"
        assert clinic.centre.name in text
        assert family.home.first in text.replace(" ", "")
        await family.end()
    assert "/messages/off/" in letter, "mail can be ended by whoever reads it"
    for family in (chat, signal, app):
        await platform.sms(family.home.mobile, containing=REASON)
    await then_the_one_that_wanted_none_got_no_sms(platform, mail)
    assert carriers.bot.wrong == carriers.bridge.wrong == carriers.push.wrong == []


async def then_the_one_that_wanted_none_got_no_sms(platform: Surface, mail: Family) -> None:
    assert "OTP" in await platform.sms(mail.home.mobile), "the code of the sign-in is the newest SMS still"
