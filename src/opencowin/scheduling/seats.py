"""SQL of seats and claims: the steps of booking, moving and cancelling. One function, one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import LiteralString, cast
from uuid import UUID

from opencowin.kit.db import Connection, fetch_all, fetch_value, run, touch
from opencowin.registry import Person
from opencowin.scheduling.model import LiveAppointment


@dataclass(frozen=True, slots=True, order=True)
class SeatKey:
    """The key of the row that counts some seats; sorted, the order in which they are locked."""

    district_id: int
    session_id: UUID
    slot_number: int
    dose_class: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as stored, whatever its state."""

    account_id: UUID
    claim_id: UUID
    booking_id: UUID
    beneficiary_id: UUID
    dose_number: int
    district_id: int
    session_id: UUID
    slot_number: int
    dose_class: int
    state: str

    @property
    def person(self) -> Person:
        """For whom."""
        return Person(self.account_id, self.beneficiary_id)

    @property
    def live(self) -> bool:
        """Whether it keeps the person from making another one."""
        return self.state in {"pending", "confirmed"}

    @property
    def seat(self) -> SeatKey:
        """The seats that it is about."""
        return SeatKey(self.district_id, self.session_id, self.slot_number, self.dose_class)


@dataclass(frozen=True, slots=True)
class Group:
    """The people of one booking, each with the claim that is or will be theirs, and the dose they come for."""

    booking_id: UUID
    people: tuple[Person, ...]
    claims: tuple[UUID, ...]
    dose_number: int

    @property
    def accounts(self) -> list[UUID]:
        """The account of each person."""
        return [person.account_id for person in self.people]

    @property
    def beneficiaries(self) -> list[UUID]:
        """The id of each person."""
        return [person.beneficiary_id for person in self.people]


async def live(conn: Connection, people: Sequence[Person]) -> list[LiveAppointment]:
    """The live appointments of these people."""
    return await fetch_all(
        conn,
        LiveAppointment,
        """
        SELECT * FROM live_appointments(%(accounts)s::uuid[], %(beneficiaries)s::uuid[]) ORDER BY beneficiary_id
        """,
        accounts=[person.account_id for person in people],
        beneficiaries=[person.beneficiary_id for person in people],
    )


async def live_of_account(conn: Connection, account_id: UUID) -> list[LiveAppointment]:
    """The live appointments of a household, by day."""
    return await fetch_all(
        conn,
        LiveAppointment,
        """
        SELECT c.account_id, c.claim_id, c.booking_id, c.beneficiary_id, c.dose_number, c.dose_class, c.district_id,
               c.session_id, c.slot_number, a.booked_at, s.centre_id, s.held_on, s.vaccine_id, l.starts_at, l.ends_at
        FROM claim c
        CROSS JOIN LATERAL seat_booked_at(c.district_id, c.session_id, c.claim_id) AS a (booked_at)
        JOIN session s ON s.district_id = c.district_id AND s.session_id = c.session_id
        JOIN slot l ON l.district_id = c.district_id AND l.session_id = c.session_id AND l.slot_number = c.slot_number
        WHERE c.account_id = %(account_id)s AND c.state IN ('pending', 'confirmed') AND a.booked_at IS NOT NULL
        ORDER BY s.held_on, l.starts_at, c.beneficiary_id
        """,
        account_id=account_id,
    )


async def claims_of_booking(conn: Connection, accounts: Sequence[UUID], booking_id: UUID) -> list[Claim]:
    """Every claim that a booking ever made."""
    return await fetch_all(
        conn,
        Claim,
        """
        SELECT account_id, claim_id, booking_id, beneficiary_id, dose_number, district_id, session_id, slot_number,
               dose_class, state
        FROM claim WHERE account_id = ANY (%(accounts)s) AND booking_id = %(booking_id)s ORDER BY beneficiary_id
        """,
        accounts=list(accounts),
        booking_id=booking_id,
    )


async def hold_booking(conn: Connection, booking_id: UUID) -> None:
    """Let changes of one booking pass one after the other; before any other lock."""
    await fetch_value(conn, "SELECT pg_advisory_xact_lock(hashtextextended(%(id)s::text, 0))", id=str(booking_id))


async def hold_person(conn: Connection, person: Person, *, alone: bool = False) -> bool:
    """Keep a person's row as it is until the transaction ends; `alone`: nobody else may hold it meanwhile."""
    mode: LiteralString = "FOR NO KEY UPDATE" if alone else "FOR SHARE"
    statement: LiteralString = """
        SELECT true FROM beneficiary
        WHERE account_id = %(account_id)s AND beneficiary_id = %(beneficiary_id)s AND deleted_at IS NULL
        """
    found = await fetch_value(
        conn, statement + mode, account_id=person.account_id, beneficiary_id=person.beneficiary_id
    )
    return found is True


