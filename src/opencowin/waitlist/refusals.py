"""What the room `waitlist` refuses, and why."""

from opencowin.kit.errors import Conflict, NotFound


class NotWaiting(NotFound):
    """There is no such place on the waiting list."""

    code = "WAIT0001"


class NoSeatKept(Conflict):
    """No seat is kept for you now."""

    code = "WAIT0002"
