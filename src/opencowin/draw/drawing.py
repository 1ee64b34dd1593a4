"""Drawing: the worker works out what fell to whom, has it booked, and opens what is left.

Each round is a transaction, and an entry is settled in the one that books or tells it: killed at any point, the next
round goes on with the rest, and nobody is booked or told twice.
"""

from uuid import UUID

import structlog

from opencowin import scheduling
from opencowin.draw import queries
from opencowin.draw.closing import stakes_of
from opencowin.draw.lots import allot, in_order
from opencowin.draw.model import Draw, DrawState
from opencowin.draw.reading import draw_of
from opencowin.draw.settling import settle
from opencowin.kit.actor import system
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

AT_ONCE = 200

log = structlog.stdlib.get_logger("opencowin.draw")


async def carry_out(conn: Connection, floor: Floor, most: int = AT_ONCE) -> UUID | None:
    """Do the next step of a draw that has been revealed or called off, if there is one; which draw."""
    draw_id = await queries.next_to_carry_out(conn)
    if draw_id is None:
        return None
    draw = await draw_of(conn, draw_id)
    if draw.state == DrawState.REVEALED:
        await _draw(conn, draw)
    elif left := await queries.to_settle(conn, draw_id, most):
        await settle(conn, floor, draw, left)
    else:
        await _end(conn, floor, draw)
    return draw_id


async def _draw(conn: Connection, draw: Draw) -> None:
    """Work out what falls to whom and write it down, if the list is still the one that was published."""
    subject, stakes = ("draw", draw.draw_id), await stakes_of(conn, draw)
    digest = stakes.digest()
    if digest != draw.list_digest:
        log.error("the list of a draw was altered", draw=str(draw.draw_id))
        await queries.set_halted(conn, draw.draw_id)
        await record(conn, system("draw"), "draw.halt", subject=subject, reason="list altered", detail={"list": digest})
        return
    ordered = in_order(stakes.tickets, bytes.fromhex(draw.seed or ""), digest, draw.public_number or "")
    won = allot(ordered, stakes.doses, stakes.seats)
    await queries.set_drawn(conn, draw.draw_id, won)
    detail = {"entries": len(ordered), "won": len(won)}
    await record(conn, system("draw"), "draw.draw", subject=subject, reason="revealed", detail=detail)


async def _end(conn: Connection, floor: Floor, draw: Draw) -> None:
    """Open what is left to all."""
    await queries.set_ended(conn, draw.draw_id, floor.clock.now())
    if draw.state == DrawState.DRAWN:
        sessions = await queries.session_ids(conn, draw.draw_id)
        await scheduling.end_draw(conn, draw.district_id, draw.draw_id, sessions)
    await record(conn, system("draw"), "draw.end", subject=("draw", draw.draw_id), reason="everybody is settled")
