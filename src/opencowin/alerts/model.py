"""What subscriptions are: where seats are looked for, and what must fit."""

import math
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

MOST_KM = 100
"""The widest circle that can be watched."""
LETTERS = "ACDEFGHJKLMNPQRTUVWXY3479"
"""What codes are made of: nothing that is easily taken for something else."""
CODE_LENGTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription:
    """A wish: a district, or a postal code, perhaps with so many kilometres round it; what is None fits always."""

    district_id: int | None = None
    pin_code: str | None = None
    radius_km: int | None = None
    vaccine_id: str | None = None
    dose: int | None = None
    age: int | None = None
    most_fee: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscription as stored."""

    subscription_id: int
    code: str
    district_id: int | None
    pin_code: str | None
    radius_km: int | None
    vaccine_id: str | None
    dose: int | None
    age: int | None
    most_fee: Decimal | None
    made_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle on the earth."""

    latitude: float
    longitude: float
    radius_km: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a session offers, as subscriptions ask for it."""

    session_id: UUID
    district_id: int
    pin_code: str
    latitude: float
    longitude: float
    vaccine_id: str
    min_age: int
    max_age: int | None
    fee: Decimal
    doses: list[int]

    @property
    def beyond(self) -> float:
        """Its longitude as a circle sees it whose middle lies across the 180th meridian."""
        return self.longitude - math.copysign(360.0, self.longitude)
