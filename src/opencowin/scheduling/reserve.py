"""Seats reserved for a priority group until a set time, and sessions that only invited people find."""

from collections.abc import Collection
from uuid import UUID

from opencowin.kit.actor import Actor, system
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.programme import Facts, Programme, current_programme, is_in_group
from opencowin.registry import members as registered
from opencowin.scheduling import plan_queries
from opencowin.scheduling.eligible import facts_of_members
from opencowin.scheduling.invitations import CODE_LENGTH
from opencowin.scheduling.model import RESERVED, CentreSessions, Session, SlotRow
from opencowin.scheduling.news import offer
from opencowin.scheduling.refusals import NotInvited
from opencowin.scheduling.sessions import offered_session

AT_ONCE = 100


def class_for(
    session: Session, slot: SlotRow, people: Collection[Facts], dose: int, rules: Programme, *, held: int = 0
) -> int:
    """Which seats these people take: reserved ones where all of them belong to the group and there are enough.

    `held` reserved seats are theirs already.
    """
    reserved = RESERVED + dose
    if session.reserved_for is None or slot.free.get(reserved, 0) + held < len(people):
        return dose
    return reserved if all_in_group(session, people, rules) else dose


async def class_to_hold(  # noqa: PLR0917 (said in one breath: so many seats for this dose in that slot)
    conn: Connection, floor: Floor, actor: Actor, session: Session, slot: SlotRow, dose: int, people: int
) -> int:
    """Which seats a household holds: reserved ones where others are gone and enough of its members are of the group."""
    reserved = RESERVED + dose
    left = slot.free.get(dose, 0) >= people or slot.free.get(reserved, 0) < people
    if session.reserved_for is None or left:
        return dose
    rules = await current_programme(conn)
    household = await facts_of_members(conn, await registered(conn, floor, actor))
    ours = [one for one in household.values() if all_in_group(session, [one], rules)]
    return reserved if len(ours) >= people else dose


def all_in_group(session: Session, people: Collection[Facts], rules: Programme) -> bool:
    """Whether all of these people belong to the group that a session's reserved seats are for."""
    group = session.reserved_for or ""
    return bool(people) and all(is_in_group(one, group, rules, session.held_on) for one in people)


async def open_reserved(conn: Connection, floor: Floor) -> int:
    """Open to all what is left of reserved seats whose time has come; in how many sessions."""
    due = await plan_queries.to_open(conn, floor.clock.now(), AT_ONCE)
    for one in sorted(due, key=lambda due: (due.district_id, due.session_id)):
        opened = await plan_queries.open_to_all(conn, one.district_id, one.session_id)
        subject, detail = ("session", one.session_id), {"seats": opened}
        await record(
            conn, system("planning"), "scheduling.open_to_all", subject=subject, reason="set time", detail=detail
        )
    await offer(conn, (one.session_id for one in due))
    return len(due)


async def invited_session(conn: Connection, floor: Floor, code: str) -> CentreSessions:
    """The closed session of an invitation code. Raises NotInvited, SessionWithdrawn."""
    session_id = await session_invited(conn, code)
    return await offered_session(conn, floor, session_id)


async def session_invited(conn: Connection, code: str) -> UUID:
    """The number of the closed session of an invitation code, written in any manner. Raises NotInvited."""
    tidy = "".join(letter for letter in code.upper() if letter.isalnum())
    found = await plan_queries.session_invited_by(conn, tidy) if len(tidy) == CODE_LENGTH else None
    if found is None:
        raise NotInvited(field="invitation")
    return found
