"""What scheduling deals in: sessions with their slots and free seats, wishes, bookings and appointments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from opencowin.kit.clock import Clock
from opencowin.places import Centre, PlaceNames
from opencowin.registry import Person

WALK_IN = 0
"""The dose class of seats for those who walk in, whatever their dose."""
MOST_CLASS = 20
RESERVED = 100
"""Dose classes above it are seats for a dose (so many less) that are reserved for the session's priority group."""


class Round(StrEnum):
    """What sort of session it is: for who comes, or a round for a workplace, near homes, at a school, at doors."""

    OPEN = "open"
    WORKPLACE = "workplace"
    NEAR_HOME = "near_home"
    SCHOOL = "school"
    HOME = "home"


class AppointmentState(StrEnum):
    """What became of an appointment; only booked and given hold a seat."""

    BOOKED = "booked"
    GIVEN = "given"
    MISSED = "missed"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    MOVED = "moved"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class NewSlot:
    """A time window with its seats by dose class (a dose number; 0: walk-ins)."""

    starts_at: time
    ends_at: time
    seats: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to be published; with `allot` its doses are taken from the centre's stock."""

    centre_id: int
    held_on: date
    vaccine_id: str
    min_age: int
    max_age: int | None
    fee: Decimal
    slots: tuple[NewSlot, ...]
    doses: int
    allot: bool = True
    round: str = Round.OPEN.value
    closed: bool = False
    """Whether it is left out of public search: people enter by an invitation code."""
    reserved_for: str | None = None
    """The priority group that seats of the classes above RESERVED are for."""
    opens_to_all_at: datetime | None = None
    bookable_from: datetime | None = None
    """When booking opens, for all at once; None: when it is published."""


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A slot as stored, with the seats left by dose class."""

    slot_number: int
    starts_at: time
    ends_at: time
    free: Mapping[int, int]

    @property
    def label(self) -> str:
        """How people and callers name the slot: 09:00AM-11:00AM."""
        return f"{self.starts_at:%I:%M%p}-{self.ends_at:%I:%M%p}"


@dataclass(frozen=True, slots=True)
class Session:
    """A session as stored, with what is left of it at this moment."""

    district_id: int
    session_id: UUID
    centre_id: int
    programme_id: str
    held_on: date
    vaccine_id: str
    min_age: int
    max_age: int | None
    fee: Decimal
    state: str
    doses: int
    doses_booked: int
    stored_slots: list[list[Any]]
    round: str = Round.OPEN.value
    closed: bool = False
    reserved_for: str | None = None
    opens_to_all_at: datetime | None = None
    publish_at: datetime | None = None
    held_back: str | None = None
    template_id: UUID | None = None
    bookable_from: datetime | None = None
    draw_id: UUID | None = None
    """The draw that its seats are allotted by; nobody else is given any while it lasts."""

    def opens(self, now: datetime) -> datetime | None:
        """When booking opens, if it has not yet."""
        return self.bookable_from if self.bookable_from and self.bookable_from > now else None

    def ends(self, clock: Clock) -> datetime:
        """When its last slot ends."""
        return begins(clock, self.held_on, max((slot.ends_at for slot in self.slots), default=time(0)))

    @property
    def slots(self) -> list[SlotRow]:
        """Its slots in the order of the day."""
        return [
            SlotRow(number, time.fromisoformat(starts), time.fromisoformat(ends), {int(c): n for c, n in free.items()})
            for number, starts, ends, free in self.stored_slots
        ]

    def slot_called(self, label: str) -> SlotRow | None:
        """The slot with this label."""
        wanted = label.strip().upper()
        return next((slot for slot in self.slots if slot.label == wanted), None)


def begins(clock: Clock, held_on: date, starts_at: time) -> datetime:
    """The instant of a wall-clock time on a day in the country's zone."""
    return datetime.combine(held_on, starts_at, tzinfo=clock.zone)


