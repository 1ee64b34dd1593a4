"""Every wire format that we issue, and signing one statement in all that can carry it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from opencowin.certificates.divoc import sign_divoc
from opencowin.certificates.hcert import sign_eu_dcc
from opencowin.certificates.icao import sign_icao
from opencowin.certificates.issuers import Issuer
from opencowin.certificates.model import CertificateStatement, Format, Payload
from opencowin.certificates.refusals import FormatImpossible, Lacking
from opencowin.certificates.smart import sign_smart
from opencowin.certificates.who import sign_who

Sign = Callable[[CertificateStatement, Issuer], Payload]
SIGNERS: Mapping[Format, Sign] = MappingProxyType(
    {
        Format.DIVOC: sign_divoc,
        Format.EU_DCC: sign_eu_dcc,
        Format.WHO_DDCC: sign_who,
        Format.SMART_HEALTH_CARD: sign_smart,
        Format.ICAO_VDS_NC: sign_icao,
    }
)


def sign_all(statement: CertificateStatement, issuer: Issuer) -> list[Payload]:
    """The statement in each format that can carry it (a vaccine without a European code has no European form).

    Raises NotSignable where the statement itself is at fault.
    """
    return [one for one in (sign_or_tell(form, statement, issuer) for form in SIGNERS) if isinstance(one, Payload)]


def sign_or_tell(form: Format, statement: CertificateStatement, issuer: Issuer) -> Payload | Lacking:
    """The statement in one format, or what it lacks for that. Raises NotSignable."""
    try:
        return SIGNERS[form](statement, issuer)
    except FormatImpossible as no:
        return no.lacking
