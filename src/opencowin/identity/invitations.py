"""Invitations: an officer names a person, a role and a place; a link that works once lets the person join.

The same link lets somebody who is there already choose another password. It goes to a mobile number or an e-mail
address, which is kept nowhere but in the message.
"""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from opencowin.identity import invitation_queries as queries
from opencowin.identity import staff_queries
from opencowin.identity.emails import is_email
from opencowin.identity.invitation_queries import InvitationRow
from opencowin.identity.model import Role, Staff
from opencowin.identity.refusals import (
    ContactUnusable,
    InvitationOver,
    NotSignedIn,
    UserNameTaken,
)
from opencowin.identity.second_factor import allow_enrolment
from opencowin.identity.staff import (
    STAFF_NAME,
    actor_of_staff,
    change_password,
    check_place,
    check_user_name,
    create_staff,
    in_reach,
    opened_staff,
    permit,
)
from opencowin.kit import audit
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Place
from opencowin.kit.country import InvalidMobile
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import URGENT, Job

LINK, CONTACT = "staff_invitation.token", "staff_invitation.contact"
KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class StaffInvited:
    """A link is to be sent: where to and what it carries sealed, as base64 text."""

    invitation_id: UUID
    contact_sealed: str
    token_sealed: str
    language: str
    caused_at: datetime
    expires_at: datetime


STAFF_INVITED = Job("staff_invited", StaffInvited, URGENT)


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody is invited."""

    invitation_id: UUID
    user_name: str
    name: str
    role: Role
    place: Place
    expires_at: datetime
    joined: bool
    """Whether the person is there already, and only chooses another password."""


async def invite(
    conn: Connection,
    floor: Floor,
    actor: Actor,
    user_name: str,
    *,
    name: str,
    role: Role,
    place: Place,
    contact: str,
    language: str = "en",
) -> UUID:
    """Invite somebody to a role at a place; the link goes to the mobile number or e-mail address.

    Raises NotPermitted, UserNameInvalid, UserNameTaken, RoleNeedsPlace, ContactUnusable.
    """
    await check_invitation(conn, floor, actor, user_name, role=role, place=place, contact=contact)
    row = _row(floor, actor, user_name, name=name, role=role, place=place)
    await _send(conn, floor, row, contact, language)
    reason = f"{role.value} {user_name}"
    await audit.record(conn, actor, "identity.invite", subject=("invitation", row.invitation_id), reason=reason)
    return row.invitation_id


async def check_invitation(
    conn: Connection, floor: Floor, actor: Actor, user_name: str, *, role: Role, place: Place, contact: str
) -> None:
    """Refuse now what `invite` would refuse, and send nothing.

    Raises NotPermitted, UserNameInvalid, UserNameTaken, RoleNeedsPlace, ContactUnusable.
    """
    permit(actor, role, place)
    check_user_name(user_name)
    check_place(role, place)
    _contact(floor, contact)
    if await staff_queries.staff_named(conn, user_name) is not None:
        raise UserNameTaken(field="user_name")
    if await queries.is_awaited(conn, user_name, floor.clock.now()):
        raise UserNameTaken(field="user_name")


async def send_password_link(
    conn: Connection, floor: Floor, actor: Actor, staff_id: UUID, *, contact: str, reason: str, language: str = "en"
) -> None:
    """Send somebody a link to choose another password; the present one stands until then.

    Raises StaffNotFound, NotPermitted (also for those who left, and oneself), ContactUnusable.
    """
    person = await in_reach(conn, actor, staff_id)
    if person.deactivated_at is not None or actor.actor_id == str(staff_id):
        raise NotPermitted
    shown = opened_staff(floor, person)
    await queries.end_for(conn, shown.user_name, floor.clock.now(), only_expired=False)
    row = _row(floor, actor, shown.user_name, name=shown.name, role=shown.role, place=shown.place, staff_id=staff_id)
    await _send(conn, floor, row, contact, language)
    await audit.record(conn, actor, "identity.send_password_link", subject=("staff", staff_id), reason=reason)


async def read_invitation(conn: Connection, floor: Floor, token: str) -> Invitation:
    """What a link invites to. Raises InvitationOver."""
    return _opened(floor, await _by_link(conn, floor, token))


async def accept_invitation(
    conn: Connection, floor: Floor, token: str, password: str, address: str
) -> tuple[Staff, str]:
    """Join the staff, or choose another password: the link works no more. Who joins gets the code to enrol by.

    The inviter must still be there and be allowed to appoint so; the audit row says on whose word it was done.
    Raises InvitationOver, PasswordTooShort, PasswordKnown, UserNameTaken, NotPermitted.
    """
    row = await _by_link(conn, floor, token)
    invited, inviter = _opened(floor, row), await _inviter(conn, row, address)
    if not await queries.end(conn, row.invitation_id, floor.clock.now()):
        raise InvitationOver
    if row.staff_id is None:
        made, _ = await create_staff(
            conn,
            floor,
            inviter,
            invited.user_name,
            name=invited.name,
            role=invited.role,
            place=invited.place,
            password=password,
        )
        await queries.note_joined(conn, row.invitation_id, made.staff_id)
        return made, await allow_enrolment(conn, floor, inviter, made.staff_id)
    person = await staff_queries.staff_of(conn, row.staff_id)
    if person is None or person.deactivated_at is not None:
        raise InvitationOver
    await change_password(conn, floor, inviter, row.staff_id, password)
    return opened_staff(floor, person), ""


async def invitations(conn: Connection, floor: Floor, actor: Actor, rows: int = 50) -> list[Invitation]:
    """Who is invited within the actor's area and has not joined yet, newest first."""
    return [_opened(floor, row) for row in await queries.invitations_within(conn, actor.place, floor.clock.now(), rows)]


