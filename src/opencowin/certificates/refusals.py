"""Why a statement cannot be signed, and why a presented certificate is not believed."""

from opencowin.kit.errors import Invalid


class NotSignable(Invalid):
    """The certificate cannot be issued: {reason}."""

    code = "CERTIFICATE00010"


class FormatImpossible(NotSignable):
    """The certificate cannot be issued in the form {format}: {reason}."""

    code = "CERTIFICATE00011"


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
