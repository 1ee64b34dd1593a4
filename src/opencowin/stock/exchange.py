"""Takes movements from other stock systems and gives them ours: each under an id of its own, so that twice is once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.stock import consignment_queries, ledger_queries
from opencowin.stock.ledger_model import MovementKind, Recorded, VaccineBatch, WasteReason
from opencowin.stock.movements import Lot, arrive, count, dispatch, receive, waste
from opencowin.stock.refusals import BatchIncomplete, NothingMoved, NothingOnTheWay, TooManyMovements
from opencowin.stock.stores import Store, require_store, store_named
from opencowin.stock.supply import read_supply

MOST_ROWS = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """A movement as another system tells it: `id` is that system's own, whatever it looks like."""

    id: str
    kind: str
    store: str
    vaccine_id: str
    batch_number: str
    doses: int
    expires_on: date | None = None
    doses_per_vial: int | None = None
    manufacturer: str = ""
    target: str = ""
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row: recorded, known (it was here before) or refused and why."""

    id: str
    state: str
    refusal: Refusal | None = None


def own_id(given: str) -> UUID:
    """Our id for another system's: itself where it is a UUID, else made from it."""
    try:
        return UUID(given.strip())
    except ValueError:
        return uuid5(NAMESPACE_URL, f"stock:{given.strip()}")


async def take_in(conn: Connection, floor: Floor, actor: Actor, rows: Sequence[Exchanged]) -> list[Outcome]:
    """Record the movements that can be, each on its own; what became of each, in the order given.

    Raises TooManyMovements, and then nothing was recorded.
    """
    if len(rows) > MOST_ROWS:
        raise TooManyMovements(field="rows", most=MOST_ROWS)
    outcomes = []
    for row in rows:
        try:
            async with conn.transaction():
                new = await _take(conn, floor, actor, row)
            outcomes.append(Outcome(row.id, "recorded" if new else "known"))
        except Refusal as refusal:
            outcomes.append(Outcome(row.id, "refused", refusal))
    return outcomes


async def _take(conn: Connection, floor: Floor, actor: Actor, row: Exchanged) -> bool:
    store, number = store_named(row.store.strip()), row.batch_number.strip()
    lot, own = Lot(row.vaccine_id.strip().upper(), number, row.doses), own_id(row.id)
    match row.kind.strip().lower():
        case MovementKind.RECEIPT:
            if row.expires_on is None:
                raise BatchIncomplete(field="expires_on")
            per_vial = row.doses_per_vial or read_supply(floor.pack).doses_per_vial(lot.vaccine_id)
            batch = VaccineBatch(lot.vaccine_id, number, row.expires_on, per_vial, row.manufacturer)
            return await receive(conn, floor, actor, store, batch, row.doses, movement_id=own)
        case MovementKind.DISPATCH:
            target = store_named(row.target.strip())
            return await dispatch(conn, floor, actor, store, target, lot, consignment_id=own)
        case MovementKind.ARRIVAL:
            return await _arrived(conn, floor, actor, own, lot)
        case MovementKind.WASTE:
            known = row.reason.strip().lower()
            reason = WasteReason(known) if known in set(WasteReason) else WasteReason.OTHER
            return await waste(conn, floor, actor, store, lot, reason, movement_id=own, note=row.note)
        case MovementKind.COUNT:
            return await count(conn, floor, actor, store, lot, movement_id=own, note=row.note) != 0
    raise NothingMoved(field="kind")


async def _arrived(conn: Connection, floor: Floor, actor: Actor, own: UUID, lot: Lot) -> bool:
    """The consignment of the dispatch with this id has come; told again it is known."""
    try:
        await arrive(conn, floor, actor, own, {(lot.vaccine_id, lot.batch_number): lot.doses})
    except NothingOnTheWay:
        if await consignment_queries.has_arrived(conn, own):
            return False
        raise
    return True


async def give_out(conn: Connection, actor: Actor, store: Store, since: datetime, limit: int) -> list[Recorded]:
    """The movements from and to a store since an instant, oldest first. Raises NotPermitted and of no such place."""
    await require_store(conn, actor, store)
    return await ledger_queries.movements_since(conn, store.account, since, limit)
