"""Draws the icons of the centre app, for home screens that take no SVG: `python -m tests.browser.app_icons`.

They are drawn from icon.svg: run it when that changes, and commit what it draws.
"""

import asyncio
import io
import re
from importlib.resources import files
from pathlib import Path

from PIL import Image
from playwright.async_api import Page

from opencowin.web.centre_app.shell import ICONS
from tests.browser.chromium import chromium

SOURCE = Path(str(files("opencowin.web.pages"))) / "static" / "icon.svg"
TARGET = Path(str(files("opencowin.web.centre_app"))) / "static"
SHADES = 16
CORNERS = re.compile(r' rx="\d+"')
"""A maskable icon fills its square: the launcher cuts it to its own shape."""


async def draw(page: Page, drawing: str, side: int) -> bytes:
    """The drawing as a PNG of few shades, transparent where nothing is drawn."""
    await page.set_viewport_size({"width": side, "height": side})
    await page.set_content(f"<style>body{{margin:0}}svg{{display:block;width:{side}px}}</style>{drawing}")
    image = Image.open(io.BytesIO(await page.screenshot(omit_background=True)))
    few, packed = image.quantize(SHADES, method=Image.Quantize.FASTOCTREE), io.BytesIO()
    few.save(packed, "PNG", optimize=True)
    return packed.getvalue()


async def main() -> None:
    """Draw each of them."""
    drawing = SOURCE.read_text()
    async with chromium() as browser:
        page = await browser.new_page()
        for name, side, purpose in ICONS:
            shape = CORNERS.sub("", drawing) if purpose == "maskable" else drawing
            (TARGET / name).write_bytes(await draw(page, shape, side))


if __name__ == "__main__":
    asyncio.run(main())
