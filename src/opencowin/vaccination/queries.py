"""All SQL of the room `vaccination`: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run
from opencowin.registry import Person
from opencowin.vaccination.model import Dose, DoseState

COLUMNS: LiteralString = """
    account_id, beneficiary_id, dose_id, dose_number, vaccine_id, batch_number, given_on, district_id, centre_id,
    session_id, state, flags, recorded_at, vaccinator_name_sealed
"""


@dataclass(frozen=True, slots=True)
class DoseRow:
    """A row of `dose`."""

    account_id: UUID
    beneficiary_id: UUID
    dose_id: UUID
    dose_number: int
    vaccine_id: str
    batch_number: str
    given_on: date
    district_id: int | None
    centre_id: int | None
    session_id: UUID | None
    state: str
    flags: list[str]
    recorded_at: datetime
    vaccinator_name_sealed: bytes

    def dose(self) -> Dose:
        """The dose that the row holds."""
        return Dose(
            person=Person(self.account_id, self.beneficiary_id),
            dose_id=self.dose_id,
            dose_number=self.dose_number,
            vaccine_id=self.vaccine_id,
            batch_number=self.batch_number,
            given_on=self.given_on,
            district_id=self.district_id,
            centre_id=self.centre_id,
            session_id=self.session_id,
            state=DoseState(self.state),
            flags=frozenset(self.flags),
            recorded_at=self.recorded_at,
            vaccinator_name_sealed=bytes(self.vaccinator_name_sealed),
        )


@dataclass(frozen=True, slots=True)
class AdverseEventRow:
    """A row of `adverse_event`."""

    account_id: UUID
    beneficiary_id: UUID
    adverse_event_id: UUID
    dose_id: UUID | None
    district_id: int | None
    noticed_on: date
    severity: str
    description_sealed: bytes
    reported_by: str
    reported_at: datetime
    wants_call: bool


async def lock_person(conn: Connection, person: Person) -> None:
    """Let one transaction at a time record doses of this person."""
    await fetch_value(
        conn,
        "SELECT pg_advisory_xact_lock(hashtextextended('dose:' || %(beneficiary_id)s::text, 0))",
        beneficiary_id=person.beneficiary_id,
    )


async def doses_of(conn: Connection, person: Person) -> list[Dose]:
    """A person's doses in every state, by number."""
    rows = await fetch_all(
        conn,
        DoseRow,
        "SELECT "
        + COLUMNS
        + """FROM dose WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s
        ORDER BY dose_number, given_on, recorded_at""",
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
    )
    return [row.dose() for row in rows]


async def doses_of_account(conn: Connection, account_id: UUID) -> list[Dose]:
    """The standing doses of all members of an account, by number."""
    rows = await fetch_all(
        conn,
        DoseRow,
        "SELECT "
        + COLUMNS
        + """FROM dose WHERE account_id = %(account_id)s AND state = 'valid'
        ORDER BY beneficiary_id, dose_number""",
        account_id=account_id,
    )
    return [row.dose() for row in rows]


async def doses_of_people(conn: Connection, people: Sequence[Person]) -> list[Dose]:
    """The standing doses of these people, by number."""
    rows = await fetch_all(
        conn,
        DoseRow,
        "SELECT "
        + COLUMNS
        + """FROM dose WHERE state = 'valid' AND account_id = ANY (%(accounts)s)
          AND beneficiary_id = ANY (%(beneficiaries)s)
        ORDER BY beneficiary_id, dose_number""",
        accounts=[person.account_id for person in people],
        beneficiaries=[person.beneficiary_id for person in people],
    )
    return [row.dose() for row in rows]


async def insert_dose(conn: Connection, dose: Dose, programme_id: str, recorded_by: str) -> int:
    """Record a dose; 0 when the record, or a standing one of the same number, is there already."""
    return await run(
        conn,
        """
        INSERT INTO dose (account_id, beneficiary_id, dose_id, programme_id, dose_number, vaccine_id, batch_number,
                          given_on, district_id, centre_id, session_id, vaccinator_name_sealed, state, flags,
                          recorded_by, recorded_at)
        VALUES (%(account_id)s, %(beneficiary_id)s, %(dose_id)s, %(programme_id)s, %(dose_number)s, %(vaccine_id)s,
                %(batch_number)s, %(given_on)s, %(district_id)s, %(centre_id)s, %(session_id)s, %(name)s, %(state)s,
                %(flags)s, %(recorded_by)s, %(recorded_at)s)
        ON CONFLICT DO NOTHING
        """,
        account_id=dose.person.account_id,
        beneficiary_id=dose.person.beneficiary_id,
        dose_id=dose.dose_id,
        programme_id=programme_id,
        dose_number=dose.dose_number,
        vaccine_id=dose.vaccine_id,
        batch_number=dose.batch_number,
        given_on=dose.given_on,
        district_id=dose.district_id,
        centre_id=dose.centre_id,
        session_id=dose.session_id,
        name=dose.vaccinator_name_sealed,
        state=dose.state.value,
        flags=sorted(dose.flags),
        recorded_by=recorded_by,
        recorded_at=dose.recorded_at,
    )


@dataclass(frozen=True, slots=True)
class BatchOnRecord:
    """What the stock knows of a batch."""

    expires_on: date


async def batch_at(
    conn: Connection, district_id: int, centre_id: int, vaccine_id: str, batch_number: str
) -> BatchOnRecord | None:
    """The batch as the centre received it; None where it never did."""
    return await fetch_one(
        conn,
        BatchOnRecord,
        """
        SELECT expires_on FROM batch
        WHERE district_id = %(district_id)s AND centre_id = %(centre_id)s AND vaccine_id = %(vaccine_id)s
          AND batch_number = %(batch_number)s
        """,
        district_id=district_id,
        centre_id=centre_id,
        vaccine_id=vaccine_id,
        batch_number=batch_number,
    )


async def insert_adverse_event(conn: Connection, event: AdverseEventRow) -> int:
    """Record an adverse event; 0 when it is there already."""
    return await run(
        conn,
        """
        INSERT INTO adverse_event (account_id, beneficiary_id, adverse_event_id, dose_id, district_id, noticed_on,
                                   severity, description_sealed, reported_by, reported_at, wants_call)
        VALUES (%(account_id)s, %(beneficiary_id)s, %(adverse_event_id)s, %(dose_id)s, %(district_id)s,
                %(noticed_on)s, %(severity)s, %(description_sealed)s, %(reported_by)s, %(reported_at)s,
                %(wants_call)s)
        ON CONFLICT DO NOTHING
        """,
        account_id=event.account_id,
        beneficiary_id=event.beneficiary_id,
        adverse_event_id=event.adverse_event_id,
        dose_id=event.dose_id,
        district_id=event.district_id,
        noticed_on=event.noticed_on,
        severity=event.severity,
        description_sealed=event.description_sealed,
        reported_by=event.reported_by,
        reported_at=event.reported_at,
        wants_call=event.wants_call,
    )


async def revoke_dose(conn: Connection, person: Person, dose_id: UUID) -> None:
    """The record stands no more."""
    await run(
        conn,
        """
        UPDATE dose SET state = 'revoked'
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s AND dose_id = %(dose_id)s
        """,
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
        dose_id=dose_id,
    )
