"""Officers announce a waiting room for their area, change its pace and end it; load opens one too."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from opencowin import identity
from opencowin.fairness import queries
from opencowin.fairness.model import Room
from opencowin.fairness.refusals import OpensInPast, PaceWrong, RoomOver, RoomStands
from opencowin.kit.actor import Actor, NotPermitted, Permission, Place, system
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

MOST_PER_MINUTE = 1_000_000
IDLE = timedelta(minutes=5)
KEPT = timedelta(days=30)
LOAD = system("load")


async def announce_room(
    conn: Connection, floor: Floor, actor: Actor, place: Place, *, opens_at: datetime | None, per_minute: int
) -> UUID:
    """A waiting room stands for an area from now on, and lets people in from an instant on (None: at once).

    Raises NotPermitted, OpensInPast, PaceWrong, RoomStands.
    """
    _check(actor, place)
    now = floor.clock.now()
    if opens_at is not None and opens_at < now:
        raise OpensInPast(field="opens_at")
    room = _new(place, opens_at or now, now, _pace(per_minute), by_load=False)
    if not await queries.insert_room(conn, room):
        raise RoomStands(field="place")
    await record(
        conn, actor, "queue.announce", subject=("queue_room", room.room_id), reason="fair access", detail=_facts(room)
    )
    return room.room_id


async def open_by_load(conn: Connection, floor: Floor) -> bool:
    """More calls than this process can answer: a room for the nation, open at once; whether it is new."""
    now = floor.clock.now()
    room = _new(Place(), now, now, floor.settings.waiting_room_per_minute, by_load=True)
    if not await queries.insert_room(conn, room):
        return False
    await record(conn, LOAD, "queue.announce", subject=("queue_room", room.room_id), reason="load", detail=_facts(room))
    return True


async def change_pace(conn: Connection, floor: Floor, actor: Actor, room_id: UUID, per_minute: int) -> None:
    """Let in more or fewer people per minute from now on. Raises NotPermitted, PaceWrong, RoomOver."""
    room = await _own(conn, actor, room_id)
    now = floor.clock.now()
    paced_at = room.paced_at if room.opened_at is None else max(now, room.paced_at)
    await queries.set_pace(conn, room_id, _pace(per_minute), room.admitted(now), paced_at)
    changed = {"from": room.per_minute, "to": per_minute}
    await record(
        conn, actor, "queue.change_pace", subject=("queue_room", room_id), reason="fair access", detail=changed
    )


async def close_room(conn: Connection, floor: Floor, actor: Actor, room_id: UUID) -> None:
    """End a waiting room: everybody may book. Raises NotPermitted, RoomOver."""
    await _own(conn, actor, room_id)
    await queries.close_room(conn, room_id, floor.clock.now())
    await record(conn, actor, "queue.close", subject=("queue_room", room_id), reason="fair access")


async def rooms_within(conn: Connection, actor: Actor) -> list[Room]:
    """The rooms that stand in the actor's area, the soonest first. Raises NotPermitted."""
    actor.require(Permission.MANAGE_QUEUES)
    return await queries.rooms_within(conn, actor.place)


async def tend(conn: Connection, floor: Floor) -> int:
    """Open the rooms whose instant has come; end those that load opened and nobody waits in. How many changed."""
    now = floor.clock.now()
    return await queries.open_due(conn, now) + await queries.close_idle(conn, now, now - IDLE)


async def forget_old(conn: Connection, floor: Floor) -> int:
    """Delete rooms that ended a month ago, with their tickets; how many."""
    return await queries.forget(conn, floor.clock.now() - KEPT)


def _new(place: Place, opens_at: datetime, now: datetime, per_minute: int, *, by_load: bool) -> Room:
    room = Room(
        room_id=uuid4(),
        state_id=place.state_id,
        district_id=place.district_id,
        by_load=by_load,
        opens_at=opens_at,
        opened_at=None,
        per_minute=per_minute,
        let_in=0.0,
        paced_at=opens_at,
        early=0,
        late=0,
    )
    return room if opens_at > now else replace(room, opened_at=opens_at)


def _check(actor: Actor, place: Place) -> None:
    actor.require(Permission.MANAGE_QUEUES)
    if place.centre_id is not None or not identity.is_within(place, actor.place):
        raise NotPermitted


def _pace(per_minute: int) -> int:
    if not 0 < per_minute <= MOST_PER_MINUTE:
        raise PaceWrong(field="per_minute", least=1, most=MOST_PER_MINUTE)
    return per_minute


async def _own(conn: Connection, actor: Actor, room_id: UUID) -> Room:
    room = await queries.lock_room(conn, room_id)
    if room is None:
        raise RoomOver
    _check(actor, room.place)
    return room


def _facts(room: Room) -> dict[str, object]:
    return {
        "state": room.state_id,
        "district": room.district_id,
        "opens_at": room.opens_at.isoformat(),
        "per_minute": room.per_minute,
    }
