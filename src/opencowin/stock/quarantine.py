"""Batches that may not be used: recalled everywhere, or quarantined in one store until they are checked."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.actor import Actor
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.stock import hold_queries, ledger_queries
from opencowin.stock.hold_queries import EVERYWHERE, BatchHold, Touched
from opencowin.stock.refusals import NoSuchHold, StockReasonMissing, UnknownBatch
from opencowin.stock.stores import Store, Tier, require_store, store_named

LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class NewHold:
    """A batch that may not be used; without a store it is recalled everywhere. `hold_id` is of the caller's making."""

    hold_id: UUID
    vaccine_id: str
    batch_number: str
    reason: str
    store: Store | None = None


async def hold_batch(conn: Connection, floor: Floor, actor: Actor, new: NewHold) -> list[Touched]:
    """Recall a batch everywhere (the nation's officers), or quarantine it in a store; which sessions have doses of it.

    From then on no session is promised or issued any of it and no store sends it on. Doing it again changes nothing.
    Raises NotPermitted, NoSuchStore, UnknownBatch, StockReasonMissing.
    """
    await require_store(conn, actor, new.store or Store(Tier.NATION))
    if not 0 < len(new.reason.strip()) <= LONGEST_REASON:
        raise StockReasonMissing(field="reason")
    if await ledger_queries.vaccine_batch(conn, new.vaccine_id, new.batch_number) is None:
        raise UnknownBatch(field="batch_number", batch=new.batch_number)
    account = new.store.account if new.store else EVERYWHERE
    hold = BatchHold(
        new.hold_id, new.vaccine_id, new.batch_number, account, new.reason.strip(), floor.clock.now(), actor.actor_id
    )
    await _place(conn, actor, hold)
    centre_id = new.store.place_id if new.store and new.store.tier is Tier.CENTRE else None
    if new.store and centre_id is None:
        return []
    return await hold_queries.touched(conn, new.vaccine_id, new.batch_number, centre_id)


async def lift_hold(conn: Connection, floor: Floor, actor: Actor, hold_id: UUID, why: str) -> BatchHold:
    """The batch may be used again, unless another hold stands.

    Raises NoSuchHold, NotPermitted (of the store, or of the nation for a recall), StockReasonMissing.
    """
    hold = await hold_queries.standing_hold(conn, hold_id)
    if hold is None:
        raise NoSuchHold(field="hold_id")
    await require_store(conn, actor, Store(Tier.NATION) if hold.account == EVERYWHERE else store_named(hold.account))
    if not 0 < len(why.strip()) <= LONGEST_REASON:
        raise StockReasonMissing(field="why")
    await hold_queries.lift(conn, hold_id, floor.clock.now(), actor.actor_id, why.strip())
    await hold_queries.mark_batches(conn, hold.vaccine_id, hold.batch_number)
    subject, detail = ("batch", hold.batch_number), {"vaccine": hold.vaccine_id, "where": hold.account}
    await record(conn, actor, "stock.lift_hold", subject=subject, reason=why.strip(), detail=detail)
    return hold


async def quarantine_store(conn: Connection, floor: Floor, actor: Actor, store: Store, reason: str) -> int:
    """Quarantine whatever a store has; how many batches. The caller has checked the actor's scope."""
    batches = await ledger_queries.balances(conn, [store.account])
    now: datetime = floor.clock.now()
    placed = 0
    for one in batches:
        hold_id = await hold_queries.new_id(conn)
        hold = BatchHold(hold_id, one.vaccine_id, one.batch_number, store.account, reason, now, actor.actor_id)
        placed += await _place(conn, actor, hold)
    return placed


async def _place(conn: Connection, actor: Actor, hold: BatchHold) -> bool:
    """Enter a hold and mark the batches; the mark is what transactions that promise doses at this moment wait for."""
    if not await hold_queries.insert_hold(conn, hold):
        return False
    await hold_queries.mark_batches(conn, hold.vaccine_id, hold.batch_number)
    detail = {"vaccine": hold.vaccine_id, "where": hold.account}
    await record(
        conn, actor, "stock.hold_batch", subject=("batch", hold.batch_number), reason=hold.reason, detail=detail
    )
    return True
