"""The page of how messages reach a household, without a script; its links in letters; and the calls for programs."""

import json
import re
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from opencowin import notifications
from tests.builders import a_partner_key, a_session, mobile
from tests.rooms.test_gateways import plain, point
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, booked
from tests.web.test_citizen_pages import PEOPLE, Browser

pytestmark = pytest.mark.anyio
MAIL = "ravi@example.org"


@pytest.fixture
async def browser(clinic: Clinic) -> AsyncIterator[Browser]:
    seen = Browser(clinic.platform)
    yield seen
    await seen.close()


async def proved(browser: Browser, address: str = MAIL) -> None:
    """Add an e-mail address on the page."""
    await browser.send("/messages/address", medium="email", email=address)
    assert "A code is on its way." in browser.page
    code = (await browser.platform.sms(address, containing="is the code")).split()[0]
    await browser.send("/messages/prove", medium="email", code_email=code)
    assert "Messages come there from now on." in browser.page


async def test_an_address_is_added_told_and_removed(clinic: Clinic, browser: Browser) -> None:
    home = await a_home(clinic.platform, 1)
    await browser.open("/messages")
    await browser.sign_in(home.mobile)
    assert (browser.path, browser.status) == ("/messages", 200)
    await browser.send("/messages/address", medium="email", email="ravi")
    assert browser.status == 400
    assert 'id="email-fault"' in browser.page
    await browser.send("/messages/address", medium="email", email=MAIL)
    await browser.send("/messages/prove", medium="email", code_email="AAAA-AAAA")
    assert browser.status == 400
    assert 'id="code_email-fault"' in browser.page
    await proved(browser)
    await booked(clinic, home, home.first)
    letter = await clinic.platform.sms(MAIL, containing="is booked")
    assert home.first in letter
    (link,) = re.findall(r"/messages/off/[\w-]+", letter)
    await browser.send("/messages/sms", sms="last")
    assert "Only where nothing else took the message" in browser.page
    await browser.send("/messages/sms", sms="always")
    assert "Only where nothing else took the message" not in browser.page
    (key,) = re.findall(r'name="key" value="([0-9a-f]{64})"', browser.page)
    await browser.send("/messages/end", key=key)
    assert MAIL not in browser.page
    await proved(browser)
    reader = Browser(clinic.platform)
    page = await reader.open(link)
    assert MAIL in page
    assert MAIL in await browser.open("/messages"), "opening the link ends nothing"
    one_click = await reader._http.post(link, data={"List-Unsubscribe": "One-Click"}, headers=PEOPLE)
    await reader.close()
    assert one_click.status_code == 200
    assert MAIL not in await browser.open("/messages")


async def test_a_link_that_is_none_of_ours_ends_nothing(browser: Browser) -> None:
    for token in ("x", "A" * 80):
        await browser.open(f"/messages/off/{token}")
        assert browser.status in {400, 404}


async def test_nobody_ends_the_address_of_somebody_else(clinic: Clinic, browser: Browser) -> None:
    await browser.open("/messages")
    await browser.sign_in(mobile())
    await proved(browser, "own@example.org")
    (key,) = re.findall(r'name="key" value="([0-9a-f]{64})"', browser.page)
    other = Browser(clinic.platform)
    await other.open("/messages")
    await other.sign_in(mobile())
    await other.send("/messages/end", key=key)
    await other.close()
    assert "own@example.org" in await browser.open("/messages")


async def test_ways_that_nobody_carries_are_not_on_the_page(browser: Browser) -> None:
    await browser.open("/messages")
    await browser.sign_in(mobile())
    assert 'value="telegram"' not in browser.page
    assert "data-key" not in browser.page
    await browser.send("/messages/address", medium="telegram")
    assert browser.status == 400
    key = {"p256dh": plain(point(ec.generate_private_key(ec.SECP256R1()))), "auth": plain(b"a" * 16)}
    for wrong in ("", "[]", "{}", json.dumps({"endpoint": "https://10.0.0.1/x", "keys": key})):
        await browser.send("/messages/device", subscription=wrong)
        assert browser.status == 400
    assert (await browser.platform.get("/open/v1/devices/key")).status_code == 400


async def test_a_mail_server_hands_on_that_an_alert_shall_end(clinic: Clinic, browser: Browser) -> None:
    platform, number = clinic.platform, mobile()
    await browser.open("/messages")
    await browser.sign_in(number)
    await proved(browser, "alerts@example.org")
    await browser.open("/alerts")
    await browser.send("/alerts", district_id=str(clinic.centre.district_id))
    (code,) = re.findall(r">STOP (\w+)<", browser.page)
    await platform.publish(a_session(clinic.centre, platform.day(3), doses=5))
    assert f"STOP {code}" in await platform.sms("alerts@example.org", containing="Seats", seconds=20)
    key = await a_partner_key(platform.pool, platform.floor)
    for text, ended in (("STOP", 0), (f"STOP {code}", 1), (f"STOP {code}", 0)):
        body = {"sender": "Alerts@example.org", "text": text}
        answer = await platform.partner("POST", "/open/v1/messages", key, json=body)
        assert answer.json() == {"ended": ended}, answer.text


async def test_the_waiting_list_by_program(clinic: Clinic) -> None:
    platform = clinic.platform
    home, calls = await a_home(platform, 1), "/open/v1/waitlist"
    assert (await platform.get(calls)).status_code == 401
    wish = {"beneficiary_reference_id": home.first, "pincode": clinic.centre.pin_code}
    assert (await platform.post(calls, {**wish, "pincode": "12"}, home.token)).status_code == 400
    joined = await platform.post(calls, wish, home.token)
    (seen,) = (await platform.get(calls, home.token)).json()
    assert seen["waiting_id"] == joined.json()["waiting_id"]
    assert (seen["beneficiary_reference_id"], seen["dose"], seen["ahead"], seen["seat"]) == (home.first, 1, 0, None)
    assert (await platform.post(f"{calls}/take", {}, home.token)).status_code == 409
    session = await platform.publish(a_session(clinic.centre, platform.day(4), doses=1))
    said = await platform.sms(home.mobile, containing="answer YES", seconds=20)
    (seen,) = (await platform.get(calls, home.token)).json()
    assert seen["seat"]["session_id"] == session
    assert f"YES {seen['seat']['code']}" in said
    taken = await platform.post(f"{calls}/take", {"code": seen["seat"]["code"]}, home.token)
    (appointment,) = (await platform.household(home.token))[home.first]["appointments"]
    assert appointment["appointment_id"] == taken.json()["appointment_id"]
    assert (await platform.get(calls, home.token)).json() == []
    other = await a_home(platform, 1)
    mine = (await platform.post(calls, {**wish, "beneficiary_reference_id": other.first}, other.token)).json()
    path = f"/api{calls}/{mine['waiting_id']}"
    for token, status in ((home.token, 400), (other.token, 204), (other.token, 400)):
        left = await platform.http.delete(path, headers={"Authorization": f"Bearer {token}"})
        assert left.status_code == status, left.text


async def test_the_worker_of_the_page_says_its_title_in_the_readers_language(platform: Surface) -> None:
    answer = await platform.http.get("/messages/worker.js?lang=hi")
    assert answer.headers["content-type"].startswith("text/javascript")
    said = json.loads(answer.text.partition("const SAID = ")[2].partition(";\n")[0])
    assert said == {"title": "टीकाकरण सेवा", "lang": "hi", "dir": "ltr"}
    assert notifications.stopped_address(platform.floor, uuid4().hex) is None
