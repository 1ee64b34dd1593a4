"""Moves doses: received, sent on, arrived, wasted, counted. Each movement is in the ledger or nothing changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

from opencowin.kit.actor import Actor
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import read_centre
from opencowin.programme import current_programme
from opencowin.stock import consignment_queries, hold_queries, ledger, ledger_queries, queries
from opencowin.stock.consignment_queries import Consignment
from opencowin.stock.ledger_model import (
    FOUND,
    MISSING,
    SUPPLIER,
    Movement,
    MovementKind,
    VaccineBatch,
    WasteReason,
    wasted,
)
from opencowin.stock.model import Batch
from opencowin.stock.refusals import (
    BatchDiffers,
    BatchExpired,
    BatchHeld,
    BatchIncomplete,
    MovementDiffers,
    NothingMoved,
    NothingOnTheWay,
    NotSoManyThere,
    UnknownBatch,
)
from opencowin.stock.stores import Store, Tier, require_store, store_named, transit

LONGEST_NUMBER = 50
LONGEST_MAKER = 100
LONGEST_NOTE = 300
MOST_DOSES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Lot:
    """So many doses of a batch."""

    vaccine_id: str
    batch_number: str
    doses: int


async def receive(  # noqa: PLR0917 (said in one breath: so many doses of this batch reach this store)
    conn: Connection, floor: Floor, actor: Actor, store: Store, batch: VaccineBatch, doses: int, *, movement_id: UUID
) -> bool:
    """Doses of a batch reach a store from the supplier; False when this was recorded before.

    Raises NotPermitted, NoSuchStore, BatchIncomplete, BatchExpired, BatchDiffers, MovementDiffers.
    """
    await require_store(conn, actor, store)
    vaccines = (await current_programme(conn)).vaccines
    number = batch.batch_number.strip()
    known_vaccine = batch.vaccine_id in vaccines and batch.doses_per_vial > 0
    if not 0 < len(number) <= LONGEST_NUMBER or not 0 < doses <= MOST_DOSES or not known_vaccine:
        raise BatchIncomplete(field="batch_number")
    if batch.expires_on < floor.clock.today():
        raise BatchExpired(field="expires_on")
    maker = batch.manufacturer.strip()[:LONGEST_MAKER] or vaccines[batch.vaccine_id].manufacturer
    given = VaccineBatch(batch.vaccine_id, number, batch.expires_on, batch.doses_per_vial, maker)
    known = await ledger_queries.enter_vaccine_batch(conn, given)
    if known.expires_on != batch.expires_on:
        raise BatchDiffers(field="expires_on", expires_on=known.expires_on)
    kind = MovementKind.RECEIPT
    lot = Lot(batch.vaccine_id, number, doses)
    return await _move(conn, floor, actor, _movement(movement_id, kind, lot, SUPPLIER, store.account))


async def dispatch(  # noqa: PLR0917 (said in one breath: these doses, from here to there)
    conn: Connection, floor: Floor, actor: Actor, source: Store, target: Store, lot: Lot, *, consignment_id: UUID
) -> bool:
    """Send doses on to another store; they are on their way until it counts them. False when recorded before.

    Raises NotPermitted (of the sending store), NoSuchStore, UnknownBatch, BatchHeld, NotSoManyThere, NothingMoved,
    MovementDiffers.
    """
    await require_store(conn, actor, source)
    await _known(conn, lot)
    if await hold_queries.is_held(conn, lot.vaccine_id, lot.batch_number, source.account):
        raise BatchHeld(field="batch_number", batch=lot.batch_number)
    if source == target:
        raise NothingMoved(field="target")
    if target.tier is Tier.CENTRE:
        await read_centre(conn, target.place_id)
    if not await consignment_queries.enter(conn, consignment_id, source.account, target.account, floor.clock.now()):
        there = await consignment_queries.hold(conn, consignment_id)
        if there is None or (there.source, there.target) != (source.account, target.account):
            raise MovementDiffers(field="consignment_id")
    movement_id = uuid5(consignment_id, f"{lot.vaccine_id}/{lot.batch_number}")
    out = _movement(movement_id, MovementKind.DISPATCH, lot, source.account, transit(consignment_id))
    return await _move(conn, floor, actor, out)


async def arrive(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    consignment_id: UUID,
    counted: Mapping[tuple[str, str], int],
    *,
    broken: Mapping[tuple[str, str], int] | None = None,
) -> Consignment:
    """A consignment is received: what was counted, by vaccine and batch, comes in; what is not there is missing.

    `broken` doses came, but cannot be given. Raises NothingOnTheWay, NotPermitted (of the receiving store),
    NotSoManyThere when more was counted than was sent.
    """
    sent = await consignment_queries.hold(conn, consignment_id)
    if sent is None or sent.arrived_at is not None:
        raise NothingOnTheWay(field="consignment_id")
    store = store_named(sent.target)
    await require_store(conn, actor, store)
    account = transit(consignment_id)
    on_the_way = await ledger_queries.balances(conn, [account])
    if set(counted) - {(one.vaccine_id, one.batch_number) for one in on_the_way}:
        raise NotSoManyThere(field="counted", batch=next(iter(counted))[1])
    for one in on_the_way:
        came = counted.get((one.vaccine_id, one.batch_number), 0)
        lost = (broken or {}).get((one.vaccine_id, one.batch_number), 0)
        if came < 0 or lost < 0 or came + lost > one.doses:
            raise NotSoManyThere(field="counted", batch=one.batch_number)
        for doses, kind, target in (
            (came, MovementKind.ARRIVAL, store.account),
            (lost, MovementKind.WASTE, wasted(WasteReason.BROKEN)),
            (one.doses - came - lost, MovementKind.COUNT, MISSING),
        ):
            if doses:
                lot = Lot(one.vaccine_id, one.batch_number, doses)
                movement_id = uuid5(consignment_id, f"{kind.value}/{one.vaccine_id}/{one.batch_number}")
                await _move(conn, floor, actor, _movement(movement_id, kind, lot, account, target))
    await consignment_queries.set_arrived(conn, consignment_id, floor.clock.now())
    return sent


async def waste(  # noqa: PLR0917 (said in one breath: these doses here, for this reason)
    conn: Connection,
    floor: Floor,
    actor: Actor,
    store: Store,
    lot: Lot,
    reason: WasteReason,
    *,
    movement_id: UUID,
    note: str = "",
) -> bool:
    """Doses in a store cannot be given any more. False when recorded before.

    Raises NotPermitted, NoSuchStore, UnknownBatch, NothingMoved, NotSoManyThere (also where sessions are promised
    them).
    """
    await require_store(conn, actor, store)
    await _known(conn, lot)
    lost = _movement(movement_id, MovementKind.WASTE, lot, store.account, wasted(reason), note)
    return await _move(conn, floor, actor, lost)


async def count(
    conn: Connection, floor: Floor, actor: Actor, store: Store, lot: Lot, *, movement_id: UUID, note: str = ""
) -> int:
    """A store was counted and has `lot.doses` of the batch: the difference is found or missing; that difference.

    Raises NotPermitted, NoSuchStore, UnknownBatch, NotSoManyThere where sessions are promised what is missing.
    """
    await require_store(conn, actor, store)
    if await ledger_queries.vaccine_batch(conn, lot.vaccine_id, lot.batch_number) is None:
        raise UnknownBatch(field="batch_number", batch=lot.batch_number)
    if not 0 <= lot.doses <= MOST_DOSES:
        raise NothingMoved(field="doses")
    on_record = {
        (one.vaccine_id, one.batch_number): one.doses for one in await ledger_queries.balances(conn, [store.account])
    }
    difference = lot.doses - on_record.get((lot.vaccine_id, lot.batch_number), 0)
    if difference == 0:
        return 0
    source, target = (FOUND, store.account) if difference > 0 else (store.account, MISSING)
    moved = Lot(lot.vaccine_id, lot.batch_number, abs(difference))
    await _move(conn, floor, actor, _movement(movement_id, MovementKind.COUNT, moved, source, target, note))
    return difference


def _movement(  # noqa: PLR0917 (the columns of one row)
    movement_id: UUID, kind: MovementKind, lot: Lot, source: str, target: str, note: str = ""
) -> Movement:
    note = note.strip()[:LONGEST_NOTE]
    return Movement(movement_id, kind, lot.vaccine_id, lot.batch_number, lot.doses, source, target, note)


async def _known(conn: Connection, lot: Lot) -> None:
    if not 0 < lot.doses <= MOST_DOSES:
        raise NothingMoved(field="doses")
    if await ledger_queries.vaccine_batch(conn, lot.vaccine_id, lot.batch_number) is None:
        raise UnknownBatch(field="batch_number", batch=lot.batch_number)


async def _move(conn: Connection, floor: Floor, actor: Actor, movement: Movement) -> bool:
    """Post a movement, keep the centres' books of what may be promised in step, and write down who did it."""
    if not await ledger.post(conn, movement, at=floor.clock.now(), by=actor.actor_id):
        return False
    for account, doses in ((movement.source, -movement.doses), (movement.target, movement.doses)):
        if account.startswith(f"{Tier.CENTRE.value}:"):
            await _keep_in_step(conn, store_named(account).place_id, movement, doses)
    detail = {"kind": movement.kind.value, "batch": movement.batch_number, "doses": movement.doses}
    subject = ("stock", movement.movement_id)
    await record(conn, actor, "stock.move", subject=subject, reason=movement.kind.value, detail=detail)
    return True


async def _keep_in_step(conn: Connection, centre_id: int, movement: Movement, doses: int) -> None:
    centre = await read_centre(conn, centre_id)
    facts = await ledger_queries.vaccine_batch(conn, movement.vaccine_id, movement.batch_number)
    if facts is None:
        raise UnknownBatch(field="batch_number", batch=movement.batch_number)
    changed = Batch(
        centre.district_id, centre_id, movement.vaccine_id, movement.batch_number, facts.expires_on, abs(doses), 0
    )
    if doses > 0:
        known = await queries.add_to_batch(conn, changed)
        if known is None:
            raise BatchDiffers(field="expires_on", expires_on=facts.expires_on)
    elif not await queries.take_out_of_batch(conn, changed, -doses):
        raise NotSoManyThere(field="doses", batch=movement.batch_number)
