"""The booking desk: in each process, calls for the same slot become one transaction, and each is answered after it."""

from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.sharing import Sharing, Transaction
from opencowin.scheduling.booking import book
from opencowin.scheduling.model import Booking, BookingWish
from opencowin.scheduling.together import Asked, book_together

MOST_TOGETHER = 64


class Desk:
    """Books as `book` does, each call in a transaction that it shares with those that came meanwhile.

    A slot has its lane, so at most one transaction of this process is in flight for it and a popular one keeps one
    connection busy, not the pool. A call in an idle lane waits for nobody.
    """

    def __init__(self, floor: Floor, transaction: Transaction) -> None:
        """A desk whose transactions are these; the settings say how many lanes, and how many calls may wait."""
        room, lanes = floor.settings.booking_room, floor.settings.booking_lanes
        self._calls = Sharing(
            floor, transaction, book_together, _book_alone, room=room, most=MOST_TOGETHER, lanes=lanes
        )

    async def book(self, actor: Actor, wish: BookingWish) -> Booking:
        """Book and commit. Raises what `scheduling.book` raises, and Unavailable when too many wait."""
        return await self._calls(Asked(actor, wish), lane=(wish.session_id, wish.slot))


async def _book_alone(conn: Connection, floor: Floor, asked: Asked) -> Booking:
    return await book(conn, floor, asked.actor, asked.wish)
