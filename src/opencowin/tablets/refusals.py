"""What the room `tablets` refuses; a dose given is never among it."""

from opencowin.kit.errors import Conflict, Forbidden, Invalid


class CentreNeeded(Invalid):
    """Name the centre that this tablet is for: you act for more than one."""

    code = "TABLET0001"


class NotWorkingHere(Forbidden):
    """This tablet can send what it recorded, but gets nothing more: its worker has left, or its time is over."""

    code = "TABLET0002"


class NoSessionToday(Invalid):
    """This session is not held at this centre today."""

    code = "TABLET0003"


class FileUnreadable(Invalid):
    """Nothing in this file can be read here: it was made for another deployment, or was changed."""

    code = "TABLET0004"


class DoseUnknown(Invalid):
    """The dose that this record speaks of is not known here."""

    code = "TABLET0005"


class TooLateToUndo(Conflict):
    """Only a dose of the same day can be undone here: raise an issue instead."""

    code = "TABLET0006"


class DocumentOfAnother(Conflict):
    """This identity document is registered to somebody with another name: check both."""

    code = "TABLET0007"
