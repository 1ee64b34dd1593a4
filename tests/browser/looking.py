"""Looks at one page with all gates: in three languages, from phone to desk, strict about what it runs."""

from playwright.async_api import Browser, Page

from tests.browser import gates
from tests.browser.opening import show, visiting, watch
from tests.browser.site_map import Shown
from tests.browser.world import World

LANGUAGES = ("en", "hi", "ur")
EMBEDDED = "/verify/embed"
ALLOWED = {"'none'", "'self'", "'wasm-unsafe-eval'", "blob:", "data:", "mediastream:"}


async def whole(browser: Browser, world: World, shown: Shown) -> None:
    """Accessible, in its language, whole, strict about what it runs; or all that is wrong with it."""
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
    faults += [f"with wider spacing: {fault}" for fault in await gates.spacing(page)]
    faults += [f"at 320 px: {fault}" for fault in await gates.reflow(page)]
    await gates.resize(page, gates.DESK)
    on_desk = [*await gates.axe(page), *await gates.graphics(page), *await gates.layout(page)]
    return [*faults, *(f"at {gates.DESK} px: {fault}" for fault in on_desk)]


def policy(headers: dict[str, str], shown: Shown) -> list[str]:
    """What the Content-Security-Policy allows beyond our own files, and beyond frames for the page that is for them."""
    given = headers.get("content-security-policy", "")
    if not given.startswith("default-src 'none'"):
        return [f"the policy does not begin with nothing: {given}"]
    words = {word for part in given.split(";") for word in part.split()[1:]}
    allowed = ALLOWED | {"*"} if shown.path == EMBEDDED else ALLOWED
    return [f"the policy allows {word}" for word in sorted(words - allowed)]
