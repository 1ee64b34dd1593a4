"""What uploads are: kinds, columns, lines with their faults, and states from the upload to the undoing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from opencowin.kit.actor import Place
from opencowin.kit.errors import Refusal


class Kind(StrEnum):
    """What the rows of a table are."""

    CENTRES = "centres"
    SESSIONS = "sessions"
    STAFF = "staff"
    LISTS = "lists"
    DOSES = "doses"


class UploadState(StrEnum):
    """Where an upload is."""

    RECEIVED = "received"
    CHECKED = "checked"
    CONFIRMED = "confirmed"
    SAVED = "saved"
    UNDOING = "undoing"
    UNDONE = "undone"
    STOPPED = "stopped"
    DROPPED = "dropped"


class RowState(StrEnum):
    """What became of a row."""

    GOOD = "good"
    WRONG = "wrong"
    SAVED = "saved"
    FAILED = "failed"
    UNDONE = "undone"
    KEPT = "kept"


class Form(StrEnum):
    """How a cell is written."""

    TEXT = "text"
    NUMBER = "number"
    DECIMAL = "decimal"
    DAY = "day"
    TIME = "time"
    CHOICE = "choice"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a template; `least` and `most` bound numbers, or the length of a text."""

    name: str
    form: Form = Form.TEXT
    needed: bool = True
    least: int = 0
    most: int = 200
    choices: tuple[str, ...] = ()
    example: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a row: the column (empty: the whole row) and the refusal."""

    column: str
    refusal: Refusal


@dataclass(slots=True)
class Line:
    """One row of a file: its number as a spreadsheet counts, its cells, what they say, and what is wrong."""

    number: int
    cells: Mapping[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def blame(self, column: str, refusal: Refusal) -> None:
        """Note what is wrong in a column."""
        self.faults.append(Fault(column, refusal))

    def is_wrong(self, *columns: str) -> bool:
        """Whether something is wrong in one of these columns."""
        return any(fault.column in columns for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload and how far it is."""

    upload_id: UUID
    kind: Kind
    state: UploadState
    staff_id: UUID
    place: Place
    address: str
    file_name: str
    header: Sequence[str]
    problem: Refusal | None
    rows_read: int
    rows_wrong: int
    rows_saved: int
    rows_failed: int
    rows_undone: int
    rows_kept: int
    received_at: datetime
    checked_at: datetime | None
    ended_at: datetime | None
    forgotten_at: datetime | None

    @property
    def rows_good(self) -> int:
        """Rows without an error."""
        return self.rows_read - self.rows_wrong

    @property
    def under_way(self) -> bool:
        """Whether a job works on it."""
        return self.state in {UploadState.RECEIVED, UploadState.CONFIRMED, UploadState.UNDOING}

    @property
    def progress(self) -> int:
        """How many rows the present job is done with."""
        match self.state:
            case UploadState.CONFIRMED:
                return self.rows_saved + self.rows_failed
            case UploadState.UNDOING:
                return self.rows_undone + self.rows_kept
            case _:
                return self.rows_read


@dataclass(frozen=True, slots=True)
class WrongRow:
    """A row that was not saved, or not undone, and why."""

    number: int
    state: RowState
    cells: Sequence[str]
    faults: Sequence[Fault]
