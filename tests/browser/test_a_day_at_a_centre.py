"""A day at a centre with a tablet and a poor line: nothing that was given is lost, and nothing counts twice."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route

from opencowin import registry
from opencowin.identity import Role
from opencowin.kit.db import transaction
from opencowin.registry.reference_ids import new_reference_id
from tests.browser import gates
from tests.browser.opening import complete
from tests.browser.world import World, serving
from tests.builders import TEST, pan
from tests.surface import free_port
from tests.web.clinic import Clinic, Home, a_home, book, open_clinic
from tests.web.desks import PASSWORD, appoint, place_of

pytestmark = pytest.mark.anyio
PIN, NEW_PIN = "402817", "731940"
RECORDS = re.compile(r"/centre/records$")
MAIN = "main form button.main"
SHELL_BYTES = 60_000


class Line:
    """The platform at an address, which can be killed and started again."""

    def __init__(self, world: World) -> None:
        self.world, self.port, self._open = world, free_port(), AsyncExitStack()

    async def up(self) -> None:
        surface = self.world.surface
        running = serving(surface.floor, surface.pool, str(surface.pool.conninfo), self.port)
        await self._open.enter_async_context(running)

    async def down(self) -> None:
        await self._open.aclose()


@dataclass(slots=True)
class Day:
    """A centre on its day: its worker, who is booked, and their secret codes."""

    clinic: Clinic
    home: Home
    worker: str
    codes: dict[str, str] = field(default_factory=dict)

    async def rows(self, statement: Any, **parameters: Any) -> list[tuple[Any, ...]]:
        """Rows straight from the database."""
        async with transaction(self.clinic.platform.pool) as conn:
            cursor = await conn.execute(statement, {"session": self.clinic.today, **parameters})
            return [tuple(row.values()) if isinstance(row, dict) else tuple(row) for row in await cursor.fetchall()]

    async def doses(self) -> list[tuple[Any, ...]]:
        """The doses of the session: of whom, which, in what state."""
        return await self.rows(
            "SELECT beneficiary_id, dose_number, state FROM dose WHERE session_id = %(session)s ORDER BY recorded_at"
        )


@pytest.fixture
async def day(world: World) -> Day:
    surface = world.surface
    clinic, home = await open_clinic(surface), await a_home(surface, size=4)
    answer = await book(clinic, home, session_id=clinic.today)
    assert answer.status_code == 200, answer.text
    worker = await appoint(surface, Role.VACCINATOR, await place_of(surface, clinic.centre))
    day = Day(clinic, home, worker.user_name)
    async with transaction(surface.pool) as conn:
        for reference in home.members:
            person = await registry.find_person(conn, int(reference))
            day.codes[reference] = (await registry.read_person(conn, surface.floor, TEST, person, "test")).secret_code
    return day


@asynccontextmanager
async def tablet(
    browser: Browser, address: str, width: int = gates.PHONE, **more: Any
) -> AsyncIterator[BrowserContext]:
    """A browser's profile that stays: what it keeps is kept when a tab is closed."""
    size = {"width": width, "height": gates.HEIGHT}
    context = await browser.new_context(viewport=size, base_url=address, timezone_id="Asia/Kolkata", **more)  # type: ignore[arg-type]  # a dict is what it takes
    context.set_default_timeout(15_000)
    try:
        yield context
    finally:
        await context.close()


async def sign_in(page: Page, day: Day, pin: str = "") -> None:
    """User name and password, and a PIN where one is to be chosen."""
    await page.fill("#name", day.worker)
    await page.fill("#password", PASSWORD)
    await page.click(MAIN)
    if pin:
        await page.fill("#pin2", pin)
        await page.fill("#pin", pin)
        await page.click(MAIN)
    await page.locator("#session").wait_for()


async def begin(page: Page, day: Day, language: str = "en") -> None:
    """Sign in, take the list along, and whatever else a day without a line needs."""
    await page.goto(f"/centre?lang={language}")
    await complete(page)
    await sign_in(page, day, PIN)
    await page.click(MAIN)
    await page.locator("#reference").wait_for()
    await page.wait_for_selector("html[data-kept=all]", state="attached")


async def typed(page: Page, reference: str, code: str = "") -> None:
    """A dose by the typed reference: three actions."""
    await page.fill("#reference", reference)
    await page.keyboard.press("Enter")
    await page.fill("#code", code) if code else await page.check("#without")
    await page.click(MAIN)
    await page.locator(".done").wait_for()


async def walk_in(page: Page, name: str, document: str) -> None:
    """Somebody without an appointment: three screens."""
    await page.get_by_role("button", name="Somebody without an appointment").click()
    await page.fill("#name", name)
    await page.fill("#born", "1980")
    await page.get_by_label("Male", exact=True).check()
    await page.select_option("#document", "6")
    await page.fill("#number", document)
    await page.click(MAIN)
    await page.check("#agreed")
    await page.click(MAIN)
    await page.get_by_role("button", name="Record the dose").click()
    await page.locator(".done").wait_for()


