"""What the country pack says of keeping vaccine: the cold chain's range, doses in a vial, and hours once it is open."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from opencowin.kit.country import PackBroken
from opencowin.kit.pack import CountryPack

FILE = "supply.toml"
SHORTEST = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Range:
    """Degrees Celsius that a store may have."""

    least: Decimal
    most: Decimal

    def holds(self, celsius: Decimal) -> bool:
        """Whether a temperature lies in it."""
        return self.least <= celsius <= self.most


@dataclass(frozen=True, slots=True)
class Product:
    """How a vaccine comes and how long it keeps once its vial is open."""

    vaccine_id: str
    doses_per_vial: int
    open_vial_hours: int


@dataclass(frozen=True, slots=True)
class Supply:
    """The file `supply.toml`."""

    cold_chain: Range
    product: tuple[Product, ...] = field(default_factory=tuple)

    def open_for(self, vaccine_id: str) -> timedelta:
        """How long a vial may be used once it is open; four hours where the pack says nothing."""
        hours = [one.open_vial_hours for one in self.product if one.vaccine_id == vaccine_id]
        return timedelta(hours=hours[0]) if hours else SHORTEST

    def doses_per_vial(self, vaccine_id: str) -> int:
        """Doses in a vial, as it usually comes; ten where the pack says nothing."""
        return next((one.doses_per_vial for one in self.product if one.vaccine_id == vaccine_id), 10)


_SHAPE: TypeAdapter[Any] = TypeAdapter(Supply)


@lru_cache(maxsize=8)
def read_supply(pack: CountryPack) -> Supply:
    """What the pack says. Raises PackBroken."""
    try:
        found: Supply = _SHAPE.validate_python(pack.toml(FILE))
    except (ValidationError, FileNotFoundError, ValueError) as wrong:
        raise PackBroken(file=FILE, problem=f"not a description of supply ({wrong})") from wrong
    return found