async def hold_seats(conn: Connection, keys: Sequence[SeatKey]) -> int:
    """Lock the rows that count these seats, by key."""
    return await run(
        conn,
        """
        SELECT 1 FROM slot_capacity s
        JOIN unnest(%(districts)s::int[], %(sessions)s::uuid[], %(slots)s::smallint[], %(classes)s::smallint[])
             AS k (d, s, n, c)
          ON (s.district_id, s.session_id, s.slot_number, s.dose_class) = (k.d, k.s, k.n, k.c)
        ORDER BY s.district_id, s.session_id, s.slot_number, s.dose_class FOR UPDATE OF s
        """,
        districts=[key.district_id for key in keys],
        sessions=[key.session_id for key in keys],
        slots=[key.slot_number for key in keys],
        classes=[key.dose_class for key in keys],
    )


async def hold_stocks(conn: Connection, keys: Sequence[SeatKey]) -> int:
    """Lock the stocks of these seats' sessions, by key; after the seats."""
    return await run(
        conn,
        """
        SELECT 1 FROM session_stock t
        WHERE (t.district_id, t.session_id) IN (SELECT * FROM unnest(%(districts)s::int[], %(sessions)s::uuid[]))
        ORDER BY t.district_id, t.session_id FOR UPDATE OF t
        """,
        districts=[key.district_id for key in keys],
        sessions=[key.session_id for key in keys],
    )


async def book_all(
    conn: Connection, orders: Sequence[tuple[SeatKey, Group]], programme_id: str, now: datetime
) -> list[str]:
    """Claim and seat groups of any slots and doses in one call; the outcome of each group, as of `book_local`."""
    for seat, _ in orders:
        touch(seat.district_id)
    each = [
        (number, seat, group, person, claim)
        for number, (seat, group) in enumerate(orders)
        for person, claim in zip(group.people, group.claims, strict=True)
    ]
    outcomes = await fetch_value(
        conn,
        """
        SELECT book_all(%(districts)s::int[], %(sessions)s::uuid[], %(slots)s::smallint[], %(classes)s::smallint[],
                        %(doses)s::smallint[], %(programme)s, %(groups)s::int[], %(claims)s::uuid[],
                        %(bookings)s::uuid[], %(accounts)s::uuid[], %(beneficiaries)s::uuid[], %(now)s)
        """,
        districts=[seat.district_id for _, seat, *_ in each],
        sessions=[seat.session_id for _, seat, *_ in each],
        slots=[seat.slot_number for _, seat, *_ in each],
        classes=[seat.dose_class for _, seat, *_ in each],
        doses=[group.dose_number for *_, group, _, _ in each],
        programme=programme_id,
        groups=[number for number, *_ in each],
        claims=[claim for *_, claim in each],
        bookings=[group.booking_id for *_, group, _, _ in each],
        accounts=[person.account_id for *_, person, _ in each],
        beneficiaries=[person.beneficiary_id for *_, person, _ in each],
        now=now,
    )
    firsts = accumulate((len(group.claims) for _, group in orders[:-1]), initial=0)
    return [str(outcomes[first]) for first in firsts]


async def book_local(conn: Connection, seat: SeatKey, group: Group, programme_id: str, now: datetime) -> str:
    """Claim and seat one group; the outcome.

    Outcomes: booked, full, withdrawn, no_such_slot, has_appointment, or void.
    """
    touch(seat.district_id)
    outcomes = await fetch_value(
        conn,
        """
        SELECT book_local(%(district)s, %(session)s, %(slot)s::smallint, %(dose_class)s::smallint, %(dose)s::smallint,
                          %(programme)s, %(groups)s::int[], %(claims)s::uuid[], %(bookings)s::uuid[],
                          %(accounts)s::uuid[], %(beneficiaries)s::uuid[], %(now)s)
        """,
        district=seat.district_id,
        session=seat.session_id,
        slot=seat.slot_number,
        dose_class=seat.dose_class,
        dose=group.dose_number,
        programme=programme_id,
        groups=[1] * len(group.claims),
        claims=list(group.claims),
        bookings=[group.booking_id] * len(group.claims),
        accounts=group.accounts,
        beneficiaries=group.beneficiaries,
        now=now,
    )
    return str(outcomes[0])


async def take(conn: Connection, seat: SeatKey, group: Group, booked_at: datetime, now: datetime) -> list[str]:
    """Take seats for a group's claims; what stands for each: booked, full, withdrawn, no_such_slot, void, ..."""
    touch(seat.district_id)
    outcome = await fetch_value(
        conn,
        """
        SELECT seat_take(%(district)s, %(session)s, %(slot)s::smallint, %(dose_class)s::smallint, %(dose)s::smallint,
                         %(groups)s::int[], %(claims)s::uuid[], %(bookings)s::uuid[], %(accounts)s::uuid[],
                         %(beneficiaries)s::uuid[], %(booked_at)s, %(now)s)
        """,
        district=seat.district_id,
        session=seat.session_id,
        slot=seat.slot_number,
        dose_class=seat.dose_class,
        dose=group.dose_number,
        groups=[1] * len(group.claims),
        claims=list(group.claims),
        bookings=[group.booking_id] * len(group.claims),
        accounts=group.accounts,
        beneficiaries=group.beneficiaries,
        booked_at=booked_at,
        now=now,
    )
    return cast(list[str], outcome)


