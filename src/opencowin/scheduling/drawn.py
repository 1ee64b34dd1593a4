"""Sessions whose seats a draw allots: given to it by an officer, and opened to all when it has ended."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection, run, touch
from opencowin.registry import Person
from opencowin.scheduling import queries, seats
from opencowin.scheduling.holds import held_seats, lock_seats
from opencowin.scheduling.model import Session
from opencowin.scheduling.news import offer
from opencowin.scheduling.refusals import NotForDraw
from opencowin.scheduling.seats import SeatKey
from opencowin.scheduling.sessions import require_scope


async def give_to_draw(
    conn: Connection, actor: Actor, draw_id: UUID, district_id: int, session_ids: Sequence[UUID]
) -> list[Session]:
    """Let nobody but a draw give the seats of these sessions of one district. Raises NotPermitted, NotForDraw."""
    found = await queries.sessions_with_ids(conn, session_ids)
    if not found or {one.session_id for one in found} != set(session_ids):
        raise NotForDraw(field="sessions")
    for centre in {one.centre_id: one for one in found}.values():
        await require_scope(conn, actor, centre)
    touch(district_id)
    taken = await run(
        conn,
        """
        UPDATE session SET draw_id = %(draw)s
        WHERE district_id = %(district)s AND session_id = ANY (%(sessions)s) AND state = 'published'
          AND NOT closed AND reserved_for IS NULL AND draw_id IS NULL
        """,
        draw=draw_id,
        district=district_id,
        sessions=list(session_ids),
    )
    if taken != len(found):
        raise NotForDraw(field="sessions")
    return found


async def keep_drawn(conn: Connection, people: Iterable[Person], drawn: Iterable[tuple[Session, int, int]]) -> None:
    """Keep these people, what their households hold, and these seats (session, slot, dose) until the transaction ends:
    all at once and in the one order of locks, before any of them is booked."""
    named = sorted(people, key=lambda one: one.beneficiary_id)
    for person in named:
        await seats.hold_person(conn, person)
    held = await held_seats(conn, *{person.account_id for person in named})
    keys = {SeatKey(one.district_id, one.session_id, slot, dose) for one, slot, dose in drawn}
    if keys:
        await lock_seats(conn, [*keys, *(hold.key for hold in held.values())])


async def end_draw(conn: Connection, district_id: int, draw_id: UUID, session_ids: Sequence[UUID]) -> None:
    """Open to all what a draw left of its sessions."""
    touch(district_id)
    await run(
        conn,
        """
        UPDATE session SET draw_id = NULL
        WHERE district_id = %(district)s AND session_id = ANY (%(sessions)s) AND draw_id = %(draw)s
        """,
        district=district_id,
        sessions=list(session_ids),
        draw=draw_id,
    )
    await offer(conn, session_ids)
