"""The cold chain: temperatures of stores, and what is done when one leaves the range."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection, fetch_all, run
from opencowin.kit.floor import Floor
from opencowin.stock.quarantine import quarantine_store
from opencowin.stock.refusals import TemperatureUnlikely
from opencowin.stock.stores import Store, require_store
from opencowin.stock.supply import read_supply

LONGEST_NOTE = 300
EXTREME = Decimal(99)


@dataclass(frozen=True, slots=True)
class NewReading:
    """A temperature that was read; `reading_id` is of the caller's making."""

    reading_id: UUID
    store: Store
    celsius: Decimal
    read_at: datetime
    note: str = ""
    quarantine: bool = False
    """Whether what the store has is to be quarantined when the temperature is out of range."""


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


@dataclass(frozen=True, slots=True)
class Watched:
    """What became of a reading: whether it is out of range, and how many batches were quarantined for it."""

    out_of_range: bool
    quarantined: int


async def record_temperature(conn: Connection, floor: Floor, actor: Actor, new: NewReading) -> Watched:
    """Write a temperature down; out of range it is an alarm until one in range follows. The same reading again is one.

    Raises NotPermitted, NoSuchStore, TemperatureUnlikely.
    """
    await require_store(conn, actor, new.store, Permission.VACCINATE, Permission.PUBLISH_SESSIONS)
    celsius = round(new.celsius, 1)
    if not celsius.is_finite() or abs(celsius) > EXTREME or new.read_at > floor.clock.now():
        raise TemperatureUnlikely(field="celsius")
    allowed = read_supply(floor.pack).cold_chain
    out = not allowed.holds(celsius)
    reading = Reading(
        new.reading_id,
        new.store.account,
        new.read_at,
        celsius,
        allowed.least,
        allowed.most,
        new.note.strip()[:LONGEST_NOTE],
        actor.actor_id,
    )
    if not await _insert(conn, reading):
        return Watched(out, 0)
    detail = {"celsius": str(celsius), "store": reading.account, "out_of_range": out}
    await record(conn, actor, "stock.temperature", subject=("store", reading.account), reason="read", detail=detail)
    quarantined = 0
    if out and new.quarantine:
        quarantined = await quarantine_store(conn, floor, actor, new.store, f"{celsius} °C")
    return Watched(out, quarantined)


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


async def _insert(conn: Connection, reading: Reading) -> bool:
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
