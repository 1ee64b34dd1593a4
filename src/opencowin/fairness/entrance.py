"""The entrance of one process: knows which waiting rooms stand, and lets in whose turn it is.

While none stands, a call passes by a look at two flags. Rooms are read when a change of them is announced; a ticket is
checked without the database, and who has none joins together with those who came meanwhile.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from opencowin.fairness import queries
from opencowin.fairness.joining import join
from opencowin.fairness.model import Room, Standing, Ticket, Wanted, governing, standing
from opencowin.fairness.refusals import WaitYourTurn
from opencowin.fairness.rooms import open_by_load
from opencowin.fairness.tickets import lot, read_ticket, write_ticket
from opencowin.kit.actor import Actor, ActorKind, Place
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.gathered import Gathered

CHANNEL: LiteralString = "opencowin_queue"
MOST_TOGETHER, MOST_WAITING = 256, 20_000
MOST_SESSIONS = 20_000
UNHEARD = 1.0
"""Seconds for which rooms are believed while changes cannot be heard."""
BELIEVED = 2.0
"""Seconds for which the opening of a session is believed, which officers may change."""
PATIENCE = 2.0
"""Seconds for which a process is crowded before it opens a room."""
Look = Callable[[Connection, UUID], Awaitable[Wanted]]


class Entrance:
    """Which rooms stand, as this process knows it."""

    def __init__(
        self, floor: Floor, transaction: Callable[[], AbstractAsyncContextManager[Connection]], look: Look
    ) -> None:
        """`look` tells what there is to know of a session."""
        self._floor, self._transaction, self._look = floor, transaction, look
        self._rooms: tuple[Room, ...] = ()
        self._listens = self._known = False
        self._changes, self._read_at = 0, 0.0
        self._reading: asyncio.Task[None] | None = None
        self._sessions: OrderedDict[UUID, tuple[Wanted, float]] = OrderedDict()
        self._joining = Gathered[tuple[UUID, UUID], Ticket | None](
            self._join_together, most=MOST_TOGETHER, room=MOST_WAITING
        )
        self._calls = 0
        self._crowded_since: float | None = None
        self._opening: asyncio.Task[None] | None = None

    def line_opened(self) -> None:
        """Changes are heard from now on."""
        self._listens = True
        self._forget()

    def line_lost(self) -> None:
        """Changes may be missed from now on."""
        self._listens = False
        self._forget()

    def heard(self, payload: str) -> None:  # noqa: ARG002 (there is one thing to hear)
        """Rooms have changed."""
        self._forget()

    async def enter(self, actor: Actor, session_id: UUID, ticket: str) -> None:
        """Let the actor on to book in a session, or raise WaitYourTurn with the ticket to come back with.

        Until a room opens, what can be booked already is booked as ever. Who helps a household on the telephone is let
        through. Raises what `look` raises.
        """
        if (self._listens and self._known and not self._rooms) or actor.kind is ActorKind.OPERATOR:
            return
        room = await self.room_before(session_id)
        now = self._floor.clock.now()
        if room is None or (room.ahead(now) and (await self._session(session_id)).bookable(now)):
            return
        found = await self._stand(room, actor.own_account(), ticket)
        if found is not None and not found.turn:
            raise WaitYourTurn(found)

    async def stand(self, actor: Actor, session_id: UUID, ticket: str) -> Standing | None:
        """Where the actor stands in the room before a session; None where none stands. Joins who has no ticket.

        Raises what `look` raises.
        """
        room = await self.room_before(session_id)
        return await self._stand(room, actor.own_account(), ticket) if room else None

    async def holds(self, actor: Actor, ticket: str) -> Standing | None:
        """Where a ticket of the actor's own stands; None where it is none, or its room has ended."""
        known = read_ticket(self._floor.keyring, ticket, actor.own_account())
        rooms = await self._standing_rooms() if known else ()
        room = next((one for one in rooms if known and one.room_id == known.room_id), None)
        return await self._stand(room, actor.own_account(), ticket) if room else None

    async def room_before(self, session_id: UUID) -> Room | None:
        """The room that stands before bookings in a session. Raises what `look` raises, where any room stands."""
        rooms = await self._standing_rooms()
        return governing(rooms, (await self._session(session_id)).place) if rooms else None

    def call_began(self) -> None:
        """A call is under way; too many for too long open a room for the nation."""
        self._calls += 1
        mark = self._floor.settings.waiting_room_above
        if not mark or self._calls <= mark:
            self._crowded_since = None
            return
        now = time.monotonic()
        if self._crowded_since is None:
            self._crowded_since = now
        elif now - self._crowded_since >= PATIENCE and (self._opening is None or self._opening.done()):
            self._crowded_since = now
            self._opening = asyncio.create_task(self._open_by_load())

    def call_ended(self) -> None:
        """A call was answered."""
        self._calls -= 1

    async def close(self) -> None:
        """Stop what is under way."""
        tasks = [task for task in (self._reading, self._opening) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _stand(self, room: Room, account: UUID, text: str) -> Standing | None:
        keyring, now = self._floor.keyring, self._floor.clock.now()
        ticket = read_ticket(keyring, text, account)
        if ticket is None or ticket.room_id != room.room_id:
            ticket = await self._joining((room.room_id, account))
            if ticket is None:
                return None
            text = write_ticket(keyring, ticket)
        room = await self._as_of(room, ticket, now)
        return standing(room, ticket, lot(keyring, room.room_id, account), text, now)

    async def _as_of(self, room: Room, ticket: Ticket, now: datetime) -> Room:
        """The room as it is now: what was known when the call came may be older than its ticket."""
        if room.opened_at is not None or not (room.due(now) or ticket.number):
            return room
        if room.due(now):
            async with self._transaction() as conn:
                await queries.open_due(conn, now, room.room_id)
        self._forget()
        return next((one for one in await self._standing_rooms() if one.room_id == room.room_id), room)

    async def _standing_rooms(self) -> tuple[Room, ...]:
        while not (self._known and (self._listens or time.monotonic() - self._read_at < UNHEARD)):
            if self._reading is None or self._reading.done():
                self._reading = asyncio.create_task(self._read())
            await asyncio.shield(self._reading)
        return self._rooms

    async def _read(self) -> None:
        """Read the rooms; what is announced meanwhile makes them be read again."""
        changes = self._changes
        async with self._transaction() as conn:
            self._rooms = tuple(await queries.standing_rooms(conn))
        self._known, self._read_at = changes == self._changes, time.monotonic()

    def _forget(self) -> None:
        self._known = False
        self._changes += 1

    async def _session(self, session_id: UUID) -> Wanted:
        known, read_at = self._sessions.get(session_id, (None, 0.0))
        if known is None or time.monotonic() - read_at > BELIEVED:
            async with self._transaction() as conn:
                known = await self._look(conn, session_id)
            self._sessions[session_id] = known, time.monotonic()
            if len(self._sessions) > MOST_SESSIONS:
                self._sessions.popitem(last=False)
        return known

    async def _join_together(self, asked: Sequence[tuple[UUID, UUID]]) -> Sequence[Ticket | None]:
        tickets: dict[tuple[UUID, UUID], Ticket | None] = {}
        for room_id in sorted({room_id for room_id, _ in asked}):
            accounts = [account for room, account in asked if room == room_id]
            async with self._transaction() as conn:
                found = await join(conn, self._floor, room_id, accounts)
            tickets |= {(room_id, account): ticket for account, ticket in zip(accounts, found, strict=True)}
        return [tickets[one] for one in asked]

    async def _open_by_load(self) -> None:
        if not any(room.place == Place() for room in await self._standing_rooms()):
            async with self._transaction() as conn:
                await open_by_load(conn, self._floor)
