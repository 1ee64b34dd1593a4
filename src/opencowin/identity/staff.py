"""Staff: who runs the campaign, in which role and place; they sign in by password and leave when deactivated."""

import re
from datetime import timedelta
from uuid import UUID, uuid4

from opencowin.identity import passwords
from opencowin.identity import second_factor_queries as factor_queries
from opencowin.identity import staff_queries as queries
from opencowin.identity import staff_session_queries as session_queries
from opencowin.identity.model import ROLE_PERMISSIONS, Role, Staff, is_within
from opencowin.identity.refusals import (
    NotSignedIn,
    RoleNeedsPlace,
    StaffNotFound,
    TooManyWrongPasswords,
    UserNameInvalid,
    UserNameTaken,
    WrongPassword,
)
from opencowin.identity.staff_queries import StaffRow
from opencowin.kit import audit
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.throttle import HOUR, Limit, count_all, wait_for

STAFF_NAME = "staff.name"
WRONG_FROM_ONE_PLACE, WRONG_FOR_ONE_NAME, WRONG_FROM_ONE_ADDRESS = 10, 60, 60
"""Wrong passwords in an hour: for one user name from one address, for one user name, from one address."""
BROWSER = "staff_device"
BROWSER_KNOWN_FOR = timedelta(days=180)
_USER_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")
LEVEL_OF_ROLE = {
    Role.NATION_OFFICER: "nation",
    Role.HELPLINE_OPERATOR: "nation",
    Role.STATE_OFFICER: "state",
    Role.DISTRICT_OFFICER: "district",
    Role.SERVICE_CENTRE_OPERATOR: "district",
}
_BELOW_CENTRE = (Role.VACCINATOR, Role.VERIFIER)
_BELOW_DISTRICT = (Role.CENTRE_MANAGER, *_BELOW_CENTRE, Role.SERVICE_CENTRE_OPERATOR)
_BELOW_STATE = (Role.DISTRICT_OFFICER, *_BELOW_DISTRICT, Role.HELPLINE_OPERATOR)


def permissions_of(role: Role) -> frozenset[Permission]:
    """What a role may do."""
    return ROLE_PERMISSIONS[role]


def appointable(actor: Actor) -> tuple[Role, ...]:
    """The roles that an actor may give, in the own area: who operates the platform any, others those below."""
    if Permission.OPERATE in actor.permissions:
        return tuple(Role)
    if Permission.MANAGE_STAFF not in actor.permissions:
        return ()
    if actor.place.centre_id is not None:
        return _BELOW_CENTRE
    return _BELOW_STATE if actor.place.district_id is None else _BELOW_DISTRICT


async def create_staff(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    user_name: str,
    *,
    name: str,
    role: Role,
    place: Place,
    password: str | None = None,
) -> tuple[Staff, str]:
    """Appoint a member of staff; the password is generated unless one is given, and cannot be shown again.

    Who operates the platform appoints anybody; who manages staff appoints the roles below within the own area.
    Raises NotPermitted, UserNameInvalid, UserNameTaken, RoleNeedsPlace, PasswordTooShort.
    """
    permit(actor, role, place)
    check_user_name(user_name)
    check_place(role, place)
    chosen = passwords.generate() if password is None else password
    if password is not None:
        await passwords.require_good(floor, password, user_name)
    row = StaffRow(
        staff_id=uuid4(),
        user_name=user_name,
        name_sealed=floor.keyring.seal(name, STAFF_NAME),
        password_hash=await passwords.hash_password(chosen),
        permissions=[],
        role=role.value,
        state_id=place.state_id,
        district_id=place.district_id,
        centre_id=place.centre_id,
        created_at=floor.clock.now(),
        deactivated_at=None,
    )
    if not await queries.insert_staff(conn, row):
        raise UserNameTaken(field="user_name")
    await audit.record(conn, actor, "identity.create_staff", subject=("staff", row.staff_id), reason=role.value)
    return opened_staff(floor, row), chosen


async def check_password(
    conn: Connection, floor: Floor, user_name: str, password: str, address: str, *, browser: str = ""
) -> Actor:
    """The member of staff who signs in; `browser` is the secret by which one's own browser is known again.

    Raises WrongPassword (keeps the count; never tells which part was wrong), also for those who left, and
    TooManyWrongPasswords: strangers' wrong tries keep out nobody who comes with a known browser, or from an address
    where the person has signed in before.
    """
    known_as = user_name.strip().lower()
    since = floor.clock.now() - BROWSER_KNOWN_FOR
    could_be_one = _USER_NAME.fullmatch(known_as) is not None
    limits = _limits(known_as, address)
    if could_be_one and browser and await is_known_browser(conn, floor, known_as, browser):
        limits = [Limit(f"password-browser:{known_as}:{browser}", WRONG_FROM_ONE_PLACE, HOUR)]
    elif could_be_one and await session_queries.is_known_address(conn, known_as, address, since):
        limits = _limits_of_place(known_as, address)
    if wait := await wait_for(conn, floor, limits):
        raise TooManyWrongPasswords(retry_after=wait)
    row = await queries.staff_named(conn, known_as) if could_be_one else None
    right = await passwords.is_right(row.password_hash if row else None, password)
    if row is None or not right or row.deactivated_at is not None:
        await count_all(conn, floor, limits)
        raise WrongPassword
    if passwords.is_outdated(row.password_hash):
        await queries.set_password(conn, row.staff_id, await passwords.hash_password(password), None)
    return staff_actor(row, address)


async def is_known_browser(conn: Connection, floor: Floor, user_name: str, browser: str) -> bool:
    """Whether the person of this name has signed in with this browser in the last months."""
    since = floor.clock.now() - BROWSER_KNOWN_FOR
    return await session_queries.is_known_device(conn, user_name, floor.keyring.index(browser, BROWSER), since)


