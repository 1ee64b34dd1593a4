"""What a certificate states: the person, the doses and who says so, without a word about wire formats."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Format(StrEnum):
    """The wire formats that a certificate can be issued in."""

    DIVOC = "divoc"
    EU_DCC = "eu_dcc"
    WHO_DDCC = "who_ddcc"
    SMART_HEALTH_CARD = "smart_health_card"
    ICAO_VDS_NC = "icao_vds_nc"


class Stage(StrEnum):
    """How far the person has come; the certificate's heading says it."""

    PROVISIONAL = "provisional"
    FINAL = "final"
    PRECAUTION = "precaution"


@dataclass(frozen=True, slots=True)
class VaccineCodes:
    """One vaccine in words and in the code lists that the wire formats use; empty where a list lacks it."""

    name: str
    manufacturer: str
    product: str
    """`mp`: the medicinal product."""
    holder: str
    """`ma`: the marketing authorisation holder or manufacturer."""
    prophylaxis: str
    """`vp`: the kind of vaccine (SNOMED CT or ATC)."""
    target: str
    """`tg`: the disease (SNOMED CT)."""
    icd11: str = ""
    """The vaccine, or the kind of vaccine, in ICD-11."""
    target_icd11: str = ""
    """The disease in ICD-11."""
    target_seal: str = ""
    """The disease as the seals of ICAO name it: a finer code of ICD-11."""
    cvx: str = ""
    """The product in the list of the CDC."""


@dataclass(frozen=True, slots=True)
class Facility:
    """Where a dose was given."""

    name: str
    district: str
    state: str
    postal_code: str
    street: str = ""
    city: str = ""


@dataclass(frozen=True, slots=True)
class DoseStatement:
    """One dose of a series: `number` of `total`; a precaution dose counts on and raises the total."""

    number: int
    total: int
    vaccine: VaccineCodes
    batch: str
    given_on: date
    vaccinator: str
    facility: Facility
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class CertificateStatement:
    """What one certificate says. `subject_id` is an opaque URI, `identity` a masked text: never an identity number."""

    certificate_id: str
    beneficiary_reference: str
    subject_id: str
    name: str
    birth_year: int
    sex: str
    identity: str
    doses: tuple[DoseStatement, ...]
    stage: Stage
    issued_at: datetime
    birth_date: date | None = None
    given_name: str | None = None
    family_name: str | None = None
    district: str = ""
    state: str = ""
    postal_code: str = ""
    travel_document: str = ""

    @property
    def latest(self) -> DoseStatement:
        """The dose that the machine-readable forms state."""
        return self.doses[-1]

    @property
    def birth(self) -> str:
        """ISO 8601 date of birth, or the year alone where the day is not known."""
        return self.birth_date.isoformat() if self.birth_date else f"{self.birth_year:04d}"


@dataclass(frozen=True, slots=True)
class IssuerProfile:
    """Who issues, in the words that the wire formats need; a country pack carries them."""

    name: str
    issuer: str
    """URI of the issuer, also the controller of its keys."""
    verification_method: str
    context_url: str
    evidence_url: str
    """Prefix of an evidence's URI; the certificate's id follows."""
    feedback_url: str
    info_url: str
    nationality: str
    country_code: str
    """ISO 3166-1 alpha-2."""
    country_code_3: str
    """ISO 3166-1 alpha-3, as on passports."""
    uvci_authority: str
    """The issuing entity in the unique vaccination certificate identifier: capitals and digits."""
    hcert_valid_days: int
    sexes: Mapping[str, str]
    """The letter on a passport for each gender: M, F or X."""
    address: str = ""
    """Where this deployment's keys are published: https, without a slash at its end."""


@dataclass(frozen=True, slots=True)
class Payload:
    """A signed certificate as the text of one QR code."""

    format: Format
    text: str


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a verified certificate says, read back from its wire form."""

    format: Format
    issuer: str
    certificate_id: str
    name: str
    birth: str
    """ISO date, year, or for the older W3C form an age in years as `age:34`."""
    vaccine: str
    dose: int
    total: int
    given_on: date
    issued_at: datetime
    document: Mapping[str, object]
    """The whole signed content, as verified."""
