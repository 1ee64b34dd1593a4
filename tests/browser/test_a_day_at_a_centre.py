"""A day at a centre with a tablet and a poor line: nothing that was given is lost, and nothing counts twice."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser, BrowserContext, Error, Page, Route

from opencowin import certificates, registry
from opencowin.identity import Role
from opencowin.kit.actor import Place
from opencowin.kit.db import transaction
from opencowin.registry.reference_ids import new_reference_id
from opencowin.web.pages.assets import asset_link
from tests.browser import gates
from tests.browser.apart import Apart, apart
from tests.browser.chromium import FLAGS, MISSING, find_chromium
from tests.browser.handed_over import ALTERED, film, signed
from tests.browser.opening import complete, visiting, watch
from tests.browser.world import Visitor, World
from tests.builders import TEST, pan
from tests.certificates import made
from tests.surface import free_port
from tests.web.clinic import Clinic, Home, a_home, book, open_clinic
from tests.web.desks import PASSWORD, appoint, place_of

pytestmark = pytest.mark.anyio
WRONG = [f"{number:04}" for number in range(50)]
PIN, NEW_PIN = "402817", "731940"
RECORDS = re.compile(r"/centre/records$")
MAIN = "main form button.main"
FULL = "() => { IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); }; }"
OUTCOMES = """
    SELECT kind, outcome, count(*)::int FROM tablet_record WHERE session_id = %(session)s GROUP BY 1, 2 ORDER BY 1, 2
