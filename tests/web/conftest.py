"""A running platform for HTTP tests: web, worker and database, all real, one a module, at seven in the morning."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time

import pytest

from opencowin.kit.clock import Clock
from opencowin.kit.db import Pool, make_pool
from opencowin.kit.floor import Floor
from tests.surface import Surface, running
from tests.web.clinic import Clinic, open_clinic


@pytest.fixture(scope="session")
def floor(floor: Floor) -> Floor:
    """The floor with its clock put to seven in the morning, so that what is tested does not hang on the hour."""
    now = datetime.now(UTC)
    seven = datetime.combine(floor.clock.today(), time(7), tzinfo=floor.clock.zone)
    shift = seven - now
    return replace(floor, clock=Clock(floor.clock.zone, lambda: datetime.now(UTC) + shift))


@pytest.fixture(scope="module")
async def pool(database: str) -> AsyncIterator[Pool]:
    """A pool on the module's database."""
    async with make_pool(database, size=30) as opened:
        yield opened


@pytest.fixture(scope="module")
async def platform(floor: Floor, pool: Pool, database: str) -> AsyncIterator[Surface]:
    """The platform, running on the module's database."""
    async with running(floor, pool, database) as surface:
        yield surface


@pytest.fixture
async def clinic(platform: Surface) -> Clinic:
    """A centre with sessions today and tomorrow, and a key for everything."""
    return await open_clinic(platform)
