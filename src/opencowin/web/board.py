"""The availability board of one process: answers ready to send, made anew when what they tell of has changed."""

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Hashable, Set
from dataclasses import dataclass

from prometheus_client import Counter, Gauge

from opencowin.web.shown import Shown

BUILT = Counter("opencowin_board_built_total", "Answers of the availability board that were made anew.")
HELD = Gauge("opencowin_board_bytes", "Memory of the availability board's answers.")
LISTENS = Gauge("opencowin_board_listens", "Whether changes are heard; while they are not, every call is a read.")

OLDEST = 60.0
"""Seconds after which an answer is made anew though no change was heard: a net."""
REST_FACTOR, LONGEST_REST = 4.0, 0.25
"""An answer rests four times as long as making it took: a storm costs at most a fifth of a processor for each."""
OUTDATED = 2.0
"""Times its rest for which a file is sent that tells what was: whoever comes later waits for the next."""
RENEWED = 0.5
ALL = "*"


@dataclass(frozen=True, slots=True)
class Drawn:
    """An answer with what it depends on: districts, and the seconds until time itself changes it.

    With a `rest` (seconds) it is a file: made anew at most as often, in the background, while the last one is sent.
    """

    shown: Shown
    districts: frozenset[int]
    good_for: float
    rest: float = 0.0


Draw = Callable[[], Awaitable[Drawn]]


class _Kept:
    """An answer on the board. `changed_here`: by this process, whose callers must see what they did themselves."""

    __slots__ = (
        "changed",
        "changed_here",
        "districts",
        "good_until",
        "outdated_at",
        "renewed_at",
        "rest",
        "rests_until",
        "shown",
    )

    def __init__(self, drawn: Drawn, began: float) -> None:
        now = time.monotonic()
        self.shown, self.districts = drawn.shown, drawn.districts
        self.good_until = now + min(OLDEST, drawn.good_for)
        self.rests_until = now + (drawn.rest or min((now - began) * REST_FACTOR, LONGEST_REST))
        self.rest = drawn.rest
        self.outdated_at = self.good_until
        self.renewed_at = now
        self.changed = self.changed_here = False

    def change(self, *, here: bool) -> None:
        """What it tells has changed."""
        if not self.changed:
            self.outdated_at = min(self.outdated_at, time.monotonic())
        self.changed = True
        self.changed_here |= here and not self.rest

    def ready(self, now: float) -> bool:
        """Whether it can be sent as it is."""
        return now < self.good_until and not (self.changed and (self.changed_here or now >= self.rests_until))

    def may_lag(self, now: float) -> bool:
        """Whether it can be sent while it is made anew: a file that has not been outdated for long."""
        return now < self.outdated_at + OUTDATED * self.rest


class _Making:
    """An answer that is being made, and the districts whose changes it may not have seen (ALL: of any)."""

    __slots__ = ("missed", "missed_here", "result")

    def __init__(self, result: "asyncio.Task[Drawn]") -> None:
        self.result = result
        self.missed: set[int | str] = set()
        self.missed_here: set[int | str] = set()


class Board:
    """Answers by key, the least lately asked for forgotten first beyond `most_bytes`.

    A change that was heard is shown to who asks next, made by at most one read under way per key. While an answer
    rests after it was made, a change of another process is not yet shown (a quarter of a second at most); a change of
    this process is waited for. While changes cannot be heard nothing is kept: every call reads.
    """

    def __init__(self, most_bytes: int) -> None:
        self.listens = False
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._making: dict[Hashable, _Making] = {}
        self._of_district: defaultdict[int, set[Hashable]] = defaultdict(set)
        LISTENS.set(0)

    def ready(self, key: Hashable) -> Shown | None:
        """The answer, if it can be sent as it is."""
        kept, now = self._kept.get(key), time.monotonic()
        if kept is None or not kept.ready(now):
            return None
        if now - kept.renewed_at > RENEWED and not kept.changed:
            kept.shown.renew()
            kept.renewed_at = now
        self._kept.move_to_end(key)
        return kept.shown

    async def answer(self, key: Hashable, draw: Draw) -> Shown:
        """The answer, made by `draw` where it is not ready. Raises what `draw` raises."""
        while (shown := self.ready(key)) is None:
            kept, making = self._kept.get(key), self._making.get(key)
            if kept is not None and kept.may_lag(time.monotonic()):
                if making is None:
                    self._make(key, draw)
                return kept.shown
            if making is not None and making.missed:
                await asyncio.wait({making.result})
            elif making is not None:
                return (await asyncio.shield(making.result)).shown
            elif kept is not None and kept.changed and (rest := kept.rests_until - time.monotonic()) > 0:
                await asyncio.sleep(rest)
            else:
                return (await asyncio.shield(self._make(key, draw))).shown
        return shown

    def line_opened(self) -> None:
        """Changes are heard from now on; what was made before may have missed some."""
        self._forget_all()
        self.listens = True
        LISTENS.set(1)

    def line_lost(self) -> None:
        """Changes may be missed from now on."""
        self.listens = False
        LISTENS.set(0)
        self._forget_all()

    def heard(self, payload: str) -> None:
        """A change was announced: a district's number, or everything."""
        if payload == ALL:
            self._miss({ALL}, here=False)
            for kept in self._kept.values():
                kept.change(here=False)
        else:
            self._changed({int(payload)}, here=False)

    def changed_here(self, districts: Set[int]) -> None:
        """This process has committed a change."""
        self._changed(districts, here=True)

    async def close(self) -> None:
        """Stop what is being made."""
        making = [one.result for one in self._making.values()]
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)

    def _changed(self, districts: Set[int], *, here: bool) -> None:
        self._miss(districts, here=here)
        for district in districts:
            for key in self._of_district.get(district, ()):
                self._kept[key].change(here=here)

    def _miss(self, districts: Set[int | str], *, here: bool) -> None:
        for making in self._making.values():
            making.missed |= districts
            if here:
                making.missed_here |= districts

    def _make(self, key: Hashable, draw: Draw) -> "asyncio.Task[Drawn]":
        result = asyncio.ensure_future(_drawn(draw))
        making = self._making[key] = _Making(result)
        began = time.monotonic()

        def made(task: "asyncio.Task[Drawn]") -> None:
            del self._making[key]
            if not task.cancelled() and task.exception() is None and self.listens:
                self._keep(key, making, _Kept(task.result(), began))

        result.add_done_callback(made)
        return result

    def _keep(self, key: Hashable, making: _Making, kept: _Kept) -> None:
        if not making.missed.isdisjoint({ALL, *kept.districts}):
            kept.change(here=not making.missed_here.isdisjoint({ALL, *kept.districts}))
        self._drop(key)
        self._kept[key] = kept
        for district in kept.districts:
            self._of_district[district].add(key)
        self._bytes += kept.shown.size
        while self._bytes > self._most_bytes and self._kept:
            self._drop(next(iter(self._kept)))
        BUILT.inc()
        HELD.set(self._bytes)

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is None:
            return
        self._bytes -= kept.shown.size
        for district in kept.districts:
            self._of_district[district].discard(key)
            if not self._of_district[district]:
                del self._of_district[district]

    def _forget_all(self) -> None:
        self._miss({ALL}, here=True)
        for key in list(self._kept):
            self._drop(key)
        HELD.set(0)


async def _drawn(draw: Draw) -> Drawn:
    return await draw()
