"""Opens a page of the site as a browser does, and keeps what the browser complained about."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from tests.browser.gates import HEIGHT, PHONE
from tests.browser.site_map import Shown
from tests.browser.world import Visitor, World

THE_SITES_TIME = """(() => {
    const Here = Date;
    window.Date = class extends Here {
        constructor(...given) { given.length ? super(...given) : super(Date.now()); }
        static now() { return Here.now() + %d; }
    };
})();"""
MAIN_BUTTON = "main form button.main"


@dataclass(slots=True)
class Opened:
    """A page in the browser."""

    page: Page
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    """What the browser refused, could not load, or loaded from elsewhere."""


@asynccontextmanager
async def visiting(browser: Browser, world: World, visitor: Visitor, **options: Any) -> AsyncIterator[BrowserContext]:
    """A browser's profile at a stage of a visit."""
    settings = {"viewport": {"width": PHONE, "height": HEIGHT}, "base_url": world.address, **options}
    context = await browser.new_context(**settings)
    context.set_default_timeout(20_000)
    try:
        if visitor is not Visitor.NOBODY:
            await context.add_cookies(world.cookies(visitor))  # type: ignore[arg-type]  # dicts are what it takes
        yield context
    finally:
        await context.close()


@asynccontextmanager
async def opened(
    browser: Browser, world: World, shown: Shown, language: str = "", **options: Any
) -> AsyncIterator[Opened]:
    """The page, loaded, in a profile of its own; its status and its language are what they should be."""
    async with visiting(browser, world, shown.visitor, **options) as context:
        page = await context.new_page()
        watched = watch(page, world.address)
        await show(watched, shown, world.facts, language)
        yield watched


def watch(page: Page, address: str) -> Opened:
    """Note from now on what goes wrong in the page."""
    seen = Opened(page)

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "status of 4" not in message.text:
            seen.complaints.append(message.text)

    def ask(request: Request) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            seen.complaints.append(f"asks another host for {request.url}")

    def answer(response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            seen.complaints.append(f"{response.status} for {response.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("request", ask)
    page.on("response", answer)
    return seen


async def set_watch(page: Page, world: World) -> None:
    """From the next page on, this device goes by the clock of the site, which may be a day and more ahead."""
    ahead = world.surface.floor.clock.now() - datetime.now(UTC)
    await page.add_init_script(THE_SITES_TIME % (ahead.total_seconds() * 1000))


async def complete(page: Page) -> None:
    """Wait until the page's own script says that it has done what it does by itself."""
    await page.wait_for_selector("html[data-complete]", state="attached")


async def _fill(page: Page, name: str, value: str) -> None:
    """Fill a field as its kind is filled: type, choose, or tick."""
    kind = await page.locator(name).evaluate("field => field.type")
    if kind in {"checkbox", "radio"}:
        await page.check(name)
    elif kind == "select-one":
        await page.select_option(name, value)
    else:
        await page.fill(name, value)


async def show(watched: Opened, shown: Shown, facts: dict[str, str], language: str) -> None:
    """Go to the page; send its form where that is asked."""
    page = watched.page
    answer = await page.goto(shown.address(facts, language))
    if shown.sends is not None:
        for name, value in shown.sends.items():
            await _fill(page, name, value)
        await page.evaluate("() => { for (const form of document.forms) form.noValidate = true; }")
        async with page.expect_navigation() as sent:
            await page.click(MAIN_BUTTON)
        answer = await sent.value
    assert answer is not None
    watched.status, watched.headers = answer.status, answer.headers
    assert answer.status == shown.status, f"{page.url} answers {answer.status}"
    if shown.sends is None:
        wanted = shown.address(facts, language)
        assert page.url.endswith(wanted), f"{wanted} leads on to {page.url}: name it in the site map as it is reached"
    if shown.scripted:
        await complete(page)
    if language:
        assert await page.get_attribute("html", "lang") == language
