"""The line on which announcements are heard."""

import asyncio

import pytest

from opencowin.kit import listening
from opencowin.kit.db import Pool, transaction

pytestmark = pytest.mark.anyio
LINES = """SELECT count(*) FROM pg_stat_activity
    WHERE application_name = 'opencowin listener' AND datname = current_database()"""


class Opened(asyncio.Event):
    """Set when the line is open."""

    line_opened = asyncio.Event.set
    line_lost = asyncio.Event.clear

    def heard(self, payload: str) -> None:
        raise AssertionError(payload)


async def lines(pool: Pool) -> int:
    async with transaction(pool) as conn:
        row = await (await conn.execute(LINES)).fetchone()
    assert row is not None
    return int(row[0])


async def test_who_is_cancelled_twice_while_the_line_is_tried_leaves_no_connection_open(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a server's stopping cancels the listener, and the loop's end everybody."""
    monkeypatch.setattr(listening, "BEAT", 0.0)
    for steps in range(20):
        opened = Opened()
        task = asyncio.create_task(listening.listen(str(pool.conninfo), {"board": opened}))
        await asyncio.wait_for(opened.wait(), 10)
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
    for _ in range(200):
        if await lines(pool) == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("a connection is still open")
