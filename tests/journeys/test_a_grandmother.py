"""A grandmother's story: she books by keypad on the family's old handset, and her grandson is told on his own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey
from pydantic import SecretStr

from opencowin.kit.clock import Clock
from opencowin.kit.db import Pool
from opencowin.kit.floor import Floor
from tests.builders import a_centre, a_partner_key, a_session, pan, stock_up
from tests.carriers import HttpDouble, http_service
from tests.rooms.test_gateways import opened, plain, point
from tests.surface import Calendar, Surface, running
from tests.web.clinic import Clinic, a_home
from tests.web.test_talks import Handset

pytestmark = pytest.mark.anyio


CHANNELS = """
[[gateway]]
name = "push"
medium = "web_push"
kind = "web_push"
address = "{address}"
sender = "help@example.org"
"""


@pytest.fixture
async def distributor() -> AsyncIterator[HttpDouble]:
    """A distributor of push messages, as a nation may run its own."""
    async with http_service() as double:
        yield double


@pytest.fixture
async def platform(  # noqa: PLR0917 (fixtures)
    floor: Floor, pool: Pool, database: str, calendar: Calendar, distributor: HttpDouble, tmp_path: Path
) -> AsyncIterator[Surface]:
    """The platform, which knows that distributor, by the story's calendar."""
    file, key = tmp_path / "channels.toml", ECKey.generate_key("P-256").as_pem(private=True).decode()
    file.write_text(CHANNELS.format(address=distributor.address))
    changes = {"channels_file": file, "channel_secrets": {"push": SecretStr(key)}}
    settings = floor.settings.model_copy(update=changes)
    async with running(
        replace(floor, settings=settings, clock=Clock(floor.clock.zone, calendar)), pool, database
    ) as up:
        yield up


@dataclass
class Smartphone:
    """The grandson's: it reads what a distributor hands on and cannot read itself."""

    distributor: HttpDouble
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = b"a" * 16

    async def subscribe(self, platform: Surface, token: str) -> None:
        """Take the household's messages."""
        device = {
            "endpoint": self.distributor.address + "/topic",
            "p256dh": plain(point(self.key)),
            "auth": plain(self.secret),
        }
        answer = await platform.post("/open/v1/devices", device, token)
        assert answer.status_code == 204, answer.text

    async def told(self, fits: Callable[[str], bool]) -> list[str]:
        """What it was told that fits, once there is something."""
        async with asyncio.timeout(30):
            while True:
                texts = [opened(raw, self.key, self.secret).decode() for _, _, raw in list(self.distributor.given)]
                if found := [one for one in texts if fits(one)]:
                    return found
                await asyncio.sleep(0.05)


async def given_a_centre_with_a_session_the_day_after_tomorrow(platform: Surface) -> Clinic:
    centre = await a_centre(platform.pool, platform.floor)
    await stock_up(platform.pool, platform.floor, centre, "COVISHIELD", doses=100)
    session = await platform.publish(a_session(centre, platform.day(2), doses=50))
    return Clinic(platform, centre, "", session, await a_partner_key(platform.pool, platform.floor))


async def when_the_grandmother_books_by_ussd(clinic: Clinic, phone: Handset) -> None:
    await phone.dial()
    await phone.choose("Find a slot")
    await phone.choose("Kamla Devi")
    await phone.key(clinic.centre.pin_code)
    await phone.key("1")
    await phone.key("1")
    await phone.choose("Book now")
    assert "Booked" in await phone.whole()
    assert phone.screen.startswith("END ")


async def test_a_grandmother_books_by_ussd_and_her_grandson_is_told(
    platform: Surface, calendar: Calendar, distributor: HttpDouble
) -> None:
    clinic = await given_a_centre_with_a_session_the_day_after_tomorrow(platform)
    grandson, smartphone = await a_home(platform, 0), Smartphone(distributor)
    grandmother = await platform.register(grandson.token, "Kamla Devi", 1950, pan())
    await smartphone.subscribe(platform, grandson.token)
    phone = Handset(clinic, grandson.mobile)

    await when_the_grandmother_books_by_ussd(clinic, phone)

    text = await platform.sms(grandson.mobile, containing="booked")
    assert grandmother in text.replace(" ", "")
    assert clinic.centre.name in text
    assert await smartphone.told(lambda said: said == text)
    (appointment,) = (await platform.household(grandson.token))[grandmother]["appointments"]
    assert appointment["session_id"] == clinic.tomorrow

    calendar.let_days_pass(1)
    (reminder,) = await smartphone.told(lambda said: "is tomorrow" in said)
    assert grandmother in reminder.replace(" ", "")
    assert await platform.sms(grandson.mobile, containing="is tomorrow") == reminder
    assert not any(b"Reminder" in raw for _, _, raw in distributor.given), "who carries it cannot read it"

    calendar.let_days_pass(1)
    given = await clinic.vaccinate(grandmother)
    assert given.status_code == 200, given.text
    await phone.dial()
    await phone.choose("Certificates")
    assert grandmother in await phone.whole()

    calendar.let_days_pass(84)
    assert await smartphone.told(lambda said: "Dose 2 may now be given" in said)
    assert len(await smartphone.told(lambda said: "is tomorrow" in said)) == 1, "once"
