"""A day at a centre with a tablet and a poor line: nothing that was given is lost, and nothing counts twice."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from opencowin import identity
from opencowin.identity import Role
from opencowin.kit.db import transaction
from tests.browser.opening import complete, watch
from tests.browser.world import World
from tests.builders import TEST
from tests.web.clinic import Clinic, Home, a_home, book, open_clinic
from tests.web.desks import PASSWORD, place_of

pytestmark = pytest.mark.anyio
PIN = "402817"
RECORDS = re.compile(r"/centre/records$")


@dataclass(slots=True)
class Day:
    """A centre on its day: its worker, and who is booked."""

    clinic: Clinic
    home: Home
    worker: str

    async def value(self, statement: Any, **parameters: Any) -> Any:
        """One value straight from the database."""
        async with transaction(self.clinic.platform.pool) as conn:
            return (await (await conn.execute(statement, parameters)).fetchone() or [None])[0]


@pytest.fixture
async def day(world: World) -> Day:
    clinic = await open_clinic(world.surface)
    home = await a_home(world.surface, size=4)
    answer = await book(clinic, home, session_id=clinic.today)
    assert answer.status_code == 200, answer.text
    place, name = await place_of(world.surface, clinic.centre), f"sister.{uuid4().hex[:8]}"
    async with transaction(world.surface.pool) as conn:
        await identity.create_staff(
            conn,
            world.surface.floor,
            TEST,
            name,
            name="Mary Thomas",
            role=Role.VACCINATOR,
            place=place,
            password=PASSWORD,
        )
    return Day(clinic, home, name)


@asynccontextmanager
async def tablet(browser: Browser, address: str, width: int = 360, **options: Any) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(
        viewport={"width": width, "height": 800}, base_url=address, timezone_id="Asia/Kolkata", **options
    )
    context.set_default_timeout(10_000)
    try:
        yield context
    finally:
        await context.close()


async def title(page: Page, text: str) -> None:
    await page.locator("h1", has_text=text).wait_for()


async def begin(page: Page, day: Day, language: str = "en") -> None:
    """Sign in, choose a PIN, take the list along."""
    await page.goto(f"/centre?lang={language}")
    await complete(page)
    await page.fill("#name", day.worker)
    await page.fill("#password", PASSWORD)
    await page.click("main form button.main")
    await page.locator("#pin2").wait_for()
    await page.fill("#pin", PIN)
    await page.fill("#pin2", PIN)
    await page.click("main form button.main")
    await page.locator("#session").wait_for()
    await page.click("main form button.main")
    await page.locator("#reference").wait_for()


async def give(page: Page, reference: str, code: str = "") -> None:
    """By the typed reference: three actions."""
    await page.fill("#reference", reference)
    await page.keyboard.press("Enter")
    await page.locator("#code").wait_for()
    if code:
        await page.fill("#code", code)
    else:
        await page.check("#without")
    await page.click("main form button.main")
    await page.locator(".done").wait_for()


async def test_a_slice(browser: Browser, world: World, day: Day) -> None:
    async with tablet(browser, world.address) as context:
        page = await context.new_page()
        seen = watch(page, world.address)
        await begin(page, day)
        await give(page, day.home.first)
        await page.wait_for_selector("html[data-waiting='0']", state="attached")
        doses = "SELECT count(*) FROM dose WHERE session_id = %(session)s"
        assert await day.value(doses, session=day.clinic.today) == 1
        assert seen.complaints == []
