"""SQL of what happens to recorded doses afterwards: changed, and put on another record. One function, one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from opencowin.kit.db import Connection, fetch_all, run
from opencowin.registry import Person
from opencowin.vaccination.model import Dose


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a merge did with a dose."""

    dose_id: UUID
    from_kept: bool
    number_before: int
    state_before: str
    number_after: int
    state_after: str


def told(dose: Dose) -> Mapping[str, object]:
    """What of a dose a correction may change."""
    return {
        "dose": dose.dose_number,
        "given_on": dose.given_on.isoformat(),
        "vaccine": dose.vaccine_id,
        "batch": dose.batch_number,
        "state": dose.state.value,
    }


async def step_aside(conn: Connection, person: Person, dose_ids: Sequence[UUID]) -> int:
    """Take these doses out of the count of standing numbers, so that they can change places in one transaction."""
    return await run(
        conn,
        """
        UPDATE dose SET state = 'disputed'
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s AND dose_id = ANY (%(doses)s)
          AND state = 'valid'
        """,
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
        doses=list(dose_ids),
    )


async def update_dose(conn: Connection, dose: Dose) -> int:
    """Change a record to this."""
    return await run(
        conn,
        """
        UPDATE dose SET dose_number = %(number)s, vaccine_id = %(vaccine_id)s, batch_number = %(batch)s,
                        given_on = %(given_on)s, state = %(state)s
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s AND dose_id = %(dose_id)s
        """,
        account_id=dose.person.account_id,
        beneficiary_id=dose.person.beneficiary_id,
        dose_id=dose.dose_id,
        number=dose.dose_number,
        vaccine_id=dose.vaccine_id,
        batch=dose.batch_number,
        given_on=dose.given_on,
        state=dose.state.value,
    )


async def keep_change(conn: Connection, old: Dose, new: Dose, *, reason: str, by: str, at: datetime) -> None:
    """Keep what a record was and what it became."""
    await run(
        conn,
        """
        INSERT INTO dose_change (dose_id, beneficiary_id, before, after, reason, changed_by, changed_at)
        VALUES (%(dose_id)s, %(beneficiary_id)s, %(before)s, %(after)s, %(reason)s, %(by)s, %(at)s)
        """,
        dose_id=old.dose_id,
        beneficiary_id=old.person.beneficiary_id,
        before=Jsonb(told(old)),
        after=Jsonb(told(new)),
        reason=reason,
        by=by,
        at=at,
    )


async def move_doses(conn: Connection, dose_ids: Sequence[UUID], holder: Person, to: Person) -> int:
    """Put doses under another person's key."""
    return await run(
        conn,
        """
        UPDATE dose SET account_id = %(to_account)s, beneficiary_id = %(to_beneficiary)s
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s AND dose_id = ANY (%(doses)s)
        """,
        account_id=holder.account_id,
        beneficiary_id=holder.beneficiary_id,
        to_account=to.account_id,
        to_beneficiary=to.beneficiary_id,
        doses=list(dose_ids),
    )


async def move_adverse_events(conn: Connection, holder: Person, to: Person, only_of: UUID | None = None) -> list[UUID]:
    """Put adverse events under another person's key: all, or what a merge (`only_of`) brought; which they were."""
    rows = await fetch_all(
        conn,
        _Moved,
        """
        UPDATE adverse_event SET account_id = %(to_account)s, beneficiary_id = %(to_beneficiary)s
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s
          AND (%(merge)s::uuid IS NULL OR adverse_event_id IN (
              SELECT adverse_event_id FROM adverse_event_gathered WHERE merge_id = %(merge)s))
        RETURNING adverse_event_id
        """,
        account_id=holder.account_id,
        beneficiary_id=holder.beneficiary_id,
        to_account=to.account_id,
        to_beneficiary=to.beneficiary_id,
        merge=only_of,
    )
    return [row.adverse_event_id for row in rows]


async def move_reviews(conn: Connection, event_ids: Sequence[UUID], to: Person) -> int:
    """Let the reviews of adverse events follow them."""
    return await run(
        conn,
        """
        UPDATE adverse_event_review SET account_id = %(to_account)s, beneficiary_id = %(to_beneficiary)s
        WHERE adverse_event_id = ANY (%(events)s)
        """,
        to_account=to.account_id,
        to_beneficiary=to.beneficiary_id,
        events=list(event_ids),
    )


@dataclass(frozen=True, slots=True)
class _Moved:
    adverse_event_id: UUID


async def keep_events(conn: Connection, merge_id: UUID, event_ids: Sequence[UUID]) -> int:
    """Keep which adverse events a merge brought."""
    return await run(
        conn,
        """
        INSERT INTO adverse_event_gathered (merge_id, adverse_event_id)
        SELECT %(merge)s, one FROM unnest(%(events)s::uuid[]) AS one
        """,
        merge=merge_id,
        events=list(event_ids),
    )


async def keep_gathered(conn: Connection, merge_id: UUID, one: Gathered) -> int:
    """Keep what a merge did with a dose."""
    return await run(
        conn,
        """
        INSERT INTO dose_gathered (merge_id, dose_id, from_kept, number_before, state_before, number_after, state_after)
        VALUES (%(merge)s, %(dose)s, %(from_kept)s, %(number_before)s, %(state_before)s, %(number_after)s,
                %(state_after)s)
        """,
        merge=merge_id,
        dose=one.dose_id,
        from_kept=one.from_kept,
        number_before=one.number_before,
        state_before=one.state_before,
        number_after=one.number_after,
        state_after=one.state_after,
    )


async def gathered(conn: Connection, merge_id: UUID) -> list[Gathered]:
    """What a merge did with each dose."""
    return await fetch_all(
        conn,
        Gathered,
        """
        SELECT dose_id, from_kept, number_before, state_before, number_after, state_after
        FROM dose_gathered WHERE merge_id = %(merge)s ORDER BY dose_id
        """,
        merge=merge_id,
    )


async def forget_gathered(conn: Connection, merge_id: UUID) -> int:
    """A merge was undone: what it did with doses is of no use any more."""
    return await run(conn, "DELETE FROM dose_gathered WHERE merge_id = %(merge)s", merge=merge_id)


async def forget_events(conn: Connection, merge_id: UUID) -> int:
    """The same for adverse events."""
    return await run(conn, "DELETE FROM adverse_event_gathered WHERE merge_id = %(merge)s", merge=merge_id)
