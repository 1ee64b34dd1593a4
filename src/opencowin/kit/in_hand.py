"""Work in hand: what is due is taken up while there is room, done outside any transaction, and noted together.

For work that waits for machines of others. What has come to an end is noted while the rest is under way, so that a slow
machine holds up nobody but itself.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeVar

import structlog

from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.logs import way_to

GATHERING, IDLE = 0.03, 1.0
"""Seconds in which outcomes gather to be noted together; and between looks at what has become due."""
LONGEST_REST = 30
D = TypeVar("D")
R = TypeVar("R")
log = structlog.stdlib.get_logger("opencowin.worker")


class Trade(ABC, Generic[D, R]):
    """What is done with what is due."""

    @abstractmethod
    async def turn(self, conn: Connection, in_hand: Sequence[D], done: Sequence[tuple[D, R]]) -> Sequence[D]:
        """Note what came of what is done, and take up what there is room for beside what is in hand."""

    @abstractmethod
    async def note(self, conn: Connection, done: Sequence[tuple[D, R]]) -> None:
        """Note what came of what is done."""

    @abstractmethod
    async def work(self, one: D) -> R:
        """Do it; what raises is let go, to be taken up again when nobody holds it any more."""

    def noted(self, done: Sequence[tuple[D, R]]) -> None:
        """It is noted for good."""


class InHand(Generic[D, R]):
    """What one worker has in hand of a trade. Whenever something has come to an end, `woken` is set."""

    def __init__(self, pool: Pool, trade: Trade[D, R], woken: asyncio.Event | None = None) -> None:
        self._pool, self._trade, self._woken = pool, trade, woken or asyncio.Event()
        self._under_way: dict[asyncio.Task[None], D] = {}
        self._done: list[tuple[D, R]] = []

    async def step(self) -> int:
        """Note what has come to an end, and take up what there is room for, in one transaction; how many."""
        done = list(self._done)
        async with transaction(self._pool) as conn:
            due = await self._trade.turn(conn, list(self._under_way.values()), done)
        self._settled(done)
        for one in due:
            task = asyncio.create_task(self._work(one))
            self._under_way[task] = one
            task.add_done_callback(self._under_way.pop)
        return len(due)

    async def finish(self) -> Sequence[tuple[D, R]]:
        """Wait for what is under way, and note what came of it."""
        await asyncio.gather(*self._under_way)
        done = list(self._done)
        async with transaction(self._pool) as conn:
            await self._trade.note(conn, done)
        self._settled(done)
        return done

    async def keep_on(self, stop: asyncio.Event) -> None:
        """Step by step until `stop` is set; after a fault later and later. Then finish."""
        faults = 0
        while not stop.is_set():
            self._woken.clear()
            try:
                await self.step()
                faults = 0
            except Exception as fault:
                faults += 1
                log.warning("nothing is taken up", trade=type(self._trade).__name__, fault=type(fault).__name__,
                            where=way_to(fault))  # fmt: skip
                await _either(stop, stop, min(faults, LONGEST_REST))
            await _either(self._woken, stop, IDLE)
            await asyncio.sleep(GATHERING)
        await self.finish()

    async def _work(self, one: D) -> None:
        try:
            self._done.append((one, await self._trade.work(one)))
        except Exception as fault:
            log.warning("work broke", trade=type(self._trade).__name__, fault=type(fault).__name__, where=way_to(fault))
        self._woken.set()

    def _settled(self, done: Sequence[tuple[D, R]]) -> None:
        self._trade.noted(done)
        del self._done[: len(done)]


async def _either(one: asyncio.Event, other: asyncio.Event, seconds: float) -> None:
    """Wait until an event of two comes, or so long."""
    waits = [asyncio.create_task(one.wait()), asyncio.create_task(other.wait())]
    await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()
