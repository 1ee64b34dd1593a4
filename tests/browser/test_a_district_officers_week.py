"""A district officer's week, without a script in the browser: from a new centre to people who are told and rebooked."""

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from playwright.async_api import Browser

from opencowin import places, scheduling
from opencowin.identity import Role
from opencowin.kit.actor import Place
from opencowin.kit.db import transaction
from tests.browser import gates
from tests.browser.officer import MAIN, Office, signs_in
from tests.browser.world import World
from tests.builders import stock_in
from tests.web.clinic import Home, a_home, booked
from tests.web.desks import appoint, place_of

pytestmark = pytest.mark.anyio
SLOT = "09:00AM-11:00AM"
NAME = "PHC Lakeside"
NEAREST = re.compile(r"They are offered the nearest session with seats: (.+), \w+, (\d+ \w+)\.")


async def adds_a_centre(office: Office) -> places.Centre:
    page = office.page
    await page.click("nav >> text=Centres")
    await page.click("text=Add a centre")
    await office.fill(name=NAME, address="3 Lake Road", pin_code=office.world.facts["pin"])
    await page.select_option("#kind", "near_home")
    await office.send()
    await office.sees(NAME)
    centre_id = int(page.url.partition("?")[0].rsplit("/", 1)[1])
    surface = office.world.surface
    async with transaction(surface.pool) as conn:
        centre = await places.read_centre(conn, centre_id)
        await stock_in(conn, surface.floor, centre, "COVISHIELD", doses=500)
    return centre


async def makes_a_weekly_template(office: Office) -> None:
    page = office.page
    await page.click("main >> text=Weekly templates")
    await page.click("text=Add a template")
    await page.select_option("#vaccine_id", "COVISHIELD")
    for box in await page.locator("[name=weekdays]").all():
        await box.check()
    await office.fill(name="Every day", doses="30", starts_at_of_1="09:00", ends_at_of_1="11:00")
    await page.fill("[name='seats-1-1']", "10")
    await page.fill("[name='seats-1-0']", "5")
    await office.send()
    await office.says("Done.")


async def publishes_two_weeks_at_a_set_time(office: Office, at: datetime) -> None:
    page, tomorrow = office.page, office.world.surface.day(1)
    await office.fill(monday=f"{tomorrow}", weeks="2", publish_day=f"{at:%Y-%m-%d}", publish_time=f"{at:%H:%M}")
    await page.check("[name=when][value=at]")
    await office.send()
    await office.sees("Sessions")
    await office.says("Drafted:")


async def offered(office: Office, centre: places.Centre) -> list[str]:
    """The sessions of the centre that people find from tomorrow on, the first first."""
    surface = office.world.surface
    wish = scheduling.Wish(from_date=surface.day(1), days=14, centre_id=centre.centre_id)
    async with transaction(surface.pool) as conn:
        found = await scheduling.find_sessions(conn, surface.floor, wish)
    return [str(one.session_id) for at in found for one in at.sessions]


async def the_set_time_comes(office: Office, at: datetime) -> None:
    surface = office.world.surface
    later = replace(surface.floor, clock=replace(surface.floor.clock, source=lambda: at + timedelta(seconds=1)))
    async with transaction(surface.pool, surface.committed) as conn:
        await scheduling.publish_due(conn, later)


async def splits_the_seats(office: Office, session_id: str) -> None:
    page = office.page
    await page.goto(f"/console/sessions/{session_id}")
    await page.fill("[name='seats-1-1']", "12")
    await page.fill("[name='seats-1-0']", "3")
    await office.send()
    await office.says("Done.")
    assert await page.input_value("[name='seats-1-0']") == "3"


async def sees_the_booking(office: Office, session_id: str, people: int) -> None:
    await office.page.goto(f"/console/sessions/{session_id}")
    assert await office.figure("Booked") == people
    await office.says(f"Booked: {people}")


async def withdraws_it(office: Office, people: int) -> str:
    """The centre of the replacement that is named before it is confirmed."""
    page = office.page
    await page.click("text=Withdraw the session")
    await office.says(f"People who are told why: {people}")
    nearest = NEAREST.search(await page.inner_text("main"))
    assert nearest is not None
    await page.click(MAIN)
    assert await page.locator(":invalid").count() > 0, "a withdrawal needs its reason"
    await office.fill(reason="The road is flooded")
    await office.send()
    await office.says(f"People who are told why: {people}")
    await office.says("The road is flooded")
    return nearest[1]


async def those_booked_are_told_why_and_where_to_go(office: Office, home: Home, nearest: str) -> None:
    told = await office.world.surface.sms(home.mobile, containing="The road is flooded")
    assert NAME in told
    assert nearest in told


async def test_a_week_from_a_new_centre_to_a_withdrawn_session(browser: Browser, world: World) -> None:
    surface = world.surface
    place = await place_of(surface, world.clinic.centre)
    officer = await appoint(surface, Role.DISTRICT_OFFICER, Place(place.state_id, place.district_id))
    size = {"width": gates.DESK, "height": gates.HEIGHT}
    context = await browser.new_context(viewport=size, base_url=world.address, java_script_enabled=False)  # type: ignore[arg-type]  # a dict is what it takes
    context.set_default_timeout(15_000)
    try:
        office = Office(world, await context.new_page(), officer.user_name)
        at = surface.floor.clock.local(surface.floor.clock.now()).replace(second=0, microsecond=0) + timedelta(hours=1)
        await signs_in(office)
        before = await office.figure("Sessions")
        centre = await adds_a_centre(office)
        await makes_a_weekly_template(office)
        await publishes_two_weeks_at_a_set_time(office, at)
        assert await offered(office, centre) == []
        await the_set_time_comes(office, at)
        first, *others = await offered(office, centre)
        assert others
        await splits_the_seats(office, first)
        home = await a_home(surface, size=2)
        await booked(world.clinic, home, session_id=first, slot=SLOT)
        await sees_the_booking(office, first, 2)
        nearest = await withdraws_it(office, 2)
        await those_booked_are_told_why_and_where_to_go(office, home, nearest)
        assert await offered(office, centre) == others
        await office.page.click("nav >> text=Overview")
        assert await office.figure("Sessions") >= before
        await office.says("To look after")
    finally:
        await context.close()
