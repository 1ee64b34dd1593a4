"""The page of alerts, without a script: made from what was searched, told by SMS, ended where they are listed."""

import html
import re
from collections.abc import AsyncIterator

import pytest

from tests.builders import a_session, mobile
from tests.web.clinic import Clinic
from tests.web.test_citizen_pages import Browser

pytestmark = pytest.mark.anyio


@pytest.fixture
async def browser(clinic: Clinic) -> AsyncIterator[Browser]:
    seen = Browser(clinic.platform)
    yield seen
    await seen.close()


def ways(page: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="(/alerts\?[^"]*)"', page)]


async def test_who_finds_nothing_is_told_later_and_ends_it_on_the_page(clinic: Clinic, browser: Browser) -> None:
    number, district = mobile(), clinic.centre.district_id
    far = clinic.platform.day(60)
    (way,) = ways(await browser.open(f"/find?district_id={district}&date={far}&fee=free"))
    await browser.open(way)
    await browser.sign_in(number)
    assert (browser.path, browser.status) == ("/alerts", 200)
    wish = {"district_id": str(district), "dose": "1", "fee": "free", "age": "45"}
    assert f'name="district_id" value="{district}"' in browser.page
    await browser.send("/alerts", **wish)
    assert "The alert is made." in browser.page
    await browser.send("/alerts", **wish)
    (code,) = re.findall(r">STOP (\w+)<", browser.page)
    await clinic.platform.publish(a_session(clinic.centre, clinic.platform.day(3), doses=5))
    assert f"STOP {code}" in await clinic.platform.sms(number, containing="Seats")
    (alert,) = re.findall(r'name="alert" value="(\d+)"', browser.page)
    await browser.send("/alerts/end", alert=alert)
    assert "The alert is ended." in browser.page
    assert "You have no alert yet." in browser.page


async def test_near_me_watches_round_the_nearest_centre_and_keeps_no_position(clinic: Clinic, browser: Browser) -> None:
    centre = clinic.centre
    (way,) = ways(await browser.open(f"/find?lat={centre.latitude}&long={centre.longitude}"))
    await browser.open("/people")
    await browser.sign_in(mobile())
    page = await browser.open(way)
    (pin,) = re.findall(r'name="pin"[^>]* value="(\d{6})"', page)
    assert '<option value="10" selected>' in page
    await browser.send("/alerts", pin=pin, radius="10", dose="", vaccine="", age="", fee="")
    assert "up to 10 km away" in browser.page


@pytest.mark.parametrize("pin", ["12", "", "999999"])
async def test_a_wrong_place_is_said_beside_its_field(browser: Browser, pin: str) -> None:
    await browser.open("/alerts")
    await browser.sign_in(mobile())
    await browser.send("/alerts", pin=pin, radius="")
    assert browser.status == 400
    assert 'id="pin-fault"' in browser.page


async def test_nobody_ends_the_alert_of_somebody_else(clinic: Clinic, browser: Browser) -> None:
    await browser.open("/alerts")
    await browser.sign_in(mobile())
    await browser.send("/alerts", district_id=str(clinic.centre.district_id))
    (alert,) = re.findall(r'name="alert" value="(\d+)"', browser.page)
    other = Browser(clinic.platform)
    await other.open("/alerts")
    await other.sign_in(mobile())
    await other.send("/alerts/end", alert=alert)
    await other.close()
    assert "ended" not in other.page.replace("can be ended", "")
    assert f'value="{alert}"' in await browser.open("/alerts")
