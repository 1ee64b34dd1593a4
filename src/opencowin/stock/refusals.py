"""What the room `stock` refuses, and why."""

from opencowin.kit.errors import Conflict, Invalid, NotFound


class NotEnoughStock(Conflict):
    """The centre has only {free} doses of {vaccine} that are still good on that day. Receive more, or plan fewer."""

    code = "STOCK0001"


class BatchExpired(Invalid):
    """This batch has expired: check the date on the vial."""

    code = "STOCK0002"


class BatchIncomplete(Invalid):
    """A batch needs its number (up to 50 characters), a known vaccine and at least one dose."""

    code = "STOCK0003"


class BatchDiffers(Conflict):
    """This batch is on record with the expiry date {expires_on}: check the number and the date on the vial."""

    code = "STOCK0004"


class NotSoManyThere(Conflict):
    """There are not so many doses of batch {batch} there: count them, and record what you find."""

    code = "STOCK0005"


class MovementDiffers(Conflict):
    """Another movement was recorded under this id: use a new id for a new movement."""

    code = "STOCK0006"


class NoSuchStore(NotFound):
    """There is no such store: write nation, state:, district: or centre: with the place's number."""

    code = "STOCK0007"


class UnknownBatch(NotFound):
    """Batch {batch} is not on record: receive it first."""

    code = "STOCK0008"


class NothingMoved(Invalid):
    """Give at least one dose, from one store to another."""

    code = "STOCK0009"


class NothingOnTheWay(NotFound):
    """Nothing is on its way under this number, or it has arrived already."""

    code = "STOCK0010"


class NotIssued(Conflict):
    """The session was not issued so many doses of batch {batch}: it can use, waste and return only what it has."""

    code = "STOCK0011"


class BatchHeld(Conflict):
    """Batch {batch} is recalled or quarantined: it may not be sent on, promised or given until that is lifted."""

    code = "STOCK0012"


class NoSuchHold(NotFound):
    """There is no such recall or quarantine, or it has been lifted already."""

    code = "STOCK0013"


class StockReasonMissing(Invalid):
    """Say why, in up to 300 characters."""

    code = "STOCK0014"


class TemperatureUnlikely(Invalid):
    """Write the temperature in degrees Celsius, between -99 and 99, and a time that is not in the future."""

    code = "STOCK0015"


class TooManyMovements(Invalid):
    """Send at most {most} movements at once."""

    code = "STOCK0020"
