"""Accounts join a waiting room, many in one transaction; who has a place keeps it, whoever asks and how often."""

from collections.abc import Sequence
from math import floor as whole
from uuid import UUID

from opencowin.fairness import queries
from opencowin.fairness.model import Ticket
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor


async def join(conn: Connection, floor: Floor, room_id: UUID, accounts: Sequence[UUID]) -> list[Ticket | None]:
    """The tickets of these accounts, in their order: those they have, or new ones; None where the room has ended.

    Before the room opens all are alike, and their places are lots. Afterwards each stands behind the one before it,
    and behind the place that is being let in: an empty room saves up no places for who comes later.
    """
    asked = list(dict.fromkeys(accounts))
    tickets = {one.account_id: one for one in await queries.tickets_of(conn, room_id, asked)}
    if len(tickets) < len(asked):
        now = floor.clock.now()
        await queries.open_due(conn, now, room_id)
        room = await queries.lock_room(conn, room_id)
        if room is not None:
            after = max(room.late, whole(room.admitted(now)) - room.early)
            missing = [one for one in asked if one not in tickets]
            added = await queries.add_tickets(conn, room, missing, after=max(after, 0), now=now)
            tickets |= {one.account_id: one for one in added}
    return [tickets.get(account) for account in accounts]
