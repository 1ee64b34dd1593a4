"""What the room `alerts` refuses, and why."""

from opencowin.kit.errors import Conflict, Invalid, NotFound


class WhereMissing(Invalid):
    """Say where: either a PIN code or a district."""

    code = "ALERT0001"


class UnknownPin(Invalid):
    """This PIN code is not known here."""

    code = "ALERT0002"


class RadiusInvalid(Invalid):
    """Choose a distance of up to {most} km."""

    code = "ALERT0003"


class TooManySubscriptions(Conflict):
    """You have {most} alerts already: end one first."""

    code = "ALERT0004"


class NoSuchSubscription(NotFound):
    """There is no such alert."""

    code = "ALERT0005"


class UnknownVaccine(Invalid):
    """There is no such vaccine here."""

    code = "ALERT0006"
