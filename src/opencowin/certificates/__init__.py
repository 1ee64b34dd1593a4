"""Certificates: signed statements about doses, issued by themselves, printed, and checked by anyone.

FHIR Composition in a DocumentReference; WHO DDCC:VS. One statement is signed in several wire formats (`Format`): the
W3C credential of Co-WIN and DIVOC, and the compact HC1 form. Keys are made at first need and published, and so is a
list of what was revoked, which names nobody. Owns the tables `certificate` and `revocation_mark`.
"""

from opencowin.certificates.carried import carried_keys
from opencowin.certificates.issuing import (
    CERTIFICATE_ISSUED,
    CertificateIssued,
    NoCertificateYet,
    NotTheHolder,
    Sheet,
    handlers,
    holder,
    issue_due,
    printed,
    sheet,
    sweep,
)
from opencowin.certificates.keys import own_issuer, published_did, published_jwks, published_trust_list
from opencowin.certificates.model import CertificateFacts, CertificateStatement, Format
from opencowin.certificates.refusals import (
    CertificateExpired,
    CertificateRefused,
    CertificateStands,
    DoseStandsNot,
    NoSuchCertificate,
    NotACertificate,
    NotSignable,
    OwnCertificateRevoked,
    RevocationUnexplained,
    RevokedByIssuer,
    UnknownSigner,
)
from opencowin.certificates.revoking import (
    CERTIFICATE_REVOKED,
    CertificateRevoked,
    Revocation,
    reissue,
    revoke,
    why_revoked,
)
from opencowin.certificates.status import StatusList, published_status
from opencowin.certificates.verifying import Judgement, Verdict, judge, verify

__all__ = [
    "CERTIFICATE_ISSUED",
    "CERTIFICATE_REVOKED",
    "CertificateExpired",
    "CertificateFacts",
    "CertificateIssued",
    "CertificateRefused",
    "CertificateRevoked",
    "CertificateStands",
    "CertificateStatement",
    "DoseStandsNot",
    "Format",
    "Judgement",
    "NoCertificateYet",
    "NoSuchCertificate",
    "NotACertificate",
    "NotSignable",
    "NotTheHolder",
    "OwnCertificateRevoked",
    "Revocation",
    "RevocationUnexplained",
    "RevokedByIssuer",
    "Sheet",
    "StatusList",
    "UnknownSigner",
    "Verdict",
    "carried_keys",
    "handlers",
    "holder",
    "issue_due",
    "judge",
    "own_issuer",
    "printed",
    "published_did",
    "published_jwks",
    "published_status",
    "published_trust_list",
    "reissue",
    "revoke",
    "sheet",
    "sweep",
    "verify",
    "why_revoked",
]
