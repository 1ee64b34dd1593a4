"""What a waiting room is: pure functions from a room, a ticket and an instant to a place and its turn."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from opencowin.kit.actor import Place

SOONEST, LONGEST = 3, 120
"""Seconds after which it is worth asking again, at least and at most."""
SPREAD = 10
"""Seconds over which those who were there before the opening come back after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A waiting room that stands. Places up to `early` are drawn by lot among who was there before it opened."""

    room_id: UUID
    state_id: int | None
    district_id: int | None
    by_load: bool
    opens_at: datetime
    opened_at: datetime | None
    per_minute: int
    let_in: float
    paced_at: datetime
    early: int
    late: int

    @property
    def place(self) -> Place:
        """Its area."""
        return Place(self.state_id, self.district_id)

    def admitted(self, now: datetime) -> float:
        """Up to which place people are let in at an instant."""
        if self.opened_at is None:
            return 0.0
        return self.let_in + max(0.0, (now - self.paced_at).total_seconds()) * self.per_minute / 60

    def waiting(self, now: datetime) -> int:
        """How many wait; places that nobody came to take count as well."""
        return max(0, ceil(self.early + self.late - self.admitted(now)))

    def ahead(self, now: datetime) -> bool:
        """Whether its instant is still to come."""
        return self.opened_at is None and now < self.opens_at

    def due(self, now: datetime) -> bool:
        """Whether it is to open and has not yet."""
        return self.opened_at is None and self.opens_at <= now


@dataclass(frozen=True, slots=True)
class Wanted:
    """A session as the entrance knows it: where it is held, and from when it can be booked (None: already)."""

    place: Place
    bookable_from: datetime | None

    def bookable(self, now: datetime) -> bool:
        """Whether it can be booked at an instant."""
        return self.bookable_from is None or self.bookable_from <= now


@dataclass(frozen=True, slots=True)
class Ticket:
    """One account's place in a room: `number` 0 was there before it opened, another one stands behind those."""

    room_id: UUID
    account_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a ticket stands now. Before the room opens nobody knows how many are before whom: `before` is None."""

    ticket: str
    opens_at: datetime
    opened: bool
    turn: bool
    before: int | None
    wait_seconds: int
    retry_after: int

    @property
    def wait_minutes(self) -> int:
        """The estimated wait in whole minutes, at least one."""
        return max(1, -(-self.wait_seconds // 60))


def place_of(room: Room, ticket: Ticket, lot: float) -> float:
    """The place of a ticket in a room that has opened, from 1 on."""
    return room.early + ticket.number if ticket.number else max(1.0, lot * room.early)


def standing(room: Room, ticket: Ticket, lot: float, text: str, now: datetime) -> Standing:
    """Where a ticket stands; `lot` is its lot, from 0 to below 1."""
    if room.opened_at is None:
        wait = max(0, -int((now - room.opens_at) // timedelta(seconds=1)))
        again = min(LONGEST, wait + SOONEST + int(lot * SPREAD))
        return Standing(text, room.opens_at, False, False, None, wait, again)
    ahead = max(0.0, place_of(room, ticket, lot) - 1 - room.admitted(now))
    if ahead == 0:
        return Standing(text, room.opens_at, True, True, 0, 0, 0)
    wait = int(ahead * 60 / room.per_minute) + 1
    return Standing(text, room.opens_at, True, False, ceil(ahead), wait, max(SOONEST, min(LONGEST, wait // 4)))


def governing(rooms: tuple[Room, ...], place: Place) -> Room | None:
    """The room that stands before bookings at a place: the narrowest that includes it."""
    found = [
        room
        for room in rooms
        if room.state_id in {None, place.state_id} and room.district_id in {None, place.district_id}
    ]
    return max(found, key=lambda room: (room.district_id is not None, room.state_id is not None), default=None)
