"""The console: who comes in, what it shows to whom, and how it ends."""

import re
from datetime import timedelta

import pytest

from opencowin import identity
from opencowin.identity import Role
from opencowin.kit.actor import Place
from opencowin.kit.db import transaction
from tests.builders import TEST
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, beside, booked
from tests.web.desks import Browser, appoint, at_console, place_of

pytestmark = pytest.mark.anyio


def figures(page: str) -> dict[str, list[int]]:
    """The overview's figures by name, in the order of the page."""
    found: dict[str, list[int]] = {}
    for name, amount in re.findall(r"<dt>([^<]+)</dt><dd>(?:<a[^>]*>)?([\d,]+)", page):
        found.setdefault(name, []).append(int(amount.replace(",", "")))
    return found


async def test_the_overview_counts_what_lies_in_the_own_area(clinic: Clinic) -> None:
    platform, place = clinic.platform, await place_of(clinic.platform, clinic.centre)
    _, manager = await at_console(platform, Role.CENTRE_MANAGER, place)
    await booked(clinic, await a_home(platform, 2))
    page = (await manager.get("/console")).text
    assert f"› {clinic.centre.name}" in re.sub(r"</?span[^>]*>", "", page)
    shown = figures(page)
    assert (shown["Sessions"], shown["Doses in sessions"], shown["Booked"]) == ([1, 1], [50, 50], [0, 2])
    assert "Open cases" not in shown
    _, elsewhere = await at_console(
        platform, Role.DISTRICT_OFFICER, Place(place.state_id, clinic.centre.district_id + 1)
    )
    assert figures((await elsewhere.get("/console")).text)["Sessions"] == [0, 0]
    _, nation = await at_console(platform, Role.NATION_OFFICER, Place())
    assert figures((await nation.get("/console")).text)["Booked"][1] >= 2


async def test_nobody_comes_in_without_signing_in_and_the_way_leads_back(platform: Surface) -> None:
    made, browser = await appoint(platform, Role.NATION_OFFICER, Place()), Browser(platform)
    led = await browser.get("/console", lang="hi")
    assert (led.status_code, led.headers["location"]) == (303, "/console/sign-in?lang=hi")
    wrong = await browser.sign_in(made.user_name, "not the password")
    assert wrong.status_code == 400
    assert made.user_name in wrong.text
    assert "not the password" not in wrong.text
    right = await browser.sign_in(made.user_name)
    assert (right.status_code, right.headers["location"]) == (303, "/console?lang=hi")
    cookies = right.headers.get_list("set-cookie")
    assert all("HttpOnly" in one and "SameSite=strict" in one for one in cookies)
    assert right.headers["cache-control"] == "no-store"


async def test_a_deactivation_bites_at_once(platform: Surface) -> None:
    made, browser = await at_console(platform, Role.NATION_OFFICER, Place())
    assert (await browser.get("/console")).status_code == 200
    async with transaction(platform.pool) as conn:
        await identity.deactivate_staff(conn, platform.floor, TEST, made.staff_id)
    assert (await browser.get("/console")).headers["location"] == "/console/sign-in"


async def test_who_signs_out_is_out_and_an_old_cookie_opens_nothing(platform: Surface) -> None:
    _, browser = await at_console(platform, Role.NATION_OFFICER, Place())
    await browser.get("/console")
    old = dict(browser.cookies)
    assert (await browser.post("/console/sign-out")).status_code == 303
    again = Browser(platform, old)
    assert (await again.get("/console")).status_code == 303


async def test_a_form_of_another_site_is_refused(platform: Surface) -> None:
    _, browser = await at_console(platform, Role.NATION_OFFICER, Place())
    browser.token = "made elsewhere"
    refused = await browser.post("/console/sign-out")
    assert refused.status_code == 400
    assert "PAGE0001" in refused.text
    assert (await browser.get("/console")).status_code == 200


async def test_a_sign_in_gives_the_browser_another_cookie(platform: Surface) -> None:
    made, browser = await appoint(platform, Role.NATION_OFFICER, Place()), Browser(platform)
    await browser.get("/console/sign-in")
    planted, token = dict(browser.cookies), browser.token
    await browser.sign_in(made.user_name)
    await browser.get("/console")
    assert browser.token != token
    assert (await Browser(platform, planted).get("/console")).status_code == 303


@pytest.mark.parametrize("resting", [True, False])
async def test_a_session_ends_by_rest_and_by_age(platform: Surface, resting: bool) -> None:
    _, browser = await at_console(platform, Role.NATION_OFFICER, Place())
    settings = platform.floor.settings
    age = timedelta(minutes=settings.console_rest_minutes) if resting else timedelta(hours=settings.console_hours)
    async with transaction(platform.pool) as conn:
        if resting:
            await conn.execute("UPDATE staff_session SET seen_at = seen_at - %s", (age,))
        else:
            await conn.execute("UPDATE staff_session SET begun_at = begun_at - %s", (age,))
    assert (await browser.get("/console")).status_code == 303


async def test_the_cookie_is_bound_to_the_host_where_the_address_is_https(platform: Surface) -> None:
    async with beside(platform, public_url="https://vaccine.example") as safe:
        made, browser = await appoint(platform, Role.NATION_OFFICER, Place()), Browser(safe)
        signed_in = await browser.sign_in(made.user_name)
        assert {line.partition("=")[0] for line in signed_in.headers.get_list("set-cookie")} == {
            "__Host-console",
            "__Host-console-browser",
        }
        assert all("Secure" in line and "Domain" not in line for line in signed_in.headers.get_list("set-cookie"))
        assert (await browser.get("/console")).status_code == 200


async def test_strangers_guesses_keep_nobody_out_who_has_a_known_browser(platform: Surface) -> None:
    made, own = await at_console(platform, Role.NATION_OFFICER, Place())
    stranger = Browser(platform)
    answers = [(await stranger.sign_in(made.user_name, f"guess number {n}")).status_code for n in range(11)]
    assert answers == [400] * 11
    assert "Too many wrong passwords" in (await stranger.sign_in(made.user_name)).text
    await own.get("/console")
    await own.post("/console/sign-out")
    assert (await own.sign_in(made.user_name)).status_code == 303
