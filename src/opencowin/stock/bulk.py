"""Receives many batches at once and allots them to sessions by COPY: for imports and for the demo's supply."""

from collections import Counter
from collections.abc import Sequence

from opencowin.kit.db import Connection
from opencowin.stock import bulk_queries
from opencowin.stock.bulk_queries import BulkAllotment, BulkBatch


async def receive_and_allot(
    conn: Connection, batches: Sequence[BulkBatch], allotments: Sequence[BulkAllotment]
) -> None:
    """Enter batches with what of them is allotted, all or none; more than received breaks batch_not_overdrawn.

    In the ledger they come from the supplier: one receipt for each batch at each centre, and the balances that follow.
    """
    allotted: Counter[BulkBatch] = Counter()
    for one in allotments:
        allotted[one.batch] += one.doses
    await bulk_queries.enter_batches(conn, [(one, allotted[one]) for one in batches])
    await bulk_queries.enter_allotments(conn, allotments)
    await bulk_queries.begin_arrivals(conn)
    await bulk_queries.enter_arrivals(conn, batches)
    await bulk_queries.enter_vaccine_batches(conn)
    await bulk_queries.enter_receipts(conn)
    await bulk_queries.add_to_balances(conn)
    await bulk_queries.end_arrivals(conn)
