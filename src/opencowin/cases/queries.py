"""SQL of cases, their steps and what was corrected: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run

CASES: LiteralString = """
    SELECT account_id, case_id, case_number, beneficiary_id, reference_id, other_account_id, other_reference_id,
           district_id, kind, state, source, details_sealed, wish_sealed, raised_at, changed_at, takes_effect_at,
           undone_at
    FROM help_case
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case as stored."""

    account_id: UUID
    case_id: UUID
    case_number: int
    beneficiary_id: UUID | None
    reference_id: int | None
    other_account_id: UUID | None
    other_reference_id: int | None
    district_id: int | None
    kind: str
    state: str
    source: str
    details_sealed: bytes
    wish_sealed: bytes | None
    raised_at: datetime
    changed_at: datetime
    takes_effect_at: datetime | None
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step as stored."""

    step_number: int
    state: str
    side: str
    actor_id: str
    note_sealed: bytes | None
    at: datetime


async def hold_account(conn: Connection, account_id: UUID) -> None:
    """Let the cases of one account be raised one after the other."""
    await fetch_value(conn, "SELECT pg_advisory_xact_lock(hashtextextended(%(id)s, 2))", id=str(account_id))


async def insert(conn: Connection, row: CaseRow) -> int:
    """Enter a case; 0 when its pair of records has one that the platform raised."""
    return await run(
        conn,
        """
        INSERT INTO help_case (account_id, case_id, case_number, beneficiary_id, reference_id, other_account_id,
                               other_reference_id, district_id, kind, state, source, details_sealed, wish_sealed,
                               raised_at, changed_at)
        VALUES (%(account_id)s, %(case_id)s, %(case_number)s, %(beneficiary_id)s, %(reference_id)s,
                %(other_account_id)s, %(other_reference_id)s, %(district_id)s, %(kind)s, %(state)s, %(source)s,
                %(details_sealed)s, %(wish_sealed)s, %(raised_at)s, %(raised_at)s)
        ON CONFLICT DO NOTHING
        """,
        account_id=row.account_id,
        case_id=row.case_id,
        case_number=row.case_number,
        beneficiary_id=row.beneficiary_id,
        reference_id=row.reference_id,
        other_account_id=row.other_account_id,
        other_reference_id=row.other_reference_id,
        district_id=row.district_id,
        kind=row.kind,
        state=row.state,
        source=row.source,
        details_sealed=row.details_sealed,
        wish_sealed=row.wish_sealed,
        raised_at=row.raised_at,
    )


async def of_account(conn: Connection, account_id: UUID) -> list[CaseRow]:
    """What an account has raised, and what was decided of it from another side; newest first."""
    return await fetch_all(
        conn,
        CaseRow,
        CASES
        + """
        WHERE (account_id = %(account_id)s AND source = 'person')
           OR ((other_account_id = %(account_id)s OR account_id = %(account_id)s)
               AND (state IN ('accepted', 'done') OR undone_at IS NOT NULL))
        ORDER BY raised_at DESC, case_id
        """,
        account_id=account_id,
    )


async def numbered(conn: Connection, case_number: int) -> CaseRow | None:
    """The case with this number, locked."""
    return await fetch_one(
        conn, CaseRow, CASES + """WHERE case_number = %(case_number)s FOR UPDATE""", case_number=case_number
    )


async def identified(conn: Connection, case_id: UUID) -> CaseRow | None:
    """The case with this identity."""
    return await fetch_one(conn, CaseRow, CASES + """WHERE case_id = %(case_id)s""", case_id=case_id)


async def listed(
    conn: Connection,
    districts: Sequence[int] | None,
    *,
    states: Sequence[str],
    kind: str | None,
    before: datetime | None,
    found: bool,
    start: int,
    limit: int,
) -> list[CaseRow]:
    """Cases of these districts, or of the whole nation (None), the oldest first."""
    return await fetch_all(
        conn,
        CaseRow,
        CASES
        + """
        WHERE state = ANY (%(states)s) AND (%(districts)s::int[] IS NULL OR district_id = ANY (%(districts)s))
          AND (%(kind)s::text IS NULL OR kind = %(kind)s)
          AND (%(before)s::timestamptz IS NULL OR raised_at < %(before)s)
          AND (source = 'system' OR NOT %(found)s)
        ORDER BY raised_at, case_id LIMIT %(limit)s OFFSET %(start)s
        """,
        districts=list(districts) if districts is not None else None,
        states=list(states),
        kind=kind,
        before=before,
        found=found,
        start=start,
        limit=limit,
    )


