"""What a beneficiary is: the person's key pair, a registration as it was asked for, and what is known of a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

BANDS = ((12, 14), (15, 17), (18, 44), (45, 59))
OLDEST_BAND_FROM = 60


class Channel(StrEnum):
    """How a person came to be registered."""

    SELF = "self"
    ON_THE_SPOT = "on_the_spot"
    IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Person:
    """The key of one beneficiary: the account's, so that a household stays together, and the person's own."""

    account_id: UUID
    beneficiary_id: UUID


@dataclass(frozen=True, slots=True)
class Gender:
    """A gender that one may register with; `names` by language code."""

    gender_id: int
    name: str
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Registration:
    """A person's facts as somebody wrote them, not checked yet."""

    name: str
    birth_year: int
    gender_id: int
    document_type_id: int
    document_number: str
    comorbidity: bool
    consent_version: str
    birth_date: date | None = None
    priority_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """A registration that was checked and brought into its one form."""

    name: str
    birth_year: int
    birth_date: date | None
    gender_id: int
    document_type_id: int
    document_number: str
    document_masked: str
    document_hash: bytes | None
    """Keyed hash by which the document is found again; None where two persons may share the number."""
    comorbidity: bool
    priority_groups: tuple[str, ...]
    consent_version: str


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """A person entitled to a dose; opened, so only ever in memory."""

    person: Person
    reference_id: int
    name: str
    birth_year: int
    birth_date: date | None
    gender_id: int
    document_type_id: int
    document_masked: str
    comorbidity: bool
    priority_groups: tuple[str, ...]
    consent_version: str
    document_confirmed_by: str | None
    """The provider of national IDs that confirmed these facts; None where nobody did."""
    secret_code: str
    registered_at: datetime
    locked_at: datetime | None
    died_on: date | None = None
    """The day of a death that an officer confirmed."""
    has_passport: bool = False
    """Whether a passport was added for travel, beside the document of the registration."""


def age_band(birth_year: int, year: int) -> str:
    """The band that statistics count a person in, by the age reached in this year."""
    age = year - birth_year
    if age >= OLDEST_BAND_FROM:
        return f"{OLDEST_BAND_FROM}_up"
    return next((f"{low}_{high}" for low, high in BANDS if low <= age <= high), "other")
