"""Fills crowded sessions: families that register and book by the same verbs as everybody."""

import asyncio
from collections.abc import Sequence

from opencowin import identity, registry, scheduling
from opencowin.demo.recipe import Crowd, Recipe
from opencowin.kit.actor import CITIZEN_PERMISSIONS, Actor, ActorKind
from opencowin.kit.db import Connection, Pool, transaction
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.places import Progress
from opencowin.registry import Registration
from opencowin.scheduling import BookingWish, BulkSession

AT_ONCE = 4
CONSENT = "demo"


async def fill(pool: Pool, floor: Floor, recipe: Recipe, sessions: Sequence[BulkSession], progress: Progress) -> int:
    """Have a family book all seats of each session that is still to come; how many sessions are full now."""
    coming = [session for session in sessions if session.held_on > floor.clock.today()]
    filled = 0
    for start in range(0, len(coming), AT_ONCE):
        families = [_fill_one(pool, floor, recipe.crowd, one) for one in coming[start : start + AT_ONCE]]
        filled += sum(await asyncio.gather(*families))
        progress("filling crowded sessions", min(start + AT_ONCE, len(coming)), len(coming))
    return filled


async def _fill_one(pool: Pool, floor: Floor, crowd: Crowd, session: BulkSession) -> bool:
    """One family, one transaction. One that is there already, or a rule that says no, leaves the session as it is."""
    try:
        async with transaction(pool) as conn:
            await _register_and_book(conn, floor, crowd, session)
    except Refusal:
        return False
    return True


async def _register_and_book(conn: Connection, floor: Floor, crowd: Crowd, session: BulkSession) -> None:
    number = family_number(session)
    account_id = await identity.open_account(conn, floor, f"{crowd.mobile_prefix}{number:06d}")
    actor = Actor(ActorKind.CITIZEN, str(account_id), CITIZEN_PERMISSIONS, account_id)
    slot = session.slots[0]
    references = []
    for member in range(slot.seats[1]):
        wanted = _member(crowd, number, member)
        registered = await registry.register(conn, floor, actor, account_id, wanted)
        references.append(registered.reference_id)
    label = f"{slot.starts_at:%I:%M%p}-{slot.ends_at:%I:%M%p}"
    await scheduling.book(conn, floor, actor, BookingWish(1, session.session_id, label, tuple(references)))


def family_number(session: BulkSession) -> int:
    """Six digits that no other family of the demo has: the centre and the day tell them apart."""
    return (session.centre_id * 1009 + session.held_on.toordinal()) % 1_000_000


def _member(crowd: Crowd, number: int, member: int) -> Registration:
    return Registration(
        name=crowd.names[(number + member) % len(crowd.names)],
        birth_year=crowd.birth_years[member % len(crowd.birth_years)],
        gender_id=crowd.gender_ids[member % len(crowd.gender_ids)],
        document_type_id=crowd.document_type_id,
        document_number=crowd.document_pattern.format(number=member * 1_000_000 + number),
        comorbidity=False,
        consent_version=CONSENT,
    )
