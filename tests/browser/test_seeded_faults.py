"""Can the gates fail? Each fault that has been seen on sites like this is put into a page, and a gate must see it."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Page, Route

from tests.browser import gates
from tests.browser.opening import show, visiting, watch
from tests.browser.site_map import Shown
from tests.browser.test_budgets import cost
from tests.browser.world import World

pytestmark = pytest.mark.anyio
SIGN_IN, DASHBOARD, HOME = Shown("/sign-in"), Shown("/dashboard"), Shown("/")
STATE = Shown("/dashboard?state_id={state_id}")
STYLE = "**/static/*.css*"


@dataclass(frozen=True, slots=True)
class Seed:
    """A fault: what is replaced in the page, or put at the end of the stylesheet, and what a gate then says."""

    name: str
    gate: Callable[[Page], Awaitable[list[str]]]
    says: str
    old: str = ""
    new: str = ""
    style: str = ""
    shown: Shown = SIGN_IN
    language: str = "en"


async def wide_letters_on_a_desk(page: Page) -> list[str]:
    """The layout at the width of a desk."""
    await gates.resize(page, gates.DESK)
    return await gates.layout(page)


MAIN_END = "</main>"
SEEDS = (
    Seed("an input without label", gates.axe, "label", 'for="mobile"', 'for="nothing"'),
    Seed("no lang", gates.axe, "html-has-lang", '<html lang="en" dir="ltr">', "<html>"),
    Seed("no dir", gates.structure, "direction", ' dir="ltr">', ">"),
    Seed("the wrong direction", gates.structure, "direction is not", 'dir="ltr">\n<head>', 'dir="rtl">\n<head>'),
    Seed("a pale hint", gates.axe, "color-contrast", style=".hint{color:#9aa5a1}"),
    Seed("a small target", gates.axe, "target-size", style=".foot :is(li,a){padding:0!important;font-size:8px;"
         "line-height:8px}.foot ul{gap:0!important;display:block!important}"),
    Seed("a button that only eyes find", gates.axe, "aria-hidden-focus", MAIN_END,
         '<p aria-hidden="true"><button>Go</button></p></main>'),
    Seed("a picture without words", gates.axe, "image-alt", MAIN_END, '<img src="/static/icon.svg"></main>'),
    Seed("a heading left out", gates.axe, "heading-order", MAIN_END, "<h4>More</h4></main>"),
    Seed("no heading", gates.structure, "headings of the first level", "h1>", "b>"),
    Seed("a card that is clicked", gates.keyboard, "no key reaches", MAIN_END,
         '<div class="card">Choose me</div></main>', ".card{cursor:pointer}"),
    Seed("a button made of nothing", gates.keyboard, "no key reaches", MAIN_END, '<div role="button">Go</div></main>'),
    Seed("focus not shown", gates.keyboard, "does not show", style="*:focus,*:focus-visible{outline:none!important;"
         "box-shadow:none!important}"),
    Seed("a control that Tab passes by", gates.keyboard, "another order", 'id="mobile"', 'id="mobile" tabindex="3"'),
    Seed("focus out of sight", gates.keyboard, "out of sight", style="main a{position:fixed;inset-inline-start:-90rem}",
         shown=HOME),
    Seed("no skip link", gates.skip_link, "does not reach", 'class="skip" href="#main"', 'class="skip" href="#"'),
    Seed("a skip link that is never seen", gates.skip_link, "out of sight",
         style=".skip:focus{position:absolute;inset-block-start:-10rem}"),
    Seed("Hindi on an English page", gates.scripts, "Deva", MAIN_END, "<p>टीका लगवाएँ</p></main>"),
    Seed("Hindi that is only heard", gates.scripts, "Deva in aria-label", "<main ", '<main aria-label="टीका" '),
    Seed("English on a Hindi page", gates.scripts, "Latn", MAIN_END, "<p>Choose a slot</p></main>", language="hi"),
    Seed("a fixed width", gates.reflow, "px wide", style="main{inline-size:700px}"),
    Seed("a table as wide as its words", gates.reflow, "px wide", MAIN_END,
         f"<table><tr><td>{'Thiruvananthapuram' * 3}</td></tr></table></main>", "td{overflow-wrap:normal!important}"),
    Seed("a text cut off when it grows", gates.spacing, "clips", style="button{overflow:hidden;inline-size:9.5rem;"
         "white-space:nowrap}"),
    Seed("a box of fixed height", gates.spacing, "clips", style=".hint{overflow:hidden;block-size:1.2rem}"),
    Seed("a heading over the text below", wide_letters_on_a_desk, "lies over", style="h1{margin-block-end:-2.5rem}"),
    Seed("an Urdu heading that touches the text above", wide_letters_on_a_desk, "lies over",
         style="h1{margin-block-start:-1.75rem}", shown=STATE, language="ur"),
    Seed("an age turned round among Urdu words", gates.scripts, "before the number", MAIN_END,
         "<p>کووی شیلڈ · 18+</p></main>", language="ur"),
    Seed("an age group turned round in a label", gates.scripts, "before the number", "<main ",
         '<main aria-label="12+ سال" ', language="ur"),
    Seed("a time of day torn apart", wide_letters_on_a_desk, "torn apart", MAIN_END,
         "<p>جمعرات 26 نومبر 9:00 AM – 11:00 AM</p></main>", language="ur"),
    Seed("the sign of a price after it", wide_letters_on_a_desk, "stands after its number", MAIN_END,
         "<p>جمعرات 26 نومبر · ₹780 · جگہیں</p></main>", language="ur"),
    Seed("a number over two lines", gates.reflow, "broken over two lines", style=".number{white-space:normal!important}"
         "td.number{inline-size:3rem;display:block}", shown=DASHBOARD),
    Seed("a time of day over two lines", gates.reflow, "broken over two lines", MAIN_END,
         '<p class="hint">9:00 AM</p></main>', ".hint{inline-size:3rem}", language="ta"),
    Seed("a long word out of its box", gates.reflow, "sticks out", style=".figures dt{white-space:nowrap}"
         ".figures div{max-inline-size:5rem;min-inline-size:0!important}", shown=DASHBOARD),
    Seed("letters of 5 px in a drawing", gates.graphics, "px", style=".tiles text{font-size:3px}", shown=DASHBOARD),
    Seed("white on a middling green", gates.graphics, "contrast", style=".tiles polygon{fill:#4fa594!important}"
         ".tiles text{fill:#fff!important}", shown=DASHBOARD),
    Seed("a legend without colours", gates.graphics, "nothing is seen", MAIN_END,
         '<p><i class="key"></i> Many doses</p></main>', ".key{display:inline-block;inline-size:1rem;block-size:1rem;"
         "fill:#0b4f4a}"),
    Seed("an inline script", gates.structure, "inline script", "</head>", "<script>let here = 1</script></head>"),
    Seed("an inline style", gates.structure, "style of its own", "<main ", '<main style="margin:0" '),
    Seed("an inline handler", gates.structure, "has onclick", "<main ", '<main onclick="go()" '),
)  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
async def test_the_fault_is_seen(browser: Browser, world: World, seed: Seed) -> None:
    async with visiting(browser, world, seed.shown.visitor) as context:
        page = await context.new_page()
        await sow(page, seed)
        answer = await page.goto(seed.shown.address(world.facts, seed.language))
        assert answer is not None
        assert answer.ok
        found = await seed.gate(page)
        assert any(seed.says in fault for fault in found), found


async def sow(page: Page, seed: Seed) -> None:
    """Put the fault into what the browser receives."""

    async def in_page(route: Route) -> None:
        if route.request.resource_type != "document":
            await route.continue_()
            return
        answer = await route.fetch()
        sound = await answer.text()
        assert seed.old in sound
        await route.fulfill(response=answer, body=sound.replace(seed.old, seed.new, 1 if seed.old != "h1>" else -1))

    async def in_style(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=await answer.text() + seed.style)

    if seed.old:
        await page.route(re.compile(".*"), in_page)
    if seed.style:
        await page.route(STYLE, in_style)


@pytest.mark.parametrize(
    ("seeded", "says"),
    [
        ("<script>document.title = 'ours'</script>", "Content Security Policy"),
        ('<link rel="stylesheet" href="http://127.0.0.2:9/fonts.css">', "another host"),
        ('<link rel="stylesheet" href="/static/nothing.css">', "for http"),
    ],
)
async def test_the_browsers_complaints_are_heard(browser: Browser, world: World, seeded: str, says: str) -> None:
    async with visiting(browser, world, HOME.visitor) as context:
        page = await context.new_page()
        seen = watch(page, world.address)
        await sow(page, Seed("", gates.structure, "", "</head>", f"{seeded}</head>"))
        await show(seen, HOME, world.facts, "")
        assert any(says in complaint for complaint in seen.complaints), seen.complaints


@pytest.mark.parametrize(
    ("seeded", "style", "says"),
    [
        (f"<!-- {' '.join(map(str, range(9000)))} -->", "", "bytes"),
        ("", "/* " + " ".join(map(str, range(4000))) + " */", "Stylesheet"),
        ("".join(f'<link rel="stylesheet" href="/static/site.css?{at}">' for at in range(4)), "", "requests"),
    ],
)
async def test_a_heavy_page_is_seen(browser: Browser, world: World, seeded: str, style: str, says: str) -> None:
    async with visiting(browser, world, HOME.visitor) as context:
        page = await context.new_page()
        await sow(page, Seed("", gates.structure, "", "</head>" if seeded else "", f"{seeded}</head>", style))
        found = await cost(context, page, world, HOME)
        assert any(says in fault for fault in found), found


async def test_a_page_that_answers_something_else_is_no_page(browser: Browser, world: World) -> None:
    async with visiting(browser, world, HOME.visitor) as context:
        page = await context.new_page()
        with pytest.raises(AssertionError, match="answers 404"):
            await show(watch(page, world.address), Shown("/nowhere"), world.facts, "")
        with pytest.raises(AssertionError, match="leads on to"):
            await show(watch(page, world.address), Shown("/people"), world.facts, "")
