"""Reviews adverse events: severity, causality and outcome by WHO's classes, each review kept, notes sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import Centre, find_centre
from opencowin.registry import age_band, read_person
from opencowin.vaccination import review_queries as queries
from opencowin.vaccination.adverse_events import DESCRIPTION, Severity
from opencowin.vaccination.refusals import FindingsMissing, NoSuchAdverseEvent, SeriousByWho
from opencowin.vaccination.review_queries import EventRow, ReviewRow
from opencowin.vaccination.text import readable

NOTES = "adverse_event.notes"
LONGEST_NOTES = 4000
AT_ONCE = 100


class ReviewState(StrEnum):
    """How far the review of an event is."""

    REPORTED = "reported"
    INVESTIGATING = "investigating"
    CLOSED = "closed"


class Causality(StrEnum):
    """WHO's classes of causality assessment."""

    PRODUCT = "A1"
    QUALITY_DEFECT = "A2"
    IMMUNISATION_ERROR = "A3"
    ANXIETY = "A4"
    NO_EVIDENCE = "B1"
    CONFLICTING = "B2"
    COINCIDENTAL = "C"
    UNCLASSIFIABLE = "D"


class Outcome(StrEnum):
    """What became of the person."""

    RECOVERING = "recovering"
    RECOVERED = "recovered"
    RECOVERED_WITH_SEQUELAE = "recovered_with_sequelae"
    NOT_RECOVERED = "not_recovered"
    DIED = "died"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Findings:
    """What a review finds."""

    state: ReviewState
    severity: Severity
    causality: Causality | None
    outcome: Outcome | None
    in_hospital: bool
    notes: str


@dataclass(frozen=True, slots=True)
class ReportedEvent:
    """An event in a list: nothing in it tells who the person is."""

    adverse_event_id: UUID
    district_id: int | None
    noticed_on: date
    reported_at: datetime
    state: ReviewState
    severity: Severity
    causality: Causality | None
    outcome: Outcome | None
    in_hospital: bool
    wants_call: bool
    vaccine_id: str | None
    batch_number: str | None
    dose_number: int | None
    given_on: date | None
    centre_id: int | None


@dataclass(frozen=True, slots=True)
class Review:
    """One review of an event, its notes opened."""

    number: int
    state: ReviewState
    severity: Severity
    causality: Causality | None
    outcome: Outcome | None
    in_hospital: bool
    notes: str
    reviewed_at: datetime


@dataclass(frozen=True, slots=True)
class EventFile:
    """All that a reviewer needs of one event: no name, no number; age band and gender as statistics have them."""

    event: ReportedEvent
    description: str
    gender_id: int
    age_band: str
    centre: Centre | None
    reviews: Sequence[Review]


async def adverse_events(conn: Connection, actor: Actor, *, state: ReviewState | None = None) -> list[ReportedEvent]:
    """The events of the actor's area, the newest first, or only those in a state. Raises NotPermitted."""
    actor.require(Permission.REVIEW_ADVERSE_EVENTS)
    rows = await queries.events_within(conn, actor.place, state.value if state else None, AT_ONCE)
    return [_event(row) for row in rows]


async def open_event(conn: Connection, floor: Floor, actor: Actor, event_id: UUID) -> EventFile:
    """One event with its description and reviews; leaves an audit row. Raises NotPermitted, NoSuchAdverseEvent."""
    row = await _within(conn, actor, event_id)
    person = await read_person(conn, floor, actor, row.person, "vaccination.open_event")
    reviews = await queries.reviews_of(conn, row.person, event_id)
    return EventFile(
        event=_event(row),
        description=floor.keyring.open(bytes(row.description_sealed), DESCRIPTION),
        gender_id=person.gender_id,
        age_band=age_band(person.birth_year, row.noticed_on.year),
        centre=await find_centre(conn, row.centre_id) if row.centre_id is not None else None,
        reviews=[_review(floor, one) for one in reviews],
    )


async def review_event(conn: Connection, floor: Floor, actor: Actor, event_id: UUID, found: Findings) -> None:
    """Add a review, whose findings are the event's from now on.

    Raises NotPermitted, NoSuchAdverseEvent, TextUnreadable, SeriousByWho, FindingsMissing.
    """
    row = await _within(conn, actor, event_id)
    if found.severity is not Severity.SERIOUS and (found.in_hospital or found.outcome is Outcome.DIED):
        raise SeriousByWho(field="severity")
    if found.state is ReviewState.CLOSED and (found.causality is None or found.outcome is None):
        raise FindingsMissing(field="causality" if found.causality is None else "outcome")
    notes = readable(found.notes, "notes", LONGEST_NOTES)
    number = await queries.set_findings(
        conn,
        row.person,
        event_id,
        state=found.state.value,
        severity=found.severity.value,
        causality=found.causality.value if found.causality else None,
        outcome=found.outcome.value if found.outcome else None,
        in_hospital=found.in_hospital,
        at=floor.clock.now(),
    )
    await queries.insert_review(
        conn, row.person, event_id, number, floor.keyring.seal(notes, NOTES), actor.actor_id, floor.clock.now()
    )
    detail = {"state": found.state.value, "severity": found.severity.value, "number": number}
    subject = ("adverse_event", event_id)
    await record(conn, actor, "vaccination.review_event", subject=subject, reason="AEFI review", detail=detail)


async def _within(conn: Connection, actor: Actor, event_id: UUID) -> EventRow:
    actor.require(Permission.REVIEW_ADVERSE_EVENTS)
    row = await queries.event_within(conn, actor.place, event_id)
    if row is None:
        raise NoSuchAdverseEvent
    return row


def _event(row: EventRow) -> ReportedEvent:
    return ReportedEvent(
        adverse_event_id=row.adverse_event_id,
        district_id=row.district_id,
        noticed_on=row.noticed_on,
        reported_at=row.reported_at,
        state=ReviewState(row.review_state),
        severity=Severity(row.severity),
        causality=Causality(row.causality) if row.causality else None,
        outcome=Outcome(row.outcome) if row.outcome else None,
        in_hospital=row.in_hospital,
        wants_call=row.wants_call,
        vaccine_id=row.vaccine_id,
        batch_number=row.batch_number,
        dose_number=row.dose_number,
        given_on=row.given_on,
        centre_id=row.centre_id,
    )


def _review(floor: Floor, row: ReviewRow) -> Review:
    return Review(
        number=row.number,
        state=ReviewState(row.review_state),
        severity=Severity(row.severity),
        causality=Causality(row.causality) if row.causality else None,
        outcome=Outcome(row.outcome) if row.outcome else None,
        in_hospital=row.in_hospital,
        notes=floor.keyring.open(bytes(row.notes_sealed), NOTES),
        reviewed_at=row.reviewed_at,
    )
