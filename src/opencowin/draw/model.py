"""What a draw is: its states, its entries and their outcomes, and the news of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from opencowin.kit.jobs import BULK, Job


class DrawState(StrEnum):
    """How far a draw has come; `drawn` and `cancelled` are over once `ended_at` is set.

    `halted`: what is stored is not what was published when it closed, so it is not drawn.
    """

    OPEN = "open"
    CLOSED = "closed"
    REVEALED = "revealed"
    DRAWN = "drawn"
    HALTED = "halted"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What became of an entry. `refused`: seats fell to it, but could not be booked by the rules of the day."""

    BOOKED = "booked"
    REFUSED = "refused"
    LOST = "lost"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class NewDraw:
    """A draw to be opened. `groups`: who comes first, second, …; everybody else comes last.

    `number_source`: the public number that will be announced after the closing, in words that leave no choice.
    """

    district_id: int
    session_ids: tuple[UUID, ...]
    groups: tuple[str, ...]
    closes_at: datetime
    number_source: str


@dataclass(frozen=True, slots=True)
class Draw:
    """A draw as stored: all of it is public but the sealed seed."""

    draw_id: UUID
    district_id: int
    state: str
    groups: list[str]
    number_source: str
    opened_at: datetime
    closes_at: datetime
    commitment: str
    seed_sealed: bytes
    seed: str | None
    public_number: str | None
    list_digest: str | None
    closed_at: datetime | None
    revealed_at: datetime | None
    ended_at: datetime | None
    reason: str | None

    @property
    def is_over(self) -> bool:
        """Whether it can be neither revealed nor called off any more."""
        return self.state not in {DrawState.OPEN, DrawState.CLOSED, DrawState.HALTED}

    def takes_entries(self, now: datetime) -> bool:
        """Whether one may enter and withdraw."""
        return self.state == DrawState.OPEN and now < self.closes_at


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entries a draw has, of how many people, and how many of them are booked."""

    entries: int
    people: int
    booked: int


@dataclass(frozen=True, slots=True)
class Entry:
    """What a household entered, and what became of it."""

    entry_id: int
    draw_id: UUID
    rank: int
    dose: int
    preferences: list[UUID]
    waits: bool
    members: list[UUID]
    session_id: UUID | None
    slot_number: int | None
    outcome: str | None
    refusal: str | None


@dataclass(frozen=True, slots=True)
class DrawLost:
    """No seat fell to this entry of a household."""

    account_id: UUID
    draw_id: UUID
    district_id: int
    entry_id: int
    happened_at: datetime


DRAW_LOST = Job("draw.lost", DrawLost, BULK)
