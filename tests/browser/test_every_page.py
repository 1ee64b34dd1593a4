"""Every page, in three languages, from phone to desk: accessible, in its language, whole, strict about what it runs.

Those of the console are in `test_every_console_page`, so that two processes share the work.
"""

import pytest
from fastapi.routing import APIRoute
from playwright.async_api import Browser

from opencowin.kit.floor import Floor
from opencowin.web.app import build_app
from tests.architecture.test_routes import NOT_OURS, routes
from tests.browser.looking import whole
from tests.browser.opening import visiting
from tests.browser.site_map import FILE, PASSAGES, Shown, everywhere, page_routes, unseen
from tests.browser.world import Visitor, World

pytestmark = pytest.mark.anyio


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


@pytest.mark.parametrize("shown", [one for one in everywhere() if not one.at_console], ids=lambda shown: shown.name)
async def test_a_page(browser: Browser, world: World, shown: Shown) -> None:
    await whole(browser, world, shown)


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
