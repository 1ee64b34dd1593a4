"""The end of the journal of changes, read once for all streams of one process, and the seats of those who wait."""

import asyncio
import time
from collections import Counter as Tally
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import structlog
from prometheus_client import Gauge

from opencowin.kit.errors import Unavailable
from opencowin.kit.logs import way_to

WAITING = Gauge("opencowin_feed_streams", "Streams of changes, and calls that wait for one, in this process.")
REST = 0.1
"""Seconds between two reads at least: what comes meanwhile is read together."""
WATCHFUL = 2.0
"""Seconds for which reads follow each other after a change was heard: another process may be giving the numbers."""
NET = 1.0
"""Seconds after which the journal is read though nothing was heard."""
KEPT = 2000
RETRY_AFTER = 10

log = structlog.get_logger(__name__)


class TooManyStreams(Unavailable):
    """Too many streams are open here. Close one, or come again in {retry_after} seconds."""

    code = "FEED0002"


class Unreadable(Exception):
    """The journal cannot be read from there any more: begin anew at its end."""


@dataclass(frozen=True, slots=True)
class Told:
    """A change that is ready to be sent, and where it happened."""

    number: int
    district_id: int
    pin_code: str
    kind: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Changes behind a number, and the number from which to read on."""

    told: Sequence[Told]
    cursor: int
    more: bool


Read = Callable[[int | None], Awaitable[Page]]
"""Numbers what is committed, and reads what follows a number; from the newest on where None is given."""


class Tail:
    """While anybody waits, the journal is read after each announcement, and all who wait are woken.

    The newest changes stay here, so that a stream that keeps up reads no database. At most `most` wait in this process,
    and `most_each` of one caller.
    """

    def __init__(self, read: Read, *, most: int, most_each: int) -> None:
        self.cursor: int | None = None
        self._read, self._most, self._most_each = read, most, most_each
        self._kept: deque[Told] = deque(maxlen=KEPT)
        self._begins = 0
        self._here: Tally[str] = Tally()
        self.closed = False
        self._heard, self._wanted, self._grown = asyncio.Event(), asyncio.Event(), asyncio.Event()

    def line_opened(self) -> None:
        """Announcements may have been missed until now."""
        self._heard.set()

    def line_lost(self) -> None:
        """The net under it goes on."""

    def heard(self, payload: str) -> None:  # noqa: ARG002 - what changed is read, not told
        """Something changed."""
        self._heard.set()

    @contextmanager
    def seat(self, caller: str) -> Iterator[None]:
        """A place among those who wait. Raises TooManyStreams."""
        if self.closed or self._here.total() >= self._most or self._here[caller] >= self._most_each:
            raise TooManyStreams(retry_after=RETRY_AFTER)
        self._here[caller] += 1
        WAITING.set(self._here.total())
        self._wanted.set()
        try:
            yield
        finally:
            self._here[caller] -= 1
            if not self._here[caller]:
                del self._here[caller]
            WAITING.set(self._here.total())

    def after(self, cursor: int) -> Page | None:
        """What follows a number, from memory; None where it does not reach back so far, or not yet as far."""
        if self.cursor is None or not self._begins <= cursor <= self.cursor:
            return None
        return Page([one for one in self._kept if one.number > cursor], self.cursor, more=False)

    async def growth(self, cursor: int, seconds: float) -> bool:
        """Wait until the journal goes beyond a number; False where it did not within so many seconds."""
        end = time.monotonic() + seconds
        while self.cursor is None or self.cursor <= cursor:
            grown, left = self._grown, end - time.monotonic()
            if left <= 0 or self.closed:
                return False
            with suppress(TimeoutError):
                await asyncio.wait_for(grown.wait(), left)
        return True

    def close(self) -> None:
        """The process is about to end: so do all who wait, and go on elsewhere."""
        self.closed = True
        self._grown.set()

    async def follow(self) -> None:
        """Read the journal while anybody waits, until cancelled."""
        watchful = 0.0
        while True:
            if not self._here:
                self.cursor = None
                self._wanted.clear()
                await self._wanted.wait()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._heard.wait(), REST if time.monotonic() < watchful else NET)
            if self._heard.is_set():
                self._heard.clear()
                watchful = time.monotonic() + WATCHFUL
            if await self._read_on():
                self._heard.set()
            await asyncio.sleep(REST)

    async def _read_on(self) -> bool:
        """Read what follows; whether more is ready to be read. A fault is told, and tried again."""
        try:
            page = await self._read(self.cursor)
        except Unreadable:
            self.cursor = None
            return False
        except Exception as fault:
            log.warning("changes are not read", fault=type(fault).__name__, where=way_to(fault))
            return False
        if self.cursor is None:
            self._kept.clear()
            self._begins = page.cursor
        if page.cursor != self.cursor:
            self._keep(page.told)
            self.cursor = page.cursor
            grown, self._grown = self._grown, asyncio.Event()
            grown.set()
        return page.more

    def _keep(self, told: Sequence[Told]) -> None:
        for one in told:
            if len(self._kept) == KEPT:
                self._begins = self._kept[0].number
            self._kept.append(one)
