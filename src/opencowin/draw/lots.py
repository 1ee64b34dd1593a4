"""The lots of a draw: the list that is published, its digest, the order that seed and number give, and who gets what.

Pure, so that anybody can do it again; `examples/check_draw.py` does, and shares no line with this module.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

FORMAT = "open-cowin-draw 1"


@dataclass(frozen=True, slots=True)
class Ticket:
    """An entry as it is published: nothing of a person but the priority group's place."""

    entry_id: int
    rank: int
    dose: int
    people: int
    preferences: list[UUID]


@dataclass(frozen=True, slots=True)
class SlotSeats:
    """Seats of a slot for a dose that the draw allots."""

    session_id: UUID
    slot_number: int
    dose: int
    seats: int


@dataclass(frozen=True, slots=True)
class SessionDoses:
    """Doses of a session that the draw allots."""

    session_id: UUID
    doses: int


@dataclass(frozen=True, slots=True)
class Stakes:
    """What is drawn for, by whom: all that the result depends on beside the seed and the public number."""

    draw_id: UUID
    groups: Sequence[str]
    doses: Sequence[SessionDoses]
    seats: Sequence[SlotSeats]
    tickets: Sequence[Ticket]

    def text(self) -> str:
        """The list as it is published: one line a fact, in an order that leaves no choice."""
        return "".join(f"{line}\n" for line in self._lines())

    def digest(self) -> str:
        """SHA-256 of the list."""
        return hashlib.sha256(self.text().encode()).hexdigest()

    def _lines(self) -> Iterable[str]:
        yield FORMAT
        yield f"draw {self.draw_id}"
        yield from (f"group {rank} {name}" for rank, name in enumerate(self.groups))
        for one in sorted(self.doses, key=lambda one: str(one.session_id)):
            yield f"doses {one.session_id} {one.doses}"
        for seat in sorted(self.seats, key=lambda one: (str(one.session_id), one.slot_number, one.dose)):
            yield f"seats {seat.session_id} {seat.slot_number} {seat.dose} {seat.seats}"
        for ticket in sorted(self.tickets, key=lambda one: one.entry_id):
            wanted = " ".join(str(one) for one in ticket.preferences)
            yield f"entry {ticket.entry_id} {ticket.rank} {ticket.dose} {ticket.people} {wanted}"


def commitment_of(seed: bytes) -> str:
    """What is published of a seed before anybody enters."""
    return hashlib.sha256(seed).hexdigest()


def in_order(tickets: Iterable[Ticket], seed: bytes, digest: str, public_number: str) -> list[Ticket]:
    """The tickets as they are served: by priority group, and within it by lot."""
    key = hmac.digest(seed, f"{digest}\n{public_number}".encode(), "sha256")

    def place(ticket: Ticket) -> tuple[int, bytes]:
        return ticket.rank, hmac.digest(key, str(ticket.entry_id).encode(), "sha256")

    return sorted(tickets, key=place)


def allot(
    ordered: Iterable[Ticket], doses: Iterable[SessionDoses], seats: Iterable[SlotSeats]
) -> Mapping[int, tuple[UUID, int]]:
    """Session and slot by entry: one after the other gets the first session of its choice that still has as many seats
    as it has people, there the earliest slot that has; who finds none goes without, and the next is served."""
    left = {one.session_id: one.doses for one in doses}
    free = {(one.session_id, one.dose, one.slot_number): one.seats for one in seats}
    slots: dict[tuple[UUID, int], list[int]] = {}
    for session_id, dose, number in sorted(free, key=lambda key: key[2]):
        slots.setdefault((session_id, dose), []).append(number)
    won: dict[int, tuple[UUID, int]] = {}
    for ticket in ordered:
        for session_id in ticket.preferences:
            fits = (
                slot
                for slot in slots.get((session_id, ticket.dose), ())
                if free[session_id, ticket.dose, slot] >= ticket.people <= left.get(session_id, 0)
            )
            if (slot := next(fits, None)) is not None:
                free[session_id, ticket.dose, slot] -= ticket.people
                left[session_id] -= ticket.people
                won[ticket.entry_id] = (session_id, slot)
                break
    return won
