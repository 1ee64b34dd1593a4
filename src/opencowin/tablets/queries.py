"""All SQL of the room `tablets`: one function, one statement."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import LiteralString
from uuid import UUID

from psycopg.types.json import Jsonb

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run
from opencowin.tablets.model import Kept

_RECORD: LiteralString = """
    SELECT record_id, tablet_id, district_id, centre_id, session_id, kind, outcome, answer, made_at, received_at,
           figures, account_id, beneficiary_id, dose_id, content_sealed
    FROM tablet_record"""


@dataclass(frozen=True, slots=True)
class TabletRow:
    """A row of `tablet`."""

    tablet_id: UUID
    staff_id: UUID
    worker_name_sealed: bytes
    district_id: int
    centre_id: int
    began_at: datetime
    expires_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Figure:
    """What the tablets of a session recorded of a batch and has not gone through the ledger yet."""

    kind: str
    vaccine: str
    batch: str
    reason: str
    doses: int


@dataclass(frozen=True, slots=True)
class Due:
    """A session whose doses wait to go through the ledger."""

    session_id: UUID
    district_id: int
    centre_id: int


async def insert_tablet(conn: Connection, row: TabletRow, token_hash: bytes) -> None:
    """Add a tablet."""
    await run(
        conn,
        """
        INSERT INTO tablet (tablet_id, token_hash, staff_id, worker_name_sealed, district_id, centre_id, began_at,
                            expires_at, seen_at)
        VALUES (%(tablet)s, %(hash)s, %(staff)s, %(name)s, %(district)s, %(centre)s, %(at)s, %(expires)s, %(at)s)
        """,
        tablet=row.tablet_id,
        hash=token_hash,
        staff=row.staff_id,
        name=row.worker_name_sealed,
        district=row.district_id,
        centre=row.centre_id,
        at=row.began_at,
        expires=row.expires_at,
    )


async def tablet_seen(conn: Connection, token_hash: bytes, at: datetime) -> TabletRow | None:
    """The tablet with this token, noted as seen."""
    return await fetch_one(
        conn,
        TabletRow,
        """
        UPDATE tablet SET seen_at = greatest(seen_at, %(at)s) WHERE token_hash = %(hash)s
        RETURNING tablet_id, staff_id, worker_name_sealed, district_id, centre_id, began_at, expires_at, ended_at
        """,
        hash=token_hash,
        at=at,
    )


async def end_tablet(conn: Connection, tablet_id: UUID, at: datetime) -> None:
    """The worker signed out."""
    await run(
        conn,
        "UPDATE tablet SET ended_at = coalesce(ended_at, %(at)s) WHERE tablet_id = %(tablet)s",
        tablet=tablet_id,
        at=at,
    )


async def end_tablets_of(conn: Connection, staff_id: UUID, at: datetime) -> int:
    """All tablets of a member of staff are signed out; how many were not."""
    return await run(
        conn,
        "UPDATE tablet SET ended_at = %(at)s WHERE staff_id = %(staff)s AND ended_at IS NULL",
        staff=staff_id,
        at=at,
    )


async def note_carried(
    conn: Connection, tablet_id: UUID, session_id: UUID, *, district_id: int, held_on: date, at: datetime
) -> None:
    """The tablet carries the session's list."""
    await run(
        conn,
        """
        INSERT INTO tablet_session (session_id, tablet_id, district_id, held_on, carried_at)
        VALUES (%(session)s, %(tablet)s, %(district)s, %(held_on)s, %(at)s)
        ON CONFLICT (session_id, tablet_id) DO UPDATE SET carried_at = excluded.carried_at
        """,
        session=session_id,
        tablet=tablet_id,
        district=district_id,
        held_on=held_on,
        at=at,
    )


async def carried(conn: Connection, tablet_id: UUID, session_id: UUID) -> date | None:
    """The day of a session whose list the tablet carried; None where it did not."""
    found: date | None = await fetch_value(
        conn,
        "SELECT held_on FROM tablet_session WHERE session_id = %(session)s AND tablet_id = %(tablet)s",
        session=session_id,
        tablet=tablet_id,
    )
    return found


async def note_closed(conn: Connection, tablet_id: UUID, session_id: UUID, at: datetime) -> None:
    """The tablet is done with the session."""
    await run(
        conn,
        """
        UPDATE tablet_session SET closed_at = coalesce(closed_at, %(at)s)
        WHERE session_id = %(session)s AND tablet_id = %(tablet)s
        """,
        session=session_id,
        tablet=tablet_id,
        at=at,
    )


async def hold_session(conn: Connection, session_id: UUID) -> None:
    """Be the only one who settles this session until the transaction ends."""
    await fetch_value(
        conn,
        "SELECT pg_advisory_xact_lock(hashtextextended('tablet_session:' || %(session)s::text, 0))",
        session=session_id,
    )


async def others_at_work(conn: Connection, session_id: UUID, now: datetime) -> int:
    """How many tablets carried the session, may still send, and have not closed it."""
    found = await fetch_value(
        conn,
        """
        SELECT count(*) FROM tablet_session s JOIN tablet t USING (tablet_id)
        WHERE s.session_id = %(session)s AND s.closed_at IS NULL AND t.ended_at IS NULL AND t.expires_at > %(now)s
        """,
        session=session_id,
        now=now,
    )
    return int(found)


