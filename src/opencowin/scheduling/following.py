"""Appointments follow the person: into another household, or to their end when a record goes into another."""

from itertools import groupby
from uuid import UUID

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.registry import Person
from opencowin.scheduling import following_queries, seats
from opencowin.scheduling.model import AppointmentState
from opencowin.scheduling.news import CANCELLED, offer, tell


async def move_appointments(conn: Connection, person: Person, account_id: UUID) -> None:
    """Put all claims and appointments of a person under the new household's key; no seat changes."""
    await seats.hold_person(conn, person, alone=True)
    await following_queries.move_appointments(conn, person, account_id)
    await following_queries.move_claims(conn, person, account_id)


async def end_appointments(conn: Connection, floor: Floor, person: Person) -> int:
    """Give back the seats of a person's live appointments; the household is told. How many ended."""
    await seats.hold_person(conn, person, alone=True)
    live = sorted(await seats.live(conn, [person]), key=lambda one: (one.district_id, one.session_id))
    now, ended = floor.clock.now(), 0
    for (district_id, session_id), group in groupby(live, key=lambda one: (one.district_id, one.session_id)):
        booked = {one.claim_id: one for one in group}
        state = AppointmentState.CANCELLED.value
        gone = await seats.release(conn, district_id, session_id, sorted(booked), state=state, now=now)
        if gone:
            await seats.release_claims(conn, [person.account_id] * len(gone), sorted(gone))
            await tell(conn, CANCELLED, ((person.account_id, booked[one].booking_id, one) for one in sorted(gone)), now)
            await offer(conn, [session_id])
        ended += len(gone)
    return ended