async def unlock(page: Page, pin: str = PIN) -> None:
    await page.fill("#pin", pin)
    await page.click(MAIN)


async def sent(page: Page, left: int = 0) -> None:
    """Wait until so many records are not sent."""
    await page.wait_for_selector(f"html[data-waiting='{left}']", state="attached", timeout=30_000)


async def send_now(page: Page, left: int = 0) -> None:
    await page.click("#to-unsent")
    await page.get_by_role("button", name="Send now").click()
    await sent(page, left)


async def test_nothing_is_lost_or_doubled_in_a_day_with_a_poor_line(browser: Browser, world: World, day: Day) -> None:
    line = Line(world)
    await line.up()
    first, second, third, fourth = day.home.members
    async with tablet(browser, f"http://127.0.0.1:{line.port}") as context:
        page = await context.new_page()
        await begin(page, day)

        # The answer to the first dose is lost after the platform has it.
        lost: list[str] = []

        async def lose(route: Route) -> None:
            lost.append(await (await route.fetch()).text())
            await route.abort()

        await page.route(RECORDS, lose)
        await typed(page, first, day.codes[first])
        await page.locator("#line.bad").wait_for()
        assert len(await day.doses()) == 1
        assert json.loads(lost[0])["answers"][0]["outcome"] == "kept"
        await sent(page, 1)
        await page.unroute(RECORDS)

        # The platform is killed; the work goes on, in a new tab too, after a wrong PIN.
        await line.down()
        await typed(page, second, "0000" if day.codes[second] != "0000" else "0001")
        await walk_in(page, "Ravi Kumar", pan())
        await page.close()
        page = await context.new_page()
        await page.goto("/centre")
        await complete(page)
        assert "not sent yet: 3" in await page.inner_text("main")
        await unlock(page, "111222")
        await page.locator(".faults", has_text="Tries left: 9").wait_for()
        await unlock(page)
        await typed(page, str(new_reference_id()))
        await typed(page, third, day.codes[third])
        await page.click("#to-watch")
        assert await page.locator(".cards .card").count() == 5
        undone = page.locator(".card", has_text="Asha Kumari").last
        await undone.get_by_role("button", name="Undo").click()
        await page.fill("#reason", "Wrong person chosen")
        await page.click(MAIN)
        await page.locator(".done").wait_for()
        await page.locator(".card").last.get_by_role("button", name="Report a side effect").click()
        await page.get_by_label("Minor: goes by itself").check()
        await page.fill("#description", "Fever since the dose")
        await page.click(MAIN)
        await page.locator(".done").wait_for()
        await page.click("#to-vials")
        await page.click(MAIN)
        await page.locator(".done").wait_for()
        await sent(page, 8)

        # It comes back: what is good goes through, what is not waits for a human and holds nothing back.
        await line.up()
        await send_now(page, left=1)  # what followed a dose of nobody known waits for it
        await page.locator("h2", has_text="Needs attention").wait_for()
        await page.get_by_text("The secret code was wrong.").wait_for()
        await page.get_by_role("button", name="Correct").click()
        await page.fill("#reference", fourth)
        await page.fill("#code", day.codes[fourth])
        await page.click(MAIN)
        await page.locator(".done").wait_for()
        await sent(page)

        # Closing balances the vial, and nothing is left on the tablet.
        await page.click("#to-more")
        await page.get_by_role("button", name="Close the session").click()
        assert await page.locator(".tally dd").all_inner_texts() == ["1", "10", "4", "0", "6"]
        await page.click(MAIN)
        await page.locator("h1", has_text="Everything is sent").wait_for()
        assert await kept(page) == []
    await line.down()
    states = [state for _, _, state in await day.doses()]
    assert sorted(states) == ["revoked", "valid", "valid", "valid", "valid"]
    assert len({who for who, _, _ in await day.doses()}) == 5
    outcomes = "SELECT kind, outcome, count(*)::int FROM tablet_record WHERE session_id = %(session)s GROUP BY 1, 2 ORDER BY 1, 2"
    assert await day.rows(outcomes) == [
        ("close", "kept", 1),
        ("dose", "kept", 4),
        ("dose", "replaced", 1),
        ("dose", "undone", 1),
        ("vials", "kept", 1),
    ]
    events = "SELECT count(*)::int FROM adverse_event e JOIN dose d USING (dose_id) WHERE d.session_id = %(session)s"
    assert await day.rows(events) == [(1,)]


async def kept(page: Page) -> list[str]:
    """What the tablet keeps in its database."""
    return list(
        await page.evaluate(
            """async () => {
                const open = indexedDB.open("opencowin-centre");
                await new Promise((done) => { open.onsuccess = done; });
                const found = [];
                for (const store of open.result.objectStoreNames) {
                    const all = open.result.transaction(store).objectStore(store).getAll();
                    await new Promise((done) => { all.onsuccess = done; });
                    found.push(...all.result.map((one) => `${store}: ${JSON.stringify(one)}`));
                }
                return found;
            }"""
        )
    )
