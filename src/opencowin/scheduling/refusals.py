"""What scheduling refuses, with the codes that callers of the Co-WIN API know where there is one."""

from opencowin.kit.errors import Conflict, Forbidden, Invalid, NotFound


class NoSuchSession(NotFound):
    """This session does not exist. Search again and choose one from the list."""

    code = "APPOIN0051"


class SessionWithdrawn(Conflict):
    """This session has been withdrawn. Please choose another one."""

    code = "APPOIN0052"


class InvalidSlot(Invalid):
    """Invalid Slot Id"""

    code = "APPOIN0015"


class SlotBegun(Conflict):
    """This time has begun or is over. Please choose a later one."""

    code = "APPOIN0053"


class TooFarAhead(Invalid):
    """This session cannot be booked yet: bookings open {days} days ahead."""

    code = "APPOIN0054"
    counted = "days"
    one = "This session cannot be booked yet: bookings open one day ahead."


class AllottedByDraw(Conflict):
    """The seats of this session are allotted by draw. Enter the draw, or choose another session."""

    code = "APPOIN0066"


class NotForDraw(Conflict):
    """A draw takes published sessions of its district that are open to all, without reserved seats or another draw."""

    code = "APPOIN0067"


class NotOpenYet(Conflict):
    """Booking for this session opens at {opens}. Come back then, or choose another one."""

    code = "APPOIN0065"


class CentreMismatch(Invalid):
    """This session is not held at that centre. Search again and choose one from the list."""

    code = "APPOIN0055"


class NobodyNamed(Invalid):
    """Name at least one member, and at most {most}."""

    code = "APPOIN0056"


class FullyBooked(Conflict):
    """This vaccination center is completely booked for the selected date. Please try another date or vaccination center."""  # noqa: E501

    code = "APPOIN0040"


class HasAppointment(Conflict):
    """A member of this booking has an appointment already. Cancel or move the existing appointment first."""

    code = "APPOIN0022"


class KeyReused(Conflict):
    """This idempotency key was used for another booking. Use a new key for a new booking."""

    code = "APPOIN0057"


class NoSuchBooking(NotFound):
    """You have no booking with this number."""

    code = "APPOIN0058"


class NotInBooking(Invalid):
    """A person named here is not part of this booking."""

    code = "APPOIN0059"


class NothingToCancel(Conflict):
    """There is nothing to cancel: this appointment has been given, cancelled or withdrawn already."""

    code = "APPOIN0060"


class TooLateToChange(Conflict):
    """The time of this appointment is over: it can't be cancelled or moved any more."""

    code = "APPOIN0061"


class BookingChanged(Conflict):
    """This booking has just been changed by somebody else. Look at it again, then repeat what you wanted."""

    code = "APPOIN0062"


class BookingUndecided(Conflict):
    """Nothing was booked. Please book again."""

    code = "APPOIN0063"


class SessionIncomplete(Invalid):
    """A session needs at least one slot with seats, a known vaccine, and doses between 0 and {most}."""

    code = "SESION0001"


class SessionInPast(Invalid):
    """This session would be over already: choose a later day or time."""

    code = "SESION0002"


class SlotsDisordered(Invalid):
    """Slots must follow each other without overlap, each beginning before it ends, in whole minutes."""

    code = "SESION0003"


class AgesReversed(Invalid):
    """The youngest age must be 0 or more and not above the oldest."""

    code = "SESION0004"


class FeeInvalid(Invalid):
    """A fee is 0 or more, with at most two decimals, and 0 at a centre that is free of charge."""

    code = "SESION0005"


class CentreClosed(Conflict):
    """This centre is closed: sessions cannot be published there."""

    code = "SESION0006"


class AlreadyWithdrawn(Conflict):
    """This session has been withdrawn already."""

    code = "SESION0007"


class FeeAboveCap(Invalid):
    """A dose of this vaccine may cost at most {most}."""

    code = "SESION0009"


class NotADraft(Conflict):
    """This session is no draft any more: it is published or withdrawn."""

    code = "SESION0010"


class BelowBooked(Conflict):
    """{booked} are booked already: there cannot be fewer. Withdraw the session, or leave as many."""

    code = "SESION0011"


class SessionIssued(Conflict):
    """The session has its doses already: close it, and what is left goes back."""

    code = "SESION0012"


class NoSuchTemplate(NotFound):
    """There is no such weekly template, or it is not used any more."""

    code = "SESION0013"


class TemplateIncomplete(Invalid):
    """Give the template a name and at least one day of the week."""

    code = "SESION0014"


class TooManyWeeks(Invalid):
    """Choose between 1 and {most} weeks."""

    code = "SESION0015"


class UnknownGroup(Invalid):
    """Choose a priority group of the programme."""

    code = "SESION0016"


class NotInvited(NotFound):
    """This invitation code opens nothing: check it with whoever invited you."""

    code = "SESION0017"


class CentreHasSessions(Conflict):
    """This centre still holds {sessions} sessions: withdraw them first."""

    code = "SESION0018"


class ReasonMissing(Invalid):
    """Say why the session is withdrawn: those who booked are told."""

    code = "SESION0008"


class ProofNeeded(Forbidden):
    """Nobody with this reference is booked here today. Ask for the secret code on the slip."""

    code = "LOOKUP0001"
    commits = True


class OpensTooLate(Invalid):
    """Booking must open before the session ends."""

    code = "SESION0019"


class OpensTooSoon(Invalid):
    """Who waits for the opening must hear of an earlier one: set it at least {minutes} minutes from now."""

    code = "SESION0020"


class ReleaseFixed(Conflict):
    """The opening of this session cannot be changed: it can be booked already, or its seats are allotted by draw."""

    code = "SESION0021"


class ChangesForgotten(NotFound):
    """Changes after this cursor are not kept any more. Read the sessions anew, with a new cursor."""

    code = "FEED0001"
