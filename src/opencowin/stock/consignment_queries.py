"""SQL of consignments: one function, one statement."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_one, fetch_value, run


@dataclass(frozen=True, slots=True)
class Consignment:
    """Doses sent from one store to another; `arrived_at` is None while they are on their way."""

    consignment_id: UUID
    source: str
    target: str
    sent_at: datetime
    arrived_at: datetime | None


async def enter(conn: Connection, consignment_id: UUID, source: str, target: str, at: datetime) -> bool:
    """Enter a consignment; False when one with this id is on record."""
    touched = await run(
        conn,
        """
        INSERT INTO stock_consignment (consignment_id, source, target, sent_at)
        VALUES (%(id)s, %(source)s, %(target)s, %(at)s) ON CONFLICT DO NOTHING
        """,
        id=consignment_id,
        source=source,
        target=target,
        at=at,
    )
    return touched == 1


async def hold(conn: Connection, consignment_id: UUID) -> Consignment | None:
    """A consignment, locked."""
    return await fetch_one(
        conn,
        Consignment,
        """
        SELECT consignment_id, source, target, sent_at, arrived_at FROM stock_consignment
        WHERE consignment_id = %(id)s FOR UPDATE
        """,
        id=consignment_id,
    )


async def set_arrived(conn: Connection, consignment_id: UUID, at: datetime) -> int:
    """It has arrived."""
    return await run(
        conn,
        "UPDATE stock_consignment SET arrived_at = %(at)s WHERE consignment_id = %(id)s",
        id=consignment_id,
        at=at,
    )


async def coming(conn: Connection, target: str) -> list[Consignment]:
    """What is on its way to a store, the longest under way first."""
    return await fetch_all(
        conn,
        Consignment,
        """
        SELECT consignment_id, source, target, sent_at, arrived_at FROM stock_consignment
        WHERE target = %(target)s AND arrived_at IS NULL ORDER BY sent_at, consignment_id
        """,
        target=target,
    )


async def has_arrived(conn: Connection, consignment_id: UUID) -> bool:
    """Whether a consignment is on record and has arrived."""
    found = await fetch_value(
        conn,
        """
        SELECT EXISTS (SELECT FROM stock_consignment WHERE consignment_id = %(id)s AND arrived_at IS NOT NULL)
        """,
        id=consignment_id,
    )
    return found is True