async def due(conn: Connection, now: datetime, limit: int) -> list[CaseRow]:
    """Accepted cases whose day has come, locked."""
    return await fetch_all(
        conn,
        CaseRow,
        CASES
        + """
        WHERE state = 'accepted' AND takes_effect_at <= %(now)s
        ORDER BY takes_effect_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        """,
        now=now,
        limit=limit,
    )


async def set_state(
    conn: Connection, case_id: UUID, state: str, at: datetime, *, takes_effect_at: datetime | None = None
) -> int:
    """Take a case to another state."""
    return await run(
        conn,
        """
        UPDATE help_case SET state = %(state)s, changed_at = %(at)s, takes_effect_at = %(effect)s
        WHERE case_id = %(case_id)s
        """,
        case_id=case_id,
        state=state,
        at=at,
        effect=takes_effect_at,
    )


async def set_district(conn: Connection, case_id: UUID, district_id: int) -> int:
    """The officers of another district look after it from now on."""
    return await run(
        conn,
        "UPDATE help_case SET district_id = %(district_id)s WHERE case_id = %(case_id)s",
        case_id=case_id,
        district_id=district_id,
    )


async def set_undone(conn: Connection, case_id: UUID, at: datetime) -> int:
    """A merge was undone."""
    return await run(
        conn,
        "UPDATE help_case SET undone_at = %(at)s, changed_at = %(at)s WHERE case_id = %(case_id)s",
        case_id=case_id,
        at=at,
    )


async def add_step(
    conn: Connection, case_id: UUID, *, state: str, side: str, actor_id: str, note_sealed: bytes | None, at: datetime
) -> int:
    """Write down a step; its number."""
    return int(
        await fetch_value(
            conn,
            """
            INSERT INTO case_step (case_id, step_number, state, side, actor_id, note_sealed, at)
            SELECT %(case_id)s, 1 + count(*), %(state)s, %(side)s, %(actor_id)s, %(note)s, %(at)s
            FROM case_step WHERE case_id = %(case_id)s
            RETURNING step_number
            """,
            case_id=case_id,
            state=state,
            side=side,
            actor_id=actor_id,
            note=note_sealed,
            at=at,
        )
    )


async def steps(conn: Connection, case_id: UUID) -> list[StepRow]:
    """The steps of a case in their order."""
    return await fetch_all(
        conn,
        StepRow,
        """
        SELECT step_number, state, side, actor_id, note_sealed, at FROM case_step
        WHERE case_id = %(case_id)s ORDER BY step_number
        """,
        case_id=case_id,
    )


async def times_corrected(conn: Connection, reference_id: int, fact: str) -> int:
    """How often a fact of a person was corrected."""
    return int(
        await fetch_value(
            conn,
            "SELECT count(*) FROM fact_corrected WHERE reference_id = %(reference)s AND fact = %(fact)s",
            reference=reference_id,
            fact=fact,
        )
    )


async def note_corrected(conn: Connection, reference_id: int, facts: Sequence[str], case_id: UUID, at: datetime) -> int:
    """Note which facts of a person a case has corrected."""
    return await run(
        conn,
        """
        INSERT INTO fact_corrected (reference_id, fact, case_id, corrected_at)
        SELECT %(reference)s, fact, %(case_id)s, %(at)s FROM unnest(%(facts)s::text[]) AS fact ON CONFLICT DO NOTHING
        """,
        reference=reference_id,
        facts=list(facts),
        case_id=case_id,
        at=at,
    )


async def count_open(conn: Connection, districts: Sequence[int] | None) -> int:
    """How many cases of these districts, or of the whole nation (None), are open."""
    found = await fetch_value(
        conn,
        """
        SELECT count(*) FROM help_case
        WHERE state IN ('raised', 'in_review', 'asked', 'accepted', 'reopened')
          AND (%(districts)s::int[] IS NULL OR district_id = ANY (%(districts)s))
        """,
        districts=list(districts) if districts is not None else None,
    )
    return int(found)
