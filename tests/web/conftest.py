"""A running platform for HTTP tests: web, worker and database, all real."""

from collections.abc import AsyncIterator

import pytest

from opencowin.kit.db import Pool
from opencowin.kit.floor import Floor
from tests.surface import Surface, running


@pytest.fixture
async def platform(floor: Floor, pool: Pool, database: str) -> AsyncIterator[Surface]:
    """The platform, running on the module's database."""
    async with running(floor, pool, database) as surface:
        yield surface
