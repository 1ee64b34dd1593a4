"""SQL of recalls and quarantines: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run

EVERYWHERE = "everywhere"


@dataclass(frozen=True, slots=True)
class BatchHold:
    """A batch that may not be used, in one store or everywhere."""

    hold_id: UUID
    vaccine_id: str
    batch_number: str
    account: str
    reason: str
    placed_at: datetime
    placed_by: str


@dataclass(frozen=True, slots=True)
class Touched:
    """A session that was promised doses of a batch."""

    district_id: int
    centre_id: int
    session_id: UUID
    doses: int


async def new_id(conn: Connection) -> UUID:
    """A fresh id."""
    found = await fetch_value(conn, "SELECT gen_random_uuid()")
    return UUID(str(found))


async def insert_hold(conn: Connection, hold: BatchHold) -> bool:
    """Enter a hold; False when the batch is held there already."""
    touched = await run(
        conn,
        """
        INSERT INTO batch_hold (hold_id, vaccine_id, batch_number, account, reason, placed_at, placed_by)
        VALUES (%(hold)s, %(vaccine)s, %(batch)s, %(account)s, %(reason)s, %(at)s, %(by)s) ON CONFLICT DO NOTHING
        """,
        hold=hold.hold_id,
        vaccine=hold.vaccine_id,
        batch=hold.batch_number,
        account=hold.account,
        reason=hold.reason,
        at=hold.placed_at,
        by=hold.placed_by,
    )
    return touched == 1


async def mark_batches(conn: Connection, vaccine_id: str, batch_number: str) -> int:
    """Bring every centre's mark of this batch in step with the holds that stand."""
    return await run(
        conn,
        """
        UPDATE batch b SET held = NOT held
        WHERE vaccine_id = %(vaccine)s AND batch_number = %(batch)s AND held <> EXISTS (
            SELECT FROM batch_hold h WHERE h.vaccine_id = b.vaccine_id AND h.batch_number = b.batch_number
              AND h.lifted_at IS NULL AND h.account IN ('everywhere', 'centre:' || b.centre_id))
        """,
        vaccine=vaccine_id,
        batch=batch_number,
    )


async def is_held(conn: Connection, vaccine_id: str, batch_number: str, account: str) -> bool:
    """Whether a batch may not be used in a store."""
    found = await fetch_value(
        conn,
        """
        SELECT EXISTS (SELECT FROM batch_hold WHERE vaccine_id = %(vaccine)s AND batch_number = %(batch)s
                         AND lifted_at IS NULL AND account IN ('everywhere', %(account)s))
        """,
        vaccine=vaccine_id,
        batch=batch_number,
        account=account,
    )
    return found is True


async def standing_hold(conn: Connection, hold_id: UUID) -> BatchHold | None:
    """A hold that stands, locked."""
    return await fetch_one(
        conn,
        BatchHold,
        """
        SELECT hold_id, vaccine_id, batch_number, account, reason, placed_at, placed_by FROM batch_hold
        WHERE hold_id = %(hold)s AND lifted_at IS NULL FOR UPDATE
        """,
        hold=hold_id,
    )


async def lift(conn: Connection, hold_id: UUID, at: datetime, by: str, why: str) -> int:
    """A hold stands no longer."""
    return await run(
        conn,
        """
        UPDATE batch_hold SET lifted_at = %(at)s, lifted_by = %(by)s, lifted_why = %(why)s
        WHERE hold_id = %(hold)s AND lifted_at IS NULL
        """,
        hold=hold_id,
        at=at,
        by=by,
        why=why,
    )


async def holds_in(conn: Connection, accounts: Sequence[str]) -> list[BatchHold]:
    """The holds that stand in these stores, and recalls of what they have, the latest first."""
    return await fetch_all(
        conn,
        BatchHold,
        """
        SELECT hold_id, vaccine_id, batch_number, account, reason, placed_at, placed_by FROM batch_hold h
        WHERE lifted_at IS NULL AND (account = ANY (%(accounts)s) OR (account = 'everywhere' AND EXISTS (
            SELECT FROM stock_balance b WHERE b.account = ANY (%(accounts)s) AND b.vaccine_id = h.vaccine_id
              AND b.batch_number = h.batch_number AND b.doses > 0)))
        ORDER BY placed_at DESC, hold_id
        """,
        accounts=list(accounts),
    )


async def touched(conn: Connection, vaccine_id: str, batch_number: str, centre_id: int | None) -> list[Touched]:
    """The sessions that have doses of a batch, at one centre or all."""
    return await fetch_all(
        conn,
        Touched,
        """
        SELECT district_id, centre_id, session_id, doses FROM session_batch
        WHERE vaccine_id = %(vaccine)s AND batch_number = %(batch)s
          AND (%(centre)s::integer IS NULL OR centre_id = %(centre)s)
        ORDER BY district_id, centre_id, session_id
        """,
        vaccine=vaccine_id,
        batch=batch_number,
        centre=centre_id,
    )