async def withdraw_invitation(conn: Connection, floor: Floor, actor: Actor, invitation_id: UUID) -> None:
    """The link works no more. Raises InvitationOver, NotPermitted."""
    row = await queries.invitation_of(conn, invitation_id)
    if row is None:
        raise InvitationOver
    permit(actor, Role(row.role), _place(row))
    if not await queries.end(conn, invitation_id, floor.clock.now()):
        raise InvitationOver
    subject = ("invitation", invitation_id)
    await audit.record(conn, actor, "identity.withdraw_invitation", subject=subject, reason=row.user_name)


async def was_accepted(conn: Connection, invitation_id: UUID) -> bool:
    """Whether somebody joined by an invitation."""
    row = await queries.invitation_of(conn, invitation_id)
    return row is not None and row.staff_id is not None


async def forget_old_invitations(conn: Connection, floor: Floor) -> int:
    """Delete invitations that were over months ago; how many."""
    return await queries.delete_expired(conn, floor.clock.now() - KEPT)


def open_staff_invited(floor: Floor, news: StaffInvited) -> tuple[str, str, bool]:
    """Where a link goes, the link, and whether that is an e-mail address, for whoever sends the message."""
    contact = floor.keyring.open(base64.b64decode(news.contact_sealed), CONTACT)
    token = floor.keyring.open(base64.b64decode(news.token_sealed), LINK)
    return contact, f"{floor.settings.address}/console/join/{token}", "@" in contact


async def _send(conn: Connection, floor: Floor, row: InvitationRow, contact: str, language: str) -> None:
    where, token = _contact(floor, contact), secrets.token_urlsafe(24)
    await queries.end_for(conn, row.user_name, row.invited_at, only_expired=True)
    if not await queries.insert(conn, row, floor.keyring.index(token, LINK)):
        raise UserNameTaken(field="user_name")
    news = StaffInvited(
        row.invitation_id,
        base64.b64encode(floor.keyring.seal(where, CONTACT)).decode(),
        base64.b64encode(floor.keyring.seal(token, LINK)).decode(),
        language,
        row.invited_at,
        row.expires_at,
    )
    await STAFF_INVITED.enqueue(conn, news)


def _contact(floor: Floor, written: str) -> str:
    """A number in national digits, or an e-mail address."""
    if "@" in written:
        if not is_email(written):
            raise ContactUnusable(field="contact")
        return written
    try:
        return floor.country.normalise_mobile(written)
    except InvalidMobile:
        raise ContactUnusable(field="contact") from None


async def _by_link(conn: Connection, floor: Floor, token: str) -> InvitationRow:
    row = await queries.open_invitation(conn, floor.keyring.index(token, LINK), floor.clock.now())
    if row is None:
        raise InvitationOver
    return row


async def _inviter(conn: Connection, row: InvitationRow, address: str) -> Actor:
    kind, _, actor_id = row.invited_by.partition(":")
    if kind != ActorKind.STAFF.value:
        raise InvitationOver
    try:
        return await actor_of_staff(conn, UUID(actor_id), address)
    except NotSignedIn:
        raise InvitationOver from None


def _row(
    floor: Floor, actor: Actor, user_name: str, *, name: str, role: Role, place: Place, staff_id: UUID | None = None
) -> InvitationRow:
    now = floor.clock.now()
    return InvitationRow(
        invitation_id=uuid4(),
        user_name=user_name,
        name_sealed=floor.keyring.seal(name, STAFF_NAME),
        role=role.value,
        state_id=place.state_id,
        district_id=place.district_id,
        centre_id=place.centre_id,
        invited_by=f"{actor.kind.value}:{actor.actor_id}",
        invited_at=now,
        expires_at=now + timedelta(hours=floor.settings.invitation_hours),
        ended_at=None,
        staff_id=staff_id,
    )


def _place(row: InvitationRow) -> Place:
    return Place(row.state_id, row.district_id, row.centre_id)


def _opened(floor: Floor, row: InvitationRow) -> Invitation:
    return Invitation(
        row.invitation_id,
        row.user_name,
        floor.keyring.open(bytes(row.name_sealed), STAFF_NAME),
        Role(row.role),
        _place(row),
        row.expires_at,
        row.staff_id is not None,
    )
