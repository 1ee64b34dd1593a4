"""A running platform for journeys: web, worker and database, all real, and a calendar whose days pass when told to."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from opencowin.kit.clock import Clock
from opencowin.kit.db import Pool
from opencowin.kit.floor import Floor
from tests.surface import Calendar, Surface, running


@pytest.fixture
def calendar(floor: Floor) -> Calendar:
    """It is eight in the morning."""
    return Calendar(floor.clock.zone)


@pytest.fixture
async def platform(floor: Floor, pool: Pool, database: str, calendar: Calendar) -> AsyncIterator[Surface]:
    """The platform, running on the module's database by the story's calendar."""
    by_calendar = replace(floor, clock=Clock(floor.clock.zone, calendar))
    async with running(by_calendar, pool, database) as surface:
        yield surface
