"""Receives many batches at once and allots them to sessions by COPY: for imports and for the demo's supply."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import LiteralString
from uuid import UUID

from opencowin.kit.db import Connection, copy_rows, run

FROM_THE_SUPPLIER: tuple[LiteralString, ...] = (
    """
    INSERT INTO vaccine_batch (vaccine_id, batch_number, expires_on, doses_per_vial)
    SELECT vaccine_id, batch_number, min(expires_on), 10 FROM arrived GROUP BY 1, 2 ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO stock_movement (movement_id, kind, vaccine_id, batch_number, doses, source, target, recorded_at,
                                recorded_by)
    SELECT gen_random_uuid(), 'receipt', vaccine_id, batch_number, doses, 'supplier', 'centre:' || centre_id, now(),
           'import'
    FROM arrived WHERE doses > 0
    """,
    """
    INSERT INTO stock_balance (account, vaccine_id, batch_number, doses)
    SELECT 'centre:' || centre_id, vaccine_id, batch_number, doses FROM arrived WHERE doses > 0
    UNION ALL SELECT 'supplier', vaccine_id, batch_number, -sum(doses) FROM arrived WHERE doses > 0 GROUP BY 2, 3
    ON CONFLICT (account, vaccine_id, batch_number) DO UPDATE SET doses = stock_balance.doses + excluded.doses
    """,
)


@dataclass(frozen=True, slots=True)
class BulkBatch:
    """Doses of a batch that reach a centre which has none of it yet."""

    district_id: int
    centre_id: int
    vaccine_id: str
    batch_number: str
    expires_on: date
    received: int


@dataclass(frozen=True, slots=True)
class BulkAllotment:
    """Doses of such a batch for one session."""

    batch: BulkBatch
    session_id: UUID
    doses: int


async def receive_and_allot(
    conn: Connection, batches: Sequence[BulkBatch], allotments: Sequence[BulkAllotment]
) -> None:
    """Enter batches with what of them is allotted, all or none; more than received breaks batch_not_overdrawn.

    In the ledger they come from the supplier.
    """
    allotted: Counter[BulkBatch] = Counter()
    for one in allotments:
        allotted[one.batch] += one.doses
    await copy_rows(
        conn,
        """
        COPY batch (district_id, centre_id, vaccine_id, batch_number, expires_on, received, allotted) FROM STDIN
        """,
        [
            (
                one.district_id,
                one.centre_id,
                one.vaccine_id,
                one.batch_number,
                one.expires_on,
                one.received,
                allotted[one],
            )
            for one in batches
        ],
    )
    await copy_rows(
        conn,
        "COPY session_batch (district_id, session_id, centre_id, vaccine_id, batch_number, doses) FROM STDIN",
        [
            (
                one.batch.district_id,
                one.session_id,
                one.batch.centre_id,
                one.batch.vaccine_id,
                one.batch.batch_number,
                one.doses,
            )
            for one in allotments
        ],
    )
    await _enter_in_ledger(conn, batches)


async def _enter_in_ledger(conn: Connection, batches: Sequence[BulkBatch]) -> None:
    """One receipt for each batch at each centre, and the balances that follow."""
    await run(
        conn,
        "CREATE TEMP TABLE arrived (centre_id integer, vaccine_id text, batch_number text,"
        " expires_on date, doses integer) ON COMMIT DROP",
    )
    await copy_rows(
        conn,
        "COPY arrived (centre_id, vaccine_id, batch_number, expires_on, doses) FROM STDIN",
        [(one.centre_id, one.vaccine_id, one.batch_number, one.expires_on, one.received) for one in batches],
    )
    for statement in FROM_THE_SUPPLIER:
        await run(conn, statement)
    await run(conn, "DROP TABLE arrived")
