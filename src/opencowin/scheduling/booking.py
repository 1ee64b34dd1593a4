"""Books: some members, one dose, one slot, all or nothing, once for each request."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import in_scope
from opencowin.programme import Facts, Programme, current_programme
from opencowin.registry import Beneficiary, NoSuchBeneficiary, Person, find_person, own_members, read_person
from opencowin.scheduling import seats
from opencowin.scheduling.booking_slot import open_slot
from opencowin.scheduling.eligible import check_eligible
from opencowin.scheduling.holds import Hold, give_up, held_seats, hold_of, lock_seats
from opencowin.scheduling.model import (
    RESERVED,
    WALK_IN,
    AppointmentState,
    Booking,
    BookingWish,
    Session,
    SlotRow,
)
from opencowin.scheduling.news import BOOKED, tell
from opencowin.scheduling.refusals import (
    BookingUndecided,
    CentreMismatch,
    FullyBooked,
    HasAppointment,
    KeyReused,
    NobodyNamed,
    SessionWithdrawn,
)
from opencowin.scheduling.reserve import class_for
from opencowin.scheduling.seats import Group, SeatKey
from opencowin.scheduling.sessions import read_session

MOST_PEOPLE = 50


async def book(conn: Connection, floor: Floor, actor: Actor, wish: BookingWish) -> Booking:
    """Book seats for members of one's own household, all or none; the same request again answers the same booking.

    Raises NotPermitted, NobodyNamed, NoSuchBeneficiary, KeyReused, NoSuchSession, CentreMismatch, InvalidSlot,
    SlotBegun, TooFarAhead, SessionWithdrawn, NotEligible (one of its kinds), HasAppointment, FullyBooked.
    """
    actor.require(Permission.BOOK_FOR_OWN_MEMBERS)
    account = actor.own_account()
    members = await own_members(conn, floor, actor, named(wish))
    booking = await _book(conn, floor, wish, members, scope=account)
    await note_on_behalf(conn, actor, "scheduling.book", booking.booking_id)
    return booking


async def note_on_behalf(conn: Connection, actor: Actor, action: str, booking_id: UUID) -> None:
    """Write down what an operator did for a household; what it does itself needs no audit row."""
    if actor.kind is ActorKind.OPERATOR:
        await record(conn, actor, action, subject=("booking", booking_id), reason="on behalf of the household")


async def book_allotted(conn: Connection, floor: Floor, actor: Actor, wish: BookingWish) -> Booking:
    """Book what a draw allotted to a household: by the rules of `book`, but of sessions that only the draw gives.

    Only the platform itself may, for the account it names. Raises what `book` raises.
    """
    if actor.kind is not ActorKind.SYSTEM:
        raise NotPermitted
    actor.require(Permission.BOOK_FOR_OWN_MEMBERS)
    members = await own_members(conn, floor, actor, named(wish))
    booking = await _book(conn, floor, wish, members, scope=actor.own_account(), allotted=True)
    subject = ("booking", booking.booking_id)
    await record(conn, actor, "scheduling.book_allotted", subject=subject, reason="allotted by draw")
    return booking


async def on_the_spot(conn: Connection, floor: Floor, actor: Actor, wish: BookingWish) -> Booking:
    """Give walk-in seats of a slot to people who stand at the desk; allowed until the slot ends.

    Raises what `book` raises; NotPermitted also where the session is not in the actor's scope.
    """
    actor.require(Permission.VACCINATE)
    people = [await find_person(conn, reference) for reference in named(wish)]
    session = await read_session(conn, wish.session_id)
    if not await in_scope(conn, actor, district_id=session.district_id, centre_id=session.centre_id):
        raise NotPermitted
    members = []
    for person in sorted(people, key=lambda one: one.beneficiary_id):
        if not await seats.hold_person(conn, person):
            raise NoSuchBeneficiary(field="beneficiaries")
        members.append(await read_person(conn, floor, actor, person, reason="walk-in booking"))
    booking = await _book(conn, floor, wish, members, scope=uuid5(NAMESPACE_OID, actor.actor_id), walk_in=True)
    subject = ("booking", booking.booking_id)
    await record(conn, actor, "scheduling.on_the_spot", subject=subject, reason="walk-in booking")
    return booking


def refuse_outcome(outcome: str) -> None:
    """Raise the refusal that an outcome of taking seats stands for; nothing when they were taken."""
    match outcome:
        case "booked":
            return
        case "full" | "no_such_slot":
            raise FullyBooked(field="session_id")
        case "withdrawn":
            raise SessionWithdrawn(field="session_id")
        case "has_appointment":
            raise HasAppointment(field="beneficiaries")
        case _:
            raise BookingUndecided


async def _book(
    conn: Connection,
    floor: Floor,
    wish: BookingWish,
    members: Sequence[Beneficiary],
    *,
    scope: UUID,
    walk_in: bool = False,
    allotted: bool = False,
) -> Booking:
    people = tuple(member.person for member in members)
    if wish.key and (earlier := await _keyed(conn, uuid5(scope, wish.key), wish, people)):
        return earlier
    if not wish.key and (earlier := await _same_again(conn, floor, wish, people)):
        return earlier
    session, slot = await open_slot(conn, floor, wish.session_id, wish.slot, walk_in=walk_in, allotted=allotted)
    if wish.centre_id is not None and wish.centre_id != session.centre_id:
        raise CentreMismatch(field="center_id")
    rules = await current_programme(conn)
    facts = await check_eligible(conn, members, session, wish.dose_number, floor.clock.today(), rules)
    booking_id = booking_number(scope, wish)
    own = await hold_of(conn, people[0].account_id)
    hold = own if own and own.session_id == session.session_id else None
    if walk_in:
        seat = SeatKey(session.district_id, session.session_id, slot.slot_number, WALK_IN)
    else:
        seat = seat_wanted(session, slot, facts.values(), wish.dose_number, rules, hold)
    if is_short(session, slot, seat, len(people), hold):
        # The last seats may have gone to this very request, sent twice.
        if same := await _booked_meanwhile(conn, floor, wish, people, booking_id):
            return same
        raise FullyBooked(field="session_id")
    group = group_of(booking_id, people, wish.dose_number)
    await _clear_way(conn, floor, people, seat)
    now = floor.clock.now()
    outcome = await seats.book_local(conn, seat, group, rules.programme_id, now)
    if outcome == "has_appointment" and (same := await _booked_meanwhile(conn, floor, wish, people, booking_id)):
        return same
    refuse_outcome(outcome)
    await tell_booked(conn, [group], now)
    return Booking(booking_id, session.session_id, slot.label, wish.dose_number, people)


def named(wish: BookingWish) -> list[int]:
    """The references of the wish, each once."""
    references = list(dict.fromkeys(wish.reference_ids))
    if not 0 < len(references) <= MOST_PEOPLE:
        raise NobodyNamed(field="beneficiaries", most=MOST_PEOPLE)
    return references


def booking_number(scope: UUID, wish: BookingWish) -> UUID:
    """The number that a booking will have: with a key, the same for the same request."""
    return uuid5(scope, wish.key) if wish.key else uuid4()


def seat_wanted(  # noqa: PLR0917 (said in one breath: these people's seats of that slot)
    session: Session, slot: SlotRow, people: Collection[Facts], dose: int, rules: Programme, hold: Hold | None
) -> SeatKey:
    """The seats that these people take with an appointment; `hold`: what they hold of the session."""
    held = hold.seats if hold and hold.dose_class > RESERVED and hold.slot_number == slot.slot_number else 0
    taken = class_for(session, slot, people, dose, rules, held=held)
    return SeatKey(session.district_id, session.session_id, slot.slot_number, taken)


def is_short(session: Session, slot: SlotRow, seat: SeatKey, people: int, hold: Hold | None) -> bool:
    """Whether there are fewer seats or doses than people, beside what they hold of the session."""
    free = min(slot.free.get(seat.dose_class, 0), session.doses - session.doses_booked)
    return free + (hold.seats if hold else 0) < people


def group_of(booking_id: UUID, people: tuple[Person, ...], dose: int) -> Group:
    """The people of a booking with the claims that it makes first."""
    return Group(booking_id, people, tuple(_claim_id(booking_id, one) for one in people), dose)


async def tell_booked(conn: Connection, groups: Iterable[Group], now: datetime) -> None:
    """Queue the news that these groups are booked."""
    claims = (
        (account, group.booking_id, claim)
        for group in groups
        for account, claim in zip(group.accounts, group.claims, strict=True)
    )
    await tell(conn, BOOKED, claims, now)


def _claim_id(booking_id: UUID, person: Person) -> UUID:
    """The first claim of a person in a booking, so that the same request makes the same claims."""
    return uuid5(booking_id, str(person.beneficiary_id))


async def _booked_meanwhile(
    conn: Connection, floor: Floor, wish: BookingWish, people: tuple[Person, ...], booking_id: UUID
) -> Booking | None:
    """The booking that the same request, sent at the same time, has made."""
    if wish.key:
        return await _keyed(conn, booking_id, wish, people)
    return await _same_again(conn, floor, wish, people)


async def _keyed(conn: Connection, booking_id: UUID, wish: BookingWish, people: tuple[Person, ...]) -> Booking | None:
    """What a request with this key booked before, whatever became of it. Raises KeyReused for another request."""
    claims = await seats.claims_of_booking(conn, [person.account_id for person in people], booking_id)
    first = {claim.claim_id: claim for claim in claims if claim.claim_id == _first_claim_id(claim)}
    if not claims:
        return None
    session = await read_session(conn, wish.session_id)
    slot = session.slot_called(wish.slot)
    asked = {_claim_id(booking_id, person) for person in people}
    where = (wish.session_id, slot.slot_number if slot else None, wish.dose_number)
    if set(first) != asked or any((c.session_id, c.slot_number, c.dose_number) != where for c in first.values()):
        raise KeyReused(field="Idempotency-Key")
    return Booking(booking_id, wish.session_id, wish.slot.strip().upper(), wish.dose_number, people)


def _first_claim_id(claim: seats.Claim) -> UUID:
    return _claim_id(claim.booking_id, claim.person)


async def _same_again(conn: Connection, floor: Floor, wish: BookingWish, people: tuple[Person, ...]) -> Booking | None:
    """The live booking that this request would repeat: same people, session, slot and dose, made a short while ago."""
    since = floor.clock.now() - timedelta(minutes=floor.settings.retry_window_minutes)
    asked = (wish.session_id, wish.slot.strip().upper(), wish.dose_number)
    live = [one for one in await seats.live(conn, people) if one.booked_at >= since]
    same = [one for one in live if (one.session_id, one.slot, one.dose_number) == asked]
    if len(same) != len(people) or len({one.booking_id for one in same}) != 1:
        return None
    booking_id = same[0].booking_id
    claims = await seats.claims_of_booking(conn, [person.account_id for person in people], booking_id)
    if {claim.beneficiary_id for claim in claims if claim.live} != {person.beneficiary_id for person in people}:
        return None
    return Booking(booking_id, wish.session_id, same[0].slot, wish.dose_number, people)


async def _clear_way(conn: Connection, floor: Floor, people: tuple[Person, ...], wanted: SeatKey) -> None:
    """Give back what the people hold, and let who did not come to an appointment that is over book again.

    All seats are locked first, in their order.
    """
    held = (await held_seats(conn, people[0].account_id)).get(people[0].account_id)
    missed = [one for one in await seats.live(conn, people) if one.over(floor.clock)]
    if held is None and not missed:
        return
    keys = [SeatKey(one.district_id, one.session_id, one.slot_number, one.dose_class) for one in missed]
    await lock_seats(conn, [*keys, *([held.key] if held else []), wanted])
    if held:
        await give_up(conn, [held])
    for one in missed:
        ended = await seats.release(
            conn,
            one.district_id,
            one.session_id,
            [one.claim_id],
            state=AppointmentState.MISSED.value,
            now=floor.clock.now(),
        )
        if ended:
            await seats.release_claims(conn, [one.account_id], [one.claim_id])
