"""SQL of the cold chain: one function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, run


@dataclass(frozen=True, slots=True)
class Reading:
    """A temperature of a store with the range that was allowed."""

    reading_id: UUID
    account: str
    read_at: datetime
    celsius: Decimal
    least: Decimal
    most: Decimal
    note: str
    recorded_by: str

    @property
    def out_of_range(self) -> bool:
        """Whether something must be done."""
        return not self.least <= self.celsius <= self.most


async def readings(conn: Connection, account: str, limit: int = 20) -> list[Reading]:
    """The latest temperatures of a store, newest first."""
    return await fetch_all(
        conn,
        Reading,
        """
        SELECT reading_id, account, read_at, celsius, least, most, note, recorded_by FROM cold_chain_reading
        WHERE account = %(account)s ORDER BY read_at DESC, reading_id LIMIT %(limit)s
        """,
        account=account,
        limit=limit,
    )


async def alarms(conn: Connection, accounts: Sequence[str]) -> list[Reading]:
    """The stores among these whose latest temperature is out of range."""
    return await fetch_all(
        conn,
        Reading,
        """
        SELECT l.* FROM unnest(%(accounts)s::text[]) AS store (account) CROSS JOIN LATERAL (
            SELECT reading_id, r.account, read_at, celsius, least, most, note, recorded_by FROM cold_chain_reading r
            WHERE r.account = store.account ORDER BY read_at DESC, reading_id LIMIT 1) l
        WHERE l.celsius NOT BETWEEN l.least AND l.most ORDER BY l.read_at DESC
        """,
        accounts=list(accounts),
    )


async def insert(conn: Connection, reading: Reading) -> bool:
    """Write a temperature down; False when it is on record."""
    touched = await run(
        conn,
        """
        INSERT INTO cold_chain_reading (reading_id, account, read_at, celsius, least, most, note, recorded_by)
        VALUES (%(id)s, %(account)s, %(at)s, %(celsius)s, %(least)s, %(most)s, %(note)s, %(by)s)
        ON CONFLICT DO NOTHING
        """,
        id=reading.reading_id,
        account=reading.account,
        at=reading.read_at,
        celsius=reading.celsius,
        least=reading.least,
        most=reading.most,
        note=reading.note,
        by=reading.recorded_by,
    )
    return touched == 1
