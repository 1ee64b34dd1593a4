"""SQL of claims whose seats are on another database: opened, confirmed, fenced. One function, one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from opencowin.kit.db import Connection, fetch_value
from opencowin.scheduling.seats import Group, SeatKey


async def open_claims(conn: Connection, seat: SeatKey, group: Group, programme_id: str, now: datetime) -> bool:
    """Pending claims for a group of one household, all or none; True when they stand, from now or from before."""
    found = await fetch_value(
        conn,
        """
        SELECT claim_open(%(account)s, %(booking)s, %(claims)s::uuid[], %(beneficiaries)s::uuid[], %(programme)s,
                          %(dose)s::smallint, %(district)s, %(session)s, %(slot)s::smallint, %(dose_class)s::smallint,
                          %(now)s)
        """,
        account=group.people[0].account_id,
        booking=group.booking_id,
        claims=list(group.claims),
        beneficiaries=group.beneficiaries,
        programme=programme_id,
        dose=group.dose_number,
        district=seat.district_id,
        session=seat.session_id,
        slot=seat.slot_number,
        dose_class=seat.dose_class,
        now=now,
    )
    return found is True


async def confirm_claims(conn: Connection, account_id: UUID, claims: Sequence[UUID]) -> None:
    """Confirm those of these claims that are pending."""
    await fetch_value(
        conn,
        "SELECT claim_settle(%(account)s, %(claims)s::uuid[], 'confirmed')",
        account=account_id,
        claims=list(claims),
    )


async def fence(conn: Connection, seat: SeatKey, group: Group, now: datetime) -> list[str]:
    """Put a fence under claims without an appointment; the state that stands for each."""
    states = await fetch_value(
        conn,
        """
        SELECT seat_fence(%(district)s, %(session)s, %(slot)s::smallint, %(dose_class)s::smallint, %(dose)s::smallint,
                          %(claims)s::uuid[], %(booking)s, %(account)s, %(beneficiaries)s::uuid[], %(now)s)
        """,
        district=seat.district_id,
        session=seat.session_id,
        slot=seat.slot_number,
        dose_class=seat.dose_class,
        dose=group.dose_number,
        claims=list(group.claims),
        booking=group.booking_id,
        account=group.people[0].account_id,
        beneficiaries=group.beneficiaries,
        now=now,
    )
    return cast(list[str], states)


async def undecided(conn: Connection, before: datetime, limit: int) -> list[tuple[UUID, UUID]]:
    """Bookings with claims that have been pending since before an instant, the oldest first."""
    cursor = await conn.execute(
        """
        SELECT account_id, booking_id FROM claim WHERE state = 'pending' AND claimed_at <= %(before)s
        GROUP BY account_id, booking_id ORDER BY min(claimed_at) LIMIT %(limit)s
        """,
        {"before": before, "limit": limit},
    )
    return [(row[0], row[1]) for row in await cursor.fetchall()]
