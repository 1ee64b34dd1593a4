"""What scheduling tells others has happened: one job per household and booking, in the transaction of the change."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from opencowin.kit.db import Connection
from opencowin.kit.jobs import BULK, Job


@dataclass(frozen=True, slots=True)
class BookingNews:
    """Something happened to these claims of a household's booking."""

    account_id: UUID
    booking_id: UUID
    claim_ids: list[UUID]
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class SeatsOffered:
    """These sessions were published, or have seats again."""

    session_ids: list[UUID]


BOOKED = Job("scheduling.booked", BookingNews)
MOVED = Job("scheduling.moved", BookingNews)
CANCELLED = Job("scheduling.cancelled", BookingNews)
WITHDRAWN = Job("scheduling.withdrawn", BookingNews)
SEATS_OFFERED = Job("scheduling.seats_offered", SeatsOffered, BULK)

AT_ONCE = 200


async def offer(conn: Connection, session_ids: Iterable[UUID]) -> None:
    """Queue the news that these sessions can be booked, or have seats again."""
    named = sorted(set(session_ids))
    parts = [named[begin : begin + AT_ONCE] for begin in range(0, len(named), AT_ONCE)]
    await SEATS_OFFERED.enqueue(conn, *(SeatsOffered(part) for part in parts))


async def tell(
    conn: Connection, job: Job[BookingNews], changed: Iterable[tuple[UUID, UUID, UUID]], now: datetime
) -> None:
    """Queue the news of changed claims, given as (account, booking, claim)."""
    together = groupby(sorted(changed), key=lambda one: (one[0], one[1]))
    news = [BookingNews(*whose, [claim for _, _, claim in claims], now) for whose, claims in together]
    await job.enqueue(conn, *news)
