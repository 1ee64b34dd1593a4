"""Somebody rests in the middle of a form: is warned, may stay, and after a new sign-in has lost nothing."""

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser import gates
from tests.browser.opening import visiting
from tests.browser.world import Visitor, World
from tests.web.clinic import code_for

pytestmark = pytest.mark.anyio
ENDED = "opencowin.web.pages.visits.Visit.ends_at"
LEAST = 20 * 60
"""Seconds for which a visit may rest at least."""


async def test_the_end_of_a_visit_is_told_before_and_can_be_put_off(browser: Browser, world: World) -> None:
    async with visiting(browser, world, Visitor.MEMBER) as context:
        page = await context.new_page()
        await page.clock.install()
        await page.goto("/people/new?lang=ur")
        seconds = int(await page.get_attribute("#visit", "data-seconds") or 0)
        assert seconds >= LEAST
        await page.fill("#name", "Meera Nair")
        note = page.locator("#visit [role=alert]")
        await page.clock.run_for((seconds - 125) * 1000)
        await expect(note).to_be_hidden()
        for _ in range(2):
            await page.clock.run_for(10_000)
            await expect(note).to_be_visible()
            gates.judge(*await gates.axe(page), *await gates.scripts(page, world.names), *await gates.reflow(page))
            async with page.expect_response("**/visit/stay") as answer:
                await note.locator("button").click()
            assert (await answer.value).status == 204
            await expect(note).to_be_hidden()
            await page.clock.run_for((seconds - 125) * 1000)
            await expect(note).to_be_hidden()
        assert await page.input_value("#name") == "Meera Nair"


async def test_a_half_filled_form_and_a_chosen_slot_outlast_the_visit(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = ""
    for visitor in (Visitor.MEMBER, Visitor.CHOOSING):
        async with visiting(browser, world, visitor, java_script_enabled=False) as context:
            page = await context.new_page()
            await page.goto("/people/new?to=/book/who" if visitor is Visitor.MEMBER else "/book/who")
            if visitor is Visitor.MEMBER:
                await page.fill("#name", "Meera Nair")
                await page.fill("#birth_year", "1988")
            else:
                await page.check(f"input[name=who][value='{world.facts['reference_id']}']")
            with monkeypatch.context() as rested:
                rested.setattr(ENDED, lambda *_: 0)
                await page.evaluate("() => { for (const form of document.forms) form.noValidate = true; }")
                await page.click("main form button.main")
                await page.wait_for_url("**/sign-in")
            assert "What you typed is kept" in await page.inner_text("main")
            code = await signs_in_again(page, world, code)
            if visitor is Visitor.MEMBER:
                assert await page.input_value("#name") == "Meera Nair"
                assert await page.input_value("#birth_year") == "1988"
            else:
                assert "/book/who" in page.url
                assert "The slot is held for you until" in await page.inner_text("main")
                assert await page.is_checked(f"input[name=who][value='{world.facts['reference_id']}']")


async def signs_in_again(page: Page, world: World, before: str) -> str:
    """Number and code once more; the code."""
    await page.fill("#mobile", world.home.mobile)
    await page.click("main form button.main")
    code = await code_for(world.surface, world.home.mobile, after=before)
    await page.fill("#code", code)
    await page.click("main form button.main")
    await page.wait_for_load_state()
    return code
