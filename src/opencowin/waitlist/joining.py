"""People join the waitlist of a place, see where they stand, and leave it."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from opencowin import alerts, places, registry, scheduling, vaccination
from opencowin.kit.actor import Actor, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.programme import FullyVaccinated
from opencowin.waitlist import queries
from opencowin.waitlist.queries import Kept, Waiting
from opencowin.waitlist.refusals import NotWaiting

LASTS = timedelta(days=90)
CODE_LENGTH = 4


@dataclass(frozen=True, slots=True)
class WaitWish:
    """For whom, and where: a district, or a postal code and what lies round it."""

    reference_id: int
    district_id: int | None = None
    pin_code: str | None = None


async def join(conn: Connection, floor: Floor, actor: Actor, wish: WaitWish) -> int:
    """Put a member of one's own household in line, for the dose that is due; who waits already changes the place.

    Raises NotPermitted, WhereMissing, UnknownPin, UnknownDistrict, NoSuchBeneficiary, HasAppointment, FullyVaccinated.
    """
    actor.require(Permission.BOOK_FOR_OWN_MEMBERS)
    middle = await _where(conn, wish)
    (member,) = await registry.own_members(conn, floor, actor, [wish.reference_id])
    person = member.person
    live = await scheduling.appointments_of(conn, person.account_id)
    if any(one.beneficiary_id == person.beneficiary_id for one in live):
        raise scheduling.HasAppointment(field="reference")
    due = await vaccination.due(conn, floor, member)
    if due is None:
        raise FullyVaccinated(field="reference")
    new = queries.NewWaiting(
        account_id=person.account_id,
        beneficiary_id=person.beneficiary_id,
        code="".join(secrets.choice(alerts.LETTERS) for _ in range(CODE_LENGTH)),
        district_id=wish.district_id,
        pin_code=wish.pin_code,
        latitude=middle[0] if middle else None,
        longitude=middle[1] if middle else None,
        dose=due.dose,
        priority=int(member.comorbidity or bool(member.priority_groups)),
        joined_at=floor.clock.now(),
        ends_at=floor.clock.now() + LASTS,
    )
    number = await queries.insert(conn, new)
    await record(conn, actor, "waitlist.join", subject=("waiting", number), reason="asked by the household")
    return number


async def leave(conn: Connection, actor: Actor, waiting_id: int) -> None:
    """Leave the line; a seat that is kept is given back. Raises NotPermitted, NotWaiting."""
    actor.require(Permission.BOOK_FOR_OWN_MEMBERS)
    account = actor.own_account()
    if any(one.waiting_id == waiting_id for one in await queries.kept_for(conn, account)):
        await scheduling.let_go(conn, actor)
    if not await queries.delete(conn, account, waiting_id):
        raise NotWaiting(field="waiting")
    await record(conn, actor, "waitlist.leave", subject=("waiting", waiting_id), reason="asked by the household")


async def waits_of(conn: Connection, floor: Floor, actor: Actor) -> tuple[list[Waiting], list[Kept]]:
    """Where the actor's household waits, and what is kept for it now. Raises NotPermitted."""
    actor.require(Permission.BOOK_FOR_OWN_MEMBERS)
    account = actor.own_account()
    waits = await queries.of_account(conn, account, floor.clock.now())
    now = floor.clock.now()
    return waits, [one for one in await queries.kept_for(conn, account) if one.until > now]


async def forget_old(conn: Connection, floor: Floor) -> int:
    """Delete places in the line that are over; how many."""
    return await queries.forget(conn, floor.clock.now())


async def _where(conn: Connection, wish: WaitWish) -> tuple[float, float] | None:
    """The middle of the postal code, where one is named and known."""
    if (wish.district_id is None) == (wish.pin_code is None):
        raise alerts.WhereMissing(field="pin_code")
    if wish.district_id is not None:
        await places.district(conn, wish.district_id)
        return None
    known = await places.places_of_pin(conn, wish.pin_code or "")
    if not known:
        raise alerts.UnknownPin(field="pin_code")
    found = ((one.latitude, one.longitude) for one in known)
    return next(((north, east) for north, east in found if north is not None and east is not None), None)
