"""Allots doses to sessions, soonest-expiring first, and takes back what was not used."""

from datetime import date
from uuid import UUID

from opencowin.kit.db import Connection
from opencowin.stock import queries
from opencowin.stock.model import Allotment
from opencowin.stock.refusals import NotEnoughStock


async def allot(
    conn: Connection, district_id: int, centre_id: int, *, vaccine_id: str, session_id: UUID, doses: int, on: date
) -> list[Allotment]:
    """Allot doses that are good on the day, all or none. Raises NotEnoughStock."""
    good = await queries.hold_good_batches(conn, district_id, centre_id, vaccine_id, on)
    free = sum(batch.free for batch in good)
    if free < doses:
        raise NotEnoughStock(field="doses", free=free, vaccine=vaccine_id)
    taken: list[Allotment] = []
    for batch in good:
        part = min(batch.free, doses - sum(one.doses for one in taken))
        if part == 0:
            break
        if not await queries.take_from_batch(conn, batch, part):
            raise NotEnoughStock(field="doses", free=free - part, vaccine=vaccine_id)
        await queries.insert_allotment(conn, batch, session_id, part)
        taken.append(Allotment(batch.batch_number, part))
    return taken


async def allotted_to(conn: Connection, district_id: int, session_id: UUID) -> list[Allotment]:
    """What a session was allotted, soonest-expiring first."""
    return await queries.allotments(conn, district_id, session_id)


async def give_back(conn: Connection, district_id: int, session_id: UUID, *, used: int = 0) -> int:
    """Free the session's doses again, except `used` ones, which are taken from the soonest-expiring batches.

    Returns how many were freed.
    """
    freed = 0
    for batch in await queries.hold_batches_of(conn, district_id, session_id):
        kept = min(used, batch.allotted)
        used -= kept
        if batch.allotted > kept:
            await queries.put_back(conn, batch, session_id, batch.allotted - kept)
            freed += batch.allotted - kept
    return freed
