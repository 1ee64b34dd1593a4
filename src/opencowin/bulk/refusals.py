"""What the room `bulk` refuses: files that are no table, cells that cannot be read, steps that come too late."""

from opencowin.kit.errors import Conflict, Invalid, NotFound


class FileUnreadable(Invalid):
    """This file is no table that can be read: save it as CSV (UTF-8) and upload it again."""

    code = "BULK0001"


class FileEmpty(Invalid):
    """This file has no rows below its header: fill in the template."""

    code = "BULK0002"


class FileTooLarge(Invalid):
    """This file is larger than {most} MB: divide it."""

    code = "BULK0003"


class ColumnsMissing(Invalid):
    """These columns are missing: {columns}. Use the template."""

    code = "BULK0004"


class ColumnsUnknown(Invalid):
    """These columns are not known here: {columns}. Use the template."""

    code = "BULK0005"


class CellsDiffer(Invalid):
    """This row has {found} cells and the header has {wanted}: check separators and quotation marks."""

    code = "BULK0006"


class CellMissing(Invalid):
    """Fill in this cell."""

    code = "BULK0007"


class CellTooLong(Invalid):
    """Write at most {most} characters."""

    code = "BULK0008"


class NumberUnreadable(Invalid):
    """Write a number from {least} to {most}, with digits only."""

    code = "BULK0009"


class DayUnreadable(Invalid):
    """Write a date as 2021-05-31 or 31-05-2021."""

    code = "BULK0010"


class TimeUnreadable(Invalid):
    """Write a time of day as 09:30."""

    code = "BULK0011"


class ChoiceUnknown(Invalid):
    """Write one of: {choices}."""

    code = "BULK0012"


class RowDoubled(Invalid):
    """This is the same as row {row}."""

    code = "BULK0013"


class NoSuchUpload(NotFound):
    """There is no such upload in your area."""

    code = "BULK0014"


class TooLateForThis(Conflict):
    """This upload is no longer at that step: look at what became of it."""

    code = "BULK0015"


class OnceOnRecord(Conflict):
    """This is on record already."""

    code = "BULK0016"


class InUse(Conflict):
    """Something depends on this by now: it stays."""

    code = "BULK0017"


class UploadForgotten(Conflict):
    """The rows of this upload were removed after {days} days: it can no longer be undone."""

    code = "BULK0018"
    counted = "days"
    one = "The rows of this upload were removed after one day: it can no longer be undone."


class NoSuchExport(NotFound):
    """This file is not there, or no longer: ask for it again."""

    code = "BULK0019"


class DaysReversed(Invalid):
    """Give a first day and a last day, at most {most} days apart."""

    code = "BULK0020"


class OfficerGone(Conflict):
    """Whoever uploaded this may no longer do so: what was saved stays, the rest was not saved."""

    code = "BULK0021"
