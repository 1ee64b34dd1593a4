"""What a case is: its kinds, its states, and what was written on both sides."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class CaseKind(StrEnum):
    """What a case is about."""

    FACTS_WRONG = "facts_wrong"
    DOSE_MISSING = "dose_missing"
    DOSE_WRONG = "dose_wrong"
    DOSE_NOT_MINE = "dose_not_mine"
    MERGE = "merge"
    UNKNOWN_MEMBER = "unknown_member"
    OLD_NUMBER = "old_number"
    CENTRE = "centre"
    OTHER = "other"


class CaseState(StrEnum):
    """How far a case is."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case as a person raises it; `case_id` is made by the sender, `reference_id` names the member it is about."""

    case_id: UUID
    kind: CaseKind
    details: str
    reference_id: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it stands; opened, so only ever in memory."""

    account_id: UUID
    case_id: UUID
    case_number: int
    beneficiary_id: UUID | None
    district_id: int | None
    kind: CaseKind
    state: CaseState
    details: str
    raised_at: datetime
    answer: str
    answered_at: datetime | None