"""


@asynccontextmanager
async def a_line(world: World) -> AsyncIterator[Apart]:
    """The platform in a process of its own, up, to be killed and started again."""
    surface = world.surface
    with apart(surface.floor, str(surface.pool.conninfo), free_port()) as line:
        await line.up()
        yield line


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
            return await cursor.fetchall()

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


async def until_doses(day: Day, count: int) -> None:
    """Wait until so many doses of the session are stored, and not a moment longer."""
    for _ in range(5000):
        if len(await day.doses()) >= count:
            return
        await asyncio.sleep(0.001)
    raise AssertionError(f"never {count} doses")


async def not_the_code(page: Page, reference: str, code: str) -> None:
    """A wrong code is refused without a line; the worker goes on without one, and what was typed goes along."""
    marked = registry.code_mark(int(reference), code)
    wrong = next(one for one in WRONG if registry.code_mark(int(reference), one) != marked)
    await page.fill("#reference", reference)
    await page.keyboard.press("Enter")
    await page.fill("#code", wrong)
    await page.click(MAIN)
    await page.locator("#code-fault", has_text="This is not the person's code").wait_for()
    await page.check("#without")
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
    first, second, third, fourth = day.home.members
    async with a_line(world) as line, tablet(browser, line.address) as context:
        page = await context.new_page()
        await begin(page, day)
        assert await page.locator(".row", has_text="Asha Kumari").count() == 4
        assert [one for one in await kept(page) if "Asha" in one or "Mary" in one] == [], "all that is kept is sealed"

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
        line.kill()
        await not_the_code(page, second, day.codes[second])
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

        # It comes back, and is killed again while it takes the records: no tablet can tell which of them it has.
        unanswered = asyncio.get_running_loop().create_future()

        async def die(route: Route) -> None:
            answer = asyncio.ensure_future(route.fetch())
            await until_doses(day, 2)
            line.kill()
            unanswered.set_result(await asyncio.gather(answer, return_exceptions=True))
            await route.abort()

        await page.route(RECORDS, die, times=1)
        await line.up()
        await page.click("#to-unsent")
        await page.get_by_role("button", name="Send now").click()
        (answer,) = await asyncio.wait_for(unanswered, 40)
        assert isinstance(answer, Error), "the tablet got no answer"
        await page.locator("#line.bad").wait_for()
        await sent(page, 8)
        assert 2 <= len(await day.doses()) < 5, "some records are stored, others are not"

        # Up again: what is good goes through once, what is not waits for a human and holds nothing back.
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
    states = [state for _, _, state in await day.doses()]
    assert sorted(states) == ["revoked", "valid", "valid", "valid", "valid"]
    assert len({who for who, _, _ in await day.doses()}) == 5
    assert await day.rows(OUTCOMES) == [
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


async def test_a_lost_pin_loses_no_dose(browser: Browser, world: World, day: Day) -> None:
    """Nor does a file that goes to the district first count twice."""
    officer = await appoint(world.surface, Role.DISTRICT_OFFICER, await district_of(world, day))
    async with a_line(world) as line, tablet(browser, line.address) as context:
        page = await context.new_page()
        await begin(page, day)
        line.kill()
        await typed(page, day.home.first, day.codes[day.home.first])
        await page.clock.install()
        await page.reload()
        await complete(page)
        for tries in range(1, 11):
            await unlock(page, f"11122{tries % 10}")
            if tries < 5:
                await page.locator(".faults", has_text=f"Tries left: {10 - tries}").wait_for()
            elif tries < 10:
                await page.locator(".faults", has_text=f"Try again in {2 ** (tries - 5)} min.").wait_for()
                if tries == 5:
                    await unlock(page)
                    await page.locator(".faults", has_text="Too many wrong PINs").wait_for()
                await page.clock.fast_forward(60_000 * 2 ** (tries - 5) + 1000)
        await page.locator("#told", has_text="the lists are erased").wait_for()
        (left,) = await kept(page)
        assert "Asha" not in left
        assert day.home.first not in left
        async with page.expect_download() as saved:
            await page.evaluate("async (file) => (await import(file)).exportUnsent()", asset_link("centre_file.js"))
        file = json.loads(await asyncio.to_thread((await (await saved.value).path()).read_bytes))
        await line.up()
        http, login = world.surface.http, (officer.user_name, PASSWORD)
        for _ in range(2):
            taken = await http.post("/api/open/v1/centre/files", json=file, auth=login)
            assert taken.json() == {"kept": 1, "attention": 0, "waiting": 0, "unreadable": 0}
        await sign_in(page, day, NEW_PIN)
        async with asyncio.timeout(20):
            while len(await kept(page)) > 2:  # the vault and the shift
                await page.wait_for_timeout(100)
    assert len(await day.doses()) == 1


async def district_of(world: World, day: Day) -> Place:
    place = await place_of(world.surface, day.clinic.centre)
    return Place(place.state_id, place.district_id)


async def test_a_week_without_a_line_and_a_record_that_breaks_the_platform(
    browser: Browser, world: World, day: Day
) -> None:
    """The lists go after their day, the work can go on, and a tablet whose time is over still sends."""
    first, second, third, _ = day.home.members
    async with tablet(browser, world.address) as context:
        page = await context.new_page()
        await begin(page, day)
        await page.route(RECORDS, lambda route: route.abort())
        for reference in (first, second):
            await typed(page, reference, day.codes[reference])
        await page.add_init_script("{ const now = Date.now; Date.now = () => now() + 7 * 86400000; }")
        await page.reload()
        await complete(page)
        await unlock(page)
        await page.get_by_text("This session was on").wait_for()
        assert await page.locator(".row").count() == 0, "the list is of another day"
        await typed(page, third, day.codes[third])
        await sent(page, 3)
        over = "UPDATE tablet SET expires_at = began_at WHERE centre_id = %(centre)s RETURNING 1"
        assert await day.rows(over, centre=day.clinic.centre.centre_id)

        async def break_at_second(route: Route) -> None:
            broken = second in str(route.request.post_data)
            await (route.fulfill(status=500, json={}) if broken else route.continue_())

        await page.unroute(RECORDS)
        await page.route(RECORDS, break_at_second)
        await send_now(page, left=1)
        assert len(await day.doses()) == 2
        await page.unroute(RECORDS)
        await send_now(page)
        await page.get_by_role("button", name="Sign in again").click()
        await sign_in(page, day)
        await page.click(MAIN)
        await page.locator(".row").nth(3).wait_for()
        assert await page.locator(".row .good").count() == 3
    assert len(await day.doses()) == 3


async def by_keyboard(page: Page) -> list[str]:
    """What the keyboard does not reach, from the page's beginning on; a screen begins at its heading."""
    top = "() => { document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex'); }"
    await page.evaluate(top)
    faults = await gates.keyboard(page)
    await page.evaluate(top)
    return [*faults, *await gates.skip_link(page)]


async def test_what_the_tablet_cannot_keep_is_not_said_to_be_recorded(browser: Browser, world: World, day: Day) -> None:
    """And a second tab takes the work over, so that two never hold the key."""
    async with tablet(browser, world.address) as context:
        page = await context.new_page()
        await begin(page, day)
        await page.evaluate(FULL)
        await page.fill("#reference", day.home.first)
        await page.keyboard.press("Enter")
        gates.judge(*await by_keyboard(page))
        await page.check("#without")
        await page.click(MAIN)
        await page.locator(".faults", has_text="Write it down on paper").wait_for()
        other = await context.new_page()
        await other.goto("/centre")
        await complete(other)
        await unlock(other)
        await other.locator("#reference").wait_for()
        await page.locator("h1", has_text="Tablet locked").wait_for()
        gates.judge(*await by_keyboard(other))
    assert await day.doses() == []


