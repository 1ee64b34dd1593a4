"""What stock is: a batch at a centre, and the part of one that a session was allotted."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Batch:
    """Doses of one batch at one centre."""

    district_id: int
    centre_id: int
    vaccine_id: str
    batch_number: str
    expires_on: date
    received: int
    allotted: int
    held: bool = False
    """Whether it is recalled or quarantined."""

    @property
    def free(self) -> int:
        """Doses that no session has yet."""
        return 0 if self.held else self.received - self.allotted


@dataclass(frozen=True, slots=True)
class Allotment:
    """Doses of one batch for one session."""

    batch_number: str
    doses: int


@dataclass(frozen=True, slots=True)
class Short:
    """A centre that has hardly any doses left to allot of a vaccine."""

    centre_id: int
    vaccine_id: str
    free: int
    in_all: int
    """How many there are of these in the area that was asked about."""
