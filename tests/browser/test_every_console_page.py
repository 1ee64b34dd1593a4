"""Every page of the console, as `test_every_page` looks at the others."""

import pytest
from playwright.async_api import Browser

from tests.browser.looking import whole
from tests.browser.site_map import Shown, everywhere
from tests.browser.world import World

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("shown", [one for one in everywhere() if one.at_console], ids=lambda shown: shown.name)
async def test_a_page(browser: Browser, world: World, shown: Shown) -> None:
    await whole(browser, world, shown)