async def staff_name(conn: Connection, floor: Floor, staff_id: UUID) -> str:
    """The full name of a member of staff, for records of what they did. Raises StaffNotFound."""
    row = await queries.staff_of(conn, staff_id)
    if row is None:
        raise StaffNotFound
    return floor.keyring.open(row.name_sealed, STAFF_NAME)


async def actor_of_staff(conn: Connection, staff_id: UUID, address: str) -> Actor:
    """The member of staff of an open session, as things stand now. Raises NotSignedIn for those who left."""
    row = await queries.staff_of(conn, staff_id)
    if row is None or row.deactivated_at is not None:
        raise NotSignedIn
    return staff_actor(row, address)


async def change_password(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    staff_id: UUID,
    password: str | None = None,
    *,
    but: UUID | None = None,
) -> str:
    """Replace one's own password or that of someone one may appoint; generated unless given. Sessions end, `but` one.

    Raises StaffNotFound, NotPermitted, PasswordTooShort, PasswordKnown.
    """
    row = await in_reach(conn, actor, staff_id)
    chosen = passwords.generate() if password is None else password
    if password is not None:
        await passwords.require_good(floor, password, row.user_name)
    await queries.set_password(conn, staff_id, await passwords.hash_password(chosen), floor.clock.now())
    await session_queries.end_all(conn, staff_id, but, floor.clock.now())
    await factor_queries.end_sign_ins(conn, staff_id, floor.clock.now())
    await audit.record(conn, actor, "identity.change_password", subject=("staff", staff_id), reason=row.role)
    return chosen


async def deactivate_staff(conn: Connection, floor: Floor, actor: Actor, staff_id: UUID, reason: str = "") -> None:
    """End a member of staff's access at once. Raises StaffNotFound, NotPermitted."""
    row = await in_reach(conn, actor, staff_id)
    await queries.deactivate(conn, staff_id, floor.clock.now())
    await session_queries.end_all(conn, staff_id, None, floor.clock.now())
    await factor_queries.end_sign_ins(conn, staff_id, floor.clock.now())
    why = reason or row.role
    await audit.record(conn, actor, "identity.deactivate_staff", subject=("staff", staff_id), reason=why)


async def list_staff(conn: Connection, floor: Floor, actor: Actor) -> list[Staff]:
    """The staff of the actor's area, those who left too, by user name. Raises NotPermitted."""
    if not actor.permissions & {Permission.OPERATE, Permission.MANAGE_STAFF}:
        raise NotPermitted
    rows = await queries.all_staff(conn)
    return [opened_staff(floor, row) for row in rows if is_within(place_in(row), actor.place)]


def permit(actor: Actor, role: Role, place: Place) -> None:
    """Refuse who may not give this role at this place. Raises NotPermitted."""
    if not is_within(place, actor.place) or role not in appointable(actor):
        raise NotPermitted


def check_user_name(user_name: str) -> None:
    """Refuse what is no user name. Raises UserNameInvalid."""
    if not _USER_NAME.fullmatch(user_name):
        raise UserNameInvalid(field="user_name")


def check_place(role: Role, place: Place) -> None:
    """Refuse a place that is too wide for a role. Raises RoleNeedsPlace."""
    level = LEVEL_OF_ROLE.get(role, "centre")
    named = {"nation": 0, "state": place.state_id, "district": place.district_id, "centre": place.centre_id}
    if named[level] is None:
        raise RoleNeedsPlace(field="place", level=level)


def _limits_of_place(user_name: str, address: str) -> list[Limit]:
    """Where the person has signed in before, others' guesses from elsewhere count for nothing."""
    return [
        Limit(f"password:{user_name}:{address}", WRONG_FROM_ONE_PLACE, HOUR),
        Limit(f"password-address:{address}", WRONG_FROM_ONE_ADDRESS, HOUR),
    ]


def _limits(user_name: str, address: str) -> list[Limit]:
    here, shared = _limits_of_place(user_name, address)
    return [here, Limit(f"password-name:{user_name}", WRONG_FOR_ONE_NAME, HOUR), shared]


async def in_reach(conn: Connection, actor: Actor, staff_id: UUID) -> StaffRow:
    """Whom the actor may look after: below in the own area, or the actor. Raises StaffNotFound, NotPermitted."""
    row = await queries.staff_of(conn, staff_id)
    if row is None:
        raise StaffNotFound
    if actor.kind is not ActorKind.STAFF or actor.actor_id != str(staff_id):
        permit(actor, Role(row.role), place_in(row))
    return row


def place_in(row: StaffRow) -> Place:
    """The scope of a row of staff."""
    return Place(row.state_id, row.district_id, row.centre_id)


def _known_permissions(row: StaffRow) -> frozenset[Permission]:
    return permissions_of(Role(row.role)) | {one for one in Permission if one.value in row.permissions}


def staff_actor(row: StaffRow, address: str) -> Actor:
    """The actor that a row of staff is, calling from an address."""
    return Actor(ActorKind.STAFF, str(row.staff_id), _known_permissions(row), place=place_in(row), address=address)


def opened_staff(floor: Floor, row: StaffRow) -> Staff:
    """The member of staff that a row is."""
    return Staff(
        staff_id=row.staff_id,
        user_name=row.user_name,
        name=floor.keyring.open(row.name_sealed, STAFF_NAME),
        role=Role(row.role),
        permissions=_known_permissions(row),
        place=place_in(row),
        created_at=row.created_at,
        deactivated_at=row.deactivated_at,
    )
