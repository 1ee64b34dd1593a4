"""What tablets are, what they send, and what becomes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from opencowin.kit.actor import Actor
from opencowin.registry import Beneficiary, Registration
from opencowin.stock import Balance, WasteReason
from opencowin.vaccination import Dose, Severity


class Outcome(StrEnum):
    """What became of a record that was sent."""

    KEPT = "kept"
    ATTENTION = "attention"
    """It is kept as it came, and a human must act."""
    UNDONE = "undone"
    REPLACED = "replaced"
    WAITING = "waiting"
    """Nothing is kept yet: what it speaks of must come first. It is sent again."""


class TabletFlag(StrEnum):
    """What about a dose sent by a tablet does not fit, besides what rules and stock say."""

    RECORDED_LATE = "recorded_late"
    CLOCK_DIFFERS = "clock_differs"
    RECORDED_TWICE = "recorded_twice"
    WORKER_LEFT = "worker_left"
    SECRET_CODE_WRONG = "secret_code_wrong"  # noqa: S105 (a flag)
    SECRET_CODE_UNCHECKED = "secret_code_unchecked"  # noqa: S105 (a flag)
    NOT_BOOKED = "not_booked"
    REGISTERED_BEFORE = "registered_before"
    AFTER_CLOSING = "after_closing"


@dataclass(frozen=True, slots=True)
class Tablet:
    """A tablet that calls: for whom it acts, where, and whether its worker may still read."""

    tablet_id: UUID
    actor: Actor
    worker_name: str
    district_id: int
    centre_id: int
    expires_at: datetime
    left: bool
    """The worker has left, or may not vaccinate here any more."""
    over: bool
    """Its time is over, or the worker signed out."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A person who is expected in a session, or was there already."""

    person: Beneficiary
    dose_number: int
    slot: str
    given: bool
    doses: tuple[Dose, ...]


@dataclass(frozen=True, slots=True)
class SessionToday:
    """A session of today with the batches that may be used in it."""

    session_id: UUID
    held_on: date
    vaccine_id: str
    min_age: int
    max_age: int | None
    batches: tuple[Balance, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What every record has. `record_id` is made on the tablet."""

    record_id: UUID
    made_at: datetime
    raw: str
    """The record as it came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDose(Sent):
    """A dose given: to a person known by reference, or to one who is registered with it."""

    session_id: UUID
    vaccine_id: str
    batch_number: str
    dose_number: int
    reference_id: int | None = None
    secret_code: str = ""
    walk_in: Registration | None = None
    mobile: str = ""
    instead_of: UUID | None = None
    """A record that needed attention and that this one corrects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentUndo(Sent):
    """A dose that was recorded and not given."""

    dose: UUID
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAdverseEvent(Sent):
    """What followed a dose."""

    dose: UUID
    severity: Severity
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentVials(Sent):
    """Vials of a batch that were opened."""

    session_id: UUID
    vaccine_id: str
    batch_number: str
    vials: int
    doses_per_vial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentWaste(Sent):
    """Doses of a batch that cannot be given."""

    session_id: UUID
    vaccine_id: str
    batch_number: str
    doses: int
    reason: WasteReason


@dataclass(frozen=True, slots=True, kw_only=True)
class SentClose(Sent):
    """The tablet is done with the session; doses it recorded, and why they are not what was drawn."""

    session_id: UUID
    doses: int
    explanation: str = ""


AnySent = SentDose | SentUndo | SentAdverseEvent | SentVials | SentWaste | SentClose


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tablet is told of a record, now and whenever it sends it again."""

    record_id: UUID
    outcome: Outcome
    code: str = ""
    text: str = ""
    flags: tuple[str, ...] = ()
    reference_id: str = ""

    def stored(self) -> dict[str, Any]:
        """What of it is stored beside the outcome."""
        return {"code": self.code, "text": self.text, "flags": list(self.flags), "reference_id": self.reference_id}


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as it is stored."""

    record_id: UUID
    tablet_id: UUID
    district_id: int
    centre_id: int
    session_id: UUID | None
    kind: str
    outcome: str
    answer: Mapping[str, Any]
    made_at: datetime
    received_at: datetime
    figures: Mapping[str, Any] = field(default_factory=dict)
    account_id: UUID | None = None
    beneficiary_id: UUID | None = None
    dose_id: UUID | None = None
    content_sealed: bytes | None = None

    def answered(self) -> Answer:
        """The answer that it had."""
        told = self.answer
        return Answer(
            self.record_id,
            Outcome(self.outcome),
            told["code"],
            told["text"],
            tuple(told["flags"]),
            told["reference_id"],
        )