async def test_codes_are_read_by_the_camera_and_judged_on_the_tablet(
    browser: Browser, world: World, day: Day, tmp_path: Path
) -> None:
    """A slip leads to its person; a certificate to its holder, and an altered one to a warning."""
    seen = film(f"OCW1;{uuid4()};{day.home.first}", tmp_path / "camera.y4m")
    camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    program = find_chromium()
    assert program, MISSING
    filming = await browser.browser_type.launch(
        executable_path=program, args=[*FLAGS, *camera, f"--use-file-for-fake-video-capture={seen}"]
    )
    try:
        async with tablet(filming, world.address) as context:
            page = await context.new_page()
            await begin(page, day)
            await context.set_offline(True)
            await page.get_by_role("button", name="Scan slip or certificate").click()
            await page.locator("dd", has_text=day.home.first).wait_for()
            assert await page.locator("video").count() == 0, "the camera is off"
            async with transaction(world.surface.pool) as conn:
                issuer = await certificates.own_issuer(conn, world.surface.floor)
            text = signed(made.statement(), issuer)[certificates.Format.DIVOC]
            read = "async ([file, text]) => (await import(file)).read([text])"
            known = await page.evaluate(read, [asset_link("centre_scan.js"), text])
            assert known["certificate"]["reference"] == "12345678901234"
            told = await page.evaluate(read, [asset_link("centre_scan.js"), ALTERED[certificates.Format.DIVOC](text)])
            assert told == {"verdict": "altered"}
    finally:
        await filming.close()


async def test_every_screen_is_accessible_and_in_its_language(browser: Browser, world: World, day: Day) -> None:
    names = (*world.names, day.clinic.centre.name, "Asha Kumari", "COVISHIELD", "Covishield", "X" * 8)
    async with tablet(browser, world.address) as context:
        page = await context.new_page()
        watched, faults = watch(page, world.address), list[str]()

        async def look(where: str) -> None:
            found = [*await gates.structure(page), *await gates.scripts(page, names), *await gates.axe(page)]
            found += await gates.layout(page)
            focused = await page.evaluate("() => document.activeElement.localName")
            found += [] if focused in {"h1", "div", "button"} else [f"the focus is on {focused}"]
            await gates.resize(page, 1024)
            found += [*await gates.axe(page), *await gates.layout(page)]
            await gates.resize(page, gates.PHONE)
            faults.extend(f"{where}: {fault}" for fault in found)

        await page.goto("/centre?lang=ur")
        await complete(page)
        await sign_in(page, day, PIN)
        await look("session")
        await page.click(MAIN)
        await page.locator("#reference").wait_for()
        await look("next")
        await page.locator(".row").first.click()
        await page.click(MAIN)
        await page.locator(".faults").wait_for()
        await look("person")
        await page.check("#without")
        await page.click(MAIN)
        await page.locator(".done").wait_for()
        await page.click("main > p > button")
        await look("walk-in")
        for button, where in (("watch", "watch"), ("vials", "vials"), ("unsent", "unsent"), ("more", "more")):
            await page.click(f"#to-{button}")
            await look(where)
        await page.click("#to-watch")
        for number, where in ((0, "effect"), (1, "undo")):
            await page.locator(".cards button").nth(number).click()
            await look(where)
            await page.go_back()
        await page.click("#to-more")
        await page.locator(".doors button").nth(1).click()
        await look("close")
        faults += watched.complaints
    gates.judge(*faults)


async def test_a_browser_reads_what_the_app_is_on_a_home_screen(browser: Browser, world: World) -> None:
    """Chromium finds the manifest and nothing wrong in it, and a worker that keeps the app; a page of the site is none.

    (Its list of what speaks against installing stays empty in the lean Chromium, whatever there is.)
    """
    async with visiting(browser, world, Visitor.NOBODY) as context:
        page = await context.new_page()
        session = await context.new_cdp_session(page)
        await page.goto("/help")
        assert (await session.send("Page.getAppManifest"))["url"] == ""
        await page.goto("/centre", wait_until="load")
        assert await page.evaluate("() => navigator.serviceWorker.ready.then((one) => new URL(one.scope).pathname)")
        read = await session.send("Page.getAppManifest")
        assert read["errors"] == []
        assert [icon["sizes"] for icon in json.loads(read["data"])["icons"]] == ["any", "192x192", "512x512", "512x512"]
