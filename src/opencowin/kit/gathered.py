"""Calls that are cheaper together: what comes while others are worked on is worked on at once, each answered alone."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from opencowin.kit.errors import Unavailable

A = TypeVar("A")
R = TypeVar("R")
RETRY_SECONDS = 1


class Gathered(Generic[A, R]):
    """One queue with one batch in flight: a lone call waits for nobody, a rush becomes few batches.

    `work` answers a batch of calls in their order; an exception as an answer is raised to that caller alone. Where the
    batch itself fails, its calls are worked on one by one, so that one that can never succeed fails no other. Who has
    gone before the batch begins is left out of it.
    """

    def __init__(
        self,
        work: Callable[[Sequence[A]], Awaitable[Sequence[R | Exception]]],
        *,
        most: int,
        room: int | None = None,
        pause: float = 0.0,
    ) -> None:
        """`most` calls in a batch, `room` for those that wait, `pause` seconds in which a batch gathers."""
        self._work, self._most, self._room, self._pause = work, most, room, pause
        self._waiting: deque[tuple[A, asyncio.Future[R]]] = deque()
        self._busy: asyncio.Task[None] | None = None

    async def __call__(self, asked: A) -> R:
        """The answer to one call. Raises Unavailable when too many wait already, and what the work answers it with."""
        if self._room is not None and len(self._waiting) >= self._room:
            raise Unavailable(retry_after=RETRY_SECONDS)
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, done))
        if self._busy is None or self._busy.done():
            self._busy = asyncio.create_task(self._run())
        return await done

    async def _run(self) -> None:
        while self._waiting:
            if self._pause:
                await asyncio.sleep(self._pause)
            now = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            calls = [(asked, done) for asked, done in now if not done.done()]
            if calls:
                await self._answer(calls)

    async def _answer(self, calls: Sequence[tuple[A, asyncio.Future[R]]]) -> None:
        try:
            answers = await self._work([asked for asked, _ in calls])
        except Exception as fault:
            if len(calls) == 1:
                _settle(calls[0][1], fault)
                return
            for call in calls:
                await self._answer([call])
            return
        for (_, done), answer in zip(calls, answers, strict=True):
            _settle(done, answer)


def _settle(done: "asyncio.Future[R]", answer: R | Exception) -> None:
    if done.done():
        return
    if isinstance(answer, Exception):
        done.set_exception(answer)
    else:
        done.set_result(answer)
