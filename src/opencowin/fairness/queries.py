"""All SQL of the room `fairness`: one function, one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from opencowin.fairness.model import Room, Ticket
from opencowin.kit.actor import Place
from opencowin.kit.db import Connection, fetch_all, fetch_one, run

ROOM: LiteralString = """
    SELECT room_id, state_id, district_id, by_load, opens_at, opened_at, per_minute, let_in, paced_at, early, late
    FROM queue_room
"""


async def standing_rooms(conn: Connection) -> list[Room]:
    """Those that stand, in no order."""
    return await fetch_all(conn, Room, ROOM + "WHERE closed_at IS NULL")


async def rooms_within(conn: Connection, place: Place) -> list[Room]:
    """Those that stand inside a place, the soonest first."""
    return await fetch_all(
        conn,
        Room,
        ROOM
        + """WHERE closed_at IS NULL AND (%(state)s::integer IS NULL OR state_id = %(state)s)
            AND (%(district)s::integer IS NULL OR district_id = %(district)s) ORDER BY opens_at, room_id""",
        state=place.state_id,
        district=place.district_id,
    )


async def lock_room(conn: Connection, room_id: UUID) -> Room | None:
    """A room that stands, locked until the transaction ends: who joins and what opens it pass one by one."""
    return await fetch_one(
        conn, Room, ROOM + "WHERE room_id = %(room)s AND closed_at IS NULL FOR NO KEY UPDATE", room=room_id
    )


async def insert_room(conn: Connection, room: Room) -> bool:
    """Write a new room, unless one stands for its area; whether it was written."""
    written = await run(
        conn,
        """
        INSERT INTO queue_room (room_id, state_id, district_id, by_load, opens_at, opened_at, per_minute, paced_at)
        VALUES (%(room)s, %(state)s, %(district)s, %(by_load)s, %(opens)s, %(opened)s, %(pace)s, %(paced)s)
        ON CONFLICT (coalesce(state_id, -1), coalesce(district_id, -1)) WHERE closed_at IS NULL DO NOTHING
        """,
        room=room.room_id,
        state=room.state_id,
        district=room.district_id,
        by_load=room.by_load,
        opens=room.opens_at,
        opened=room.opened_at,
        pace=room.per_minute,
        paced=room.paced_at,
    )
    return written == 1


async def open_due(conn: Connection, now: datetime, room_id: UUID | None = None) -> int:
    """Open the rooms, or that room, whose instant has come, as of that instant; how many."""
    return await run(
        conn,
        """
        WITH due AS MATERIALIZED (
            SELECT room_id FROM queue_room
            WHERE opened_at IS NULL AND closed_at IS NULL AND opens_at <= %(now)s
              AND (%(room)s::uuid IS NULL OR room_id = %(room)s)
            ORDER BY room_id FOR NO KEY UPDATE)
        UPDATE queue_room SET opened_at = opens_at, paced_at = opens_at FROM due WHERE queue_room.room_id = due.room_id
        """,
        now=now,
        room=room_id,
    )


async def set_pace(conn: Connection, room_id: UUID, per_minute: int, let_in: float, paced_at: datetime) -> None:
    """From now on so many are let in per minute; until now so many were."""
    await run(
        conn,
        """
        UPDATE queue_room SET per_minute = %(pace)s, let_in = %(let_in)s, paced_at = %(paced)s WHERE room_id = %(room)s
        """,
        room=room_id,
        pace=per_minute,
        let_in=let_in,
        paced=paced_at,
    )


async def close_room(conn: Connection, room_id: UUID, now: datetime) -> int:
    """End a room; how many ended."""
    return await run(
        conn,
        "UPDATE queue_room SET closed_at = %(now)s WHERE room_id = %(room)s AND closed_at IS NULL",
        room=room_id,
        now=now,
    )


async def close_idle(conn: Connection, now: datetime, before: datetime) -> int:
    """End the rooms that load opened and in which nobody waited at `before` or since; how many."""
    return await run(
        conn,
        """
        UPDATE queue_room SET closed_at = %(now)s
        WHERE by_load AND closed_at IS NULL AND opened_at IS NOT NULL AND paced_at <= %(before)s
          AND let_in + extract(epoch FROM %(before)s - paced_at) * per_minute / 60 >= early + late
        """,
        now=now,
        before=before,
    )


async def tickets_of(conn: Connection, room_id: UUID, accounts: Sequence[UUID]) -> list[Ticket]:
    """The tickets that these accounts have in a room."""
    return await fetch_all(
        conn,
        Ticket,
        """
        SELECT room_id, account_id, number FROM queue_ticket
        WHERE room_id = %(room)s AND account_id = ANY (%(accounts)s)
        """,
        room=room_id,
        accounts=list(accounts),
    )


async def add_tickets(
    conn: Connection, room: Room, accounts: Sequence[UUID], *, after: int, now: datetime
) -> list[Ticket]:
    """Give those of these accounts that have none a ticket, in their order; all their tickets.

    Under the lock of `lock_room`. In a room that is open, places go on behind `after` at the least.
    """
    return await fetch_all(
        conn,
        Ticket,
        """
        WITH new AS (
            SELECT account_id, row_number() OVER (ORDER BY ordinal) AS nth
            FROM unnest(%(accounts)s::uuid[]) WITH ORDINALITY AS asked (account_id, ordinal)
            WHERE NOT EXISTS (
                SELECT FROM queue_ticket t WHERE t.room_id = %(room)s AND t.account_id = asked.account_id)),
        added AS (
            INSERT INTO queue_ticket (room_id, account_id, number, joined_at)
            SELECT %(room)s, account_id, CASE WHEN %(opened)s THEN %(after)s + nth ELSE 0 END, %(now)s FROM new
            RETURNING room_id, account_id, number),
        counted AS (
            UPDATE queue_room r SET early = r.early + CASE WHEN %(opened)s THEN 0 ELSE n.joined END,
                   late = CASE WHEN %(opened)s AND n.joined > 0 THEN %(after)s + n.joined ELSE r.late END
            FROM (SELECT count(*) AS joined FROM new) AS n WHERE r.room_id = %(room)s AND n.joined > 0)
        SELECT room_id, account_id, number FROM added
        UNION ALL
        SELECT room_id, account_id, number FROM queue_ticket
        WHERE room_id = %(room)s AND account_id = ANY (%(accounts)s)
        """,
        room=room.room_id,
        accounts=list(accounts),
        opened=room.opened_at is not None,
        after=after,
        now=now,
    )


async def forget(conn: Connection, before: datetime) -> int:
    """Delete rooms that ended before an instant, with their tickets; how many."""
    return await run(conn, "DELETE FROM queue_room WHERE closed_at < %(before)s", before=before)
