"""Every page by keyboard alone: all controls, in order, visibly, and out again."""

import pytest
from playwright.async_api import Browser

from tests.browser import gates
from tests.browser.opening import opened
from tests.browser.site_map import Shown, everywhere
from tests.browser.world import World

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("shown", everywhere(), ids=lambda shown: shown.name)
async def test_the_keyboard_suffices(browser: Browser, world: World, shown: Shown) -> None:
    async with opened(browser, world, shown) as seen:
        gates.judge(*await gates.keyboard(seen.page), *await gates.skip_link(seen.page))


async def test_the_keyboard_suffices_from_right_to_left(browser: Browser, world: World) -> None:
    async with opened(browser, world, Shown("/find"), "ur") as seen:
        gates.judge(*await gates.keyboard(seen.page), *await gates.skip_link(seen.page))
