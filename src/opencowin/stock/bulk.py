"""Receives many batches at once and allots them to sessions by COPY: for imports and for the demo's supply."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from opencowin.kit.db import Connection, copy_rows


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
    """Enter batches with what of them is allotted, all or none; more than received breaks batch_not_overdrawn."""
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
