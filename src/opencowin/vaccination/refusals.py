"""What the room `vaccination` refuses: only records that make no sense, never a dose for a rule's sake."""

from opencowin.kit.errors import Conflict, Invalid, NotFound


class DateInFuture(Invalid):
    """This date lies in the future: give the day on which it happened."""

    code = "DOSE0001"


class UnknownVaccine(Invalid):
    """There is no vaccine called {vaccine_id}: use a name from the list of vaccines."""

    code = "DOSE0002"


class DoseNumberOutOfRange(Invalid):
    """A dose number lies between 1 and {largest}: check which dose this is."""

    code = "DOSE0003"


class TextUnreadable(Invalid):
    """Write this in 1 to {longest} readable characters."""

    code = "DOSE0004"


class NoSuchDose(NotFound):
    """This person has no record of that dose: check the dose that it followed."""

    code = "DOSE0005"


class LaterDoseStands(Conflict):
    """A later dose of this person builds on this record: take that one back first."""

    code = "DOSE0006"


class NoSuchAdverseEvent(NotFound):
    """There is no such report in your area."""

    code = "DOSE0007"


class SeriousByWho(Invalid):
    """A death or a stay in hospital makes an event serious: choose that severity."""

    code = "DOSE0008"


class FindingsMissing(Invalid):
    """To close a report, choose its causality and its outcome."""

    code = "DOSE0009"


class DoseRevoked(Conflict):
    """This record of a dose was revoked already."""

    code = "DOSE0010"
