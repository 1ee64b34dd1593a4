"""Staff of an area as an officer looks after them: the list, one person, another role or place."""

from uuid import UUID

from opencowin.identity import staff_queries as queries
from opencowin.identity.model import Role, Staff
from opencowin.identity.staff import LEVEL_OF_ROLE, appointable, check_place, in_reach, opened_staff, permit
from opencowin.kit import audit
from opencowin.kit.actor import Actor, NotPermitted, Permission, Place
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor


async def staff_of_area(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    *,
    begins: str = "",
    left: bool = False,
    start: int,
    rows: int,
) -> list[Staff]:
    """Staff of the actor's area, by user name: those at work, or those who left. Raises NotPermitted."""
    actor.require(Permission.MANAGE_STAFF)
    found = await queries.staff_within(
        conn, actor.place, begins=begins.strip().lower(), left=left, start=start, rows=rows
    )
    return [opened_staff(floor, row) for row in found]


async def read_staff(conn: Connection, floor: Floor, actor: Actor, staff_id: UUID) -> Staff:
    """One person whom the actor may look after. Raises StaffNotFound, NotPermitted."""
    actor.require(Permission.MANAGE_STAFF)
    return opened_staff(floor, await in_reach(conn, actor, staff_id))


def roles_at(actor: Actor, place: Place) -> tuple[Role, ...]:
    """The roles that the actor may give at a place: those of its level, and those of the nation that a state lends."""
    if place.centre_id is not None:
        level = "centre"
    elif place.district_id is not None:
        level = "district"
    else:
        level = "nation" if place.state_id is None else "state"
    lent = (Role.HELPLINE_OPERATOR,) if level == "state" else ()
    return tuple(one for one in appointable(actor) if LEVEL_OF_ROLE.get(one, "centre") == level or one in lent)


async def change_role(
    conn: Connection, floor: Floor, actor: Actor, staff_id: UUID, *, role: Role, place: Place, reason: str
) -> Staff:
    """Give somebody another role or place: it holds at their next page.

    Raises StaffNotFound, RoleNeedsPlace, and NotPermitted, also for oneself.
    """
    if actor.actor_id == str(staff_id):
        raise NotPermitted
    before = await in_reach(conn, actor, staff_id)
    permit(actor, role, place)
    check_place(role, place)
    await queries.set_role(conn, staff_id, role.value, place)
    detail = {"from": before.role, "to": role.value}
    subject = ("staff", staff_id)
    await audit.record(conn, actor, "identity.change_role", subject=subject, reason=reason, detail=detail)
    return await read_staff(conn, floor, actor, staff_id)
