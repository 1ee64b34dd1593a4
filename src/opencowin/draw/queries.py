"""All SQL of the room `draw` about draws, their sessions and entries: one function, one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from opencowin.draw.model import Draw, Entry, NewDraw, Tally
from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run

DRAWS: LiteralString = """
    SELECT draw_id, district_id, state, groups, number_source, opened_at, closes_at, commitment, seed_sealed, seed,
           public_number, list_digest, closed_at, revealed_at, ended_at, reason
    FROM draw
"""
ENTRIES: LiteralString = """
    SELECT e.entry_id, e.draw_id, e.rank, e.dose, e.preferences, e.waits, e.session_id, e.slot_number, e.outcome,
           e.refusal, (SELECT coalesce(array_agg(m.beneficiary_id ORDER BY m.beneficiary_id), '{}')
                       FROM draw_member m WHERE m.entry_id = e.entry_id) AS members
    FROM draw_entry e
"""


@dataclass(frozen=True, slots=True)
class Settling:
    """An entry that is to be booked or told."""

    entry_id: int
    account_id: UUID | None
    dose: int
    waits: bool
    members: list[UUID]
    session_id: UUID | None
    slot_number: int | None


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an entry."""

    entry_id: int
    outcome: str
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to be written."""

    draw_id: UUID
    account_id: UUID
    rank: int
    dose: int
    preferences: Sequence[UUID]
    waits: bool
    members: Sequence[UUID]


async def insert(
    conn: Connection, draw_id: UUID, new: NewDraw, now: datetime, *, commitment: str, sealed: bytes
) -> None:
    """Enter a draw with its sessions."""
    await run(
        conn,
        """
        WITH opened AS (
            INSERT INTO draw (draw_id, district_id, state, groups, number_source, opened_at, closes_at, commitment,
                              seed_sealed)
            VALUES (%(draw)s, %(district)s, 'open', %(groups)s, %(source)s, %(now)s, %(closes)s, %(commitment)s,
                    %(sealed)s)
            RETURNING draw_id)
        INSERT INTO draw_session (draw_id, session_id)
        SELECT draw_id, session_id FROM opened, unnest(%(sessions)s::uuid[]) AS session_id
        """,
        draw=draw_id,
        district=new.district_id,
        groups=list(new.groups),
        source=new.number_source,
        now=now,
        closes=new.closes_at,
        commitment=commitment,
        sealed=sealed,
        sessions=list(new.session_ids),
    )


async def draw(conn: Connection, draw_id: UUID) -> Draw | None:
    """One draw."""
    return await fetch_one(conn, Draw, DRAWS + """WHERE draw_id = %(id)s""", id=draw_id)


async def draws(conn: Connection, district_ids: Sequence[int] | None, most: int) -> list[Draw]:
    """Draws of these districts, or of all: those under way first, then the latest."""
    return await fetch_all(
        conn,
        Draw,
        DRAWS
        + """
        WHERE %(districts)s::int[] IS NULL OR district_id = ANY (%(districts)s::int[])
        ORDER BY ended_at IS NOT NULL, closes_at DESC, draw_id LIMIT %(most)s
        """,
        districts=None if district_ids is None else list(district_ids),
        most=most,
    )


async def tally(conn: Connection, draw_id: UUID) -> Tally:
    """How many entries, people and bookings a draw has."""
    (found,) = await fetch_all(
        conn,
        Tally,
        """
        SELECT count(*) AS entries, coalesce(sum(people), 0) AS people,
               count(*) FILTER (WHERE outcome = 'booked') AS booked
        FROM draw_entry WHERE draw_id = %(id)s
        """,
        id=draw_id,
    )
    return found


async def hold(conn: Connection, draw_id: UUID) -> bool:
    """Keep a draw for a change of its state, when nobody is entering it; whether there is one."""
    found = await fetch_value(conn, "SELECT draw_id FROM draw WHERE draw_id = %(id)s FOR UPDATE", id=draw_id)
    return found is not None


async def share(conn: Connection, draw_id: UUID) -> None:
    """Keep a draw in its state while others do the same."""
    await run(conn, "SELECT FROM draw WHERE draw_id = %(id)s FOR SHARE", id=draw_id)


async def next_to_close(conn: Connection, now: datetime) -> UUID | None:
    """A draw whose time is over, kept; one that somebody else holds is passed over."""
    found: UUID | None = await fetch_value(
        conn,
        """
        SELECT draw_id FROM draw WHERE ended_at IS NULL AND state = 'open' AND closes_at <= %(now)s
        ORDER BY closes_at LIMIT 1 FOR UPDATE SKIP LOCKED
        """,
        now=now,
    )
    return found


async def next_to_carry_out(conn: Connection) -> UUID | None:
    """A draw that is to be drawn, or of which people are to be booked or told, kept."""
    found: UUID | None = await fetch_value(
        conn,
        """
        SELECT draw_id FROM draw WHERE ended_at IS NULL AND state IN ('revealed', 'drawn', 'cancelled')
        ORDER BY closes_at LIMIT 1 FOR UPDATE SKIP LOCKED
        """,
    )
    return found


async def set_closed(conn: Connection, draw_id: UUID, digest: str, content: str, now: datetime) -> None:
    """Close a draw, with the list that is published."""
    await run(
        conn,
        """
        WITH listed AS (INSERT INTO draw_list (draw_id, content) VALUES (%(id)s, %(content)s) RETURNING draw_id)
        UPDATE draw d SET state = 'closed', list_digest = %(digest)s, closed_at = %(now)s
        FROM listed WHERE d.draw_id = listed.draw_id
        """,
        id=draw_id,
        digest=digest,
        content=content,
        now=now,
    )


async def set_revealed(conn: Connection, draw_id: UUID, seed: str, number: str, now: datetime) -> None:
    """Make seed and number known."""
    await run(
        conn,
        """
        UPDATE draw SET state = 'revealed', seed = %(seed)s, public_number = %(number)s, revealed_at = %(now)s
        WHERE draw_id = %(id)s AND state = 'closed'
        """,
        id=draw_id,
        seed=seed,
        number=number,
        now=now,
    )


async def set_halted(conn: Connection, draw_id: UUID) -> None:
    """Stop a draw whose list was altered."""
    await run(conn, "UPDATE draw SET state = 'halted' WHERE draw_id = %(id)s AND state = 'revealed'", id=draw_id)


async def set_cancelled(conn: Connection, draw_id: UUID, seed: str, reason: str) -> None:
    """Call a draw off."""
    await run(
        conn,
        """
        UPDATE draw SET state = 'cancelled', seed = %(seed)s, reason = %(reason)s
        WHERE draw_id = %(id)s AND state IN ('open', 'closed', 'halted')
        """,
        id=draw_id,
        seed=seed,
        reason=reason,
    )


async def set_ended(conn: Connection, draw_id: UUID, now: datetime) -> None:
    """Note that nothing is left to do."""
    await run(conn, "UPDATE draw SET ended_at = %(now)s WHERE draw_id = %(id)s", id=draw_id, now=now)


async def session_ids(conn: Connection, draw_id: UUID) -> list[UUID]:
    """The sessions of a draw."""
    cursor = await conn.execute(
        "SELECT session_id FROM draw_session WHERE draw_id = %(id)s ORDER BY session_id", {"id": draw_id}
    )
    return [row[0] for row in await cursor.fetchall()]


async def insert_entry(conn: Connection, new: NewEntry, now: datetime) -> int:
    """Enter people. Raises UniqueViolation where one of them has entered before."""
    entry_id: int = await fetch_value(
        conn,
        """
        WITH entered AS (
            INSERT INTO draw_entry (draw_id, account_id, rank, dose, people, preferences, waits, entered_at)
            VALUES (%(draw)s, %(account)s, %(rank)s, %(dose)s, cardinality(%(members)s::uuid[]),
                    %(preferences)s::uuid[], %(waits)s, %(now)s)
            RETURNING entry_id),
        people AS (
            INSERT INTO draw_member (draw_id, entry_id, account_id, beneficiary_id)
            SELECT %(draw)s, entry_id, %(account)s, who FROM entered, unnest(%(members)s::uuid[]) AS who)
        SELECT entry_id FROM entered
        """,
        draw=new.draw_id,
        account=new.account_id,
        rank=new.rank,
        dose=new.dose,
        preferences=list(new.preferences),
        waits=new.waits,
        members=list(new.members),
        now=now,
    )
    return entry_id


async def delete_entry(conn: Connection, draw_id: UUID, account_id: UUID, entry_id: int) -> int:
    """Delete an entry with its people."""
    return await run(
        conn,
        "DELETE FROM draw_entry WHERE draw_id = %(draw)s AND account_id = %(account)s AND entry_id = %(id)s",
        draw=draw_id,
        account=account_id,
        id=entry_id,
    )


async def entries_of_account(conn: Connection, draw_id: UUID, account_id: UUID) -> list[Entry]:
    """What a household entered in a draw."""
    return await fetch_all(
        conn,
        Entry,
        ENTRIES + """WHERE e.draw_id = %(draw)s AND e.account_id = %(account)s ORDER BY e.entry_id""",
        draw=draw_id,
        account=account_id,
    )


async def to_settle(conn: Connection, draw_id: UUID, most: int) -> list[Settling]:
    """Entries that are still to be booked or told: those to whom seats fell first."""
    return await fetch_all(
        conn,
        Settling,
        """
        SELECT e.entry_id, e.account_id, e.dose, e.waits, e.session_id, e.slot_number,
               (SELECT coalesce(array_agg(m.beneficiary_id), '{}') FROM draw_member m WHERE m.entry_id = e.entry_id)
               AS members
        FROM draw_entry e WHERE e.draw_id = %(draw)s AND e.outcome IS NULL
        ORDER BY e.session_id IS NULL, e.entry_id LIMIT %(most)s
        """,
        draw=draw_id,
        most=most,
    )


async def settle(conn: Connection, settled: Sequence[Settled]) -> None:
    """Write down what became of entries."""
    await run(
        conn,
        """
        UPDATE draw_entry e SET outcome = s.outcome, refusal = s.refusal
        FROM unnest(%(ids)s::bigint[], %(outcomes)s::text[], %(refusals)s::text[]) AS s (entry_id, outcome, refusal)
        WHERE e.entry_id = s.entry_id AND e.outcome IS NULL
        """,
        ids=[one.entry_id for one in settled],
        outcomes=[one.outcome for one in settled],
        refusals=[one.refusal for one in settled],
    )


async def set_drawn(conn: Connection, draw_id: UUID, won: Mapping[int, tuple[UUID, int]]) -> None:
    """Write down what fell to whom."""
    await run(
        conn,
        """
        WITH fell AS (
            UPDATE draw_entry e SET session_id = w.session_id, slot_number = w.slot_number
            FROM unnest(%(ids)s::bigint[], %(sessions)s::uuid[], %(slots)s::smallint[])
                 AS w (entry_id, session_id, slot_number)
            WHERE e.entry_id = w.entry_id AND e.draw_id = %(draw)s AND e.outcome IS NULL)
        UPDATE draw SET state = 'drawn' WHERE draw_id = %(draw)s AND state = 'revealed'
        """,
        draw=draw_id,
        ids=list(won),
        sessions=[session for session, _ in won.values()],
        slots=[slot for _, slot in won.values()],
    )


async def forget(conn: Connection, before: datetime) -> int:
    """Delete who entered draws that ended before; the list stays, which names nobody."""
    return await run(
        conn,
        """
        WITH old AS (SELECT draw_id FROM draw WHERE ended_at < %(before)s),
        people AS (DELETE FROM draw_member m USING old WHERE m.draw_id = old.draw_id)
        UPDATE draw_entry e SET account_id = NULL FROM old WHERE e.draw_id = old.draw_id AND e.account_id IS NOT NULL
        """,
        before=before,
    )
