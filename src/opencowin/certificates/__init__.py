"""Certificates: signed statements about doses, issued by themselves, printed, and checked by anyone.

FHIR Composition in a DocumentReference; WHO DDCC:VS. One statement is signed in several wire formats (`Format`): the
W3C credential of Co-WIN and DIVOC, the European and the WHO's HC1 form, SMART Health Card, ICAO's seal for passports.
Keys are made at first need, rotated and published, and so is a list of what was revoked, which names nobody;
certificates of others are checked by loaded trust lists. Owns the tables `certificate`, `revocation_mark` and
`trusted_key`.
"""

from opencowin.certificates.carried import carried_keys
from opencowin.certificates.issuing import (
    CERTIFICATE_ISSUED,
    CertificateIssued,
    NoCertificateYet,
    NotTheHolder,
    handlers,
    holder,
    issue_due,
    sheet,
    sweep,
)
from opencowin.certificates.keys import own_issuer, own_profile, published_did, published_jwks, published_trust_list
from opencowin.certificates.model import CertificateFacts, CertificateStatement, Format
from opencowin.certificates.pdf import Paper, code_png, code_svg
from opencowin.certificates.printing import EVERYDAY, Sheet, printed
from opencowin.certificates.profile import form_texts
from opencowin.certificates.refusals import (
    CertificateExpired,
    CertificateRefused,
    CertificateStands,
    DoseStandsNot,
    FormNotIssued,
    Lacking,
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
    end_all,
    move_certificates,
    reissue,
    renew,
    revoke,
    revoke_of_dose,
    standing_certificate,
    why_revoked,
)
from opencowin.certificates.rotation import KeyShown, LastKey, NoSuchKey, csca_pem, list_keys, retire_key, rotate_key
from opencowin.certificates.smart import wallet_file
from opencowin.certificates.status import StatusList, published_status
from opencowin.certificates.trust import TrustList, drop_trust, load_trust, read_trust, trust_sources
from opencowin.certificates.trust_queries import TrustSource
from opencowin.certificates.verifying import Judgement, Verdict, judge, verify

__all__ = [
    "CERTIFICATE_ISSUED",
    "CERTIFICATE_REVOKED",
    "EVERYDAY",
    "CertificateExpired",
    "CertificateFacts",
    "CertificateIssued",
    "CertificateRefused",
    "CertificateRevoked",
    "CertificateStands",
    "CertificateStatement",
    "DoseStandsNot",
    "FormNotIssued",
    "Format",
    "Judgement",
    "KeyShown",
    "Lacking",
    "LastKey",
    "NoCertificateYet",
    "NoSuchCertificate",
    "NoSuchKey",
    "NotACertificate",
    "NotSignable",
    "NotTheHolder",
    "OwnCertificateRevoked",
    "Paper",
    "Revocation",
    "RevocationUnexplained",
    "RevokedByIssuer",
    "Sheet",
    "StatusList",
    "TrustList",
    "TrustSource",
    "UnknownSigner",
    "Verdict",
    "carried_keys",
    "code_png",
    "code_svg",
    "csca_pem",
    "drop_trust",
    "end_all",
    "form_texts",
    "handlers",
    "holder",
    "issue_due",
    "judge",
    "list_keys",
    "load_trust",
    "move_certificates",
    "own_issuer",
    "own_profile",
    "printed",
    "published_did",
    "published_jwks",
    "published_status",
    "published_trust_list",
    "read_trust",
    "reissue",
    "renew",
    "retire_key",
    "revoke",
    "revoke_of_dose",
    "rotate_key",
    "sheet",
    "standing_certificate",
    "sweep",
    "trust_sources",
    "verify",
    "wallet_file",
    "why_revoked",
]
