"""Settling: entries to which seats fell are booked, the others told; one that cannot be settled holds up no other."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import psycopg
import structlog

from opencowin import registry, scheduling, waitlist
from opencowin.draw import queries
from opencowin.draw.model import DRAW_LOST, Draw, DrawLost, DrawState, Outcome
from opencowin.draw.queries import Settled, Settling
from opencowin.kit.actor import Actor, ActorKind, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal, Unavailable
from opencowin.kit.floor import Floor
from opencowin.kit.logs import way_to
from opencowin.registry import Person
from opencowin.scheduling import BookingWish, InvalidSlot, Session

PASSING = (psycopg.OperationalError, psycopg.InterfaceError, OSError, Unavailable)
"""What undoes the round, which is tried again."""
FAULT = "fault"

log = structlog.stdlib.get_logger("opencowin.draw")


@dataclass(frozen=True, slots=True)
class _Turn:
    """One entry in a round, in the draw and with the sessions that it is about."""

    draw: Draw
    one: Settling
    sessions: Mapping[UUID, Session]

    @property
    def actor(self) -> Actor:
        """The platform, acting for the household."""
        rights = frozenset({Permission.BOOK_FOR_OWN_MEMBERS})
        return Actor(ActorKind.SYSTEM, "draw", rights, account_id=self.one.account_id)

    @property
    def fell(self) -> Session | None:
        """The session that fell to it, if it is to be booked."""
        return self.sessions.get(self.one.session_id) if self.one.session_id else None


async def settle(conn: Connection, floor: Floor, draw: Draw, left: list[Settling]) -> None:
    """Book these entries, or tell them that nothing fell to them."""
    drawn = draw.state == DrawState.DRAWN
    fell = {one.session_id for one in left if one.session_id} if drawn else set()
    sessions = {session_id: await scheduling.read_session(conn, session_id) for session_id in sorted(fell)}
    people = (Person(one.account_id, who) for one in left if one.account_id for who in one.members)
    seats = [
        (sessions[one.session_id], one.slot_number, one.dose)
        for one in left
        if drawn and one.session_id is not None and one.slot_number is not None
    ]
    await scheduling.keep_drawn(conn, people, seats)
    settled = [await _settled(conn, floor, _Turn(draw, one, sessions)) for one in left]
    await queries.settle(conn, settled)
    without = {one.entry_id for one in settled if one.outcome != Outcome.BOOKED}
    now = floor.clock.now()
    news = (
        DrawLost(one.account_id, draw.draw_id, draw.district_id, one.entry_id, now)
        for one in left
        if one.account_id is not None and one.entry_id in without
    )
    await DRAW_LOST.enqueue(conn, *news)


async def _settled(conn: Connection, floor: Floor, turn: _Turn) -> Settled:
    """Settle one entry; what goes wrong with it alone is noted, and seen in the log."""
    try:
        async with conn.transaction():
            return await _settle(conn, floor, turn)
    except PASSING:
        raise
    except Exception as fault:
        log.error("an entry of a draw failed", entry=turn.one.entry_id, fault=type(fault).__name__, where=way_to(fault))
        return Settled(turn.one.entry_id, Outcome.REFUSED, FAULT)


async def _settle(conn: Connection, floor: Floor, turn: _Turn) -> Settled:
    one, refusal = turn.one, None
    household = await registry.members(conn, floor, turn.actor)
    references = tuple(who.reference_id for who in household if who.person.beneficiary_id in one.members)
    if (session := turn.fell) is not None:
        try:
            async with conn.transaction():
                await _book(conn, floor, turn, session, references)
        except Refusal as no:
            refusal = no.code
        else:
            return Settled(one.entry_id, Outcome.BOOKED)
    if one.waits:
        await _wait(conn, floor, turn, references)
    if turn.draw.state == DrawState.CANCELLED:
        return Settled(one.entry_id, Outcome.CANCELLED)
    return Settled(one.entry_id, Outcome.REFUSED if refusal else Outcome.LOST, refusal)


async def _book(conn: Connection, floor: Floor, turn: _Turn, session: Session, references: tuple[int, ...]) -> None:
    """Book what fell to these people. Raises what `book` raises."""
    one = turn.one
    label = next((slot.label for slot in session.slots if slot.slot_number == one.slot_number), None)
    if label is None:
        raise InvalidSlot(field="slot")
    wish = BookingWish(one.dose, session.session_id, label, references, key=f"draw-{one.entry_id}")
    await scheduling.book_allotted(conn, floor, turn.actor, wish)


async def _wait(conn: Connection, floor: Floor, turn: _Turn, references: tuple[int, ...]) -> None:
    """Put these people in the district's line; whom it does not take goes without."""
    for reference in references:
        with suppress(Refusal):
            async with conn.transaction():
                wish = waitlist.WaitWish(reference, district_id=turn.draw.district_id)
                await waitlist.join(conn, floor, turn.actor, wish)
