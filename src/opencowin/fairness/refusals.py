"""What the room `fairness` refuses."""

from opencowin.fairness.model import Standing
from opencowin.kit.errors import Conflict, Invalid, NotFound, Unavailable


class WaitYourTurn(Unavailable):
    """Many want to book now. You have a place in the waiting room: please come back in {retry_after} seconds."""

    code = "QUEUE0001"

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        super().__init__(retry_after=standing.retry_after)


class RoomStands(Conflict):
    """A waiting room stands for this area already."""

    code = "QUEUE0002"


class RoomOver(NotFound):
    """This waiting room has ended."""

    code = "QUEUE0003"


class OpensInPast(Invalid):
    """This time has begun or is over. Please choose a later one."""

    code = "QUEUE0004"


class PaceWrong(Invalid):
    """Write a number from {least} to {most}, with digits only."""

    code = "QUEUE0005"


class WorkNeeded(Unavailable):
    """Very many codes are asked for at this moment. Please try again in {retry_after} seconds."""

    code = "QUEUE0006"
