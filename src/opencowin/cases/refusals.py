"""What the room `cases` refuses, and why."""

from opencowin.kit.errors import Conflict, Invalid, NotFound


class CaseEmpty(Invalid):
    """Write what is wrong, in up to {most} characters."""

    code = "CASE0001"


class TooManyCases(Conflict):
    """You have {most} open issues already: wait for an answer, or ask the helpline."""

    code = "CASE0002"


class NoSuchCase(NotFound):
    """There is no issue with this number."""

    code = "CASE0003"
