"""Drawing: the worker works out what fell to whom, books it, tells those who go without, and opens what is left.

Each round is a transaction, and an entry is settled in the one that books or tells it: killed at any point, the next
round goes on with the rest, and nobody is booked or told twice.
"""

from contextlib import suppress
from uuid import UUID

import structlog

from opencowin import registry, scheduling, waitlist
from opencowin.draw import queries
from opencowin.draw.closing import stakes_of
from opencowin.draw.lots import allot, in_order
from opencowin.draw.model import DRAW_LOST, Draw, DrawLost, DrawState, Outcome
from opencowin.draw.queries import Settled, Settling
from opencowin.draw.reading import draw_of
from opencowin.kit.actor import Actor, ActorKind, Permission, system
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.scheduling import BookingWish, Session

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
        await _settle(conn, floor, draw, left)
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


async def _settle(conn: Connection, floor: Floor, draw: Draw, left: list[Settling]) -> None:
    """Book these entries, or tell them that nothing fell to them."""
    sessions: dict[UUID, Session] = {}
    for one in left:
        if one.session_id is not None and one.session_id not in sessions:
            sessions[one.session_id] = await scheduling.read_session(conn, one.session_id)
    seats = [
        (sessions[one.session_id], one.slot_number, one.dose) for one in left if one.session_id and one.slot_number
    ]
    await scheduling.keep_drawn(conn, seats)
    settled = [await _settle_one(conn, floor, draw, one, sessions) for one in left]
    without = {one.entry_id for one in settled if one.outcome != Outcome.BOOKED}
    await queries.settle(conn, settled)
    now = floor.clock.now()
    news = (
        DrawLost(one.account_id, draw.draw_id, draw.district_id, one.entry_id, now)
        for one in left
        if one.account_id is not None and one.entry_id in without
    )
    await DRAW_LOST.enqueue(conn, *news)


async def _settle_one(
    conn: Connection, floor: Floor, draw: Draw, one: Settling, sessions: dict[UUID, Session]
) -> Settled:
    actor = Actor(ActorKind.SYSTEM, "draw", frozenset({Permission.BOOK_FOR_OWN_MEMBERS}), account_id=one.account_id)
    members = await _references(conn, floor, actor, one)
    refusal: str | None = None
    if one.session_id is not None and draw.state == DrawState.DRAWN:
        try:
            async with conn.transaction():
                await _book(conn, floor, actor, one, sessions[one.session_id], members)
        except Refusal as no:
            refusal = no.code
        else:
            return Settled(one.entry_id, Outcome.BOOKED)
    if one.waits:
        await _wait(conn, floor, draw, actor, members)
    if draw.state == DrawState.CANCELLED:
        return Settled(one.entry_id, Outcome.CANCELLED)
    return Settled(one.entry_id, Outcome.REFUSED if refusal else Outcome.LOST, refusal)


async def _references(conn: Connection, floor: Floor, actor: Actor, one: Settling) -> tuple[int, ...]:
    """The references of an entry's people, as their own household reads them."""
    household = await registry.members(conn, floor, actor)
    return tuple(who.reference_id for who in household if who.person.beneficiary_id in one.members)


async def _book(  # noqa: PLR0917 (said in one breath: these people, what fell to them)
    conn: Connection, floor: Floor, actor: Actor, one: Settling, session: Session, references: tuple[int, ...]
) -> None:
    label = next(slot.label for slot in session.slots if slot.slot_number == one.slot_number)
    wish = BookingWish(one.dose, session.session_id, label, references, key=f"draw-{one.entry_id}")
    await scheduling.book_allotted(conn, floor, actor, wish)


async def _wait(conn: Connection, floor: Floor, draw: Draw, actor: Actor, references: tuple[int, ...]) -> None:
    """Put these people in the district's line; whom it does not take goes without."""
    for reference in references:
        with suppress(Refusal):
            async with conn.transaction():
                await waitlist.join(conn, floor, actor, waitlist.WaitWish(reference, district_id=draw.district_id))


async def _end(conn: Connection, floor: Floor, draw: Draw) -> None:
    """Open what is left to all."""
    await queries.set_ended(conn, draw.draw_id, floor.clock.now())
    if draw.state == DrawState.DRAWN:
        sessions = await queries.session_ids(conn, draw.draw_id)
        await scheduling.end_draw(conn, draw.district_id, draw.draw_id, sessions)
    await record(conn, system("draw"), "draw.end", subject=("draw", draw.draw_id), reason="everybody is settled")
