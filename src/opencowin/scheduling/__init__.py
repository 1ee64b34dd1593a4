"""Scheduling: sessions with their slots, and the appointments that people book, move and cancel.

FHIR Schedule, Slot and Appointment. A booking is two facts kept apart: the person's claim (one live appointment at a
time) and the place's seat (never more than there are). On one database both are one transaction. Owns the tables
`session`, `session_directory`, `seat_hold`, `slot`, `slot_capacity`, `session_stock`, `appointment` and `claim`.
"""

from opencowin.scheduling.attendance import booked_here, refuse_if_booked, vaccinate
from opencowin.scheduling.booking import book, on_the_spot
from opencowin.scheduling.booking_slot import open_slot
from opencowin.scheduling.bulk import BulkSession, BulkSlot, days_with_sessions, publish_sessions
from opencowin.scheduling.changes import cancel, move
from opencowin.scheduling.holds import Hold, TooManySeats, end_holds, hold_of, hold_slot, let_go
from opencowin.scheduling.load import DayLoad, load_of_day
from opencowin.scheduling.model import (
    AppointmentState,
    AppointmentView,
    Booking,
    BookingWish,
    CentreSessions,
    NewSession,
    NewSlot,
    SessionView,
    SlotView,
    Wish,
)
from opencowin.scheduling.news import BOOKED, CANCELLED, MOVED, WITHDRAWN, BookingNews
from opencowin.scheduling.reading import appointments_of
from opencowin.scheduling.refusals import (
    AgesReversed,
    AlreadyWithdrawn,
    BookingChanged,
    BookingUndecided,
    CentreClosed,
    CentreMismatch,
    FeeInvalid,
    FullyBooked,
    HasAppointment,
    InvalidSlot,
    KeyReused,
    NobodyNamed,
    NoSuchBooking,
    NoSuchSession,
    NothingToCancel,
    NotInBooking,
    ReasonMissing,
    SessionIncomplete,
    SessionInPast,
    SessionWithdrawn,
    SlotBegun,
    SlotsDisordered,
    TooFarAhead,
    TooLateToChange,
)
from opencowin.scheduling.sessions import (
    check_session,
    find_sessions,
    offered_session,
    publish_session,
    withdraw_session,
)
from opencowin.scheduling.slip import Slip, printed_slip, qr_text, read_slip

__all__ = [
    "BOOKED",
    "CANCELLED",
    "MOVED",
    "WITHDRAWN",
    "AgesReversed",
    "AlreadyWithdrawn",
    "AppointmentState",
    "AppointmentView",
    "Booking",
    "BookingChanged",
    "BookingNews",
    "BookingUndecided",
    "BookingWish",
    "BulkSession",
    "BulkSlot",
    "CentreClosed",
    "CentreMismatch",
    "CentreSessions",
    "DayLoad",
    "FeeInvalid",
    "FullyBooked",
    "HasAppointment",
    "Hold",
    "InvalidSlot",
    "KeyReused",
    "NewSession",
    "NewSlot",
    "NoSuchBooking",
    "NoSuchSession",
    "NobodyNamed",
    "NotInBooking",
    "NothingToCancel",
    "ReasonMissing",
    "SessionInPast",
    "SessionIncomplete",
    "SessionView",
    "SessionWithdrawn",
    "Slip",
    "SlotBegun",
    "SlotView",
    "SlotsDisordered",
    "TooFarAhead",
    "TooLateToChange",
    "TooManySeats",
    "Wish",
    "appointments_of",
    "book",
    "booked_here",
    "cancel",
    "check_session",
    "days_with_sessions",
    "end_holds",
    "find_sessions",
    "hold_of",
    "hold_slot",
    "let_go",
    "load_of_day",
    "move",
    "offered_session",
    "on_the_spot",
    "open_slot",
    "printed_slip",
    "publish_session",
    "publish_sessions",
    "qr_text",
    "read_slip",
    "refuse_if_booked",
    "vaccinate",
    "withdraw_session",
]
