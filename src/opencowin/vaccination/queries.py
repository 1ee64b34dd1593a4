"""All SQL of the room `vaccination`: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, run
from opencowin.registry import Person
from opencowin.vaccination.model import Dose, DoseState, Whereabouts

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
    """Let one transaction at a time record or change doses of this person."""
    await run(
        conn,
        """
        SELECT FROM beneficiary WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s
        FOR NO KEY UPDATE
        """,
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
    )


async def doses_of(conn: Connection, person: Person) -> list[Dose]:
    """A person's doses in every state, by number."""
    return await every_dose_of(conn, [person])


async def every_dose_of(conn: Connection, people: Sequence[Person]) -> list[Dose]:
    """The doses of these people in every state, by number."""
    rows = await fetch_all(
        conn,
        DoseRow,
        "SELECT "
        + COLUMNS
        + """FROM dose WHERE account_id = ANY (%(accounts)s) AND beneficiary_id = ANY (%(beneficiaries)s)
        ORDER BY dose_number, given_on, recorded_at""",
        accounts=[person.account_id for person in people],
        beneficiaries=[person.beneficiary_id for person in people],
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


async def insert_doses(conn: Connection, doses: Sequence[tuple[Dose, str]], programme_id: str) -> int:
    """Record doses, each with who recorded it. Raises UniqueViolation where one stands that has its number."""
    return await run(
        conn,
        """
        INSERT INTO dose (account_id, beneficiary_id, dose_id, programme_id, dose_number, vaccine_id, batch_number,
                          given_on, district_id, centre_id, session_id, vaccinator_name_sealed, state, flags,
                          recorded_by, recorded_at)
        SELECT d.account, d.beneficiary, d.dose, %(programme_id)s, d.number, d.vaccine, d.batch, d.given_on,
               d.district, d.centre, d.session, d.name, d.state, string_to_array(d.flags, ' '), d.recorded_by, d.at
        FROM unnest(%(accounts)s::uuid[], %(beneficiaries)s::uuid[], %(doses)s::uuid[], %(numbers)s::smallint[],
                    %(vaccines)s::text[], %(batches)s::text[], %(days)s::date[], %(districts)s::int[],
                    %(centres)s::int[], %(sessions)s::uuid[], %(names)s::bytea[], %(states)s::text[],
                    %(flags)s::text[], %(recorders)s::text[], %(ats)s::timestamptz[])
             AS d (account, beneficiary, dose, number, vaccine, batch, given_on, district, centre, session, name,
                   state, flags, recorded_by, at)
        """,
        programme_id=programme_id,
        accounts=[dose.person.account_id for dose, _ in doses],
        beneficiaries=[dose.person.beneficiary_id for dose, _ in doses],
        doses=[dose.dose_id for dose, _ in doses],
        numbers=[dose.dose_number for dose, _ in doses],
        vaccines=[dose.vaccine_id for dose, _ in doses],
        batches=[dose.batch_number for dose, _ in doses],
        days=[dose.given_on for dose, _ in doses],
        districts=[dose.district_id for dose, _ in doses],
        centres=[dose.centre_id for dose, _ in doses],
        sessions=[dose.session_id for dose, _ in doses],
        names=[dose.vaccinator_name_sealed for dose, _ in doses],
        states=[dose.state.value for dose, _ in doses],
        flags=[" ".join(sorted(dose.flags)) for dose, _ in doses],
        recorders=[recorded_by for _, recorded_by in doses],
        ats=[dose.recorded_at for dose, _ in doses],
    )


@dataclass(frozen=True, slots=True)
class _Numbered(Whereabouts):
    number: int


async def whereabouts(conn: Connection, asked: Sequence[tuple[int, str, str]]) -> dict[int, Whereabouts]:
    """Where doses were given, by their place among those asked: of a centre, of a vaccine, from a batch."""
    rows = await fetch_all(
        conn,
        _Numbered,
        """
        SELECT w.number::int - 1 AS number, c.centre_id, c.district_id, d.state_id, c.latitude, c.longitude, c.kind,
               c.operator, b.expires_on
        FROM unnest(%(centres)s::int[], %(vaccines)s::text[], %(batches)s::text[]) WITH ORDINALITY
             AS w (centre, vaccine, batch, number)
        JOIN centre c ON c.centre_id = w.centre JOIN district d USING (district_id)
        LEFT JOIN batch b ON b.district_id = c.district_id AND b.centre_id = c.centre_id AND b.vaccine_id = w.vaccine
                         AND b.batch_number = w.batch
        """,
        centres=[centre for centre, _, _ in asked],
        vaccines=[vaccine for _, vaccine, _ in asked],
        batches=[batch for _, _, batch in asked],
    )
    return {row.number: row for row in rows}


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
