"""The site in a process of its own, which can be killed with -9, and is soon there again."""

import asyncio
import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx

from opencowin.kit.clock import Clock
from opencowin.kit.floor import Floor, build_floor
from opencowin.kit.settings import Settings
from opencowin.serving.port import listening
from opencowin.serving.webserver import WebServer
from opencowin.web.app import build_app
from tests.surface import until_up

FORKER = multiprocessing.get_context("forkserver")
FORKER.set_forkserver_preload([__name__, "tests.browser.prepared"])
"""Has the platform loaded once, and never serves itself."""


class Apart:
    """The site of a floor at an address: up until it is killed, and up again."""

    def __init__(self, floor: Floor, dsn: str, port: int) -> None:
        ahead = floor.clock.now() - datetime.now(UTC)
        self._told = (dsn, port, floor.settings.data_dir, ahead)
        self.address = f"http://127.0.0.1:{port}"
        self._process: ForkServerProcess | None = None

    async def up(self) -> None:
        """Start it, and wait until it answers."""
        self._process = FORKER.Process(target=_serve_quietly, args=self._told, daemon=True)
        await asyncio.to_thread(self._process.start)
        async with httpx.AsyncClient(base_url=self.address) as http:
            await until_up(http, lambda: self._process is not None and self._process.is_alive())

    def kill(self) -> None:
        """SIGKILL: nothing of the process is asked, told or finished."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None


@contextmanager
def apart(floor: Floor, dsn: str, port: int) -> Iterator[Apart]:
    """The site, not up yet; killed at the end in any case."""
    site = Apart(floor, dsn, port)
    try:
        yield site
    finally:
        site.kill()


def _serve_quietly(dsn: str, port: int, folder: Path, ahead: timedelta) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    asyncio.run(_serve(dsn, port, folder, ahead))


async def _serve(dsn: str, port: int, folder: Path, ahead: timedelta) -> None:
    """Serve as the tests' own floor does: demo, its keyring, and a clock that is so far ahead."""
    settings = Settings(demo=True, data_dir=folder, otp_resend_seconds=0, api_calls_per_5_minutes=100_000)
    floor = build_floor(settings)
    floor = replace(floor, clock=Clock(floor.clock.zone, lambda: datetime.now(UTC) + ahead))
    await WebServer(build_app(floor, dsn)).serve([listening("127.0.0.1", port)])
