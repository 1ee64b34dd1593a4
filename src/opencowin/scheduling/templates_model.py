"""What a weekly template is."""

from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any
from uuid import UUID

from opencowin.scheduling.model import NewSlot


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What a centre holds on some days of a usual week: 1 Monday to 7 Sunday."""

    district_id: int
    template_id: UUID
    centre_id: int
    name: str
    weekdays: tuple[int, ...]
    vaccine_id: str
    min_age: int
    max_age: int | None
    fee: Decimal
    stored_slots: list[list[Any]]
    doses: int
    round: str = "open"
    closed: bool = False
    reserved_for: str | None = None
    reserved_hours: int | None = None
    bookable_days: int | None = None
    """How many days before the session booking opens, at `bookable_time`; None: when it is published."""
    bookable_time: time | None = None

    @property
    def slots(self) -> tuple[NewSlot, ...]:
        """Its slots in the order of the day."""
        return tuple(
            NewSlot(time.fromisoformat(starts), time.fromisoformat(ends), {int(c): int(n) for c, n in seats.items()})
            for starts, ends, seats in self.stored_slots
        )


def stored(slots: tuple[NewSlot, ...]) -> list[list[Any]]:
    """Slots as a template keeps them."""
    return [
        [f"{one.starts_at:%H:%M}", f"{one.ends_at:%H:%M}", {str(c): n for c, n in sorted(one.seats.items())}]
        for one in slots
    ]
