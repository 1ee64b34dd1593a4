"""Whom a session is told of: all whom it fits, by lot, round after round, a few for each seat that is free."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from opencowin import scheduling
from opencowin.alerts import queries
from opencowin.alerts.model import Offer
from opencowin.alerts.queries import Alerted
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.scheduling import SEATS_OFFERED, CentreSessions, NoSuchSession, SeatsOffered, Session

ROUND = timedelta(minutes=15)
"""How long those who were told have before others are told too."""
PAUSE = timedelta(seconds=20)
"""How soon a session meets all subscriptions again at the earliest: seats given back meanwhile meet them together."""
KEPT, KEPT_ROUNDS = timedelta(days=120), timedelta(days=1)
DUE_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class AlertRound:
    """Who is told of a session now, in the order of the lot, and until when it is news."""

    offered: CentreSessions
    people: Sequence[Alerted]
    until: datetime


async def alert_round(conn: Connection, floor: Floor, session_id: UUID) -> AlertRound | None:
    """Choose whom to tell of a session now; None where there is nothing to tell.

    Within a quarter of an hour no more than `alerts_per_seat` households for each free seat. When there may be more
    who want it, or it cannot be booked yet, a later round is set.
    """
    await queries.hold_session(conn, session_id)
    try:
        session = await scheduling.read_session(conn, session_id)
    except NoSuchSession:
        session = None
    if session is None or session.state != "published" or session.closed:
        await queries.drop_round(conn, session_id)
        return None
    now, opens = floor.clock.now(), _opens(floor, session)
    if opens > now:
        await queries.set_round(conn, session_id, opens)
        return None
    matched = await queries.matched_at(conn, session_id)
    if matched is not None and matched > now - PAUSE:
        await queries.set_round(conn, session_id, matched + PAUSE)
        return None
    offered = await scheduling.offered_session(conn, floor, session_id)
    most = offered.sessions[0].free_total * floor.settings.alerts_per_seat
    left = most - await queries.told_since(conn, session_id, now - ROUND) if most else 0
    people = await _match(conn, now, session, offered, left) if left > 0 else []
    again = now + ROUND if most and len(people) >= left else None
    await queries.set_round(conn, session_id, again, now if left > 0 else None)
    return AlertRound(offered, people, session.ends(floor.clock)) if people else None


async def nobody_waits(conn: Connection) -> bool:
    """Whether nobody wants to be told of anything."""
    return not await queries.any_left(conn)


async def next_rounds(conn: Connection, floor: Floor) -> int:
    """Queue the rounds whose time has come; how many."""
    due = await queries.due_rounds(conn, floor.clock.now(), DUE_AT_ONCE)
    if due:
        await SEATS_OFFERED.enqueue(conn, SeatsOffered(due))
    return len(due)


async def forget_old(conn: Connection, floor: Floor) -> int:
    """Delete subscriptions that are over, and who was told long ago; how many rows."""
    now = floor.clock.now()
    await queries.forget_rounds(conn, now - KEPT_ROUNDS)
    return await queries.forget_subscriptions(conn, now) + await queries.forget_alerts(conn, now - KEPT)


def _opens(floor: Floor, session: Session) -> datetime:
    day = session.held_on - timedelta(days=floor.settings.booking_days_ahead)
    first = datetime.combine(day, time(), tzinfo=floor.clock.zone)
    return max(first, session.bookable_from or first)


async def _match(
    conn: Connection, now: datetime, session: Session, offered: CentreSessions, most: int
) -> list[Alerted]:
    centre, seen = offered.centre, offered.sessions[0]
    offer = Offer(
        session_id=session.session_id,
        district_id=session.district_id,
        pin_code=centre.pin_code,
        latitude=centre.latitude,
        longitude=centre.longitude,
        vaccine_id=session.vaccine_id,
        min_age=session.min_age,
        max_age=session.max_age,
        fee=session.fee,
        doses=sorted(dose for dose, free in seen.free_by_dose.items() if free),
    )
    return await queries.match(conn, offer, now, secrets.randbits(63), most)
