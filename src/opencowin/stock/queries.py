"""All SQL of the room `stock`: one function, one statement."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, run
from opencowin.stock.model import Allotment, Batch, Short


async def add_to_batch(conn: Connection, batch: Batch) -> Batch | None:
    """Add doses to a batch, entering it when it is new; None when it is on record with another expiry date."""
    return await fetch_one(
        conn,
        Batch,
        """
        INSERT INTO batch (district_id, centre_id, vaccine_id, batch_number, expires_on, received, held)
        SELECT %(district_id)s, %(centre_id)s, %(vaccine_id)s, %(batch_number)s, %(expires_on)s, %(received)s,
               EXISTS (SELECT FROM batch_hold h WHERE h.vaccine_id = %(vaccine_id)s AND h.lifted_at IS NULL
                         AND h.batch_number = %(batch_number)s
                         AND h.account IN ('everywhere', 'centre:' || %(centre_id)s::integer))
        ON CONFLICT (district_id, centre_id, vaccine_id, batch_number)
        DO UPDATE SET received = batch.received + excluded.received WHERE batch.expires_on = excluded.expires_on
        RETURNING district_id, centre_id, vaccine_id, batch_number, expires_on, received, allotted, held
        """,
        district_id=batch.district_id,
        centre_id=batch.centre_id,
        vaccine_id=batch.vaccine_id,
        batch_number=batch.batch_number,
        expires_on=batch.expires_on,
        received=batch.received,
    )


async def take_out_of_batch(conn: Connection, batch: Batch, doses: int) -> bool:
    """Doses leave the centre; False when it has not so many that no session was promised."""
    touched = await run(
        conn,
        """
        UPDATE batch SET received = received - %(doses)s
        WHERE district_id = %(district_id)s AND centre_id = %(centre_id)s AND vaccine_id = %(vaccine_id)s
          AND batch_number = %(batch_number)s AND received - allotted >= %(doses)s
        """,
        district_id=batch.district_id,
        centre_id=batch.centre_id,
        vaccine_id=batch.vaccine_id,
        batch_number=batch.batch_number,
        doses=doses,
    )
    return touched == 1


async def batches(conn: Connection, district_id: int, centre_id: int, vaccine_id: str | None) -> list[Batch]:
    """The batches at a centre, soonest-expiring first."""
    return await fetch_all(
        conn,
        Batch,
        """
        SELECT district_id, centre_id, vaccine_id, batch_number, expires_on, received, allotted, held FROM batch
        WHERE district_id = %(district_id)s AND centre_id = %(centre_id)s
          AND (%(vaccine_id)s::text IS NULL OR vaccine_id = %(vaccine_id)s)
        ORDER BY vaccine_id, expires_on, batch_number
        """,
        district_id=district_id,
        centre_id=centre_id,
        vaccine_id=vaccine_id,
    )


async def hold_good_batches(
    conn: Connection, district_id: int, centre_id: int, vaccine_id: str, on: date
) -> list[Batch]:
    """The batches with doses left that are good on a day, soonest-expiring first, locked in that order."""
    return await fetch_all(
        conn,
        Batch,
        """
        SELECT district_id, centre_id, vaccine_id, batch_number, expires_on, received, allotted, held FROM batch
        WHERE district_id = %(district_id)s AND centre_id = %(centre_id)s AND vaccine_id = %(vaccine_id)s
          AND expires_on >= %(day)s AND allotted < received AND NOT held
        ORDER BY expires_on, batch_number FOR UPDATE
        """,
        district_id=district_id,
        centre_id=centre_id,
        vaccine_id=vaccine_id,
        day=on,
    )


async def hold_batch(
    conn: Connection, district_id: int, centre_id: int, vaccine_id: str, batch_number: str
) -> Batch | None:
    """One batch at a centre, locked."""
    return await fetch_one(
        conn,
        Batch,
        """
        SELECT district_id, centre_id, vaccine_id, batch_number, expires_on, received, allotted FROM batch
        WHERE district_id = %(district_id)s AND centre_id = %(centre_id)s AND vaccine_id = %(vaccine_id)s
          AND batch_number = %(batch_number)s FOR UPDATE
        """,
        district_id=district_id,
        centre_id=centre_id,
        vaccine_id=vaccine_id,
        batch_number=batch_number,
    )


async def take_from_batch(conn: Connection, batch: Batch, doses: int) -> bool:
    """Allot doses of a batch; False when it has not so many left."""
    touched = await run(
        conn,
        """
        UPDATE batch SET allotted = allotted + %(doses)s
        WHERE district_id = %(district_id)s AND centre_id = %(centre_id)s AND vaccine_id = %(vaccine_id)s
          AND batch_number = %(batch_number)s AND received - allotted >= %(doses)s
        """,
        district_id=batch.district_id,
        centre_id=batch.centre_id,
        vaccine_id=batch.vaccine_id,
        batch_number=batch.batch_number,
        doses=doses,
    )
    return touched == 1


async def insert_allotment(conn: Connection, batch: Batch, session_id: UUID, doses: int) -> int:
    """Write down which doses a session has; more of a batch that it has already are added."""
    return await run(
        conn,
        """
        INSERT INTO session_batch (district_id, session_id, centre_id, vaccine_id, batch_number, doses)
        VALUES (%(district_id)s, %(session_id)s, %(centre_id)s, %(vaccine_id)s, %(batch_number)s, %(doses)s)
        ON CONFLICT (district_id, session_id, batch_number)
        DO UPDATE SET doses = session_batch.doses + excluded.doses
        """,
        district_id=batch.district_id,
        session_id=session_id,
        centre_id=batch.centre_id,
        vaccine_id=batch.vaccine_id,
        batch_number=batch.batch_number,
        doses=doses,
    )


async def allotments(conn: Connection, district_id: int, session_id: UUID) -> list[Allotment]:
    """What a session has, soonest-expiring first."""
    return await fetch_all(
        conn,
        Allotment,
        """
        SELECT batch_number, s.doses FROM session_batch s
        JOIN batch USING (district_id, centre_id, vaccine_id, batch_number)
        WHERE s.district_id = %(district_id)s AND s.session_id = %(session_id)s
        ORDER BY expires_on, batch_number
        """,
        district_id=district_id,
        session_id=session_id,
    )


async def hold_batches_of(conn: Connection, district_id: int, session_id: UUID) -> list[Batch]:
    """The batches that a session has doses of, locked, soonest-expiring first; `allotted` is the session's part."""
    return await fetch_all(
        conn,
        Batch,
        """
        SELECT district_id, centre_id, vaccine_id, batch_number, expires_on, received, s.doses AS allotted,
               held
        FROM session_batch s JOIN batch USING (district_id, centre_id, vaccine_id, batch_number)
        WHERE s.district_id = %(district_id)s AND s.session_id = %(session_id)s
        ORDER BY expires_on, batch_number FOR UPDATE
        """,
        district_id=district_id,
        session_id=session_id,
    )