async def reserve(conn: Connection, record: Kept) -> bool:
    """Enter a record; False when it is there already. Waits for whoever is entering it just now."""
    entered = await run(
        conn,
        """
        INSERT INTO tablet_record (record_id, tablet_id, district_id, centre_id, session_id, kind, outcome, answer,
                                   made_at, received_at)
        VALUES (%(record)s, %(tablet)s, %(district)s, %(centre)s, %(session)s, %(kind)s, %(outcome)s, %(answer)s,
                %(made)s, %(received)s)
        ON CONFLICT (record_id) DO NOTHING
        """,
        record=record.record_id,
        tablet=record.tablet_id,
        district=record.district_id,
        centre=record.centre_id,
        session=record.session_id,
        kind=record.kind,
        outcome=record.outcome,
        answer=Jsonb(dict(record.answer)),
        made=record.made_at,
        received=record.received_at,
    )
    return entered == 1


async def record_of(conn: Connection, record_id: UUID) -> Kept | None:
    """A record by its id."""
    return await fetch_one(conn, Kept, _RECORD + " WHERE record_id = %(record)s", record=record_id)


async def hold_record(conn: Connection, record_id: UUID) -> Kept | None:
    """A record by its id, locked."""
    return await fetch_one(conn, Kept, _RECORD + " WHERE record_id = %(record)s FOR UPDATE", record=record_id)


async def replacement_of(conn: Connection, record_id: UUID) -> Kept | None:
    """The record that took the place of one that needed attention."""
    return await fetch_one(
        conn,
        Kept,
        _RECORD  # noqa: S608 (both parts are literals)
        + """ WHERE record_id = (SELECT (answer->>'code')::uuid FROM tablet_record
            WHERE record_id = %(record)s AND outcome = 'replaced')""",
        record=record_id,
    )


async def forget(conn: Connection, record_id: UUID) -> None:
    """Let a record that waits for another one come again."""
    await run(conn, "DELETE FROM tablet_record WHERE record_id = %(record)s", record=record_id)


async def conclude(conn: Connection, record: Kept) -> None:
    """Note what became of a record."""
    await run(
        conn,
        """
        UPDATE tablet_record SET outcome = %(outcome)s, answer = %(answer)s, figures = %(figures)s,
            account_id = %(account)s, beneficiary_id = %(beneficiary)s, dose_id = %(dose)s, content_sealed = %(content)s
        WHERE record_id = %(record)s
        """,
        record=record.record_id,
        outcome=record.outcome,
        answer=Jsonb(dict(record.answer)),
        figures=Jsonb(dict(record.figures)),
        account=record.account_id,
        beneficiary=record.beneficiary_id,
        dose=record.dose_id,
        content=record.content_sealed,
    )


async def unsettled(conn: Connection, session_id: UUID) -> list[Figure]:
    """What the session's records say of its batches, those that went through the ledger already left out."""
    return await fetch_all(
        conn,
        Figure,
        """
        SELECT kind, figures->>'vaccine' AS vaccine, figures->>'batch' AS batch,
               coalesce(figures->>'reason', '') AS reason, sum((figures->>'doses')::integer)::integer AS doses
        FROM tablet_record
        WHERE session_id = %(session)s AND settled_at IS NULL AND kind IN ('dose', 'vials', 'waste')
          AND outcome IN ('kept', 'attention') AND figures ? 'batch'
        GROUP BY 1, 2, 3, 4 ORDER BY 2, 3, 1, 4
        """,
        session=session_id,
    )


async def settled(conn: Connection, session_id: UUID, at: datetime) -> int:
    """Whatever the session's records say has gone through the ledger."""
    return await run(
        conn,
        "UPDATE tablet_record SET settled_at = %(at)s WHERE session_id = %(session)s AND settled_at IS NULL",
        session=session_id,
        at=at,
    )


async def is_settled(conn: Connection, session_id: UUID) -> bool:
    """Whether the session was closed and its doses went through the ledger."""
    return bool(
        await fetch_value(
            conn,
            """
            SELECT EXISTS (SELECT FROM tablet_record
                           WHERE session_id = %(session)s AND kind = 'close' AND settled_at IS NOT NULL)
            """,
            session=session_id,
        )
    )


async def doses_sent(conn: Connection, tablet_id: UUID, session_id: UUID) -> int:
    """How many doses of the session came from this tablet and stand."""
    found = await fetch_value(
        conn,
        """
        SELECT count(*) FROM tablet_record
        WHERE tablet_id = %(tablet)s AND session_id = %(session)s AND kind = 'dose' AND outcome IN ('kept', 'attention')
        """,
        tablet=tablet_id,
        session=session_id,
    )
    return int(found)


async def sessions_due(conn: Connection, before: date, limit: int) -> list[Due]:
    """Sessions before a day with records that have not gone through the ledger."""
    return await fetch_all(
        conn,
        Due,
        """
        SELECT DISTINCT r.session_id, r.district_id, r.centre_id
        FROM tablet_record r JOIN tablet_session s USING (session_id)
        WHERE r.settled_at IS NULL AND s.held_on < %(before)s AND r.outcome IN ('kept', 'attention') LIMIT %(limit)s
        """,
        before=before,
        limit=limit,
    )
