"""A woman without a phone signs in with her national ID in a real browser, and registers with it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from joserfc.jwk import ECKey
from playwright.async_api import Browser, Page, Route

from opencowin import registry
from opencowin.kit.db import fetch_all, make_pool, transaction
from opencowin.kit.floor import Floor
from opencowin.registry import Person
from tests.browser.world import serving
from tests.builders import TEST, pan
from tests.provider import providing
from tests.provider.deployment import clients, trusting
from tests.surface import Surface, free_port

pytestmark = pytest.mark.anyio
NUMBER = pan()
HER = {
    "name": "Kamla Bai",
    "birthdate": "1961-03-09",
    "gender": "Female",
    "individual_id": NUMBER,
}


@dataclass(frozen=True, slots=True)
class Site:
    """A deployment that trusts a provider, both at addresses of this machine."""

    surface: Surface
    address: str
    issuer: str


@pytest.fixture
async def site(floor: Floor, database: str, tmp_path: Path) -> AsyncIterator[Site]:
    port, key = free_port(), ECKey.generate_key("P-256", {"kid": "ours"})
    address = f"http://127.0.0.1:{port}"
    with providing(clients(key, address), {"kamla": HER}, free_port()) as provider:
        there = trusting(floor, tmp_path, key, issuer=provider.issuer, address=address)
        async with make_pool(database, size=10) as pool, serving(there, pool, database, port) as (_, surface, _):
            yield Site(surface, address, provider.issuer)


@pytest.fixture
async def page(browser: Browser, site: Site) -> AsyncIterator[Page]:
    """A browser without scripts, which reaches these two addresses and no other."""
    context = await browser.new_context(base_url=site.address, java_script_enabled=False)
    context.set_default_timeout(10_000)

    async def only_here(route: Route) -> None:
        here = route.request.url.startswith((site.address, site.issuer))
        await (route.continue_() if here else route.abort())

    await context.route("**", only_here)
    yield await context.new_page()
    await context.close()


async def test_a_woman_without_a_phone_registers_with_her_national_id(page: Page, site: Site) -> None:
    await given_she_asks_for_her_people(page)
    await when_she_signs_in_at_the_provider(page, site)
    await then_the_form_knows_her(page, site)
    await when_she_agrees_and_sends_it(page)
    await then_she_is_registered_with_her_id_attached(page, site)
    await when_she_signs_out_and_comes_back(page, site)


async def given_she_asks_for_her_people(page: Page) -> None:
    await page.goto("/people/new")
    assert page.url.endswith("/sign-in")
    assert await page.locator("#mobile").count() == 1


async def when_she_signs_in_at_the_provider(page: Page, site: Site) -> None:
    await page.click("a[href='/sign-in/with/citizen']")
    assert page.url.startswith(site.issuer)
    await page.fill("input[name=login]", "kamla")
    await page.fill("input[name=password]", "a password")
    await page.click("button[type=submit]")
    if page.url.startswith(site.issuer):
        await page.click("button[type=submit]")


async def then_the_form_knows_her(page: Page, site: Site) -> None:
    assert page.url == f"{site.address}/people/new"
    assert await page.input_value("#name") == "Kamla Bai"
    assert await page.input_value("#birth_year") == "1961"
    assert await page.locator("input[name=gender]:checked").input_value() == "2"
    shown = await page.inner_text("#number")
    assert f"XXXXXX{NUMBER[-4:]}" in shown
    assert "Confirmed by Citizen ID" in shown


async def when_she_agrees_and_sends_it(page: Page) -> None:
    await page.check("input[name=consent]")
    await page.click("main button.main")


async def then_she_is_registered_with_her_id_attached(page: Page, site: Site) -> None:
    assert "The person is registered." in await page.inner_text("main")
    assert "Confirmed by Citizen ID" in await page.inner_text("article")
    async with transaction(site.surface.pool) as conn:
        (person,) = await fetch_all(conn, Person, "SELECT account_id, beneficiary_id FROM beneficiary")
        known = await registry.read_person(conn, site.surface.floor, TEST, person, "test")
    assert (known.name, known.document_type_id, known.document_masked) == ("Kamla Bai", 6, f"XXXXXX{NUMBER[-4:]}")
    assert known.document_confirmed_by == "citizen"
    assert known.birth_date is not None
    assert known.birth_date.isoformat() == "1961-03-09"


async def when_she_signs_out_and_comes_back(page: Page, site: Site) -> None:
    await page.click("#visit button")
    await page.goto("/people")
    assert page.url.endswith("/sign-in")
    await when_she_signs_in_at_the_provider(page, site)
    assert page.url == f"{site.address}/people"
    assert "Kamla Bai" in await page.inner_text("article")
