"""Why a statement cannot be signed, and why a presented certificate is not believed."""

from opencowin.kit.errors import Invalid


class NotSignable(Invalid):
    """The certificate cannot be issued: {reason}."""

    code = "certificate_not_signable"


class FormatImpossible(NotSignable):
    """The certificate cannot be issued in the form {format}: {reason}."""

    code = "certificate_format_impossible"


class CertificateRefused(Invalid):
    """This certificate is not valid."""

    code = "certificate_refused"


class NotACertificate(CertificateRefused):
    """This is not a vaccination certificate that can be read here."""

    code = "not_a_certificate"


class UnknownSigner(CertificateRefused):
    """The certificate names a signer that is not known here."""

    code = "certificate_signer_unknown"


class SignatureBroken(CertificateRefused):
    """The certificate was altered after it was signed, or somebody else signed it."""

    code = "certificate_signature_broken"


class CertificateExpired(CertificateRefused):
    """The certificate was valid until {until}."""

    code = "certificate_expired"


class ContentImplausible(CertificateRefused):
    """The signature fits but the content contradicts itself: {reason}."""

    code = "certificate_content_implausible"
