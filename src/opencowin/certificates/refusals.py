"""Why a statement cannot be signed, and why a presented certificate is not believed."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from opencowin.kit.errors import Conflict, Invalid, NotFound


class Lacking(StrEnum):
    """What keeps a statement from being issued in a form."""

    CODE = "code"
    PASSPORT = "passport"
    LATIN_NAME = "latin_name"
    SPACE = "space"
    NUMBER = "number"
    ADDRESS = "address"


REASONS: Mapping[Lacking, str] = MappingProxyType(
    {
        Lacking.CODE: "its vaccine has no code in the list of this form",
        Lacking.PASSPORT: "no passport is recorded",
        Lacking.LATIN_NAME: "its name cannot be written in Latin letters",
        Lacking.SPACE: "it is too long for one QR code",
        Lacking.NUMBER: "its number cannot stand in an international identifier",
        Lacking.ADDRESS: "this deployment has no public https address to publish its keys at",
    }
)


class FormNotIssued(NotFound):
    """The certificate is not issued in this form: {reason}."""

    code = "CERTIFICATE00004"


class NotSignable(Invalid):
    """The certificate cannot be issued: {reason}."""

    code = "CERTIFICATE00010"


class FormatImpossible(NotSignable):
    """The certificate cannot be issued in the form {format}: {reason}."""

    code = "CERTIFICATE00011"

    def __init__(self, *, form: str, lacking: Lacking) -> None:
        self.lacking = lacking
        super().__init__(format=form, reason=REASONS[lacking])


class CertificateRefused(Invalid):
    """This certificate is not valid."""

    code = "CERTIFICATE00012"


class NotACertificate(CertificateRefused):
    """This is not a vaccination certificate that can be read here."""

    code = "CERTIFICATE00013"


class UnknownSigner(CertificateRefused):
    """The certificate names a signer that is not known here."""

    code = "CERTIFICATE00014"


class SignatureBroken(CertificateRefused):
    """The certificate was altered after it was signed, or somebody else signed it."""

    code = "CERTIFICATE00015"


class CertificateExpired(CertificateRefused):
    """The certificate was valid until {until}."""

    code = "CERTIFICATE00016"


class ContentImplausible(CertificateRefused):
    """The signature fits but the content contradicts itself: {reason}."""

    code = "CERTIFICATE00017"


class RevokedByIssuer(CertificateRefused):
    """The certificate was revoked on {on}: it is no longer valid."""

    code = "CERTIFICATE00030"


class NoSuchCertificate(NotFound):
    """There is no certificate with this number in your area."""

    code = "CERTIFICATE00031"


class RevocationUnexplained(Invalid):
    """Say in 3 to {most} characters why: the holder is told."""

    code = "CERTIFICATE00032"


class CertificateStands(Conflict):
    """This certificate was not revoked: revoke it before another one takes its place."""

    code = "CERTIFICATE00033"


class DoseStandsNot(Conflict):
    """The dose of this certificate was itself revoked: there is nothing to certify."""

    code = "CERTIFICATE00034"


class OwnCertificateRevoked(NotFound):
    """Your certificate was revoked. Raise an issue to have it looked at."""

    code = "CERTIFICATE00035"


class CannotCheck(CertificateRefused):
    """This certificate is written in a way that cannot be checked here. It may still be genuine: ask its issuer."""

    code = "CERTIFICATE00018"
