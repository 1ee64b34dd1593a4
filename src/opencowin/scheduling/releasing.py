"""Sets another instant at which booking opens, while it has not opened yet."""

from datetime import datetime, timedelta
from uuid import UUID

from opencowin.kit.actor import Actor
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.scheduling import plan_queries
from opencowin.scheduling.news import offer
from opencowin.scheduling.refusals import AlreadyWithdrawn, OpensTooLate, OpensTooSoon, ReleaseFixed
from opencowin.scheduling.sessions import read_session, require_scope

NOTICE = timedelta(hours=1)
"""How far ahead an opening must lie that is earlier than was announced: so long have people to hear of it."""


async def set_release(conn: Connection, floor: Floor, actor: Actor, session_id: UUID, opens: datetime) -> None:
    """Open the booking of a published session at another instant than was announced.

    What has opened stays open: who found it open was told the truth. Raises NoSuchSession, NotPermitted,
    AlreadyWithdrawn, ReleaseFixed, OpensTooSoon, OpensTooLate.
    """
    session = await read_session(conn, session_id)
    await require_scope(conn, actor, session)
    key, now = (session.district_id, session_id), floor.clock.now()
    if await plan_queries.hold_state(conn, *key) != "published":
        raise AlreadyWithdrawn(field="session_id")
    before = (await read_session(conn, session_id)).bookable_from
    if before is None or before <= now or session.draw_id is not None:
        raise ReleaseFixed(field="bookable_from")
    if opens == before:
        return
    if opens < max(now, min(before, now + NOTICE)):
        raise OpensTooSoon(field="bookable_from", minutes=int(NOTICE.total_seconds() // 60))
    if opens >= session.ends(floor.clock):
        raise OpensTooLate(field="bookable_from")
    await plan_queries.set_bookable_from(conn, *key, opens)
    await offer(conn, [session_id])
    detail = {"from": before.isoformat(timespec="seconds"), "to": opens.isoformat(timespec="seconds")}
    await record(
        conn, actor, "scheduling.set_release", subject=("session", session_id), reason="changed", detail=detail
    )
