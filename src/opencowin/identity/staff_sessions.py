"""Sessions of staff at the console: begun by a sign-in, read at each page, ended by rest, by age, by hand, at once."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from opencowin.identity import staff_queries, staff_session_queries
from opencowin.identity.model import Staff
from opencowin.identity.refusals import NotSignedIn
from opencowin.identity.second_factor import Proof, must_prove
from opencowin.identity.staff import BROWSER, opened_staff, staff_actor
from opencowin.identity.staff_session_queries import SessionRow
from opencowin.kit import audit
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

SECRET = "staff_session.secret"  # noqa: S105 - the purpose of a hash
TOUCHED_EVERY = timedelta(minutes=1)
KEPT = timedelta(days=90)
LONGEST_DEVICE = 160


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A member of staff who is signed in at the console."""

    session_id: UUID
    staff: Staff
    actor: Actor
    proved_by: str
    begun_at: datetime
    seen_at: datetime
    enrolling: bool = False
    """Whether a second factor is still to be set up: until then the actor may do nothing else."""


async def begin_session(
    conn: Connection, floor: Floor, actor: Actor, *, device: str, browser: str = "", proved_by: Proof = Proof.NOTHING
) -> str:
    """Begin a session for who has just signed in: its secret. `device` is what the browser calls itself, `browser` the
    secret by which it is known again."""
    secret, now = secrets.token_urlsafe(32), floor.clock.now()
    staff_id = UUID(actor.actor_id)
    row = SessionRow(uuid4(), staff_id, proved_by.value, actor.address, device[:LONGEST_DEVICE], now, now, None)
    await staff_session_queries.insert(conn, row, floor.keyring.index(secret, SECRET))
    if browser:
        await staff_session_queries.know_device(conn, staff_id, floor.keyring.index(browser, BROWSER), now)
    await audit.record(
        conn, actor, "identity.sign_in", subject=("staff", staff_id), reason=f"password, {proved_by.value}"
    )
    return secret


async def session_of(conn: Connection, floor: Floor, secret: str, address: str) -> StaffSession:
    """The session with this secret, as its person stands now. Raises NotSignedIn when it or the person has ended."""
    row = await staff_session_queries.open_session(conn, floor.keyring.index(secret, SECRET))
    now = floor.clock.now()
    if row is None or row.begun_at <= now - _age(floor) or row.seen_at <= now - _rest(floor):
        raise NotSignedIn
    person = await staff_queries.staff_of(conn, row.staff_id)
    if person is None or person.deactivated_at is not None:
        raise NotSignedIn
    if row.seen_at <= now - TOUCHED_EVERY:
        await staff_session_queries.touch(conn, row.session_id, now)
    actor = staff_actor(person, address)
    enrolling = row.proved_by == Proof.NOTHING and must_prove(floor, actor.permissions)
    if enrolling:
        actor = replace(actor, permissions=frozenset({Permission.ENTER_CONSOLE}))
    known = opened_staff(floor, person)
    return StaffSession(row.session_id, known, actor, row.proved_by, row.begun_at, row.seen_at, enrolling)


async def open_sessions(conn: Connection, floor: Floor, actor: Actor) -> list[SessionRow]:
    """The actor's own sessions that are open, newest first."""
    now = floor.clock.now()
    return await staff_session_queries.sessions_of(
        conn, UUID(actor.actor_id), begun_after=now - _age(floor), seen_after=now - _rest(floor)
    )


async def end_session(conn: Connection, floor: Floor, actor: Actor, session_id: UUID) -> bool:
    """End one of the actor's own sessions; False when there is none such."""
    ended = await staff_session_queries.end(conn, UUID(actor.actor_id), session_id, floor.clock.now())
    if ended:
        await audit.record(conn, actor, "identity.sign_out", subject=("staff", actor.actor_id), reason="one session")
    return ended


async def end_other_sessions(conn: Connection, floor: Floor, actor: Actor, but: UUID) -> int:
    """End all of the actor's sessions but one; how many."""
    ended = await staff_session_queries.end_all(conn, UUID(actor.actor_id), but, floor.clock.now())
    if ended:
        await audit.record(conn, actor, "identity.sign_out", subject=("staff", actor.actor_id), reason="others")
    return ended


async def forget_old_sessions(conn: Connection, floor: Floor) -> int:
    """Delete sessions that began months ago; how many."""
    return await staff_session_queries.delete_begun_before(conn, floor.clock.now() - KEPT)


def _rest(floor: Floor) -> timedelta:
    return timedelta(minutes=floor.settings.console_rest_minutes)


def _age(floor: Floor) -> timedelta:
    return timedelta(hours=floor.settings.console_hours)
