"""A worker sets up a passkey in a real browser, signs in with it, and begins a tablet with a code from the paper."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from playwright.async_api import Browser, CDPSession, Page

from opencowin import identity
from opencowin.identity import Role
from opencowin.kit.db import make_pool, transaction
from opencowin.kit.floor import Floor
from tests.browser import gates
from tests.browser.world import serving
from tests.builders import TEST
from tests.surface import Surface, free_port
from tests.web.clinic import open_clinic
from tests.web.desks import PASSWORD, appoint, place_of

pytestmark = pytest.mark.anyio
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass(frozen=True, slots=True)
class Site:
    """A deployment that asks for a second factor, at an address that passkeys are made for."""

    surface: Surface
    address: str


@pytest.fixture
async def site(floor: Floor, database: str) -> AsyncIterator[Site]:
    port = free_port()
    address = f"http://localhost:{port}"
    settings = floor.settings.model_copy(update={"public_url": address, "second_factor": True})
    strict = replace(floor, settings=settings)
    async with make_pool(database, size=10) as pool, serving(strict, pool, database, port) as (_, surface, _):
        yield Site(surface, address)


async def test_a_worker_proves_twice(browser: Browser, site: Site) -> None:
    clinic = await open_clinic(site.surface)
    worker = await appoint(site.surface, Role.VACCINATOR, await place_of(site.surface, clinic.centre))
    context = await browser.new_context(base_url=site.address, viewport={"width": gates.PHONE, "height": gates.HEIGHT})
    context.set_default_timeout(10_000)
    page = await context.new_page()
    authenticator = await context.new_cdp_session(page)
    key = await given_a_telephone_with_passkeys(authenticator)
    async with transaction(site.surface.pool) as conn:
        paper = await identity.allow_enrolment(conn, site.surface.floor, TEST, worker.staff_id)
    codes = await when_she_sets_up_a_passkey(page, worker.user_name, paper)
    await then_the_passkey_opens_the_console(page, worker.user_name)
    await but_without_the_telephone_only_a_code_does(page, authenticator, key, worker.user_name, codes[0])
    await and_a_tablet_asks_for_a_code_too(page, worker.user_name, codes[1])
    await context.close()


async def given_a_telephone_with_passkeys(authenticator: CDPSession) -> str:
    await authenticator.send("WebAuthn.enable")
    made = await authenticator.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    return str(made["authenticatorId"])


async def when_she_sets_up_a_passkey(page: Page, user_name: str, paper: str) -> list[str]:
    await sign_in(page, user_name)
    assert page.url.endswith("/console/account")
    await page.get_by_role("link", name="Add a passkey").click()
    gates.judge(*await gates.axe(page), *await gates.structure(page), *await gates.reflow(page))
    await page.fill("#name", "My telephone")
    assert await page.locator("#password").count() == 0
    for code in ("aaaaa-aaaaa", paper):
        await page.fill("#enrolment", code)
        await page.click("#passkey button.main")
        if code != paper:
            await page.wait_for_selector(".faults:visible")
            assert "not your enrolment code" in await page.inner_text("main")
    await page.wait_for_selector(".codes")
    codes = await page.locator(".codes li").all_inner_texts()
    assert len(set(codes)) == 10
    await page.click("a.main")
    assert page.url.endswith("/console")
    return codes


async def then_the_passkey_opens_the_console(page: Page, user_name: str) -> None:
    await sign_out(page)
    await sign_in(page, user_name)
    assert page.url.endswith("/console/sign-in/second")
    gates.judge(*await gates.axe(page), *await gates.structure(page), *await gates.reflow(page))
    await page.click("#passkey button.main")
    await page.wait_for_url("**/console")
    await page.goto("/console/account")
    assert "My telephone" in await page.inner_text("main")


async def but_without_the_telephone_only_a_code_does(
    page: Page, authenticator: CDPSession, key: str, user_name: str, code: str
) -> None:
    await sign_out(page)
    await authenticator.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key})
    other = await given_a_telephone_with_passkeys(authenticator)
    await sign_in(page, user_name)
    await page.click("#passkey button.main")
    await page.wait_for_selector("#passkey-failed:visible")
    assert page.url.endswith("/console/sign-in/second")
    await authenticator.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": other})
    await page.fill("#code", code)
    await page.click("form:not(#passkey) button.main")
    await page.wait_for_url("**/console")


async def and_a_tablet_asks_for_a_code_too(page: Page, user_name: str, code: str) -> None:
    await page.goto("/centre")
    await page.fill("#name", user_name)
    await page.fill("#password", PASSWORD)
    await page.click("button.main")
    await page.wait_for_selector("#code")
    await page.click("button.main")
    await page.wait_for_selector(".faults")
    await page.fill("#code", code)
    await page.click("button.main")
    await page.wait_for_selector("#pin")


async def sign_in(page: Page, user_name: str) -> None:
    await page.goto("/console")
    await page.fill("#user_name", user_name)
    await page.fill("#password", PASSWORD)
    await page.click("button.main")


async def sign_out(page: Page) -> None:
    await page.click(".at-work button")
