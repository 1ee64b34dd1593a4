"""Takes a picture of every page in four languages on a phone and on a desk: `make pictures`, then look at them."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser import gates
from tests.browser.opening import show, visiting, watch
from tests.browser.site_map import Shown, everywhere
from tests.browser.world import World

pytestmark = pytest.mark.anyio
LANGUAGES = ("en", "hi", "ta", "ur")
WIDTHS = (gates.PHONE, gates.DESK)
FOLDER = Path(__file__).parents[2] / "var" / "pictures"
SHEET = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Every page</title><style>
body{{font:1rem/1.5 system-ui;margin:1rem}} figure{{display:inline-block;margin:.25rem;vertical-align:top}}
img{{border:1px solid #999;height:24rem;display:block}} figcaption{{font-size:.8rem}}</style>
<h1>Every page</h1>{rows}</html>"""


@pytest.fixture(scope="module", autouse=True)
def _sheet() -> Iterator[None]:
    """An empty folder before, and a sheet of all pictures after."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    yield
    (FOLDER / "index.html").write_text(SHEET.format(rows="".join(_rows())), "utf-8")


def _rows() -> Iterator[str]:
    for shown in everywhere():
        yield f"<h2>{html.escape(shown.name)}</h2>"
        for width in WIDTHS:
            for language in LANGUAGES:
                name = picture(shown, language, width).name
                if (FOLDER / name).exists():
                    link = f'<a href="{name}"><img src="{name}" alt="" loading="lazy"></a>'
                    yield f"<figure>{link}<figcaption>{language}, {width} px</figcaption></figure>"


def picture(shown: Shown, language: str, width: int) -> Path:
    """The file of a picture."""
    stage = "" if shown.visitor.value == "nobody" else f" {shown.visitor.value}"
    words = re.sub(r"[^a-z0-9]+", "-", f"{shown.name}{stage}".lower()).strip("-") or "home"
    return FOLDER / f"{words}-{language}-{width}.png"


@pytest.mark.parametrize("shown", everywhere(), ids=lambda shown: shown.name)
async def test_picture(browser: Browser, world: World, shown: Shown) -> None:
    async with visiting(browser, world, shown.visitor) as context:
        for language in LANGUAGES:
            page = await context.new_page()
            await show(watch(page, world.address), shown, world.facts, "" if language == "en" else language)
            for width in WIDTHS:
                await gates.resize(page, width)
                await page.screenshot(path=picture(shown, language, width), full_page=True)
            await page.close()
