"""Tells programs what changed for people who look for a seat: a journal that is read from a number on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import centres_with_ids, place_names
from opencowin.scheduling import journal_queries as queries
from opencowin.scheduling import queries as session_queries
from opencowin.scheduling.journal_queries import Reader, SessionChange
from opencowin.scheduling.model import CentreSessions, view
from opencowin.scheduling.refusals import ChangesForgotten

KEPT = timedelta(days=3)
MOST_NUMBERED = 5000


@dataclass(frozen=True, slots=True)
class Change:
    """What changed, and the session as it stands when it is read; None when it is withdrawn or for invited people."""

    noted: SessionChange
    session: CentreSessions | None


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes in their order, and the number from which to read on."""

    changes: Sequence[Change]
    cursor: int
    more: bool


async def number_changes(conn: Connection) -> int:
    """Give committed changes their numbers: by whoever wants to read them, and by the worker; how many."""
    return await queries.number(conn, MOST_NUMBERED)


async def newest_change(conn: Connection) -> int:
    """The number behind which everything is yet to come."""
    return (await queries.reach(conn)).newest


async def changes_after(
    conn: Connection,
    floor: Floor,
    after: int,
    *,
    district_ids: Collection[int] = (),
    pin_codes: Collection[str] = (),
    most: int = 200,
) -> Changes:
    """What changed since a number, in these districts or under these postal codes; anywhere where none is named.

    Raises ChangesForgotten where some that follow it are deleted, or where it was never given.
    """
    reader = Reader(after, None, tuple(sorted(district_ids)), tuple(sorted(pin_codes)))
    found = (await changes_for(conn, floor, [reader], most))[reader]
    if found is None:
        raise ChangesForgotten(field="after")
    return found


async def changes_for(
    conn: Connection, floor: Floor, readers: Collection[Reader], most: int
) -> dict[Reader, Changes | None]:
    """What each reader has not read, of each so many at most; None where some of it is deleted, or was never given."""
    reach = await queries.reach(conn)
    able = {
        one: reach.newest if one.until is None else min(reach.newest, one.until)
        for one in readers
        if reach.forgotten <= one.after <= reach.newest
    }
    bounded = [replace(one, until=until) for one, until in able.items()]
    found = await queries.changes(conn, bounded, most + 1) if bounded else []
    told: list[list[SessionChange]] = [[] for _ in bounded]
    for change in found:
        told[change.place].append(change)
    seen = await _as_they_stand(conn, floor, {one.session_id for some in told for one in some[:most]})
    read = [
        Changes(
            [Change(one, seen.get(one.session_id)) for one in some[:most]],
            some[most - 1].change_number if len(some) > most else until,
            more=len(some) > most,
        )
        for some, until in zip(told, able.values(), strict=True)
    ]
    return dict.fromkeys(readers) | dict(zip(able, read, strict=True))


async def refuse_forgotten(conn: Connection, after: int) -> int:
    """The newest number, where nothing that follows a number is lost. Raises ChangesForgotten."""
    reach = await queries.reach(conn)
    if not reach.forgotten <= after <= reach.newest:
        raise ChangesForgotten(field="after")
    return reach.newest


async def forget_old_changes(conn: Connection) -> int:
    """Delete changes of days that are over; how many."""
    return await queries.forget(conn, KEPT)


async def _as_they_stand(conn: Connection, floor: Floor, session_ids: Collection[UUID]) -> dict[UUID, CentreSessions]:
    found = await session_queries.sessions_with_ids(conn, sorted(session_ids)) if session_ids else []
    found = [one for one in found if one.state == "published" and not one.closed]
    if not found:
        return {}
    centres = await centres_with_ids(conn, sorted({one.centre_id for one in found}))
    names = await place_names(conn, {one.district_id for one in found})
    return {
        one.session_id: CentreSessions(centres[one.centre_id], names[one.district_id], [view(one, floor.clock)])
        for one in found
    }
