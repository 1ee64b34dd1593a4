"""Every page, in three languages, from phone to desk: accessible, in its language, whole, strict about what it runs."""

import pytest
from fastapi.routing import APIRoute
from playwright.async_api import Browser, Page

from opencowin.kit.floor import Floor
from opencowin.web.app import build_app
from tests.architecture.test_routes import NOT_OURS, routes
from tests.browser import gates
from tests.browser.opening import show, visiting, watch
from tests.browser.site_map import FILE, PASSAGES, Shown, everywhere, page_routes, unseen
from tests.browser.world import Visitor, World

pytestmark = pytest.mark.anyio
LANGUAGES = ("en", "hi", "ur")
EMBEDDED = "/verify/embed"
ALLOWED = {"'none'", "'self'", "'wasm-unsafe-eval'", "blob:", "data:", "mediastream:"}


def test_no_page_escapes(floor: Floor) -> None:
    """Whatever is not described with the API is a file or a page of the table."""
    app = build_app(floor, "")
    described = tuple(app.openapi()["paths"])
    pages = {route.path for route in page_routes()}
    for route in routes(app):
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
            of_programs = any(path.endswith(route.path) for path in described) or route.path.startswith(NOT_OURS)
            assert of_programs or route.path in PASSAGES or FILE.search(route.path) or route.path in pages, (
                f"{route.path} is no page of the table"
            )
    assert unseen() == [], "say in the site map with what address these are seen"


@pytest.mark.parametrize("shown", everywhere(), ids=lambda shown: shown.name)
async def test_a_page(browser: Browser, world: World, shown: Shown) -> None:
    faults: list[str] = []
    names = await world.every_name()
    async with visiting(browser, world, shown.visitor) as context:
        seen = watch(await context.new_page(), world.address)
        for language in LANGUAGES:
            seen.complaints.clear()
            await show(seen, shown, world.facts, language)
            found = [*await looked_at(seen.page, names), *seen.complaints, *policy(seen.headers, shown)]
            faults += [f"{language}: {fault}" for fault in found]
    gates.judge(*faults)


async def looked_at(page: Page, names: tuple[str, ...]) -> list[str]:
    """What all gates say of the page, on a phone, on a desk, at 320 px and with wider spacing of text."""
    await gates.resize(page, gates.PHONE)
    faults = [*await gates.structure(page), *await gates.scripts(page, names)]
    faults += [*await gates.axe(page), *await gates.graphics(page)]
    faults += [f"at 320 px: {fault}" for fault in await gates.reflow(page)]
    faults += [f"with wider spacing: {fault}" for fault in await gates.spacing(page)]
    await gates.resize(page, gates.DESK)
    on_desk = [*await gates.axe(page), *await gates.graphics(page), *await gates.layout(page)]
    return [*faults, *(f"at {gates.DESK} px: {fault}" for fault in on_desk)]


async def test_the_way_to_the_main_pages_takes_one_row_of_a_phone_in_every_language(
    browser: Browser, world: World
) -> None:
    async with visiting(browser, world, Visitor.NOBODY) as context:
        page = await context.new_page()
        await page.goto("/help")
        languages = await page.locator(".languages a").evaluate_all("links => links.map((link) => link.lang)")
        assert len(languages) == 13
        for language in languages:
            await page.goto(f"/help?lang={language}")
            tops = await page.locator("header nav a").evaluate_all(
                "links => links.map((link) => Math.round(link.getBoundingClientRect().top))"
            )
            assert len(set(tops)) == 1, (language, tops)


def policy(headers: dict[str, str], shown: Shown) -> list[str]:
    """What the Content-Security-Policy allows beyond our own files, and beyond frames for the page that is for them."""
    given = headers.get("content-security-policy", "")
    if not given.startswith("default-src 'none'"):
        return [f"the policy does not begin with nothing: {given}"]
    words = {word for part in given.split(";") for word in part.split()[1:]}
    allowed = ALLOWED | {"*"} if shown.path == EMBEDDED else ALLOWED
    return [f"the policy allows {word}" for word in sorted(words - allowed)]
