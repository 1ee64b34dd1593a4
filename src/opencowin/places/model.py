"""What places are: states, districts, localities, postal codes and centres, and why a request about them is refused."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum

from opencowin.kit.errors import Conflict, Invalid, NotFound

EARTH_RADIUS_KM = 6371.0088
Progress = Callable[[str, int, int], None]
"""Told the present stage, what is done of it and the whole of it."""


def in_silence(stage: str, done: int, whole: int) -> None:
    """A `Progress` for callers that do not show any."""


class UnknownDistrict(NotFound):
    """There is no district with the number {district_id}."""

    code = "PLACES0002"


class UnknownState(NotFound):
    """There is no state with the number {state_id}."""

    code = "PLACES0012"


class UnknownCentre(NotFound):
    """There is no centre with the number {centre_id}."""

    code = "PLACES0003"


class CentreHoursInvalid(Invalid):
    """Give opening hours that end after they begin."""

    code = "PLACES0004"


class CentreIncomplete(Invalid):
    """Give the centre a name, an address and a postal code."""

    code = "PLACES0005"


class PointInvalid(Invalid):
    """Give both a latitude between -90 and 90 degrees and a longitude between -180 and 180."""

    code = "PLACES0006"


class PointNeeded(Invalid):
    """Give the centre's latitude and longitude: nothing is known of where its postal code and district lie."""

    code = "PLACES0007"


class CentreAlreadyClosed(Conflict):
    """The centre with the number {centre_id} is closed already."""

    code = "PLACES0008"


class CentreReasonMissing(Invalid):
    """Say why the centre is closed, in up to 300 characters."""

    code = "PLACES0011"


class Operator(StrEnum):
    """Who runs a centre."""

    GOVERNMENT = "government"
    PRIVATE = "private"


class CentreKind(StrEnum):
    """What sort of place a centre is."""

    STATIC = "static"
    OUTREACH = "outreach"
    NEAR_HOME = "near_home"
    WORKPLACE = "workplace"
    SCHOOL = "school"
    HOME = "home"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A first-level division of the country."""

    state_id: int
    name: str
    names: Mapping[str, str]

    def name_in(self, language: str) -> str:
        """The name in a language, else in English."""
        return self.names.get(language) or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class District:
    """A district of a state; `official` tells whether its number is the published one."""

    district_id: int
    state_id: int
    state_name: str
    name: str
    names: Mapping[str, str]
    state_names: Mapping[str, str]
    official: bool
    source_key: str | None
    """Its name in the files of the country pack."""
    latitude: float | None
    longitude: float | None

    def name_in(self, language: str) -> str:
        """The name in a language, else in English."""
        return self.names.get(language) or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceNames:
    """The names of where something lies."""

    district_id: int
    district_name: str
    district_names: Mapping[str, str]
    state_id: int
    state_name: str
    state_names: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Locality:
    """A named place with its postal code."""

    district_id: int
    pin_code: str
    name: str
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PinPlace:
    """A district that a postal code lies in, with the middle of the code's localities there."""

    pin_code: str
    district_id: int
    district_name: str
    state_id: int
    state_name: str
    localities: int
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCentre:
    """A centre to be entered; without a point it gets the middle of its postal code, else of its district."""

    district_id: int
    name: str
    address: str
    pin_code: str
    opens_at: time
    closes_at: time
    block_name: str = ""
    latitude: float | None = None
    longitude: float | None = None
    is_paid: bool = False
    operator: Operator = Operator.GOVERNMENT
    kind: CentreKind = CentreKind.STATIC
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """A place where doses are given; `closed_at` is None while it is open."""

    district_id: int
    centre_id: int
    name: str
    names: Mapping[str, str]
    address: str
    block_name: str
    pin_code: str
    latitude: float
    longitude: float
    opens_at: time
    closes_at: time
    is_paid: bool
    operator: Operator
    kind: CentreKind
    created_at: datetime
    closed_at: datetime | None

    def __post_init__(self) -> None:
        """The database gives words where the model has enumerations."""
        object.__setattr__(self, "operator", Operator(self.operator))
        object.__setattr__(self, "kind", CentreKind(self.kind))

    def name_in(self, language: str) -> str:
        """The name in a language, else in English."""
        return self.names.get(language) or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyCentre(Centre):
    """A centre with its distance from where somebody asked, in kilometres as the crow flies."""

    distance_km: float


@dataclass(frozen=True, slots=True)
class Within:
    """A place of the tree: the nation when all are None, a state, a district, or a centre."""

    state_id: int | None
    district_id: int | None
    centre_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """What `load_places` found: counts, and how many points were doubtful and replaced by the middle of their code."""

    states: int = 0
    districts: int = 0
    pin_codes: int = 0
    localities: int = 0
    points_replaced: int = 0
    already_loaded: bool = False


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The great-circle distance between two points in degrees (haversine)."""
    (lat, long), (to_lat, to_long) = [(math.radians(a), math.radians(b)) for a, b in (one, other)]
    bow = math.sin((to_lat - lat) / 2) ** 2 + math.cos(lat) * math.cos(to_lat) * math.sin((to_long - long) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(bow))