@dataclass(frozen=True, slots=True)
class SlotView:
    """A slot as people see it: seats that can be booked now, by dose number."""

    label: str
    starts_at: time
    ends_at: time
    free: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as people see it: what can be booked now, by dose number and in all."""

    session_id: UUID
    held_on: date
    vaccine_id: str
    min_age: int
    max_age: int | None
    fee: Decimal
    slots: list[SlotView]
    free_by_dose: Mapping[int, int]
    free_total: int
    bookable_from: datetime | None = None
    """When booking opens; None when it has."""
    draw_id: UUID | None = None
    """The draw that allots its seats now."""


def view(session: Session, clock: Clock) -> SessionView:
    """What can be booked of it now: never more than its doses, nothing before it opens, in a draw, or in slots that
    have begun."""
    now = clock.now()
    opens = session.opens(now)
    stock = 0 if opens or session.draw_id else max(session.doses - session.doses_booked, 0)
    slots: list[SlotView] = []
    left: dict[int, int] = {}
    for slot in session.slots:
        begun = begins(clock, session.held_on, slot.starts_at) <= now
        free = {c: 0 if begun else min(n, stock) for c, n in sorted(slot.free.items()) if WALK_IN < c < RESERVED}
        slots.append(SlotView(slot.label, slot.starts_at, slot.ends_at, free))
        for dose, seats in free.items():
            left[dose] = left.get(dose, 0) + seats
    return SessionView(
        session_id=session.session_id,
        held_on=session.held_on,
        vaccine_id=session.vaccine_id,
        min_age=session.min_age,
        max_age=session.max_age,
        fee=session.fee,
        slots=slots,
        free_by_dose={dose: min(seats, stock) for dose, seats in left.items()},
        free_total=min(sum(left.values()), stock),
        bookable_from=opens,
        draw_id=session.draw_id,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which sessions are looked for: by one of district, postal code or centres, from a day on for some days."""

    from_date: date
    days: int = 7
    district_id: int | None = None
    pin_code: str | None = None
    centre_id: int | None = None
    centre_ids: tuple[int, ...] = ()
    vaccine_id: str | None = None
    only_free: bool = False
    closed: bool = False
    """Whether sessions for invited people are wanted too: those who hold them see them."""


@dataclass(frozen=True, slots=True)
class CentreSessions:
    """A centre, the names of where it lies, and its sessions."""

    centre: Centre
    place: PlaceNames
    sessions: list[SessionView]


@dataclass(frozen=True, slots=True)
class BookingWish:
    """One booking call: some members, one dose number, one slot. `key` makes a repeated call the same call."""

    dose_number: int
    session_id: UUID
    slot: str
    reference_ids: tuple[int, ...]
    centre_id: int | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Booking:
    """A booking that stands; callers know `booking_id` as the appointment's number."""

    booking_id: UUID
    session_id: UUID
    slot: str
    dose_number: int
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class LiveAppointment:
    """A live appointment as stored, with its session's day and place."""

    account_id: UUID
    claim_id: UUID
    booking_id: UUID
    beneficiary_id: UUID
    dose_number: int
    dose_class: int
    district_id: int
    session_id: UUID
    slot_number: int
    booked_at: datetime
    centre_id: int
    held_on: date
    vaccine_id: str
    starts_at: time
    ends_at: time

    @property
    def slot(self) -> str:
        """The label of its slot."""
        return SlotRow(self.slot_number, self.starts_at, self.ends_at, {}).label

    def over(self, clock: Clock) -> bool:
        """Whether its slot has ended."""
        return begins(clock, self.held_on, self.ends_at) <= clock.now()


@dataclass(frozen=True, slots=True)
class AppointmentView:
    """A live appointment as people see it."""

    booking_id: UUID
    beneficiary_id: UUID
    session_id: UUID
    slot: str
    starts_at: time
    ends_at: time
    dose_number: int
    held_on: date
    vaccine_id: str
    state: AppointmentState
    booked_at: datetime
    centre: Centre
    place: PlaceNames
