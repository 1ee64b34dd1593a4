"""What sessions do with their doses: issued when they begin; given, wasted and returned when they close."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.stock import hold_queries, ledger, ledger_queries, queries
from opencowin.stock.ledger_model import GIVEN, Movement, MovementKind, WasteReason, wasted
from opencowin.stock.refusals import BatchHeld, NotIssued
from opencowin.stock.stores import Store, Tier, in_session


@dataclass(frozen=True, slots=True)
class Used:
    """What became of a session's doses of one batch; what is neither given nor wasted goes back to the centre."""

    given: int
    wasted: Mapping[WasteReason, int] = field(default_factory=dict)


async def issue_to_session(
    conn: Connection, floor: Floor, actor: Actor, session_id: UUID, *, district_id: int, centre_id: int
) -> int:
    """A session begins: its allotted doses leave the centre's store; how many. Again it issues nothing.

    The caller has checked the actor's scope. Raises NotPermitted, BatchHeld, NotSoManyThere.
    """
    actor.require(Permission.VACCINATE)
    issued = 0
    store = Store(Tier.CENTRE, centre_id).account
    for batch in await queries.hold_batches_of(conn, district_id, session_id):
        if batch.held or await hold_queries.is_held(conn, batch.vaccine_id, batch.batch_number, store):
            raise BatchHeld(field="batch_number", batch=batch.batch_number)
        out = Movement(
            uuid5(session_id, f"issue/{batch.vaccine_id}/{batch.batch_number}"),
            MovementKind.ISSUE,
            batch.vaccine_id,
            batch.batch_number,
            batch.allotted,
            store,
            in_session(session_id),
        )
        if await ledger.post(conn, out, at=floor.clock.now(), by=actor.actor_id):
            issued += batch.allotted
    return issued


async def close_session(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    session_id: UUID,
    used: Mapping[tuple[str, str], Used],
    *,
    district_id: int,
    centre_id: int,
) -> int:
    """A session ends: by vaccine and batch, doses were given or wasted; the others go back; how many did.

    Closing it again changes nothing. The caller has checked the actor's scope. Raises NotPermitted, NotIssued.
    """
    actor.require(Permission.VACCINATE)
    account, store = in_session(session_id), Store(Tier.CENTRE, centre_id).account
    batches = await queries.hold_batches_of(conn, district_id, session_id)
    held = await ledger.held_in(conn, account)
    if not held:
        return 0
    for key in used:
        if _total(used[key]) > held.get(key, 0):
            raise NotIssued(field="batch_number", batch=key[1])
    now, back = floor.clock.now(), 0
    for batch in batches:
        key = (batch.vaccine_id, batch.batch_number)
        did = used.get(key, Used(0))
        left = held.get(key, 0) - _total(did)
        steps = [(MovementKind.USE, did.given, GIVEN), (MovementKind.RETURN, left, store)]
        steps += [(MovementKind.WASTE, doses, wasted(reason)) for reason, doses in did.wasted.items()]
        for kind, doses, target in steps:
            if doses:
                movement_id = uuid5(session_id, f"{kind.value}/{target}/{key[0]}/{key[1]}")
                await ledger.post(
                    conn, Movement(movement_id, kind, *key, doses, account, target), at=now, by=actor.actor_id
                )
        await queries.settle_batch(conn, batch, session_id, kept=did.given, lost=sum(did.wasted.values()))
        back += left
    detail = {"returned": back, "wasted": sum(sum(one.wasted.values()) for one in used.values())}
    await record(conn, actor, "stock.close_session", subject=("session", session_id), reason="closed", detail=detail)
    return back


async def take_back(
    conn: Connection, floor: Floor, actor: Actor, session_id: UUID, *, district_id: int, centre_id: int, given: int
) -> int:
    """A session is called off: its doses are free again but for those given, which are of the soonest-expiring batches.

    What it had been issued goes back to the centre in the ledger; what a closed session kept stays as it is.
    The caller has checked the actor's scope. Returns
    how many doses are free again.
    """
    account, store = in_session(session_id), Store(Tier.CENTRE, centre_id).account
    held = await ledger.held_in(conn, account)
    if not held and await ledger_queries.was_issued(conn, account):
        return 0
    now, freed = floor.clock.now(), 0
    for batch in await queries.hold_batches_of(conn, district_id, session_id):
        key = (batch.vaccine_id, batch.batch_number)
        kept = min(given, batch.allotted)
        given -= kept
        there = held.get(key, 0)
        for kind, doses, target in (
            (MovementKind.USE, min(kept, there), GIVEN),
            (MovementKind.RETURN, there - min(kept, there), store),
        ):
            if doses:
                movement_id = uuid5(session_id, f"{kind.value}/{target}/{key[0]}/{key[1]}")
                movement = Movement(movement_id, kind, *key, doses, account, target)
                await ledger.post(conn, movement, at=now, by=actor.actor_id)
        if batch.allotted > kept:
            await queries.put_back(conn, batch, session_id, batch.allotted - kept)
            freed += batch.allotted - kept
    return freed


def _total(used: Used) -> int:
    return used.given + sum(used.wasted.values())
