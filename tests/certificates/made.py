"""Statements and issuers for tests."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache

from cryptography import x509

from opencowin.certificates import cose
from opencowin.certificates.hcert import eu_facts
from opencowin.certificates.issuers import Issuer, key_id, new_issuer
from opencowin.certificates.model import CertificateFacts, CertificateStatement, DoseStatement, Facility, Format, Stage
from opencowin.certificates.profile import read_profile, vaccine_codes
from opencowin.kit.pack import open_pack

PACK = open_pack("india")
PROFILE = read_profile(PACK, "https://certificates.example")
NOW = datetime(2021, 6, 4, 12, 0, tzinfo=UTC)
EU_CODES = {"dcc_vp": "J07BX03", "dcc_mp": "Covishield", "dcc_ma": "ORG-100001981"}
CODES = EU_CODES | {"icd11": "XM97T2", "cvx": "210"}
COVISHIELD = vaccine_codes(PACK, "COVISHIELD", "Serum Institute of India", CODES)
WITHOUT_CODES = vaccine_codes(PACK, "CORBEVAX", "Biological E", {})
CENTRE = Facility("PHC Rampur Kalan", "Gautam Buddha Nagar", "Uttar Pradesh", "201301")


@lru_cache(maxsize=2)
def _issuer(which: int) -> Issuer:
    return new_issuer(PROFILE, NOW)


def issuer(which: int = 0) -> Issuer:
    return _issuer(which)


def signer_certificate(form: Format = Format.EU_DCC, which: int = 0) -> x509.Certificate:
    return issuer(which).signing(form).certified


def read_eu(text: str, signers: Sequence[x509.Certificate], now: datetime) -> CertificateFacts:
    envelope = cose.opened(text)
    return eu_facts(envelope.checked([one for one in signers if key_id(one) == envelope.key_id]), now)


def dose(number: int = 1, given_on: date = date(2021, 3, 4), **changes: object) -> DoseStatement:
    made = DoseStatement(number, 2, COVISHIELD, f"4120Z02{number}", given_on, "Sunita Devi", CENTRE)
    return replace(made, **changes)  # type: ignore[arg-type]


def statement(**changes: object) -> CertificateStatement:
    made = CertificateStatement(
        certificate_id="12345678901",
        beneficiary_reference="12345678901234",
        subject_id="did:opencowin:12345678901234",
        name="श्रीमती क्षितिज ज्ञानेश्वरी त्रिवेदी",
        birth_year=1984,
        sex="Female",
        identity="Passport XXXX1234",
        doses=(dose(1), dose(2, date(2021, 6, 3))),
        stage=Stage.FINAL,
        issued_at=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]
