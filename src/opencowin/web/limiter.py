"""Rates within one process: so many calls in a window for an address, an account or an API key."""

import time
from itertools import islice
from typing import ClassVar, NamedTuple

from starlette.requests import Request

from opencowin.kit.errors import Unavailable

FIVE_MINUTES, MINUTE, DAY = 300, 60, 86_400
MOST_SUBJECTS = 200_000
"""At as many, those who have not called for two windows are forgotten; where there are none, a tenth, first come first
forgotten: memory is bounded."""


class TooManyRequests(Unavailable):
    """Too Many Requests. Please wait {retry_after} seconds."""

    code: ClassVar[str] = "LIMIT0001"


class Allowance(NamedTuple):
    """What is left of a limit: told in the RateLimit headers of every answer."""

    limit: int
    remaining: int
    reset_seconds: int


class _Calls:
    """Calls of one subject: in the window that runs, and in the one before."""

    __slots__ = ("before", "now", "window")

    def __init__(self, window: int) -> None:
        self.window, self.now, self.before = window, 0, 0

    def turn(self, window: int) -> None:
        """A later window runs."""
        self.before = self.now if window == self.window + 1 else 0
        self.window, self.now = window, 0


class Limiter:
    """Sliding windows in this process's memory; a deployment of N processes allows up to N times as much.

    A window slides by weight: of the calls of the window before, as large a part counts as still lies within the last
    `seconds`. Two numbers per subject, no list of calls; costs about a microsecond.
    """

    def __init__(self, calls_per_5_minutes: int, views_per_5_minutes: int) -> None:
        self._public = calls_per_5_minutes
        self._reader = views_per_5_minutes
        self._calls: dict[tuple[int, str], _Calls] = {}

    def spare_public(self, subject: str) -> Allowance | None:
        """Count a call of an address or account that is within its rate; None, and not counted, where it is not."""
        allowance, allowed = self._spend(self._public, FIVE_MINUTES, subject)
        return allowance if allowed else None

    def count_public(self, request: Request, subject: str) -> None:
        """Count a call of an address or account. Raises TooManyRequests."""
        self._count(request, self._public, FIVE_MINUTES, subject)

    def count_reader(self, request: Request, subject: str) -> None:
        """Count a page that an address or account opens. Raises TooManyRequests."""
        self._count(request, self._reader, FIVE_MINUTES, "reader:" + subject)

    def count_key(self, request: Request, key: str, *, per_minute: int, per_day: int) -> None:
        """Count a call of an API key. Raises TooManyRequests."""
        self._count(request, per_day, DAY, key)
        self._count(request, per_minute, MINUTE, key)

    def _count(self, request: Request, most: int, seconds: int, subject: str) -> None:
        allowance, allowed = self._spend(most, seconds, subject)
        request.state.allowance = allowance
        if not allowed:
            raise TooManyRequests(retry_after=allowance.reset_seconds)

    def _spend(self, most: int, seconds: int, subject: str) -> tuple[Allowance, bool]:
        now = time.time()
        window = int(now // seconds)
        passed = now - window * seconds
        calls = self._calls.get((seconds, subject))
        if calls is None or calls.window != window:
            calls = self._of(seconds, subject, window)
        used = calls.now + calls.before * (1 - passed / seconds)
        allowed = used + 1 <= most
        if allowed:
            calls.now += 1
            used += 1
        return Allowance(most, max(0, int(most - used)), int(seconds - passed) + 1), allowed

    def _of(self, seconds: int, subject: str, window: int) -> _Calls:
        calls = self._calls.get((seconds, subject))
        if calls is None:
            if len(self._calls) >= MOST_SUBJECTS:
                self._forget()
            calls = self._calls[seconds, subject] = _Calls(window)
        elif calls.window != window:
            calls.turn(window)
        return calls

    def _forget(self) -> None:
        now = time.time()
        stale = [one for one, calls in self._calls.items() if calls.window < now // one[0] - 1]
        for one in stale or list(islice(self._calls, MOST_SUBJECTS // 10)):
            del self._calls[one]
