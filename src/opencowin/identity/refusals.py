"""What identity refuses: none of these tells whether a number, a name or a key is known."""

from opencowin.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable


class NotSignedIn(Forbidden):
    """Please sign in: you are not signed in, or no longer."""

    code = "USRAUT0031"


class InvalidOtp(Invalid):
    """Invalid OTP: check the six digits of the newest message, or ask for another one-time password."""

    code = "USRAUT0014"
    commits = True


class WrongConsentCode(NotSignedIn):
    """The one-time password is wrong or no longer good: ask the person for the newest one."""

    code = "USRAUT0032"
    commits = True


class OtpWait(Invalid):
    """A one-time password was sent a moment ago. Ask for another in {retry_after} seconds."""

    code = "USRAUT0018"


class TooManyOtps(Unavailable):
    """Too many one-time passwords were asked for. Please try again in {retry_after} seconds."""

    code = "USRAUT0033"


class TooManyWrongOtps(Unavailable):
    """Too many wrong one-time passwords. Please try again in {retry_after} seconds."""

    code = "USRAUT0034"


class AccountNotFound(NotFound):
    """There is no such account."""

    code = "USRAUT0035"


class UnknownApiKey(Forbidden):
    """This API key is not known, or it has ended. Ask the operator for another."""

    code = "USRAUT0036"


class ApiKeyInvalid(Invalid):
    """This API key cannot be made: {problem}."""

    code = "USRAUT0037"


class WrongPassword(Forbidden):
    """The user name and the password do not belong together."""

    code = "USRAUT0038"
    commits = True


class TooManyWrongPasswords(Unavailable):
    """Too many wrong passwords. Please try again in {retry_after} seconds."""

    code = "USRAUT0039"


class StaffNotFound(NotFound):
    """There is no such member of staff in your area."""

    code = "USRAUT0040"


class UserNameInvalid(Invalid):
    """Write the user name with 3 to 64 small letters, digits, dots, hyphens and underscores."""

    code = "USRAUT0041"


class UserNameTaken(Conflict):
    """This user name is taken. Choose another."""

    code = "USRAUT0042"


class PasswordTooShort(Invalid):
    """Choose a password of at least {least} characters."""

    code = "USRAUT0043"


class RoleNeedsPlace(Invalid):
    """This role acts for one {level}: name it."""

    code = "USRAUT0044"


class TooManySignIns(Unavailable):
    """Too many sign-ins came from this address. Please try again in {retry_after} seconds."""

    code = "USRAUT0045"


class NoSuchCall(NotFound):
    """This is no call of yours."""

    code = "USRAUT0060"


class CallOver(Forbidden):
    """This call is over: begin another one, with a new code from the caller."""

    code = "USRAUT0061"


class TooMuchAssistance(Unavailable):
    """You have reached your hourly limit. Please try again in {retry_after} seconds."""

    code = "USRAUT0062"


class PasswordKnown(Invalid):
    """Attackers know this password: choose another, such as four words that do not belong together."""

    code = "USRAUT0063"


class WrongSecondFactor(Forbidden):
    """This code is wrong, or it was used before: wait for the next one."""

    code = "USRAUT0064"
    commits = True


class SecondFactorNeeded(Forbidden):
    """Write the six digits of your authenticator app, or a recovery code."""

    code = "USRAUT0065"


class SecondFactorMissing(Forbidden):
    """Sign in at the console first and set up a second factor there."""

    code = "USRAUT0066"


class EnrolmentOver(Conflict):
    """This form can no longer be sent from here: open the page again and send it once more. Nothing was changed."""

    code = "USRAUT0067"


class InvitationOver(NotFound):
    """This link is no longer good. Ask the officer who sent it for another."""

    code = "USRAUT0068"


class ContactUnusable(Invalid):
    """Write a mobile number or an e-mail address."""

    code = "USRAUT0069"


class EnrolmentCodeWrong(Forbidden):
    """This is not your enrolment code, or it has expired: ask the officer who appointed you for another."""

    code = "USRAUT0070"
    commits = True


class KeyRequestIncomplete(Invalid):
    """Fill this in."""

    code = "USRAUT0071"


class EmailUnusable(Invalid):
    """Write an e-mail address."""

    code = "USRAUT0072"


class TooManyKeyRequests(Unavailable):
    """Too many keys were asked for from here. Please try again tomorrow."""

    code = "USRAUT0073"


class NoSuchKeyRequest(NotFound):
    """There is no such request, or it is decided already."""

    code = "USRAUT0074"


class KeyLinkOver(NotFound):
    """This link has been used, or is too old. Ask for a key again."""

    code = "USRAUT0075"


class ScopesNeeded(Invalid):
    """Choose one of these."""

    code = "USRAUT0076"


class QuotaInvalid(Invalid):
    """Write a number from {least} to {most}, with digits only."""

    code = "USRAUT0077"
