"""What the room `stock` refuses, and why."""

from opencowin.kit.errors import Conflict, Invalid


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
