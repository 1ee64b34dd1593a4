"""Statements and issuers for tests."""

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache

from opencowin.certificates.issuers import Issuer, new_keys, open_issuer
from opencowin.certificates.model import CertificateStatement, DoseStatement, Facility, Stage
from opencowin.certificates.profile import read_profile, vaccine_codes
from opencowin.kit.pack import open_pack

PACK = open_pack("india")
PROFILE = read_profile(PACK)
NOW = datetime(2021, 6, 4, 12, 0, tzinfo=UTC)
CODES = {"dcc_vp": "J07BX03", "dcc_mp": "Covishield", "dcc_ma": "ORG-100001981"}
COVISHIELD = vaccine_codes(PACK, "COVISHIELD", "Serum Institute of India", CODES)
WITHOUT_CODES = vaccine_codes(PACK, "CORBEVAX", "Biological E", {})
CENTRE = Facility("PHC Rampur Kalan", "Gautam Buddha Nagar", "Uttar Pradesh", "201301")


@lru_cache(maxsize=2)
def issuer(which: int = 0) -> Issuer:
    return open_issuer(PROFILE, new_keys(PROFILE, NOW))


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
