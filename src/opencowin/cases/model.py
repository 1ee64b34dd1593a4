"""What a case is: its kinds, its states, what it asks to have put right, and the steps on both sides."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from opencowin.kit.jobs import Job
from opencowin.registry import Correction
from opencowin.vaccination import DoseCorrection


class CaseKind(StrEnum):
    """What a case is about."""

    FACTS_WRONG = "facts_wrong"
    PASSPORT = "passport"
    DOSE_MISSING = "dose_missing"
    DOSE_WRONG = "dose_wrong"
    DOSE_NOT_MINE = "dose_not_mine"
    MERGE = "merge"
    TRANSFER = "transfer"
    UNKNOWN_MEMBER = "unknown_member"
    OLD_NUMBER = "old_number"
    SAME_DOCUMENT = "same_document"
    DEATH = "death"
    CENTRE = "centre"
    OTHER = "other"


class CaseState(StrEnum):
    """How far a case is."""

    RAISED = "raised"
    IN_REVIEW = "in_review"
    ASKED = "asked"
    """An officer asked for more."""
    ACCEPTED = "accepted"
    """Decided; carried out once the other side had time to object."""
    REFUSED = "refused"
    DONE = "done"
    REOPENED = "reopened"


OPEN = frozenset({CaseState.RAISED, CaseState.IN_REVIEW, CaseState.ASKED, CaseState.REOPENED, CaseState.ACCEPTED})
DECIDABLE = OPEN - {CaseState.ACCEPTED}
CLOSED = frozenset({CaseState.REFUSED, CaseState.DONE})
WORDS_ALONE = frozenset({CaseKind.CENTRE, CaseKind.OTHER})
"""Kinds that need not be about a member."""
FOUND = frozenset({CaseKind.SAME_DOCUMENT})
"""Kinds that only the platform raises."""
BY_CONSENT = frozenset({CaseKind.TRANSFER})
"""Kinds that both sides prove themselves, so that no officer decides."""
AWAITED = frozenset({CaseKind.OLD_NUMBER, CaseKind.SAME_DOCUMENT})
"""Kinds whose other side has time to object after a decision."""


class Side(StrEnum):
    """Who takes a step."""

    PERSON = "person"
    OFFICER = "officer"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Passport:
    """A passport to be added."""

    type_id: int
    number: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What exactly shall be put right; a case of one kind uses one of these."""

    facts: Correction | None = None
    passport: Passport | None = None
    dose: DoseCorrection | None = None
    died_on: date | None = None
    typed: Mapping[str, str | int] | None = None
    """What was typed when a document was registered a second time."""
    proved_by: str = ""
    """How a person who lost a number proved to be who the record is of."""


@dataclass(frozen=True, slots=True)
class OtherRecord:
    """The second record in a merge, and its secret code where it is of another household."""

    reference_id: int
    secret_code: str = ""


@dataclass(frozen=True, slots=True)
class RecordProof:
    """What shows that a record is one's own without its number: the document, and a secret code or a dose's facts."""

    reference_id: int
    document_type_id: int
    document_number: str
    secret_code: str = ""
    given_on: date | None = None
    vaccine_id: str = ""


@dataclass(frozen=True, slots=True)
class NewCase:
    """A case as a person raises it; `case_id` is made by the sender, `reference_id` names the member it is about."""

    case_id: UUID
    kind: CaseKind
    details: str
    reference_id: int | None = None
    wish: Wish | None = None
    other: OtherRecord | None = None
    proof: RecordProof | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a case."""

    step_number: int
    state: CaseState
    side: Side
    actor_id: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something shown as proof; what it shows is read one at a time."""

    evidence_id: UUID
    media_type: str
    size: int
    added_at: datetime
    deleted: bool


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it stands; opened, so only ever in memory."""

    account_id: UUID
    case_id: UUID
    case_number: int
    kind: CaseKind
    state: CaseState
    found_by_system: bool
    reference_id: int | None
    other_reference_id: int | None
    district_id: int | None
    details: str
    wish: Wish
    raised_at: datetime
    changed_at: datetime
    takes_effect_at: datetime | None
    undone_at: datetime | None

    @property
    def open(self) -> bool:
        """Whether it is not closed."""
        return self.state in OPEN

    @property
    def can_be_undone(self) -> bool:
        """Whether it is a merge that stands."""
        return self.kind is CaseKind.MERGE and self.state is CaseState.DONE and self.undone_at is None


@dataclass(frozen=True, slots=True)
class Told:
    """A case as its household sees it."""

    case: Case
    steps: tuple[Step, ...]
    evidence: tuple[Evidence, ...]
    may_object: bool
    """Whether the reader is the other side, and there is still time."""

    @property
    def answer(self) -> str:
        """The last words of an officer."""
        return next((one.note for one in reversed(self.steps) if one.note and one.side is Side.OFFICER), "")


class News(StrEnum):
    """What people are told of a case by message."""

    RAISED = "raised"
    ASKED = "asked"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    DONE = "done"
    NOTICE = "notice"
    """To the other side: somebody asks to take a member over."""


@dataclass(frozen=True, slots=True)
class CaseNews:
    """A case has moved on: whom to tell, and what."""

    account_id: UUID
    case_number: int
    step_number: int
    news: News
    happened_at: datetime
    reference_id: int | None = None
    until: date | None = None


CASE_MOVED = Job("cases.case_moved", CaseNews)
