"""What the ledger is made of: a dose of a batch is in one account at a time, and a movement takes it to another.

The accounts are the supplier, the stores of the four tiers, consignments on the way, sessions, and where doses end:
given, wasted for a reason, missing. Balances of a batch over all accounts are 0 at every moment.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

SUPPLIER, GIVEN, MISSING, FOUND = "supplier", "given", "missing", "found"


class MovementKind(StrEnum):
    """Why doses move."""

    RECEIPT = "receipt"
    DISPATCH = "dispatch"
    ARRIVAL = "arrival"
    ISSUE = "issue"
    RETURN = "return"
    USE = "use"
    WASTE = "waste"
    COUNT = "count"


class WasteReason(StrEnum):
    """Why doses cannot be given; WHO's closed and open vial wastage."""

    EXPIRED = "expired"
    HEAT = "heat"
    FROZEN = "frozen"
    BROKEN = "broken"
    OPEN_VIAL = "open_vial"
    CONTAMINATED = "contaminated"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class VaccineBatch:
    """A batch wherever its doses are."""

    vaccine_id: str
    batch_number: str
    expires_on: date
    doses_per_vial: int
    manufacturer: str = ""


@dataclass(frozen=True, slots=True)
class Movement:
    """Doses of a batch on their way from an account to another; `movement_id` is made by whoever records it."""

    movement_id: UUID
    kind: MovementKind
    vaccine_id: str
    batch_number: str
    doses: int
    source: str
    target: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Recorded(Movement):
    """A movement of the ledger: when it was recorded and by whom."""

    recorded_at: datetime | None = None
    recorded_by: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has of a batch."""

    account: str
    vaccine_id: str
    batch_number: str
    expires_on: date
    doses_per_vial: int
    doses: int
    manufacturer: str = ""


def wasted(reason: WasteReason) -> str:
    """The account of doses lost for this reason."""
    return f"wasted:{reason.value}"
