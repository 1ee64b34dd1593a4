"""Publishes many sessions at once by COPY: for imports and for the demo's supply."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID

from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection, copy_rows
from opencowin.kit.measures import Counted, count
from opencowin.places import Operator
from opencowin.scheduling.news import offer


@dataclass(frozen=True, slots=True)
class BulkSlot:
    """A time window with its seats by dose class."""

    starts_at: time
    ends_at: time
    seats: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class BulkSession:
    """A session to be published; `doses` must have been allotted to it by `stock`."""

    session_id: UUID
    district_id: int
    centre_id: int
    operator: Operator
    held_on: date
    vaccine_id: str
    min_age: int
    max_age: int | None
    fee: Decimal
    slots: tuple[BulkSlot, ...]
    doses: int


async def publish_sessions(conn: Connection, clock: Clock, programme_id: str, sessions: Sequence[BulkSession]) -> None:
    """Publish sessions, all or none, and count them. Centres and allotted doses are the caller's to have right."""
    now = clock.now()
    await _copy_sessions(conn, programme_id, sessions, now)
    await _copy_directory(conn, sessions)
    await _copy_slots(conn, sessions)
    await _copy_capacities(conn, sessions)
    await _copy_stock(conn, sessions)
    await _count(conn, clock, sessions, now)
    await offer(conn, (one.session_id for one in sessions))


async def _copy_sessions(conn: Connection, programme_id: str, sessions: Sequence[BulkSession], now: datetime) -> None:
    await copy_rows(
        conn,
        """
        COPY session (district_id, session_id, centre_id, programme_id, held_on, vaccine_id, min_age, max_age, fee,
                      state, published_at) FROM STDIN
        """,
        [
            (
                *(one.district_id, one.session_id, one.centre_id, programme_id, one.held_on, one.vaccine_id),
                *(one.min_age, one.max_age, one.fee, "published", now),
            )
            for one in sessions
        ],
    )


async def _copy_directory(conn: Connection, sessions: Sequence[BulkSession]) -> None:
    await copy_rows(
        conn,
        "COPY session_directory (session_id, district_id) FROM STDIN",
        [(one.session_id, one.district_id) for one in sessions],
    )


async def _copy_slots(conn: Connection, sessions: Sequence[BulkSession]) -> None:
    await copy_rows(
        conn,
        "COPY slot (district_id, session_id, slot_number, starts_at, ends_at) FROM STDIN",
        [
            (one.district_id, one.session_id, number, slot.starts_at, slot.ends_at)
            for one in sessions
            for number, slot in enumerate(one.slots, start=1)
        ],
    )


async def _copy_capacities(conn: Connection, sessions: Sequence[BulkSession]) -> None:
    await copy_rows(
        conn,
        "COPY slot_capacity (district_id, session_id, slot_number, dose_class, capacity) FROM STDIN",
        [
            (one.district_id, one.session_id, number, dose_class, seats)
            for one in sessions
            for number, slot in enumerate(one.slots, start=1)
            for dose_class, seats in slot.seats.items()
        ],
    )


async def _copy_stock(conn: Connection, sessions: Sequence[BulkSession]) -> None:
    await copy_rows(
        conn,
        "COPY session_stock (district_id, session_id, doses) FROM STDIN",
        [(one.district_id, one.session_id, one.doses) for one in sessions],
    )


async def _count(conn: Connection, clock: Clock, sessions: Sequence[BulkSession], now: datetime) -> None:
    """Count them as `publish_session` does, one change for the sessions of a centre and day."""
    alike = Counter((one.district_id, one.held_on, one.operator, one.centre_id) for one in sessions)
    counted = [
        Counted(now, {"operator": operator.value, "centre": centre}, district_id=district, amount=amount, on_date=day)
        for (district, day, operator, centre), amount in alike.items()
    ]
    await count(conn, clock, "session", *counted)


async def days_with_sessions(conn: Connection, district_ids: Sequence[int], first: date) -> set[tuple[int, date]]:
    """Centres of these districts with the days, from `first` on, on which they hold or held anything."""
    cursor = await conn.execute(
        """
        SELECT DISTINCT centre_id, held_on FROM session WHERE district_id = ANY (%(districts)s) AND held_on >= %(first)s
        """,
        {"districts": list(district_ids), "first": first},
    )
    return {(row[0], row[1]) for row in await cursor.fetchall()}
