"""A mother books for herself and her father by keyboard alone, without scripts; moves the appointment; cancels it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page

from tests.browser.opening import visiting, watch
from tests.browser.world import Visitor, World
from tests.builders import mobile, pan
from tests.web.clinic import code_for

pytestmark = pytest.mark.anyio
STOPS = 150
"""Tab stops after which something is not on the page."""
PAN = "6"
NOON, EVENING = "11:00AM-01:00PM", "10:00PM-11:30PM"


@dataclass(slots=True)
class Keyboard:
    """Somebody who has no mouse, in front of a page in a language."""

    page: Page
    language: str
    pages: int = 0

    async def go_to(self, selector: str) -> None:
        """Press Tab until this has the focus."""
        for _ in range(STOPS):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
                return
        raise AssertionError(f"no Tab reaches {selector} on {self.page.url}")

    async def follow(self, selector: str, key: str = "Enter") -> None:
        """Go to a link or button and press it; the next page is there, in the same language."""
        await self.go_to(selector)
        async with self.page.expect_navigation():
            await self.page.keyboard.press(key)
        self.pages += 1
        assert await self.page.get_attribute("html", "lang") == self.language, self.page.url
        assert await self.page.locator("h1").count() == 1

    async def write(self, selector: str, text: str) -> None:
        """Fill a field."""
        await self.go_to(selector)
        await self.page.keyboard.type(text)

    async def tick(self, selector: str) -> None:
        """Choose an option with the space bar."""
        await self.go_to(selector)
        await self.page.keyboard.press("Space")

    async def pick(self, selector: str, value: str) -> None:
        """Choose from a list with the arrows."""
        await self.go_to(selector)
        for _ in range(40):
            if await self.page.locator(selector).input_value() == value:
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{selector} does not offer {value}")

    async def choose_radio(self, name: str, value: str) -> None:
        """Go to a group of radio buttons and along it."""
        await self.go_to(f"input[name={name}]")
        await self.page.keyboard.press("Space")
        for _ in range(10):
            if await self.page.locator(f"input[name={name}]:checked").input_value() == value:
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{name} does not offer {value}")


@pytest.fixture(params=["en", "ur"])
async def keyboard(browser: Browser, world: World, request: pytest.FixtureRequest) -> AsyncIterator[Keyboard]:
    """The home page in a browser that runs no scripts."""
    async with visiting(browser, world, Visitor.NOBODY, java_script_enabled=False) as context:
        page = await context.new_page()
        seen = watch(page, world.address)
        await page.goto(f"/?lang={request.param}")
        yield Keyboard(page, request.param)
        assert seen.complaints == []


async def test_a_family_books_moves_and_cancels_by_keyboard_without_scripts(keyboard: Keyboard, world: World) -> None:
    number = mobile()
    await finds_a_slot(keyboard, world)
    await signs_in(keyboard, world, number)
    await registers(keyboard, "Meena Devi", "1988")
    await keyboard.follow("main a[href*='/people/new']")
    await registers(keyboard, "Ram Prasad", "1951")
    await books_for_both(keyboard)
    assert keyboard.pages <= 11
    await moves_to_the_evening(keyboard, world)
    await cancels_for_both(keyboard)


async def finds_a_slot(keyboard: Keyboard, world: World) -> None:
    await keyboard.follow("main a[href^='/find'], header a[href^='/find']")
    await keyboard.write("#pin", world.facts["pin"])
    await keyboard.follow("main button")
    await keyboard.follow(f"a[href*='/slots/{world.clinic.tomorrow}']")
    await keyboard.pick("#people", "2")
    await keyboard.choose_radio("slot", NOON)
    await keyboard.follow("main button")


async def signs_in(keyboard: Keyboard, world: World, number: str) -> None:
    await keyboard.write("#mobile", number)
    await keyboard.follow("main button")
    code = await code_for(world.surface, number)
    await keyboard.write("#code", code)
    await keyboard.follow("main button")


async def registers(keyboard: Keyboard, name: str, year: str) -> None:
    await keyboard.write("#name", name)
    await keyboard.write("#birth_year", year)
    await keyboard.choose_radio("gender", "2")
    await keyboard.pick("#document", PAN)
    await keyboard.write("#number", pan())
    await keyboard.tick("input[name=consent]")
    await keyboard.follow("main button")


async def books_for_both(keyboard: Keyboard) -> None:
    assert await keyboard.page.locator("input[name=who]:checked").count() == 2
    await keyboard.follow("button.main")
    await keyboard.follow("button.main")
    assert "/appointments/" in keyboard.page.url
    slip = await keyboard.page.inner_text("main")
    assert "Meena Devi" in slip
    assert "Ram Prasad" in slip
    assert await keyboard.page.locator("main svg").count() >= 1
    codes = await keyboard.page.locator("td.code b").all_inner_texts()
    assert len(codes) == 2
    assert all(len(code) == 4 for code in codes)


async def moves_to_the_evening(keyboard: Keyboard, world: World) -> None:
    before = await keyboard.page.inner_text("main dl")
    await keyboard.follow("main a[href*='/move']")
    await keyboard.follow(f"a[href*='/slots/{world.clinic.tomorrow}']")
    await keyboard.choose_radio("slot", EVENING)
    await keyboard.follow("button.main")
    await keyboard.follow("button.main")
    after = await keyboard.page.inner_text("main dl")
    assert before != after
    assert "10:00" in after


async def cancels_for_both(keyboard: Keyboard) -> None:
    await keyboard.follow("main a[href*='/cancel']")
    assert await keyboard.page.locator("input[name=who]:checked").count() == 2
    await keyboard.follow("button.main")
    assert "done=cancelled" in keyboard.page.url
    assert await keyboard.page.locator("main a[href*='/appointments/']").count() == 0