async def put_back(conn: Connection, batch: Batch, session_id: UUID, doses: int) -> int:
    """Take doses of a batch from a session and make them free again."""
    return await run(
        conn,
        """
        WITH kept AS (
            UPDATE session_batch SET doses = doses - %(doses)s
            WHERE district_id = %(district_id)s AND session_id = %(session_id)s AND batch_number = %(batch_number)s
              AND doses > %(doses)s RETURNING 1),
        gone AS (
            DELETE FROM session_batch
            WHERE district_id = %(district_id)s AND session_id = %(session_id)s AND batch_number = %(batch_number)s
              AND doses = %(doses)s RETURNING 1)
        UPDATE batch SET allotted = allotted - %(doses)s
        WHERE district_id = %(district_id)s AND centre_id = %(centre_id)s AND vaccine_id = %(vaccine_id)s
          AND batch_number = %(batch_number)s AND (EXISTS (SELECT FROM kept) OR EXISTS (SELECT FROM gone))
        """,
        district_id=batch.district_id,
        session_id=session_id,
        centre_id=batch.centre_id,
        vaccine_id=batch.vaccine_id,
        batch_number=batch.batch_number,
        doses=doses,
    )


async def settle_batch(conn: Connection, batch: Batch, session_id: UUID, *, kept: int, lost: int) -> int:
    """A session is over: it keeps what it gave, what it wasted has left the centre, the rest is free again."""
    return await run(
        conn,
        """
        WITH gone AS (
            DELETE FROM session_batch
            WHERE district_id = %(district_id)s AND session_id = %(session_id)s AND batch_number = %(batch_number)s
              AND %(kept)s = 0),
        rest AS (
            UPDATE session_batch SET doses = %(kept)s
            WHERE district_id = %(district_id)s AND session_id = %(session_id)s AND batch_number = %(batch_number)s
              AND %(kept)s > 0)
        UPDATE batch SET allotted = allotted - %(allotted)s + %(kept)s, received = received - %(lost)s
        WHERE district_id = %(district_id)s AND centre_id = %(centre_id)s AND vaccine_id = %(vaccine_id)s
          AND batch_number = %(batch_number)s
        """,
        district_id=batch.district_id,
        centre_id=batch.centre_id,
        vaccine_id=batch.vaccine_id,
        batch_number=batch.batch_number,
        session_id=session_id,
        allotted=batch.allotted,
        kept=kept,
        lost=lost,
    )


async def shortest(
    conn: Connection, districts: Sequence[int] | None, centre_id: int | None, *, below: int, rows: int
) -> list[Short]:
    """Pairs of centre and vaccine with fewer doses left to allot than this, of what they ever had; the fewest first."""
    return await fetch_all(
        conn,
        Short,
        """
        SELECT centre_id, vaccine_id, sum(received - allotted)::bigint AS free, count(*) OVER () AS in_all FROM batch
        WHERE (%(districts)s::int[] IS NULL OR district_id = ANY (%(districts)s))
          AND (%(centre)s::int IS NULL OR centre_id = %(centre)s)
        GROUP BY district_id, centre_id, vaccine_id HAVING sum(received - allotted) < %(below)s
        ORDER BY free, centre_id, vaccine_id LIMIT %(rows)s
        """,
        districts=list(districts) if districts is not None else None,
        centre=centre_id,
        below=below,
        rows=rows,
    )
