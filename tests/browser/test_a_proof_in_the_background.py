"""Under attack a browser brings its proof of work by itself: nobody is asked anything, and the code is sent."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from playwright.async_api import Browser

from opencowin.fairness import Proofs
from opencowin.web.site import Site
from tests.browser.opening import visiting, watch
from tests.browser.world import Visitor, World
from tests.builders import mobile

pytestmark = pytest.mark.anyio


@pytest.fixture
async def under_attack(world: World) -> AsyncIterator[Proofs]:
    """All codes that are sent without a proof have been."""
    before: Site = world.app.state.site
    settings = before.floor.settings.model_copy(update={"codes_without_proof_per_minute": 1})
    proofs = Proofs(replace(before.floor, settings=settings))
    proofs.admit("")
    world.app.state.site = replace(before, proofs=proofs)
    yield proofs
    world.app.state.site = before


@pytest.mark.parametrize("scripts", [True, False])
async def test_the_code_is_sent_once_the_browser_has_worked(
    browser: Browser, world: World, under_attack: Proofs, scripts: bool
) -> None:
    async with visiting(browser, world, Visitor.NOBODY, java_script_enabled=scripts) as context:
        page = await context.new_page()
        watched = watch(page, world.address)
        await page.goto("/sign-in")
        await page.fill("#mobile", mobile())
        await page.click("main form button.main")
        if scripts:
            await page.wait_for_url("**/sign-in/code")
            assert watched.complaints == []
        else:
            await page.wait_for_selector(".faults")
            assert "Very many codes are asked for" in await page.inner_text(".faults")
