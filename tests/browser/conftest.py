"""One Chromium and one inhabited site for all files of a worker process."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from playwright.async_api import Browser
from pydantic import SecretStr

from opencowin.kit.clock import Clock
from opencowin.kit.db import make_pool
from opencowin.kit.floor import Floor
from tests.browser.chromium import MISSING, chromium, find_chromium
from tests.browser.reached import CHANNELS, a_push_key
from tests.browser.world import World, inhabited
from tests.conftest import clone, dsn_of, run_on
from tests.surface import Calendar

PROVIDER = """
[[provider]]
id = "citizen"
name = "Citizen ID"
issuer = "http://127.0.0.1:9"
client_id = "citizen"
authentication = "client_secret_basic"
document = 6
"""
"""Listed, so that its pages are seen; nobody answers at its address."""


@pytest.fixture(scope="session")
def floor(floor: Floor, tmp_path_factory: pytest.TempPathFactory) -> Floor:
    """The floor at eight in the morning of tomorrow, so that what is tested does not hang on the hour."""
    folder = tmp_path_factory.mktemp("listed")
    listed, carried = folder / "sign_in.toml", folder / "channels.toml"
    listed.write_text(PROVIDER)
    carried.write_text(CHANNELS)
    changes = {
        "sign_in_file": listed,
        "sign_in_secrets": {"citizen": SecretStr("secret")},
        "channels_file": carried,
        "channel_secrets": {"push": SecretStr(a_push_key())},
        "waitlist_minutes": 240,
    }
    settings = floor.settings.model_copy(update=changes)
    return replace(floor, settings=settings, clock=Clock(floor.clock.zone, Calendar(floor.clock.zone)))


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium. Without one the tests are skipped on a developer's machine, and fail in CI."""
    if not find_chromium() and not os.environ.get("CI"):
        pytest.skip(MISSING)
    async with chromium() as running:
        yield running


@pytest.fixture(scope="session")
async def world(floor: Floor, server_dsn: str, template: str, browser: Browser) -> AsyncIterator[World]:
    """The inhabited site, on a database of its own."""
    name = f"browser_{os.getpid()}"
    clone(server_dsn, template, name)
    dsn = dsn_of(server_dsn, name)
    async with make_pool(dsn, size=30) as pool, inhabited(floor, pool, dsn) as settled:
        yield settled
    run_on(server_dsn, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
