"""Receives batches at a centre and tells what a centre has."""

from dataclasses import dataclass
from datetime import date

from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import in_scope, read_centre
from opencowin.programme import current_programme
from opencowin.stock import queries
from opencowin.stock.model import Batch
from opencowin.stock.refusals import BatchDiffers, BatchExpired, BatchIncomplete

LONGEST_NUMBER = 50


@dataclass(frozen=True, slots=True)
class NewBatch:
    """Doses that arrive at a centre; `expires_on` is their last day of use."""

    centre_id: int
    vaccine_id: str
    batch_number: str
    expires_on: date
    doses: int


async def receive_batch(conn: Connection, floor: Floor, actor: Actor, new: NewBatch) -> Batch:
    """Enter doses of a batch; more of a batch that is on record are added to it.

    Raises NotPermitted, UnknownCentre, BatchIncomplete, BatchExpired, BatchDiffers.
    """
    actor.require(Permission.PUBLISH_SESSIONS)
    centre = await read_centre(conn, new.centre_id)
    if not await in_scope(conn, actor, district_id=centre.district_id, centre_id=centre.centre_id):
        raise NotPermitted
    number = new.batch_number.strip()
    vaccines = (await current_programme(conn)).vaccines
    if not 0 < len(number) <= LONGEST_NUMBER or new.doses < 1 or new.vaccine_id not in vaccines:
        raise BatchIncomplete(field="batch_number")
    if new.expires_on < floor.clock.today():
        raise BatchExpired(field="expires_on")
    arrived = Batch(centre.district_id, centre.centre_id, new.vaccine_id, number, new.expires_on, new.doses, 0)
    batch = await queries.add_to_batch(conn, arrived)
    if batch is None:
        raise BatchDiffers(field="expires_on", expires_on=await _expiry_on_record(conn, arrived))
    detail = {"vaccine": new.vaccine_id, "batch": number, "doses": new.doses}
    subject = ("centre", centre.centre_id)
    await record(conn, actor, "stock.receive_batch", subject=subject, reason="doses received", detail=detail)
    return batch


async def batches_at(conn: Connection, district_id: int, centre_id: int, vaccine_id: str | None = None) -> list[Batch]:
    """The batches at a centre, of one vaccine or all, soonest-expiring first."""
    return await queries.batches(conn, district_id, centre_id, vaccine_id)


async def _expiry_on_record(conn: Connection, arrived: Batch) -> date:
    known = await queries.batches(conn, arrived.district_id, arrived.centre_id, arrived.vaccine_id)
    return next(batch.expires_on for batch in known if batch.batch_number == arrived.batch_number)
