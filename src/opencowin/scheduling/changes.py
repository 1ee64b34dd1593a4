"""Moves bookings to another slot and cancels them, seat by seat exact."""

from collections.abc import Sequence
from uuid import UUID, uuid5

from opencowin.kit.actor import Actor, Permission
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.programme import current_programme
from opencowin.registry import Person, own_members
from opencowin.registry import members as household
from opencowin.scheduling import seats
from opencowin.scheduling.booking import note_on_behalf, refuse_outcome
from opencowin.scheduling.booking_slot import open_slot
from opencowin.scheduling.eligible import check_eligible
from opencowin.scheduling.model import WALK_IN, AppointmentState, Booking, LiveAppointment
from opencowin.scheduling.news import CANCELLED, MOVED, offer, tell
from opencowin.scheduling.refusals import (
    BookingChanged,
    FullyBooked,
    NoSuchBooking,
    NothingToCancel,
    NotInBooking,
    TooLateToChange,
)
from opencowin.scheduling.reserve import class_for
from opencowin.scheduling.seats import Group, SeatKey


async def move(  # noqa: PLR0917 (said in one breath: this booking, to that session and slot)
    conn: Connection, floor: Floor, actor: Actor, booking_id: UUID, session_id: UUID, slot: str
) -> Booking:
    """Move a booking with all its people to another slot; its number stays, and so does the day whose rules count.

    Either all of them move or nothing changes. To the slot where they are it is a success that changes nothing.
    Raises NotPermitted, NoSuchBooking, NothingToCancel, TooLateToChange, what `open_slot` and `check_eligible`
    raise, FullyBooked, BookingChanged.
    """
    actor.require(Permission.BOOK_FOR_OWN_MEMBERS)
    live = await _hold_live(conn, actor, booking_id)
    _refuse_late(floor, live)
    people = tuple(Person(one.account_id, one.beneficiary_id) for one in live)
    if (live[0].session_id, live[0].slot) == (session_id, slot.strip().upper()):
        return Booking(booking_id, session_id, live[0].slot, live[0].dose_number, people)
    session, target = await open_slot(conn, floor, session_id, slot)
    chosen = {person.beneficiary_id for person in people}
    members = [one for one in await household(conn, floor, actor) if one.person.beneficiary_id in chosen]
    booked_on = floor.clock.local(live[0].booked_at).date()
    rules = await current_programme(conn)
    dose = live[0].dose_number
    facts = await check_eligible(conn, members, session, dose, booked_on, rules)
    taken = WALK_IN
    if live[0].dose_class != WALK_IN:
        taken = class_for(session, target, facts.values(), dose, rules)
    seat = SeatKey(session.district_id, session.session_id, target.slot_number, taken)
    if target.free.get(seat.dose_class, 0) < len(people):
        raise FullyBooked(field="session_id")
    claims = tuple(uuid5(one.claim_id, f"{session_id}/{target.slot_number}") for one in live)
    group = Group(booking_id, people, claims, dose)
    async with conn.transaction():
        await _switch(conn, floor, live, (seat, group), rules.programme_id)
    now = floor.clock.now()
    await note_on_behalf(conn, actor, "scheduling.move", booking_id)
    await tell(conn, MOVED, ((actor.own_account(), booking_id, claim) for claim in claims), now)
    await offer(conn, [live[0].session_id])
    return Booking(booking_id, session_id, target.label, dose, people)


async def cancel(
    conn: Connection, floor: Floor, actor: Actor, booking_id: UUID, reference_ids: Sequence[int] | None = None
) -> int:
    """Cancel a booking for some of its people, or for all; how many appointments ended.

    Raises NotPermitted, NoSuchBooking, NothingToCancel, NoSuchBeneficiary, NotInBooking, TooLateToChange.
    """
    actor.require(Permission.BOOK_FOR_OWN_MEMBERS)
    if reference_ids is None:
        live = await _hold_live(conn, actor, booking_id)
    else:
        live = await _live_among(conn, floor, actor, booking_id, reference_ids)
    _refuse_late(floor, live)
    now = floor.clock.now()
    ended = await _release(conn, floor, live, AppointmentState.CANCELLED)
    if not ended:
        raise NothingToCancel
    await seats.release_claims(conn, [actor.own_account()] * len(ended), sorted(ended))
    await note_on_behalf(conn, actor, "scheduling.cancel", booking_id)
    await tell(conn, CANCELLED, ((actor.own_account(), booking_id, claim) for claim in sorted(ended)), now)
    await offer(conn, [live[0].session_id])
    return len(ended)


async def _hold_live(conn: Connection, actor: Actor, booking_id: UUID) -> list[LiveAppointment]:
    """The live appointments of an own booking; changes of one booking pass one after the other."""
    account = actor.own_account()
    await seats.hold_booking(conn, booking_id)
    live = [one for one in await seats.live_of_account(conn, account) if one.booking_id == booking_id]
    if live:
        return sorted(live, key=lambda one: one.beneficiary_id)
    if await seats.claims_of_booking(conn, [account], booking_id):
        raise NothingToCancel
    raise NoSuchBooking(field="appointment_id")


async def _live_among(
    conn: Connection, floor: Floor, actor: Actor, booking_id: UUID, reference_ids: Sequence[int]
) -> list[LiveAppointment]:
    """The live appointments of some of a booking's people, every one of whom must belong to it."""
    chosen = {one.person.beneficiary_id for one in await own_members(conn, floor, actor, list(reference_ids))}
    live = await _hold_live(conn, actor, booking_id)
    claims = await seats.claims_of_booking(conn, [actor.own_account()], booking_id)
    if not chosen or not chosen <= {claim.beneficiary_id for claim in claims}:
        raise NotInBooking(field="beneficiariesToCancel")
    left = [one for one in live if one.beneficiary_id in chosen]
    if not left:
        raise NothingToCancel
    return left


def _refuse_late(floor: Floor, live: Sequence[LiveAppointment]) -> None:
    if any(one.over(floor.clock) for one in live):
        raise TooLateToChange(field="appointment_id")


async def _release(
    conn: Connection, floor: Floor, live: Sequence[LiveAppointment], state: AppointmentState
) -> set[UUID]:
    """Give the seats of one booking back: its people are always in one session."""
    first, claims = live[0], [one.claim_id for one in live]
    now = floor.clock.now()
    return await seats.release(conn, first.district_id, first.session_id, claims, state=state.value, now=now)


async def _switch(
    conn: Connection, floor: Floor, live: Sequence[LiveAppointment], target: tuple[SeatKey, Group], programme_id: str
) -> None:
    """Old seats for new ones, under the locks of both, so that nobody can come between.

    The old ones are given back first: moving within a session must not need doses that the session has not.
    """
    first, (seat, group) = live[0], target
    old = SeatKey(first.district_id, first.session_id, first.slot_number, first.dose_class)
    await seats.hold_seats(conn, [old, seat])
    await seats.hold_stocks(conn, [old, seat])
    if len(await _release(conn, floor, live, AppointmentState.MOVED)) != len(live):
        raise BookingChanged
    now = floor.clock.now()
    outcomes = await seats.take(conn, seat, group, first.booked_at, now)
    for outcome in outcomes:
        refuse_outcome(outcome)
    await seats.release_claims(conn, group.accounts, [one.claim_id for one in live])
    await seats.insert_claims(conn, seat, group, programme_id, now)
