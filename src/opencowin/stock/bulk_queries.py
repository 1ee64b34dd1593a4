"""SQL of receiving many batches at once, by COPY: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from opencowin.kit.db import Connection, copy_rows, run


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


async def enter_batches(conn: Connection, batches: Sequence[tuple[BulkBatch, int]]) -> None:
    """The batches of centres, each with what of it is allotted."""
    await copy_rows(
        conn,
        """
        COPY batch (district_id, centre_id, vaccine_id, batch_number, expires_on, received, allotted) FROM STDIN
        """,
        [
            (b.district_id, b.centre_id, b.vaccine_id, b.batch_number, b.expires_on, b.received, allotted)
            for b, allotted in batches
        ],
    )


async def enter_allotments(conn: Connection, allotments: Sequence[BulkAllotment]) -> None:
    """What sessions are allotted."""
    await copy_rows(
        conn,
        "COPY session_batch (district_id, session_id, centre_id, vaccine_id, batch_number, doses) FROM STDIN",
        [
            (b.district_id, one.session_id, b.centre_id, b.vaccine_id, b.batch_number, one.doses)
            for one in allotments
            for b in (one.batch,)
        ],
    )


async def begin_arrivals(conn: Connection) -> None:
    """A table of what has arrived, for this transaction."""
    await run(
        conn,
        "CREATE TEMP TABLE arrived (centre_id integer, vaccine_id text, batch_number text,"
        " expires_on date, doses integer) ON COMMIT DROP",
    )


async def enter_arrivals(conn: Connection, batches: Sequence[BulkBatch]) -> None:
    """What has arrived."""
    await copy_rows(
        conn,
        "COPY arrived (centre_id, vaccine_id, batch_number, expires_on, doses) FROM STDIN",
        [(one.centre_id, one.vaccine_id, one.batch_number, one.expires_on, one.received) for one in batches],
    )


async def enter_vaccine_batches(conn: Connection) -> None:
    """The batches that have arrived, as such."""
    await run(
        conn,
        """
        INSERT INTO vaccine_batch (vaccine_id, batch_number, expires_on, doses_per_vial)
        SELECT vaccine_id, batch_number, min(expires_on), 10 FROM arrived GROUP BY 1, 2 ON CONFLICT DO NOTHING
        """,
    )


async def enter_receipts(conn: Connection) -> None:
    """A receipt from the supplier for each."""
    await run(
        conn,
        """
        INSERT INTO stock_movement (movement_id, kind, vaccine_id, batch_number, doses, source, target, recorded_at,
                                    recorded_by)
        SELECT gen_random_uuid(), 'receipt', vaccine_id, batch_number, doses, 'supplier', 'centre:' || centre_id, now(),
               'import'
        FROM arrived WHERE doses > 0
        """,
    )


async def add_to_balances(conn: Connection) -> None:
    """The balances that follow."""
    await run(
        conn,
        """
        INSERT INTO stock_balance (account, vaccine_id, batch_number, doses)
        SELECT 'centre:' || centre_id, vaccine_id, batch_number, doses FROM arrived WHERE doses > 0
        UNION ALL SELECT 'supplier', vaccine_id, batch_number, -sum(doses) FROM arrived WHERE doses > 0 GROUP BY 2, 3
        ON CONFLICT (account, vaccine_id, batch_number) DO UPDATE SET doses = stock_balance.doses + excluded.doses
        """,
    )


async def end_arrivals(conn: Connection) -> None:
    """The table is needed no more."""
    await run(conn, "DROP TABLE arrived")
