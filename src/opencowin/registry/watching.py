"""Watches how staff and partners read people's records: budgets by the hour, and alarms on what is unusual."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import structlog

from opencowin.kit import audit
from opencowin.kit.actor import Actor, ActorKind, Permission
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.limits import count_use, uses
from opencowin.kit.throttle import HOUR, seconds_left
from opencowin.registry import watch_queries
from opencowin.registry.refusals import NoSuchAlert, TooManyLooks
from opencowin.registry.watch_queries import AlertKind, LookAlert

WRONG_CODES_TO_ALARM = 5
"""In an hour, where they are a third of all tries or more: people mistype, but not one code in three."""
FAR_LOOKS_TO_ALARM = 5
REFUSED_LOOKS_TO_ALARM = 10
WORKERS_BEHIND_A_KEY = 20
"""A partner's key stands for the workers of a centre or a chain: its budget is that of so many."""
log = structlog.get_logger(__name__)


async def refuse_beyond_budget(conn: Connection, floor: Floor, actor: Actor) -> None:
    """Raise TooManyLooks when the actor has seen as many people in this hour as one person sees, and ring."""
    workers = WORKERS_BEHIND_A_KEY if actor.kind is ActorKind.PARTNER else 1
    most = floor.settings.staff_looks_per_hour * workers
    spent = [await _used(conn, floor, f"look:{_who(actor)}"), await _used(conn, floor, f"look-refused:{_who(actor)}")]
    if max(spent) >= most:
        await ring(conn, floor, actor, AlertKind.MANY_LOOKS)
        raise TooManyLooks(retry_after=seconds_left(floor, HOUR))


async def count_look(conn: Connection, floor: Floor, actor: Actor, *, far: bool) -> None:
    """Count a person who was seen on proof; `far`: whose bookings and doses are all in other districts."""
    await _count(conn, floor, f"look:{_who(actor)}")
    if far and await _count(conn, floor, f"look-far:{_who(actor)}") >= FAR_LOOKS_TO_ALARM:
        await ring(conn, floor, actor, AlertKind.FAR_AWAY)


async def count_refused_look(conn: Connection, floor: Floor, actor: Actor) -> None:
    """Count a reference that was asked for without proof of any kind."""
    if await _count(conn, floor, f"look-refused:{_who(actor)}") >= REFUSED_LOOKS_TO_ALARM:
        await ring(conn, floor, actor, AlertKind.REFUSED_LOOKS)


async def count_code(conn: Connection, floor: Floor, actor: Actor, *, right: bool) -> None:
    """Count a secret code that staff or a partner sent; rings when too large a share is wrong."""
    if actor.kind not in {ActorKind.STAFF, ActorKind.PARTNER}:
        return
    if right:
        await _count(conn, floor, f"code-right:{_who(actor)}")
        return
    wrong = await _count(conn, floor, f"code-wrong:{_who(actor)}")
    fitting = await _used(conn, floor, f"code-right:{_who(actor)}")
    if wrong >= WRONG_CODES_TO_ALARM and wrong * 2 >= fitting:
        await ring(conn, floor, actor, AlertKind.WRONG_CODES)


async def ring(conn: Connection, floor: Floor, actor: Actor, kind: AlertKind) -> None:
    """Raise an alarm about an actor, one for each kind and hour."""
    now = floor.clock.now()
    window = now.replace(minute=0, second=0, microsecond=0)
    new = await watch_queries.ring(conn, uuid4(), kind, actor.kind.value, actor.actor_id, window, now)
    if new:
        log.warning("unusual reading", kind=kind.value, actor_kind=actor.kind.value, actor_id=actor.actor_id)
        subject = (actor.kind.value, actor.actor_id)
        await audit.record(conn, actor, "registry.ring", subject=subject, reason=kind.value)


async def alerts(
    conn: Connection, actor: Actor, about: Sequence[str] | None, *, unseen: bool, start: int, rows: int
) -> list[LookAlert]:
    """Alarms about these actors (None: all), newest first; the caller limits `about`. Raises NotPermitted."""
    actor.require(Permission.WATCH_ALERTS)
    return await watch_queries.alerts(conn, about, unseen=unseen, start=start, rows=rows)


async def look_after_alert(
    conn: Connection, floor: Floor, actor: Actor, about: Sequence[str] | None, alert_id: UUID
) -> None:
    """An officer has looked after an alarm about one of these actors. Raises NotPermitted, NoSuchAlert."""
    actor.require(Permission.WATCH_ALERTS)
    if not await watch_queries.mark_seen(conn, about, alert_id, actor.actor_id, floor.clock.now()):
        raise NoSuchAlert(field="alert_id")
    await audit.record(conn, actor, "registry.look_after_alert", subject=("alert", alert_id), reason="looked after")


async def unseen_alerts(conn: Connection) -> dict[str, int]:
    """How many alarms nobody has looked after, by kind."""
    found = {one.kind: one.alerts for one in await watch_queries.unseen(conn)}
    return {kind.value: found.get(kind.value, 0) for kind in AlertKind}


def _who(actor: Actor) -> str:
    return f"{actor.kind.value}:{actor.actor_id}"


async def _count(conn: Connection, floor: Floor, what: str) -> int:
    return await count_use(conn, floor.keyring, floor.clock, what, HOUR)


async def _used(conn: Connection, floor: Floor, what: str) -> int:
    return await uses(conn, floor.keyring, floor.clock, what, HOUR)
