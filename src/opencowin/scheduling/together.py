"""Books many calls in one transaction: what is read, is read for all at once; what is decided, is decided one by one.

The same rules as `book`, in the same order. What only few calls meet (a repeated call, a hold of another slot, an
appointment that was missed) is left to `book`, which takes its time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from opencowin.kit.actor import Actor, ActorKind, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.kit.sharing import Alone, Disturbed, Told
from opencowin.programme import Programme, Wish, current_programme
from opencowin.registry import Beneficiary, members_of_households, named_members
from opencowin.scheduling import queries, seats
from opencowin.scheduling.booking import (
    booking_number,
    group_of,
    is_short,
    named,
    refuse_outcome,
    seat_wanted,
    tell_booked,
)
from opencowin.scheduling.booking_slot import slot_open_now
from opencowin.scheduling.eligible import KnownFacts, facts_of_members, refuse_unless_all, wish_of
from opencowin.scheduling.holds import Hold, give_up, held_seats, lock_seats
from opencowin.scheduling.model import Booking, BookingWish, Session
from opencowin.scheduling.refusals import CentreMismatch, FullyBooked, NoSuchSession
from opencowin.scheduling.seats import Group, SeatKey


@dataclass(frozen=True, slots=True)
class Asked:
    """One booking call and who makes it."""

    actor: Actor
    wish: BookingWish


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read for all of them."""

    members: Mapping[tuple[UUID, int], Beneficiary]
    sessions: Mapping[UUID, Session]
    busy: set[UUID]
    holds: Mapping[UUID, Hold]
    facts: KnownFacts
    wishes: Mapping[tuple[UUID, int], Wish]
    rules: Programme


@dataclass(frozen=True, slots=True)
class _Order:
    """A booking that may be made: its people, and the seats that they want."""

    at: int
    seat: SeatKey
    group: Group
    label: str
    hold: Hold | None


async def book_together(conn: Connection, floor: Floor, asked: Sequence[Asked]) -> list[Told[Booking]]:
    """Book each call or refuse it, in their order; all outcomes hold from the commit on. Raises Disturbed."""
    outcomes: list[Told[Booking]] = [Alone()] * len(asked)
    ours = dict(_one_of_each_household(asked))
    known = await _read(conn, floor, list(ours.values()))
    orders = []
    for at, one in ours.items():
        try:
            orders.append(_order(floor, at, one, known))
        except (Refusal, Alone) as no:
            outcomes[at] = no
    for order, outcome in await _take(conn, floor, orders, known.rules):
        outcomes[order.at] = _told(order, outcome)
    booked = [order.group for order in orders if isinstance(outcomes[order.at], Booking)]
    await tell_booked(conn, booked, floor.clock.now())
    return outcomes


def _one_of_each_household(asked: Sequence[Asked]) -> Iterator[tuple[int, Asked]]:
    """The calls that can be booked together: people of their own, one call of each household."""
    met = set()
    for at, one in enumerate(asked):
        if one.actor.kind is ActorKind.CITIZEN and one.actor.account_id not in met:
            met.add(one.actor.account_id)
            yield at, one


async def _read(conn: Connection, floor: Floor, asked: Sequence[Asked]) -> _Known:
    """Seats before claims: where a repeated call has just taken the last seat, its claim is seen."""
    wanted = {one.actor.own_account(): list(dict.fromkeys(one.wish.reference_ids)) for one in asked}
    members = await members_of_households(conn, floor, wanted)
    found = await queries.sessions_with_ids(conn, list({one.wish.session_id for one in asked}))
    sessions = {session.session_id: session for session in found}
    bookings = [booking_number(one.actor.own_account(), one.wish) for one in asked if one.wish.key]
    busy = await queries.accounts_with_bookings(conn, [one.person for one in members.values()], bookings)
    rules, today = await current_programme(conn), floor.clock.today()
    kinds = {(one.wish.session_id, one.wish.dose_number) for one in asked if one.wish.session_id in sessions}
    return _Known(
        members=members,
        sessions=sessions,
        busy=busy,
        holds=await held_seats(conn, *wanted),
        facts=await facts_of_members(conn, list(members.values())),
        wishes={kind: await wish_of(conn, sessions[kind[0]], kind[1], today, rules) for kind in sorted(kinds)},
        rules=rules,
    )


def _order(floor: Floor, at: int, one: Asked, known: _Known) -> _Order:
    """What may be booked for a call. Raises what `book` raises, and Alone."""
    actor, wish = one.actor, one.wish
    actor.require(Permission.BOOK_FOR_OWN_MEMBERS)
    account = actor.own_account()
    members = named_members(known.members, actor, named(wish))
    hold = known.holds.get(account)
    if account in known.busy or (hold and hold.session_id != wish.session_id):
        raise Alone
    session = known.sessions.get(wish.session_id)
    if session is None:
        raise NoSuchSession(field="session_id")
    slot = slot_open_now(floor, session, wish.slot)
    if wish.centre_id is not None and wish.centre_id != session.centre_id:
        raise CentreMismatch(field="center_id")
    refuse_unless_all(members, known.facts, known.wishes[wish.session_id, wish.dose_number], known.rules)
    facts = [known.facts[member.person.beneficiary_id] for member in members]
    seat = seat_wanted(session, slot, facts, wish.dose_number, known.rules, hold)
    if hold and hold.key != seat:
        raise Alone
    if is_short(session, slot, seat, len(members), hold):
        raise FullyBooked(field="session_id")
    people = tuple(member.person for member in members)
    return _Order(at, seat, group_of(booking_number(account, wish), people, wish.dose_number), slot.label, hold)


async def _take(conn: Connection, floor: Floor, orders: Iterable[_Order], rules: Programme) -> list[tuple[_Order, str]]:
    """Take the seats in their order; the outcome of each. Raises Disturbed when who holds seats does not get them."""
    ordered = sorted(orders, key=lambda one: one.seat)
    if holds := [one.hold for one in ordered if one.hold]:
        await lock_seats(conn, list(dict.fromkeys(one.seat for one in ordered)))
        await give_up(conn, holds)
    pairs = [(one.seat, one.group) for one in ordered]
    outcomes = await seats.book_all(conn, pairs, rules.programme_id, floor.clock.now()) if pairs else []
    told = list(zip(ordered, outcomes, strict=True))
    if any(order.hold and outcome != "booked" for order, outcome in told):
        raise Disturbed
    return told


def _told(order: _Order, outcome: str) -> Told[Booking]:
    if outcome in {"has_appointment", "void"}:
        return Alone()
    try:
        refuse_outcome(outcome)
    except Refusal as no:
        return no
    group = order.group
    return Booking(group.booking_id, order.seat.session_id, order.label, group.dose_number, group.people)
