"""Closing: when its time is over, what a draw is for and who takes part are written down, and the list is published."""

from uuid import UUID

from opencowin.draw import queries, stakes_queries
from opencowin.draw.lots import Stakes
from opencowin.draw.model import Draw
from opencowin.draw.reading import draw_of
from opencowin.kit.actor import system
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.scheduling import RESERVED


async def close_due(conn: Connection, floor: Floor) -> UUID | None:
    """Close a draw whose time is over, if there is one; which."""
    draw_id = await queries.next_to_close(conn, floor.clock.now())
    if draw_id is None:
        return None
    draw = await draw_of(conn, draw_id)
    struck = await stakes_queries.strike(conn, draw_id)
    await stakes_queries.count_people(conn, draw_id)
    await stakes_queries.note_doses(conn, draw_id, draw.district_id)
    await stakes_queries.note_seats(conn, draw_id, draw.district_id, RESERVED - 1)
    stakes = await stakes_of(conn, draw)
    digest = stakes.digest()
    await queries.set_closed(conn, draw_id, digest, stakes.text(), floor.clock.now())
    detail = {"entries": len(stakes.tickets), "struck": struck, "list": digest}
    await record(conn, system("draw"), "draw.close", subject=("draw", draw_id), reason="set time", detail=detail)
    return draw_id


async def stakes_of(conn: Connection, draw: Draw) -> Stakes:
    """What the draw is for, and who takes part, as it is stored."""
    return Stakes(
        draw_id=draw.draw_id,
        groups=draw.groups,
        doses=await stakes_queries.doses(conn, draw.draw_id),
        seats=await stakes_queries.seats(conn, draw.draw_id),
        tickets=await stakes_queries.tickets(conn, draw.draw_id),
    )
