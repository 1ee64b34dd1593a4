"""SQL of the review of adverse events: one function, one statement."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from opencowin.kit.actor import Place
from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run
from opencowin.registry import Person

_EVENT: LiteralString = """
    SELECT e.account_id, e.beneficiary_id, e.adverse_event_id, e.district_id, e.noticed_on, e.reported_at,
           e.review_state, e.severity, e.causality, e.outcome, e.in_hospital, e.wants_call, e.description_sealed,
           d.vaccine_id, d.batch_number, d.dose_number, d.given_on, d.centre_id
    FROM adverse_event e LEFT JOIN dose d USING (account_id, beneficiary_id, dose_id)
    WHERE (%(district)s::int IS NULL OR e.district_id = %(district)s)
      AND (%(state)s::int IS NULL OR e.district_id IN (SELECT district_id FROM district WHERE state_id = %(state)s))
      AND (%(centre)s::int IS NULL OR d.centre_id = %(centre)s)"""


@dataclass(frozen=True, slots=True)
class EventRow:
    """An adverse event with the dose that it followed."""

    account_id: UUID
    beneficiary_id: UUID
    adverse_event_id: UUID
    district_id: int | None
    noticed_on: date
    reported_at: datetime
    review_state: str
    severity: str
    causality: str | None
    outcome: str | None
    in_hospital: bool
    wants_call: bool
    description_sealed: bytes
    vaccine_id: str | None
    batch_number: str | None
    dose_number: int | None
    given_on: date | None
    centre_id: int | None

    @property
    def person(self) -> Person:
        """Who suffered it."""
        return Person(self.account_id, self.beneficiary_id)


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A row of `adverse_event_review`."""

    number: int
    review_state: str
    severity: str
    causality: str | None
    outcome: str | None
    in_hospital: bool
    notes_sealed: bytes
    reviewed_at: datetime


async def events_within(conn: Connection, place: Place, review_state: str | None, limit: int) -> list[EventRow]:
    """The events of a scope, the newest first; those of no known place are the nation's."""
    return await fetch_all(
        conn,
        EventRow,
        _EVENT
        + """ AND (%(review)s::text IS NULL OR e.review_state = %(review)s)
        ORDER BY e.reported_at DESC LIMIT %(limit)s""",
        state=place.state_id,
        district=place.district_id,
        centre=place.centre_id,
        review=review_state,
        limit=limit,
    )


async def event_within(conn: Connection, place: Place, event_id: UUID) -> EventRow | None:
    """One event, if it is of this scope."""
    return await fetch_one(
        conn,
        EventRow,
        _EVENT + " AND e.adverse_event_id = %(event)s",
        state=place.state_id,
        district=place.district_id,
        centre=place.centre_id,
        event=event_id,
    )


async def reviews_of(conn: Connection, person: Person, event_id: UUID) -> list[ReviewRow]:
    """The reviews of an event, by number."""
    return await fetch_all(
        conn,
        ReviewRow,
        """
        SELECT number, review_state, severity, causality, outcome, in_hospital, notes_sealed, reviewed_at
        FROM adverse_event_review
        WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s AND adverse_event_id = %(event)s
        ORDER BY number
        """,
        account=person.account_id,
        beneficiary=person.beneficiary_id,
        event=event_id,
    )


async def set_findings(
    conn: Connection,
    person: Person,
    event_id: UUID,
    *,
    state: str,
    severity: str,
    causality: str | None,
    outcome: str | None,
    in_hospital: bool,
    at: datetime,
) -> int:
    """What the latest review found; the review's number."""
    return int(
        await fetch_value(
            conn,
            """
            UPDATE adverse_event SET review_state = %(state)s, severity = %(severity)s, causality = %(causality)s,
                outcome = %(outcome)s, in_hospital = %(in_hospital)s, reviews = reviews + 1, reviewed_at = %(at)s
            WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s AND adverse_event_id = %(event)s
            RETURNING reviews
            """,
            account=person.account_id,
            beneficiary=person.beneficiary_id,
            event=event_id,
            state=state,
            severity=severity,
            causality=causality,
            outcome=outcome,
            in_hospital=in_hospital,
            at=at,
        )
    )


async def insert_review(  # noqa: PLR0917 (its columns)
    conn: Connection, person: Person, event_id: UUID, number: int, notes_sealed: bytes, by: str, at: datetime
) -> None:
    """Keep a review, whose findings the event has by now."""
    await run(
        conn,
        """
        INSERT INTO adverse_event_review (account_id, beneficiary_id, adverse_event_id, number, review_state, severity,
                                          causality, outcome, in_hospital, notes_sealed, reviewed_by, reviewed_at)
        SELECT account_id, beneficiary_id, adverse_event_id, %(number)s, review_state, severity, causality, outcome,
               in_hospital, %(notes)s, %(by)s, %(at)s
        FROM adverse_event
        WHERE account_id = %(account)s AND beneficiary_id = %(beneficiary)s AND adverse_event_id = %(event)s
        """,
        account=person.account_id,
        beneficiary=person.beneficiary_id,
        event=event_id,
        number=number,
        notes=notes_sealed,
        by=by,
        at=at,
    )
