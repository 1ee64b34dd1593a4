"""What a tablet carries away: it is begun for one centre, and gets the lists of that centre's sessions of today."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from opencowin import identity, places, registry, scheduling, stock, vaccination
from opencowin.kit import audit
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.tablets import queries
from opencowin.tablets.model import Expected, SessionToday, Tablet
from opencowin.tablets.queries import TabletRow
from opencowin.tablets.refusals import CentreNeeded, NoSessionToday, NotWorkingHere

TOKEN = "tablet.token"  # noqa: S105 (the purpose of a keyed hash)
WORKER = "tablet.worker_name"
AT_WORK = frozenset({Permission.VACCINATE, Permission.FIND_BENEFICIARIES, Permission.REGISTER_BENEFICIARIES})


async def begin_tablet(
    conn: Connection, floor: Floor, actor: Actor, centre_id: int | None = None
) -> tuple[Tablet, str]:
    """A member of staff signs in on a tablet for a centre; the token by which it calls cannot be shown again.

    Raises NotPermitted (also for a place outside the actor's scope), CentreNeeded, UnknownCentre.
    """
    actor.require(Permission.VACCINATE)
    chosen = actor.place.centre_id if centre_id is None else centre_id
    if chosen is None or actor.kind is not ActorKind.STAFF:
        raise CentreNeeded(field="center_id")
    centre = await places.read_centre(conn, chosen)
    if not await places.in_scope(conn, actor, district_id=centre.district_id, centre_id=chosen):
        raise NotPermitted
    staff_id, now, token = UUID(actor.actor_id), floor.clock.now(), secrets.token_urlsafe(32)
    name = await identity.staff_name(conn, floor, staff_id)
    row = TabletRow(
        tablet_id=uuid4(),
        staff_id=staff_id,
        worker_name_sealed=floor.keyring.seal(name, WORKER),
        district_id=centre.district_id,
        centre_id=chosen,
        began_at=now,
        expires_at=now + timedelta(days=floor.settings.tablet_days),
        ended_at=None,
    )
    await queries.insert_tablet(conn, row, floor.keyring.index(token, TOKEN))
    subject, detail = ("tablet", row.tablet_id), {"centre": chosen}
    await audit.record(conn, actor, "tablets.begin", subject=subject, reason="signed in at a centre", detail=detail)
    return await _opened(conn, floor, row, actor.address), token


async def tablet_of(conn: Connection, floor: Floor, token: str, address: str) -> Tablet:
    """The tablet that calls with a token, even when its worker has left or its time is over. Raises NotSignedIn."""
    row = await queries.tablet_seen(conn, floor.keyring.index(token, TOKEN), floor.clock.now())
    if row is None:
        raise identity.NotSignedIn
    return await _opened(conn, floor, row, address)


async def end_tablet(conn: Connection, floor: Floor, tablet: Tablet) -> None:
    """The worker signs out: the tablet gets nothing more."""
    await queries.end_tablet(conn, tablet.tablet_id, floor.clock.now())
    subject = ("tablet", tablet.tablet_id)
    await audit.record(conn, tablet.actor, "tablets.end", subject=subject, reason="signed out")


async def end_tablets_of(conn: Connection, floor: Floor, actor: Actor, staff_id: UUID) -> int:
    """All tablets of a member of staff get nothing more, whoever has them; what they recorded they still send."""
    ended = await queries.end_tablets_of(conn, staff_id, floor.clock.now())
    if ended:
        await audit.record(conn, actor, "tablets.end", subject=("staff", staff_id), reason="all of the log-in")
    return ended


async def sessions_today(conn: Connection, floor: Floor, tablet: Tablet) -> list[SessionToday]:
    """The centre's published sessions of today with what may be used in them. Raises NotWorkingHere."""
    require_at_work(tablet)
    wish = scheduling.Wish(from_date=floor.clock.today(), days=1, centre_id=tablet.centre_id, closed=True)
    found = await scheduling.find_sessions(conn, floor, wish)
    views = [one for place in found for one in place.sessions]
    centre = stock.Store(stock.Tier.CENTRE, tablet.centre_id).account
    accounts = [centre, *(stock.in_session(one.session_id) for one in views)]
    held = await stock.balances(conn, accounts)
    return [
        SessionToday(one.session_id, one.held_on, one.vaccine_id, one.min_age, one.max_age, _usable(held, one, centre))
        for one in views
    ]


async def day_list(conn: Connection, floor: Floor, tablet: Tablet, session_ids: Sequence[UUID]) -> list[Expected]:
    """Who is expected in these sessions of today, or was there; their doses leave the centre's store for them.

    Each look is an audit row, and so is the list. Raises NotWorkingHere, NoSessionToday.
    """
    today = {one.session_id: one for one in await sessions_today(conn, floor, tablet)}
    found: list[Expected] = []
    for session_id in dict.fromkeys(session_ids):
        if session_id not in today:
            raise NoSessionToday(field="session_id")
        await _issue(conn, floor, tablet, session_id)
        await queries.note_carried(
            conn,
            tablet.tablet_id,
            session_id,
            district_id=tablet.district_id,
            held_on=today[session_id].held_on,
            at=floor.clock.now(),
        )
        listed = await _expected(conn, floor, tablet, session_id)
        subject, detail = ("session", session_id), {"people": len(listed), "tablet": str(tablet.tablet_id)}
        await audit.record(conn, tablet.actor, "tablets.day_list", subject=subject, reason="day's list", detail=detail)
        found += listed
    return found


def require_at_work(tablet: Tablet) -> None:
    """Raise NotWorkingHere for a tablet that may send, but not read."""
    if tablet.left or tablet.over:
        raise NotWorkingHere


async def _expected(conn: Connection, floor: Floor, tablet: Tablet, session_id: UUID) -> list[Expected]:
    seats = await scheduling.expected_in(conn, tablet.district_id, session_id)
    people = [one.person for one in seats]
    read = await registry.read_people(conn, floor, tablet.actor, people, "day's list of the session")
    doses = await vaccination.doses_of_people(conn, people)
    return [
        Expected(
            person=read[seat.person.beneficiary_id],
            dose_number=seat.dose_number,
            slot=seat.slot,
            given=seat.state is scheduling.AppointmentState.GIVEN,
            doses=tuple(doses.get(seat.person.beneficiary_id, ())),
        )
        for seat in seats
        if seat.person.beneficiary_id in read
    ]


async def _issue(conn: Connection, floor: Floor, tablet: Tablet, session_id: UUID) -> None:
    """Doses leave the store for the session; a store whose books say that they are not there keeps nobody waiting."""
    try:
        async with conn.transaction():
            await stock.issue_to_session(
                conn, floor, tablet.actor, session_id, district_id=tablet.district_id, centre_id=tablet.centre_id
            )
    except Refusal:
        subject = ("session", session_id)
        await audit.record(conn, tablet.actor, "tablets.issue", subject=subject, reason="the store has not so many")


def _usable(held: Sequence[stock.Balance], one: scheduling.SessionView, centre: str) -> tuple[stock.Balance, ...]:
    """The batches of the session's vaccine that are good on its day: its own first, then what else is in the store."""
    own = stock.in_session(one.session_id)
    good = [b for b in held if b.vaccine_id == one.vaccine_id and b.expires_on >= one.held_on]
    first = [b for b in good if b.account == own]
    known = {b.batch_number for b in first}
    return (*first, *(b for b in good if b.account == centre and b.batch_number not in known))


async def _opened(conn: Connection, floor: Floor, row: TabletRow, address: str) -> Tablet:
    actor = Actor(ActorKind.STAFF, str(row.staff_id), AT_WORK, place=Place(centre_id=row.centre_id), address=address)
    try:
        staff = await identity.actor_of_staff(conn, row.staff_id, address)
        left = Permission.VACCINATE not in staff.permissions or not await places.in_scope(
            conn, staff, district_id=row.district_id, centre_id=row.centre_id
        )
        actor = replace(actor, permissions=AT_WORK & staff.permissions) if not left else actor
    except identity.NotSignedIn:
        left = True
    return Tablet(
        tablet_id=row.tablet_id,
        actor=actor,
        worker_name=floor.keyring.open(row.worker_name_sealed, WORKER),
        district_id=row.district_id,
        centre_id=row.centre_id,
        expires_at=row.expires_at,
        left=left,
        over=row.ended_at is not None or row.expires_at <= floor.clock.now(),
    )
