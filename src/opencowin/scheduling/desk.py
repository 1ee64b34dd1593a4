"""The booking desk: in each process, calls for the same slot become one transaction, and each is answered after it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.gathered import Gathered
from opencowin.scheduling.booking import book
from opencowin.scheduling.model import Booking, BookingWish
from opencowin.scheduling.together import Asked, BookAlone, Outcome, book_together

MOST_TOGETHER = 64


class Desk:
    """Books as `book` does, each call in a transaction that it shares with those that came meanwhile.

    A slot has its lane, so at most one transaction of this process is in flight for it and a popular one keeps one
    connection busy, not the pool. A call in an idle lane waits for nobody.
    """

    def __init__(self, floor: Floor, transaction: Callable[[], AbstractAsyncContextManager[Connection]]) -> None:
        """A desk whose transactions are these; the settings say how many lanes, and how many calls may wait."""
        self._floor, self._transaction = floor, transaction
        room, lanes = floor.settings.booking_room, floor.settings.booking_lanes
        self._lanes = [Gathered(self._together, most=MOST_TOGETHER, room=room) for _ in range(lanes)]

    async def book(self, actor: Actor, wish: BookingWish) -> Booking:
        """Book and commit. Raises what `scheduling.book` raises, and Unavailable when too many wait."""
        lane = self._lanes[hash((wish.session_id, wish.slot)) % len(self._lanes)]
        try:
            return await lane(Asked(actor, wish))
        except BookAlone:
            return await self._alone(actor, wish)

    async def _together(self, asked: Sequence[Asked]) -> Sequence[Outcome]:
        if len(asked) == 1:
            return [await self._alone(asked[0].actor, asked[0].wish)]
        async with self._transaction() as conn:
            return await book_together(conn, self._floor, asked)

    async def _alone(self, actor: Actor, wish: BookingWish) -> Booking:
        async with self._transaction() as conn:
            return await book(conn, self._floor, actor, wish)
