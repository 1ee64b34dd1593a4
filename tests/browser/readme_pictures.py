"""Takes the README's pictures of the pages: `make pictures HISTORY=FILE`, where FILE is a published daily series."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser

from opencowin import reports
from opencowin.kit.db import transaction
from tests.browser import gates
from tests.browser.opening import visiting
from tests.browser.world import Visitor, World

pytestmark = pytest.mark.anyio
FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
HISTORY = "OPENCOWIN_PICTURED_HISTORY"
PANEL, GAP, HIGHEST, COLOURS = 270, 9, 825, 64
BEHIND = "#8c9793"
SEARCH = (
    (Visitor.NOBODY, "/find"),
    (Visitor.NOBODY, "/find?district_id={busy_district_id}"),
    (Visitor.NOBODY, "/slots/{session_id}"),
)
BOOKING = (
    (Visitor.SENT_CODE, "/sign-in/code?lang=hi"),
    (Visitor.CHECKING, "/book/check?lang=hi"),
    (Visitor.MEMBER, "/appointments/{booking_id}?done=1&lang=hi"),
)


@pytest.mark.parametrize(("name", "steps"), [("search", SEARCH), ("booking", BOOKING)])
async def test_steps_side_by_side(
    browser: Browser, world: World, name: str, steps: tuple[tuple[Visitor, str], ...]
) -> None:
    taken = [await pictured(browser, world, visitor, path.format(**world.facts)) for visitor, path in steps]
    panels = [one.resize((PANEL, one.height * PANEL // one.width)) for one in taken]
    height = min(HIGHEST, max(one.height for one in panels))
    sheet = Image.new("RGB", ((PANEL + GAP) * len(panels) - GAP, height), BEHIND)
    for at, one in enumerate(panels):
        sheet.paste(one, (at * (PANEL + GAP), 0))
    keep(sheet, name)


async def test_the_dashboard_of_a_real_campaign(browser: Browser, world: World) -> None:
    if not os.environ.get(HISTORY):
        pytest.skip("no published series is named: make pictures HISTORY=FILE")
    async with transaction(world.surface.pool) as conn:
        layout = reports.layout_called(world.surface.floor.pack, "statewise")
        read = reports.read_history(published_lines(), layout, await reports.known_states(conn))
        await reports.import_history(conn, world.surface.floor.clock, layout, read)
    whole = await pictured(browser, world, Visitor.NOBODY, "/dashboard/history?series=statewise", gates.DESK)
    keep(whole.crop((0, 0, gates.DESK, min(whole.height, 1000))), "dashboard")


def published_lines() -> list[str]:
    """The published series, line by line."""
    return Path(os.environ[HISTORY]).read_text("utf-8-sig").splitlines()


async def pictured(
    browser: Browser, world: World, visitor: Visitor, path: str, width: int = gates.PHONE
) -> Image.Image:
    """The whole page."""
    async with visiting(browser, world, visitor) as context:
        page = await context.new_page()
        await gates.resize(page, width)
        await page.goto(path)
        return Image.open(io.BytesIO(await page.screenshot(full_page=True))).convert("RGB")


def keep(picture: Image.Image, name: str) -> None:
    """Write it small: few colours are enough for flat pages."""
    picture.quantize(COLOURS).save(FOLDER / f"{name}.png", optimize=True)
