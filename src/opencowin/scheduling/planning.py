"""Plans sessions ahead: drafts, published by hand or at a set time, copied from a session or a week."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid5

from opencowin.kit.actor import Actor, Permission, system
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.places import Centre, read_centre
from opencowin.scheduling import plan_queries, planned_queries
from opencowin.scheduling.model import NewSession, Session
from opencowin.scheduling.news import offer
from opencowin.scheduling.refusals import CentreClosed, NotADraft, ReasonMissing, SessionInPast
from opencowin.scheduling.sessions import (
    LONGEST_REASON,
    count_session,
    enter_session,
    read_session,
    require_scope,
    take_doses,
)

AGAIN_AFTER = timedelta(minutes=5)
AT_ONCE = 50
FOR_GOOD = (SessionInPast, CentreClosed)


@dataclass(frozen=True, slots=True)
class Made:
    """What planning several sessions did."""

    drafted: list[UUID]
    skipped: int
    """Days left out: holidays, days that are over, and what was there already."""


async def draft_session(  # noqa: PLR0917 (said in one breath: this session, as a draft, to be published then)
    conn: Connection, floor: Floor, actor: Actor, new: NewSession, publish_at: datetime | None, key: UUID
) -> tuple[UUID, bool]:
    """Enter a session that nobody sees yet: its id, and whether it is new; with a key that came before it is the same.

    Raises what `publish_session` raises, except about stock: doses are taken when it is published.
    """
    centre = await read_centre(conn, new.centre_id)
    session_id, is_new = await enter_session(conn, floor, actor, new, key=key, publish_at=publish_at, draft=True)
    if not is_new:
        return session_id, False
    detail = {"held_on": str(new.held_on), "publish_at": str(publish_at or ""), "centre": centre.centre_id}
    await record(
        conn, actor, "scheduling.draft_session", subject=("session", session_id), reason="planned", detail=detail
    )
    return session_id, True


async def publish_draft(conn: Connection, floor: Floor, actor: Actor, session_id: UUID) -> bool:
    """Publish a draft now; False when it is published already.

    Raises NoSuchSession, NotPermitted, NotADraft, SessionInPast, CentreClosed, NotEnoughStock.
    """
    session = await read_session(conn, session_id)
    centre = await require_scope(conn, actor, session)
    if session.state == "published":
        return False
    await _publish(conn, floor, actor, session, centre)
    return True


async def publish_at(conn: Connection, actor: Actor, session_id: UUID, at: datetime | None) -> None:
    """Set when a draft is to be published; None: by hand. Raises NoSuchSession, NotPermitted, NotADraft."""
    session = await read_session(conn, session_id)
    await require_scope(conn, actor, session)
    if not await plan_queries.set_publish_at(conn, session.district_id, session_id, at):
        raise NotADraft(field="session_id")
    detail, subject = {"publish_at": str(at or "")}, ("session", session_id)
    await record(conn, actor, "scheduling.publish_at", subject=subject, reason="planned", detail=detail)


async def discard_draft(conn: Connection, floor: Floor, actor: Actor, session_id: UUID, reason: str) -> None:
    """A draft will not be held. Raises NoSuchSession, NotPermitted, ReasonMissing, NotADraft."""
    session = await read_session(conn, session_id)
    await require_scope(conn, actor, session)
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise ReasonMissing(field="reason")
    if not await plan_queries.discard(conn, session.district_id, session_id, reason.strip(), floor.clock.now()):
        raise NotADraft(field="session_id")
    subject = ("session", session_id)
    await record(conn, actor, "scheduling.discard_draft", subject=subject, reason=reason.strip())


async def publish_due(conn: Connection, floor: Floor) -> int:
    """Publish the drafts whose time has come, each on its own; how many.

    One that lacks stock waits, and is tried again; one that cannot be held any more stays a draft for good.
    """
    now, actor, published = floor.clock.now(), system("planning"), 0
    for due in await plan_queries.due_drafts(conn, now, now - AGAIN_AFTER, AT_ONCE):
        try:
            async with conn.transaction():
                session = await read_session(conn, due.session_id)
                await _publish(conn, floor, actor, session, await read_centre(conn, session.centre_id))
            published += 1
        except Refusal as refusal:
            await plan_queries.set_held_back(
                conn, due.district_id, due.session_id, refusal.code, now, for_good=isinstance(refusal, FOR_GOOD)
            )
    return published


async def copy_session(  # noqa: PLR0917 (said in one breath: this session, again on that day)
    conn: Connection, floor: Floor, actor: Actor, session_id: UUID, held_on: date, at: datetime | None = None
) -> tuple[UUID, bool]:
    """Draft the same session for another day: its id, and whether it is new. Raises what `draft_session` raises."""
    session = await read_session(conn, session_id)
    new = await _again(conn, session, held_on)
    return await draft_session(conn, floor, actor, new, at, uuid5(session_id, str(held_on)))


async def copy_week(  # noqa: PLR0917 (said in one breath: the week from here to there)
    conn: Connection, floor: Floor, actor: Actor, centre_id: int, monday: date, to: date, at: datetime | None = None
) -> Made:
    """Draft what a centre holds in the week of `monday` for the week of `to`; days that are over are left out.

    Raises NotPermitted, UnknownCentre, CentreClosed and what `draft_session` raises of a session.
    """
    actor.require(Permission.PUBLISH_SESSIONS)
    centre = await read_centre(conn, centre_id)
    first, ahead = week_of(monday), week_of(to) - week_of(monday)
    made, skipped = [], 0
    week = await planned_queries.planned(conn, centre.district_id, centre_id, first, first + timedelta(days=6))
    for one in week:
        if one.state == "withdrawn":
            continue
        try:
            copy_id, new = await copy_session(conn, floor, actor, one.session_id, one.held_on + ahead, at)
        except SessionInPast:
            new = False
        if new:
            made.append(copy_id)
        else:
            skipped += 1
    return Made(made, skipped)


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


async def _again(conn: Connection, session: Session, held_on: date) -> NewSession:
    slots = await plan_queries.slots_of(conn, session.district_id, session.session_id)
    moved = session.opens_to_all_at
    return NewSession(
        centre_id=session.centre_id,
        held_on=held_on,
        vaccine_id=session.vaccine_id,
        min_age=session.min_age,
        max_age=session.max_age,
        fee=session.fee,
        slots=tuple(slots),
        doses=session.doses,
        round=session.round,
        closed=session.closed,
        reserved_for=session.reserved_for,
        opens_to_all_at=moved + (held_on - session.held_on) if moved and session.reserved_for else None,
        bookable_from=opens + (held_on - session.held_on) if (opens := session.bookable_from) else None,
    )


async def _publish(conn: Connection, floor: Floor, actor: Actor, session: Session, centre: Centre) -> None:
    """Publish a draft with its doses, all or nothing."""
    if centre.closed_at is not None:
        raise CentreClosed(field="centre_id")
    if not session.slots or session.ends(floor.clock) <= floor.clock.now():
        raise SessionInPast(field="held_on")
    if not await plan_queries.set_published(conn, session.district_id, session.session_id, floor.clock.now()):
        raise NotADraft(field="session_id")
    await take_doses(conn, floor, session, session.doses)
    subject, detail = ("session", session.session_id), {"held_on": str(session.held_on), "doses": session.doses}
    await record(conn, actor, "scheduling.publish_session", subject=subject, reason="published", detail=detail)
    await count_session(conn, floor, centre, session.held_on, 1)
    await offer(conn, [session.session_id])
