"""What anybody may read of draws, and what is forgotten of them."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from opencowin import scheduling
from opencowin.draw import queries, stakes_queries
from opencowin.draw.model import Draw, DrawState, Tally
from opencowin.draw.refusals import NoSuchDraw
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.scheduling import Session

KEPT = timedelta(days=90)
MOST = 100


async def draw_of(conn: Connection, draw_id: UUID) -> Draw:
    """One draw. Raises NoSuchDraw."""
    found = await queries.draw(conn, draw_id)
    if found is None:
        raise NoSuchDraw(field="draw_id")
    return found


async def tally_of(conn: Connection, draw_id: UUID) -> Tally:
    """How many entries, people and bookings a draw has."""
    return await queries.tally(conn, draw_id)


async def draws_in(conn: Connection, district_ids: Sequence[int] | None) -> list[Draw]:
    """The draws of these districts, or of all: those under way first, then the latest."""
    return await queries.draws(conn, district_ids, MOST)


async def sessions_of(conn: Connection, draw_id: UUID) -> list[Session]:
    """The sessions whose seats a draw allots, by day."""
    found = [await scheduling.read_session(conn, one) for one in await queries.session_ids(conn, draw_id)]
    return sorted(found, key=lambda one: (one.held_on, one.centre_id, one.session_id))


async def published_list(conn: Connection, draw_id: UUID) -> str:
    """The list of a draw that has closed. Raises NoSuchDraw."""
    found = await stakes_queries.content(conn, draw_id)
    if found is None:
        raise NoSuchDraw(field="draw_id")
    return found


async def results(conn: Connection, draw_id: UUID) -> str:
    """What fell to each entry: its number, then the session and slot, or `none`. Raises NoSuchDraw before the draw."""
    if (await draw_of(conn, draw_id)).state != DrawState.DRAWN:
        raise NoSuchDraw(field="draw_id")
    lines = (
        f"result {one.entry_id} {one.session_id} {one.slot_number}" if one.session_id else f"result {one.entry_id} none"
        for one in await stakes_queries.results(conn, draw_id)
    )
    return "".join(f"{line}\n" for line in lines)


async def forget_old(conn: Connection, floor: Floor) -> int:
    """Forget who entered draws that ended long ago; how many entries."""
    return await queries.forget(conn, floor.clock.now() - KEPT)
