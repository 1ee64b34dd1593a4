"""Calls that share a transaction: what comes while others are worked on is committed with them, each answered alone."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeAlias, TypeVar

from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.kit.gathered import Gathered

A = TypeVar("A")
R = TypeVar("R")
Transaction = Callable[[], AbstractAsyncContextManager[Connection]]


class Alone(Exception):
    """As an answer to one call of many: it is to be worked on in a transaction of its own."""


class Disturbed(Exception):
    """Somebody else changed what was decided on: nothing is kept of many calls, each is to be worked on alone."""


Told: TypeAlias = R | Refusal | Alone
"""What one call of many is answered."""


def only(told: Sequence[Told[R]]) -> R:
    """The answer to the only call. Raises what it was refused with."""
    (one,) = told
    if isinstance(one, Exception):
        raise one
    return one


class Sharing(Generic[A, R]):
    """Answers calls in transactions that they share, as if each had had its own; a lone call waits for nobody.

    `together` answers many in their order. What only few calls meet it leaves to `alone`, which answers one; so are
    all calls of a transaction that fails. Nobody is answered before the commit.
    """

    def __init__(
        self,
        floor: Floor,
        transaction: Transaction,
        together: Callable[[Connection, Floor, Sequence[A]], Awaitable[Sequence[Told[R]]]],
        alone: Callable[[Connection, Floor, A], Awaitable[R]],
        *,
        room: int,
        most: int = 128,
        lanes: int = 1,
        wait_in_lane: bool = True,
    ) -> None:
        """In each lane one transaction is in flight with at most `most` calls, and `room` for those that wait.

        A call that is the only one goes to `alone` at once; without `wait_in_lane` to `together` like all others, for
        one that waits for nobody: then no lane ever stands still for a call that has to.
        """
        self._together_from = 2 if wait_in_lane else 1
        self._floor, self._transaction, self._of_many, self._of_one = floor, transaction, together, alone
        self._lanes = [Gathered(self._together, most=most, room=room) for _ in range(lanes)]

    async def __call__(self, asked: A, lane: Hashable = None) -> R:
        """The answer to one call. Raises what `alone` raises, and Unavailable when too many wait in its lane."""
        try:
            return await self._lanes[hash(lane) % len(self._lanes)](asked)
        except (Alone, Disturbed):
            return await self._alone(asked)

    async def _together(self, asked: Sequence[A]) -> Sequence[Told[R]]:
        if len(asked) < self._together_from:
            return [await self._alone(asked[0])]
        async with self._transaction() as conn:
            return await self._of_many(conn, self._floor, asked)

    async def _alone(self, asked: A) -> R:
        async with self._transaction() as conn:
            return await self._of_one(conn, self._floor, asked)
