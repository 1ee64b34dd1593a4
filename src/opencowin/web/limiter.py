"""Rates within one process: so many calls in a window for an address, an account or an API key."""

import math
import time
from dataclasses import dataclass
from typing import ClassVar

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request

from opencowin.kit.errors import Unavailable


class TooManyRequests(Unavailable):
    """Too Many Requests. Please wait {retry_after} seconds."""

    code: ClassVar[str] = "LIMIT0001"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit: told in the RateLimit headers of every answer."""

    limit: int
    remaining: int
    reset_seconds: int


class Limiter:
    """Sliding windows in this process's memory; a deployment of N processes allows up to N times as much."""

    def __init__(self, calls_per_5_minutes: int, views_per_5_minutes: int) -> None:
        self._strategy = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._public = RateLimitItemPerMinute(calls_per_5_minutes, 5)
        self._reader = RateLimitItemPerMinute(views_per_5_minutes, 5)

    async def count_public(self, request: Request, subject: str) -> None:
        """Count a call of an address or account. Raises TooManyRequests."""
        await self._count(request, self._public, subject)

    async def count_reader(self, request: Request, subject: str) -> None:
        """Count a page that an address or account opens. Raises TooManyRequests."""
        await self._count(request, self._reader, subject)

    async def count_key(self, request: Request, key: str, *, per_minute: int, per_day: int) -> None:
        """Count a call of an API key. Raises TooManyRequests."""
        await self._count(request, RateLimitItemPerDay(per_day), key)
        await self._count(request, RateLimitItemPerMinute(per_minute), key)

    async def _count(self, request: Request, item: RateLimitItem, subject: str) -> None:
        allowed = await self._strategy.hit(item, subject)
        window = await self._strategy.get_window_stats(item, subject)
        wait = max(1, math.ceil(window.reset_time - time.time()))
        request.state.allowance = Allowance(item.amount, max(0, window.remaining), wait)
        if not allowed:
            raise TooManyRequests(retry_after=wait)
