"""What the room `cases` refuses, and why."""

from opencowin.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class CaseEmpty(Invalid):
    """Write what is wrong, in up to {most} characters."""

    code = "CASE0001"


class DecisionUnexplained(CaseEmpty):
    """Say why, in up to {most} characters."""

    code = "CASE0018"


class TooManyCases(Conflict):
    """You have {most} open issues already: wait for an answer, or ask the helpline."""

    code = "CASE0002"


class NoSuchCase(NotFound):
    """There is no issue with this number."""

    code = "CASE0003"


class MemberNeeded(Invalid):
    """Choose the person it is about."""

    code = "CASE0004"


class WishMissing(Invalid):
    """Write what it should be instead: nothing to change was given."""

    code = "CASE0005"


class CorrectedAlready(Conflict):
    """This was corrected before and cannot be corrected again here: ask the helpline."""

    code = "CASE0006"


class NotDecidable(Conflict):
    """This issue is decided already, or waits for its day."""

    code = "CASE0007"


class ProofNotFitting(Forbidden):
    """These details do not fit together. Check the reference ID, the document, and the secret code or the dose."""

    code = "CASE0008"
    commits = True


class TooManyProofs(Unavailable):
    """Too many tries. Please try again in {retry_after} seconds, or ask the helpline."""

    code = "CASE0009"


class EvidenceUnreadable(Invalid):
    """Send a picture (JPEG, PNG) or a PDF of at most {most} MB."""

    code = "CASE0010"


class TooMuchEvidence(Conflict):
    """An issue takes at most {most} files."""

    code = "CASE0011"


class NothingToUndo(Conflict):
    """Only a merge that stands can be undone."""

    code = "CASE0012"


class NoSuchFlag(NotFound):
    """There is no flag with this number, or it was reviewed already."""

    code = "CASE0013"


class ConsentElsewhere(Forbidden):
    """This code was sent for another person or another household."""

    code = "CASE0014"


class OwnNumber(Invalid):
    """Write the other mobile number: this person is with this one already."""

    code = "CASE0015"


class NoDoseToRevoke(Conflict):
    """This flag is not about one dose that still stands."""

    code = "CASE0016"


class HandedNowhere(Conflict):
    """This district looks after it already."""

    code = "CASE0017"
