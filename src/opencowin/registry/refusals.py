"""What the registry refuses, each with what the person can do about it."""

from opencowin.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class NoSuchBeneficiary(NotFound):
    """No beneficiary was found for this reference ID. Check the 14 digits."""

    code = "APPOIN0001"


class TooManyMembers(Conflict):
    """{limit} members are registered with this mobile number already. Register further people with another number."""

    code = "BENREG0001"


class DocumentRegistered(Conflict):
    """This identity document is registered already. Sign in with the number it was registered with, or ask for help."""

    code = "BENREG0002"
    commits = True


class InvalidBirthYear(Invalid):
    """Write the year of birth as four digits, from {earliest} to {latest}."""

    code = "BENREG0003"


class InvalidBirthDate(Invalid):
    """The date of birth must lie in the year of birth, and not in the future."""

    code = "BENREG0004"


class UnknownGender(Invalid):
    """Choose the gender from the list."""

    code = "BENREG0005"


class ConsentMissing(Invalid):
    """Agree to the terms of registration: name the version of the text that was agreed to."""

    code = "BENREG0006"


class MemberLocked(Conflict):
    """After the first dose a member can no longer be changed or removed. Ask for a correction instead."""

    code = "BENREG0007"


class WrongSecretCode(Forbidden):
    """The reference ID and the secret code do not belong together. Check both on the appointment slip."""

    code = "BENREG0008"
    commits = True


class TooManyWrongCodes(Unavailable):
    """Too many wrong secret codes. Please try again in {retry_after} seconds, or let the person sign in."""

    code = "BENREG0009"


class PriorityGroupUnproven(Invalid):
    """Priority groups are entered by vaccination staff, who see the proof. Leave this empty."""

    code = "BENREG0012"


class TooManyDuplicates(Unavailable):
    """Too many documents that are registered already were tried. Please try again in {retry_after} seconds."""

    code = "BENREG0013"


class NotATravelDocument(Invalid):
    """This is no passport: choose a document that is shown at borders."""

    code = "BENREG0015"


class InvalidDeathDate(Invalid):
    """The date of death must lie between the birth and today."""

    code = "BENREG0016"


class SameRecord(Invalid):
    """These are one record: name two different reference IDs."""

    code = "BENREG0017"


class NotMerged(Conflict):
    """These two records are not merged, or a later merge must be undone first."""

    code = "BENREG0018"


class TooManyLooks(Unavailable):
    """You have looked at very many people in this hour. Please wait {retry_after} seconds; your district was told."""

    code = "BENREG0030"
    commits = True


class NoSuchAlert(NotFound):
    """There is no such alert in your area, or somebody has looked after it."""

    code = "BENREG0031"
