"""All SQL of the room `cases`: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run

CASES: LiteralString = """
    SELECT account_id, case_id, case_number, beneficiary_id, district_id, kind, state, details_sealed, raised_at,
           answer_sealed, answered_by, answered_at
    FROM help_case
"""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as stored."""

    account_id: UUID
    case_id: UUID
    case_number: int
    beneficiary_id: UUID | None
    district_id: int | None
    kind: str
    state: str
    details_sealed: bytes
    raised_at: datetime
    answer_sealed: bytes | None
    answered_by: str | None
    answered_at: datetime | None


async def hold_account(conn: Connection, account_id: UUID) -> None:
    """Let the cases of one account be raised one after the other."""
    await fetch_value(conn, "SELECT pg_advisory_xact_lock(hashtextextended(%(id)s, 2))", id=str(account_id))


async def insert(conn: Connection, row: CaseRow) -> int:
    """Enter a case."""
    return await run(
        conn,
        """
        INSERT INTO help_case (account_id, case_id, case_number, beneficiary_id, district_id, kind, state,
                               details_sealed, raised_at)
        VALUES (%(account_id)s, %(case_id)s, %(case_number)s, %(beneficiary_id)s, %(district_id)s, %(kind)s,
                %(state)s, %(details_sealed)s, %(raised_at)s)
        """,
        account_id=row.account_id,
        case_id=row.case_id,
        case_number=row.case_number,
        beneficiary_id=row.beneficiary_id,
        district_id=row.district_id,
        kind=row.kind,
        state=row.state,
        details_sealed=row.details_sealed,
        raised_at=row.raised_at,
    )


async def of_account(conn: Connection, account_id: UUID) -> list[CaseRow]:
    """The cases of an account, newest first."""
    return await fetch_all(
        conn,
        CaseRow,
        CASES + """WHERE account_id = %(account_id)s ORDER BY raised_at DESC, case_id""",
        account_id=account_id,
    )


async def numbered(conn: Connection, case_number: int) -> CaseRow | None:
    """The case with this number, locked."""
    return await fetch_one(
        conn, CaseRow, CASES + """WHERE case_number = %(case_number)s FOR UPDATE""", case_number=case_number
    )


async def still_open(conn: Connection, districts: Sequence[int] | None, limit: int) -> list[CaseRow]:
    """Open cases of these districts, or of the whole nation (None), the oldest first."""
    return await fetch_all(
        conn,
        CaseRow,
        CASES
        + """
        WHERE state = 'open' AND (%(districts)s::int[] IS NULL OR district_id = ANY (%(districts)s))
        ORDER BY raised_at, case_id LIMIT %(limit)s
        """,
        districts=list(districts) if districts is not None else None,
        limit=limit,
    )


async def set_answer(conn: Connection, row: CaseRow, *, answer: bytes, state: str, by: str, at: datetime) -> int:
    """Answer a case."""
    return await run(
        conn,
        """
        UPDATE help_case SET answer_sealed = %(answer)s, state = %(state)s, answered_by = %(by)s, answered_at = %(at)s
        WHERE account_id = %(account_id)s AND case_id = %(case_id)s
        """,
        account_id=row.account_id,
        case_id=row.case_id,
        answer=answer,
        state=state,
        by=by,
        at=at,
    )


async def count_open(conn: Connection, districts: Sequence[int] | None) -> int:
    """How many cases of these districts, or of the whole nation (None), are open."""
    found = await fetch_value(
        conn,
        """
        SELECT count(*) FROM help_case
        WHERE state = 'open' AND (%(districts)s::int[] IS NULL OR district_id = ANY (%(districts)s))
        """,
        districts=list(districts) if districts is not None else None,
    )
    return int(found)