async def release(
    conn: Connection, district_id: int, session_id: UUID, claims: Sequence[UUID], *, state: str, now: datetime
) -> set[UUID]:
    """Give the seats of these claims back; which of them held one."""
    touch(district_id)
    cursor = await conn.execute(
        "SELECT seat_release(%(district)s, %(session)s, %(claims)s::uuid[], %(state)s, %(now)s)",
        {"district": district_id, "session": session_id, "claims": list(claims), "state": state, "now": now},
    )
    return {row[0] for row in await cursor.fetchall()}


async def release_claims(conn: Connection, accounts: Sequence[UUID], claims: Sequence[UUID]) -> int:
    """Let the people of these claims book again."""
    released = await fetch_value(
        conn,
        "SELECT claim_release(%(accounts)s::uuid[], %(claims)s::uuid[])",
        accounts=list(accounts),
        claims=list(claims),
    )
    return int(released)


async def insert_claims(conn: Connection, seat: SeatKey, group: Group, programme_id: str, at: datetime) -> int:
    """Claims for seats that were taken by moving."""
    return await run(
        conn,
        """
        INSERT INTO claim (account_id, claim_id, booking_id, beneficiary_id, programme_id, dose_number, district_id,
                           session_id, slot_number, dose_class, state, claimed_at)
        SELECT u.a, u.c, %(booking)s, u.p, %(programme)s, %(dose)s, %(district)s, %(session)s, %(slot)s,
               %(dose_class)s, 'confirmed', %(at)s
        FROM unnest(%(accounts)s::uuid[], %(claims)s::uuid[], %(beneficiaries)s::uuid[]) AS u (a, c, p) ORDER BY u.p
        """,
        accounts=group.accounts,
        claims=list(group.claims),
        beneficiaries=group.beneficiaries,
        booking=group.booking_id,
        programme=programme_id,
        dose=group.dose_number,
        district=seat.district_id,
        session=seat.session_id,
        slot=seat.slot_number,
        dose_class=seat.dose_class,
        at=at,
    )


async def fulfil(conn: Connection, appointment: LiveAppointment, now: datetime) -> bool:
    """The dose was given: the appointment and its claim say so; False when it was not live any more."""
    found = await fetch_value(
        conn,
        "SELECT seat_fulfil(%(account)s, %(claim)s, %(district)s, %(session)s, %(now)s)",
        district=appointment.district_id,
        session=appointment.session_id,
        claim=appointment.claim_id,
        account=appointment.account_id,
        now=now,
    )
    return found is True


async def fulfil_free(conn: Connection, appointments: Sequence[LiveAppointment], now: datetime) -> int:
    """As `fulfil`, for those of these that are live and that nobody else holds; how many."""
    found = await fetch_value(
        conn,
        "SELECT seats_fulfil_free(%(districts)s::int[], %(sessions)s::uuid[], %(claims)s::uuid[], %(now)s)",
        districts=[one.district_id for one in appointments],
        sessions=[one.session_id for one in appointments],
        claims=[one.claim_id for one in appointments],
        now=now,
    )
    return int(found)


async def doses_given(conn: Connection, district_id: int, session_id: UUID) -> int:
    """How many appointments of a session were fulfilled; of one long over, also while its rows are away."""
    found = await fetch_value(
        conn,
        """
        SELECT CASE WHEN s.held_on < current_date - 7 THEN t.booked - a.live ELSE a.given END
        FROM session s JOIN session_stock t USING (district_id, session_id)
        CROSS JOIN LATERAL (
            SELECT count(*) FILTER (WHERE state = 'booked') AS live, count(*) FILTER (WHERE state = 'given') AS given
            FROM appointment a WHERE a.district_id = s.district_id AND a.session_id = s.session_id) a
        WHERE s.district_id = %(district)s AND s.session_id = %(session)s
        """,
        district=district_id,
        session=session_id,
    )
    return int(found)


async def live_claims(conn: Connection, people: Sequence[Person]) -> list[Claim]:
    """The live claims of these people, whatever stands on the place side."""
    return await fetch_all(
        conn,
        Claim,
        """
        SELECT account_id, claim_id, booking_id, beneficiary_id, dose_number, district_id, session_id, slot_number,
               dose_class, state
        FROM claim
        WHERE state IN ('pending', 'confirmed') AND (account_id, beneficiary_id) IN (
            SELECT * FROM unnest(%(accounts)s::uuid[], %(beneficiaries)s::uuid[]))
        """,
        accounts=[person.account_id for person in people],
        beneficiaries=[person.beneficiary_id for person in people],
    )
