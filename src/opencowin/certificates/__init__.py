"""Certificates: signed statements about doses, issued by themselves, printed, and checked by anyone.

FHIR Composition in a DocumentReference; WHO DDCC:VS. One statement is signed in several wire formats (`Format`): the
W3C credential of Co-WIN and DIVOC, and the compact HC1 form. Keys are made at first need and published. Owns the table
`certificate`.
"""

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
from opencowin.certificates.keys import own_issuer, published_did, published_jwks, published_trust_list, verify
from opencowin.certificates.model import CertificateFacts, CertificateStatement, Format
from opencowin.certificates.refusals import CertificateRefused, NotSignable

__all__ = [
    "CERTIFICATE_ISSUED",
    "CertificateFacts",
    "CertificateIssued",
    "CertificateRefused",
    "CertificateStatement",
    "Format",
    "NoCertificateYet",
    "NotSignable",
    "NotTheHolder",
    "Sheet",
    "handlers",
    "holder",
    "issue_due",
    "own_issuer",
    "printed",
    "published_did",
    "published_jwks",
    "published_trust_list",
    "sheet",
    "sweep",
    "verify",
]
