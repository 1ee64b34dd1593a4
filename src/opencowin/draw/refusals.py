"""What the room `draw` refuses, and why."""

from opencowin.kit.errors import Conflict, Invalid, NotFound


class NoSuchDraw(NotFound):
    """There is no such draw."""

    code = "DRAW0001"


class DrawIncomplete(Invalid):
    """Choose sessions, a closing time before the first of them begins, and say which public number will count."""

    code = "DRAW0002"


class DrawNotOpen(Conflict):
    """This draw takes no entries now."""

    code = "DRAW0003"


class AlreadyEntered(Conflict):
    """Each person enters a draw once. Withdraw the earlier entry first."""

    code = "DRAW0004"


class NoSuchEntry(NotFound):
    """There is no such entry in this draw."""

    code = "DRAW0005"


class PreferencesInvalid(Invalid):
    """Choose up to {most} sessions of this draw, each of them once."""

    code = "DRAW0006"


class DifferentDoses(Invalid):
    """These people are due for different doses. Enter them one after the other."""

    code = "DRAW0007"


class NotToReveal(Conflict):
    """The public number is entered once, after the draw has closed."""

    code = "DRAW0008"


class NumberInvalid(Invalid):
    """Enter the public number: at least {least} digits."""

    code = "DRAW0009"


class DrawOver(Conflict):
    """This draw has been held or called off already."""

    code = "DRAW0010"
