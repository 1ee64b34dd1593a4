"""Every wire format that we issue, and signing one statement in all that can carry it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from opencowin.certificates.divoc import sign_divoc
from opencowin.certificates.hcert import sign_eu_dcc
from opencowin.certificates.issuers import Issuer
from opencowin.certificates.model import CertificateStatement, Format, Payload
from opencowin.certificates.refusals import FormatImpossible

Sign = Callable[[CertificateStatement, Issuer], Payload]
SIGNERS: Mapping[Format, Sign] = MappingProxyType({Format.DIVOC: sign_divoc, Format.EU_DCC: sign_eu_dcc})


def sign_all(statement: CertificateStatement, issuer: Issuer) -> list[Payload]:
    """The statement in each format that can carry it (a vaccine without a European code has no European form).

    Raises NotSignable where the statement itself is at fault.
    """
    payloads = []
    for sign in SIGNERS.values():
        try:
            payloads.append(sign(statement, issuer))
        except FormatImpossible:
            continue
    return payloads
