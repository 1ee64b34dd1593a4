"""How a tablet writes its records: one shape for each kind, read one by one so that none keeps the others back."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from opencowin import registry, tablets
from opencowin.stock import WasteReason
from opencowin.vaccination import Severity
from opencowin.web.cowin.wire import PlainText

Count = Annotated[int, Field(ge=0, le=10_000)]
Word = Annotated[PlainText, Field(min_length=1, max_length=60)]
YEARS = range(2000, 2200)


def _sensible(at: datetime) -> datetime:
    if at.year not in YEARS:
        raise ValueError("is no year of ours")
    return at


Instant = Annotated[AwareDatetime, AfterValidator(_sensible)]


class RecordSent(BaseModel):
    """What every record has."""

    id: UUID
    at: Instant

    def shared(self) -> dict[str, Any]:
        """Its part of every record."""
        return {"record_id": self.id, "made_at": self.at, "raw": self.model_dump_json(exclude_none=True)}


class WalkIn(BaseModel):
    """Somebody who walked in, as written on the tablet."""

    name: PlainText = Field(max_length=400)
    birth_year: int
    gender_id: int
    photo_id_type: int
    photo_id_number: PlainText = Field(max_length=60)
    comorbidity: bool = False
    consent_version: PlainText = Field(max_length=20)
    mobile: PlainText = Field("", max_length=40)

    def registration(self) -> registry.Registration:
        """The registration that it asks for."""
        return registry.Registration(
            name=self.name,
            birth_year=self.birth_year,
            gender_id=self.gender_id,
            document_type_id=self.photo_id_type,
            document_number=self.photo_id_number,
            comorbidity=self.comorbidity,
            consent_version=self.consent_version,
        )


class DoseSent(RecordSent):
    """A dose given."""

    kind: Literal["dose"]
    session: UUID
    vaccine: Word
    batch: Word
    dose: int = Field(ge=1, le=20)
    reference: int | None = None
    secret_code: PlainText = Field("", max_length=10)
    walk_in: WalkIn | None = None
    instead_of: UUID | None = None

    def sent(self) -> tablets.SentDose:
        """The record."""
        return tablets.SentDose(
            **self.shared(),
            session_id=self.session,
            vaccine_id=self.vaccine.strip().upper(),
            batch_number=self.batch.strip(),
            dose_number=self.dose,
            reference_id=self.reference,
            secret_code=self.secret_code,
            walk_in=self.walk_in.registration() if self.walk_in else None,
            mobile=self.walk_in.mobile if self.walk_in else "",
            instead_of=self.instead_of,
        )


class UndoSent(RecordSent):
    """A dose that was recorded and not given."""

    kind: Literal["undo"]
    dose: UUID
    reason: PlainText = Field(max_length=400)

    def sent(self) -> tablets.SentUndo:
        """The record."""
        return tablets.SentUndo(**self.shared(), dose=self.dose, reason=self.reason)


class AdverseEventSent(RecordSent):
    """What followed a dose."""

    kind: Literal["adverse_event"]
    dose: UUID
    severity: Severity
    description: PlainText = Field(max_length=4000)

    def sent(self) -> tablets.SentAdverseEvent:
        """The record."""
        return tablets.SentAdverseEvent(
            **self.shared(), dose=self.dose, severity=self.severity, description=self.description
        )


class VialsSent(RecordSent):
    """Vials that were opened."""

    kind: Literal["vials"]
    session: UUID
    vaccine: Word
    batch: Word
    vials: Count
    doses_per_vial: Annotated[int, Field(ge=1, le=1000)]

    def sent(self) -> tablets.SentVials:
        """The record."""
        return tablets.SentVials(
            **self.shared(),
            session_id=self.session,
            vaccine_id=self.vaccine.strip().upper(),
            batch_number=self.batch.strip(),
            vials=self.vials,
            doses_per_vial=self.doses_per_vial,
        )


class WasteSent(RecordSent):
    """Doses that cannot be given."""

    kind: Literal["waste"]
    session: UUID
    vaccine: Word
    batch: Word
    doses: Count
    reason: WasteReason

    def sent(self) -> tablets.SentWaste:
        """The record."""
        return tablets.SentWaste(
            **self.shared(),
            session_id=self.session,
            vaccine_id=self.vaccine.strip().upper(),
            batch_number=self.batch.strip(),
            doses=self.doses,
            reason=self.reason,
        )


class CloseSent(RecordSent):
    """The tablet is done with a session."""

    kind: Literal["close"]
    session: UUID
    doses: Count
    explanation: PlainText = Field("", max_length=1000)

    def sent(self) -> tablets.SentClose:
        """The record."""
        return tablets.SentClose(
            **self.shared(), session_id=self.session, doses=self.doses, explanation=self.explanation
        )


AnyRecord = Annotated[
    DoseSent | UndoSent | AdverseEventSent | VialsSent | WasteSent | CloseSent, Field(discriminator="kind")
]
_records: TypeAdapter[DoseSent | UndoSent | AdverseEventSent | VialsSent | WasteSent | CloseSent] = TypeAdapter(
    AnyRecord
)


def read_record(raw: object) -> tablets.AnySent | None:
    """The record that a tablet wrote; None for what cannot be understood."""
    try:
        return _records.validate_json(json.dumps(raw)).sent()
    except ValidationError:
        return None


def id_of(raw: object) -> UUID | None:
    """The id of a record, understood or not; None for what has none."""
    try:
        return UUID(str(raw["id"])) if isinstance(raw, dict) else None
    except (KeyError, ValueError):
        return None


def made_at(raw: object) -> datetime:
    """When a record was made; now for what does not tell."""
    try:
        at = datetime.fromisoformat(str(raw["at"])) if isinstance(raw, dict) else None
    except (KeyError, ValueError):
        at = None
    return at if at is not None and at.tzinfo is not None and at.year in YEARS else datetime.now(UTC)
