"""Booking where the person's side and the place's side are different databases: claim, seat, confirm; no step atomic.

Every step is one transaction on one side and can be lost, late or repeated. The commit that takes the seat is the
booking. What was left undecided is decided by anyone, at any time: a fence is put under the claims, after which no seat
can be taken for them any more, and then the claims are confirmed or released by what stands there. No clock takes part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from opencowin.kit.db import Pool, transaction
from opencowin.scheduling import seats, split_queries
from opencowin.scheduling.seats import Claim, Group, SeatKey

HOLDS = frozenset({"booked", "given"})
SWEPT_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Sides:
    """The two databases; each method is one step, a transaction of its own that may be repeated at will."""

    place: Pool
    person: Pool

    async def open_claims(self, seat: SeatKey, group: Group, programme_id: str, now: datetime) -> bool:
        """Claim for everybody or for nobody; False when somebody has a live claim already."""
        async with transaction(self.person) as conn:
            return await split_queries.open_claims(conn, seat, group, programme_id, now)

    async def take_seats(self, seat: SeatKey, group: Group, now: datetime) -> list[str]:
        """Take the seats: the booking itself."""
        async with transaction(self.place) as conn:
            return await seats.take(conn, seat, group, now, now)

    async def fence(self, seat: SeatKey, group: Group, now: datetime) -> list[str]:
        """What stands under each claim, now and for ever where it is void."""
        async with transaction(self.place) as conn:
            return await split_queries.fence(conn, seat, group, now)

    async def release_seats(self, seat: SeatKey, claims: Sequence[UUID], state: str, now: datetime) -> set[UUID]:
        """Give the seats of these claims back."""
        async with transaction(self.place) as conn:
            return await seats.release(conn, seat.district_id, seat.session_id, claims, state=state, now=now)

    async def confirm_claims(self, account_id: UUID, claims: Sequence[UUID]) -> None:
        """The seats of these claims are taken."""
        async with transaction(self.person) as conn:
            await split_queries.confirm_claims(conn, account_id, claims)

    async def release_claims(self, account_id: UUID, claims: Sequence[UUID]) -> None:
        """These claims have no seat: their people may book again."""
        async with transaction(self.person) as conn:
            await seats.release_claims(conn, [account_id] * len(claims), claims)

    async def claims_of(self, account_id: UUID, booking_id: UUID) -> list[Claim]:
        """The claims of a booking."""
        async with transaction(self.person) as conn:
            return await seats.claims_of_booking(conn, [account_id], booking_id)

    async def live_claims(self, group: Group) -> list[Claim]:
        """The live claims of a group's people, whatever booking made them."""
        async with transaction(self.person) as conn:
            return await seats.live_claims(conn, group.people)

    async def undecided(self, before: datetime) -> list[tuple[UUID, UUID]]:
        """Bookings (account, booking) with claims that were undecided at an instant, the oldest first."""
        async with transaction(self.person) as conn:
            return await split_queries.undecided(conn, before, SWEPT_AT_ONCE)


async def book_split(sides: Sides, seat: SeatKey, group: Group, programme_id: str, now: datetime) -> str:
    """Book a group of one household: booked, full, withdrawn, no_such_slot, has_appointment or void (book anew).

    The group's booking and claim ids are the request's identity: with the same ids it can be repeated after any fault.
    """
    account_id = group.people[0].account_id
    if not await sides.open_claims(seat, group, programme_id, now):
        for booking_id in {claim.booking_id for claim in await sides.live_claims(group)}:
            await resolve(sides, account_id, booking_id, now)
        if not await sides.open_claims(seat, group, programme_id, now):
            return "has_appointment" if await sides.live_claims(group) else "void"
    outcomes = await sides.take_seats(seat, group, now)
    if set(outcomes) == {"booked"}:
        await sides.confirm_claims(account_id, group.claims)
        return "booked"
    await resolve(sides, account_id, group.booking_id, now)
    return next(outcome for outcome in outcomes if outcome != "booked")


async def cancel_split(sides: Sides, account_id: UUID, booking_id: UUID, now: datetime) -> int:
    """Cancel what is live of a booking: the seats first, which is the cancellation, then the claims."""
    live = [claim for claim in await sides.claims_of(account_id, booking_id) if claim.live]
    if not live:
        return 0
    ended = await sides.release_seats(live[0].seat, [claim.claim_id for claim in live], "cancelled", now)
    await sides.release_claims(account_id, sorted(ended))
    return len(ended)


async def resolve(sides: Sides, account_id: UUID, booking_id: UUID, now: datetime) -> None:
    """Decide what is undecided of a booking, and release claims whose seats are gone. Anyone, any time, repeatedly."""
    by_seat: dict[SeatKey, list[Claim]] = {}
    for claim in await sides.claims_of(account_id, booking_id):
        if claim.live:
            by_seat.setdefault(claim.seat, []).append(claim)
    for seat, claims in sorted(by_seat.items()):
        group = Group(
            booking_id,
            tuple(claim.person for claim in claims),
            tuple(claim.claim_id for claim in claims),
            claims[0].dose_number,
        )
        states = dict(zip(group.claims, await sides.fence(seat, group, now), strict=True))
        if held := [claim_id for claim_id, state in states.items() if state in HOLDS]:
            await sides.confirm_claims(account_id, held)
        if gone := [claim_id for claim_id, state in states.items() if state not in HOLDS]:
            await sides.release_claims(account_id, gone)


async def sweep(sides: Sides, now: datetime, *, patience: timedelta) -> int:
    """Decide the bookings that have been undecided for longer than `patience`; how many there were.

    Patience only spares work: with none at all the outcome is as right.
    """
    bookings = await sides.undecided(now - patience)
    for account_id, booking_id in bookings:
        await resolve(sides, account_id, booking_id, now)
    return len(bookings)
