"""Finds Chromium, and installs it where that is in our power: `python -m tests.browser.chromium`."""

import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

LEAN = "chromium-headless-shell"
"""Chromium without what draws windows: it opens a page in half the time."""
NAMES = (LEAN, "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
INSTALL = f"apt-get install --no-install-recommends {LEAN}"
MISSING = f"No Chromium here, which the tests of the pages need: {INSTALL}"
FLAGS = ["--disable-dev-shm-usage", "--font-render-hinting=none", "--disable-features=Translate"]


def find_chromium() -> str | None:
    """The program, or None."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A running Chromium without windows."""
    program = find_chromium()
    assert program, MISSING
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


def main() -> None:
    """See to it that there is a Chromium, or say how to get one."""
    if shutil.which(LEAN):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "update", "-qq"], check=False, env=quiet)
        subprocess.run([*INSTALL.split(), "-y", "-qq"], check=False, env=quiet, stdout=subprocess.DEVNULL)
    if not find_chromium():
        sys.stderr.write(f"{MISSING}\n")


if __name__ == "__main__":
    main()
