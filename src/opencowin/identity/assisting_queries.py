"""SQL of assisted calls: one function, one statement."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, run

_CALL: LiteralString = """
    SELECT call_id, staff_id, operator, proof, txn_id, ending, account_id, begun_at, confirmed_at, ends_at
    FROM assisted_call"""


@dataclass(frozen=True, slots=True)
class CallRow:
    """A row of `assisted_call`."""

    call_id: UUID
    staff_id: UUID
    operator: str
    proof: str
    txn_id: UUID | None
    ending: str
    account_id: UUID | None
    begun_at: datetime
    confirmed_at: datetime | None
    ends_at: datetime | None


async def insert_call(conn: Connection, row: CallRow) -> None:
    """Enter a call."""
    await run(
        conn,
        """
        INSERT INTO assisted_call (call_id, staff_id, operator, proof, txn_id, ending, account_id, begun_at,
                                   confirmed_at, ends_at)
        VALUES (%(call_id)s, %(staff_id)s, %(operator)s, %(proof)s, %(txn_id)s, %(ending)s, %(account_id)s,
                %(begun_at)s, %(confirmed_at)s, %(ends_at)s)
        """,
        **asdict(row),
    )


async def hold_call(conn: Connection, call_id: UUID) -> CallRow | None:
    """One call, for one transaction at a time."""
    return await fetch_one(conn, CallRow, _CALL + " WHERE call_id = %(call)s FOR UPDATE", call=call_id)


async def calls_of_account(conn: Connection, account_id: UUID, limit: int) -> list[CallRow]:
    """The calls in which somebody acted for a household, the latest first."""
    return await fetch_all(
        conn,
        CallRow,
        _CALL + " WHERE account_id = %(account)s ORDER BY begun_at DESC LIMIT %(limit)s",
        account=account_id,
        limit=limit,
    )


async def open_call(conn: Connection, call_id: UUID, account_id: UUID, now: datetime, ends_at: datetime) -> None:
    """The consent of this household is proved."""
    await run(
        conn,
        """
        UPDATE assisted_call SET account_id = %(account)s, confirmed_at = %(now)s, ends_at = %(ends)s
        WHERE call_id = %(call)s
        """,
        call=call_id,
        account=account_id,
        now=now,
        ends=ends_at,
    )


async def end(conn: Connection, call_id: UUID, now: datetime) -> None:
    """The call is over."""
    await run(
        conn,
        "UPDATE assisted_call SET ends_at = %(now)s WHERE call_id = %(call)s AND ends_at > %(now)s",
        call=call_id,
        now=now,
    )


async def end_calls_of(conn: Connection, staff_id: UUID, now: datetime) -> None:
    """Every open call of an operator is over."""
    await run(
        conn,
        "UPDATE assisted_call SET ends_at = %(now)s WHERE staff_id = %(staff)s AND ends_at > %(now)s",
        staff=staff_id,
        now=now,
    )
