"""Receives batches at a centre and tells what a centre has."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import Area, read_centre
from opencowin.stock import queries
from opencowin.stock.ledger import held_in
from opencowin.stock.ledger_model import VaccineBatch
from opencowin.stock.model import Batch, Short
from opencowin.stock.movements import receive
from opencowin.stock.stores import Store, Tier

HARDLY_ANY = 20
"""Doses: two vials of most vaccines."""


@dataclass(frozen=True, slots=True)
class NewBatch:
    """Doses that arrive at a centre; `expires_on` is their last day of use."""

    centre_id: int
    vaccine_id: str
    batch_number: str
    expires_on: date
    doses: int
    doses_per_vial: int = 10


async def receive_batch(
    conn: Connection, floor: Floor, actor: Actor, new: NewBatch, *, movement_id: UUID | None = None
) -> Batch:
    """Doses of a batch reach a centre from the supplier; more of a batch that is on record are added to it.

    Raises NotPermitted, UnknownCentre, BatchIncomplete, BatchExpired, BatchDiffers.
    """
    store = Store(Tier.CENTRE, new.centre_id)
    facts = VaccineBatch(new.vaccine_id, new.batch_number, new.expires_on, new.doses_per_vial)
    await receive(conn, floor, actor, store, facts, new.doses, movement_id=movement_id or uuid4())
    centre = await read_centre(conn, new.centre_id)
    known = await queries.batches(conn, centre.district_id, centre.centre_id, new.vaccine_id)
    return next(batch for batch in known if batch.batch_number == new.batch_number.strip())


async def batches_at(conn: Connection, district_id: int, centre_id: int, vaccine_id: str | None = None) -> list[Batch]:
    """The batches at a centre, of one vaccine or all, soonest-expiring first."""
    return await queries.batches(conn, district_id, centre_id, vaccine_id)


async def promised_at(conn: Connection, store: Store) -> dict[tuple[str, str], int]:
    """Doses of each vaccine and batch that lie in a centre's store and that sessions are promised; none for others.

    What a session was issued lies in the store no more.
    """
    if store.tier is not Tier.CENTRE:
        return {}
    centre = await read_centre(conn, store.place_id)
    there = await held_in(conn, store.account)
    kept = await queries.batches(conn, centre.district_id, centre.centre_id, None)
    unpromised = {(one.vaccine_id, one.batch_number): one.received - one.allotted for one in kept}
    return {key: max(0, there[key] - doses) for key, doses in unpromised.items() if key in there}


async def shortest_of_stock(conn: Connection, area: Area, rows: int) -> list[Short]:
    """Where in an area a centre has hardly any doses left to allot of a vaccine that it has had, the fewest first."""
    return await queries.shortest(conn, area.district_list, area.centre_id, below=HARDLY_ANY, rows=rows)
