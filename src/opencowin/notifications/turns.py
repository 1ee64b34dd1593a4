"""Turns at a gateway: the most urgent first, no faster than it may be asked, and so many under way at once."""

import asyncio
import heapq
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

CATCH_UP = 0.02
"""Seconds of its pace that a gateway may be given in one go, since clocks wake us late."""


class Turns:
    """Whoever waits with the highest priority is next; who came first, among equals."""

    def __init__(self, per_second: float, at_once: int) -> None:
        self._gap, self._free = 1 / per_second, at_once
        self._waiting: list[tuple[int, int, float, asyncio.Future[bool]]] = []
        self._order = count()
        self._next_at = 0.0
        self._alarm: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def turn(self, priority: int, begin_by: float) -> AsyncIterator[bool]:
        """Wait for a turn, which ends with the block: False when it did not come by this instant (monotonic)."""
        waits: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (-priority, next(self._order), begin_by, waits))
        self._give()
        try:
            yield await waits
        finally:
            if waits.done() and not waits.cancelled() and waits.result():
                self._free += 1
                self._give()

    def _give(self) -> None:
        now = time.monotonic()
        while self._waiting and self._free:
            begin_by, waits = self._waiting[0][2:]
            if waits.done() or begin_by < now:
                heapq.heappop(self._waiting)
                if not waits.done():
                    waits.set_result(False)
            elif self._next_at > now:
                self._wake_in(self._next_at - now)
                return
            else:
                heapq.heappop(self._waiting)
                self._next_at = max(self._next_at, now - CATCH_UP) + self._gap
                self._free -= 1
                waits.set_result(True)

    def _wake_in(self, seconds: float) -> None:
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(seconds, self._woken)

    def _woken(self) -> None:
        self._alarm = None
        self._give()
