"""The cold chain: temperatures of stores, and what is done when one leaves the range."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.stock import cold_chain_queries
from opencowin.stock.cold_chain_queries import Reading
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
    if not await cold_chain_queries.insert(conn, reading):
        return Watched(out, 0)
    detail = {"celsius": str(celsius), "store": reading.account, "out_of_range": out}
    await record(conn, actor, "stock.temperature", subject=("store", reading.account), reason="read", detail=detail)
    quarantined = 0
    if out and new.quarantine:
        quarantined = await quarantine_store(conn, floor, actor, new.store, f"{celsius} °C")
    return Watched(out, quarantined)
