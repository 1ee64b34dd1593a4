"""The waitlist without a script and by SMS: joined from a search, a seat kept, taken on the page or by YES, left."""

import html
import re
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from opencowin.kit.db import run, transaction
from tests.builders import a_session
from tests.web.clinic import Clinic, a_home, booked
from tests.web.test_citizen_pages import Browser
from tests.web.test_talks import SMS, Handset

pytestmark = pytest.mark.anyio
NOTHING_THERE = "560001"


@pytest.fixture
async def browser(clinic: Clinic) -> AsyncIterator[Browser]:
    seen = Browser(clinic.platform)
    yield seen
    await seen.close()
    async with transaction(clinic.platform.pool) as conn:
        await run(conn, "DELETE FROM waiting")


async def test_who_finds_nothing_waits_and_takes_the_seat_that_is_kept(clinic: Clinic, browser: Browser) -> None:
    platform = clinic.platform
    home = await a_home(platform, 1)
    number, reference = home.mobile, home.first
    session = await platform.publish(a_session(clinic.centre, platform.day(3), doses=1))
    other = await a_home(platform, 1)
    booking = await booked(clinic, other, session_id=session)
    found = await browser.open(f"/find?pin={clinic.centre.pin_code}&date={platform.day(60)}")
    (way,) = {html.unescape(link) for link in re.findall(r'href="(/waitlist\?[^"]*)"', found)}
    await browser.open(way)
    await browser.sign_in(number)
    assert (browser.path, browser.status) == ("/waitlist", 200)
    assert f'value="{clinic.centre.pin_code}"' in browser.page
    await browser.send("/waitlist", person=reference, pin="12")
    assert browser.status == 400
    await browser.send("/waitlist", person=reference, pin=clinic.centre.pin_code)
    assert "You are on the waiting list." in browser.page
    assert "People ahead of you: 0" in browser.page
    body = {"appointment_id": booking, "beneficiariesToCancel": [other.first]}
    assert (await platform.post("/v2/appointment/cancel", body, other.token)).status_code == 204
    kept = await platform.sms(number, containing="answer YES", seconds=20)
    page = await browser.open("/waitlist")
    (code,) = re.findall(r'name="code" value="(\w+)"', page)
    assert f"YES {code}" in kept
    await browser.send("/waitlist/take", code=code)
    assert browser.path == "/people"
    (appointment,) = (await platform.household(home.token))[reference]["appointments"]
    assert appointment["session_id"] == session
    await browser.send("/waitlist/take", code=code)
    assert (browser.status, "No seat is kept for you now." in browser.page) == (400, True)


async def test_a_seat_is_taken_by_sms_and_the_line_is_left_on_the_page(clinic: Clinic, browser: Browser) -> None:
    platform = clinic.platform
    home = await a_home(platform, 1)

    async def say(text: str) -> None:
        said = {"from": home.mobile, "text": text, "id": uuid4().hex}
        answer = await platform.http.post(SMS, headers={"x-api-key": clinic.key}, data=said)
        assert answer.json()["heard"], answer.text

    await browser.open("/waitlist")
    await browser.sign_in(home.mobile)
    await browser.send("/waitlist", person=home.first, pin=clinic.centre.pin_code)
    (waiting,) = re.findall(r'name="waiting" value="(\d+)"', browser.page)
    await say("YES")
    await platform.sms(home.mobile, containing="No seat is kept for you now.")
    await browser.send("/waitlist/leave", waiting=waiting)
    assert "You have left the waiting list." in browser.page
    await browser.send("/waitlist/leave", waiting=waiting)
    assert browser.status == 200
    await browser.send("/waitlist", person=home.first, pin=clinic.centre.pin_code)
    session = await platform.publish(a_session(clinic.centre, platform.day(4), doses=1))
    await platform.sms(home.mobile, containing="answer YES", seconds=20)
    await say("हाँ")
    await platform.sms(home.mobile, containing="is booked")
    (appointment,) = (await platform.household(home.token))[home.first]["appointments"]
    assert appointment["session_id"] == session


async def test_who_finds_nothing_by_keypad_joins_the_line(clinic: Clinic, browser: Browser) -> None:
    home = await a_home(clinic.platform, 1)
    phone = Handset(clinic, home.mobile)
    await phone.dial()
    await phone.choose("Find a slot")
    await phone.choose("Asha Kumari")
    await phone.key(NOTHING_THERE)
    await phone.choose("Join the waiting list")
    assert phone.screen == "END You are on the waiting list."
    await browser.open("/waitlist")
    await browser.sign_in(home.mobile)
    assert NOTHING_THERE in browser.page
