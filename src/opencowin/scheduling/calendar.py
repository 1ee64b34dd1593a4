"""What the country pack says of planning sessions: holidays, and the most that a dose may cost."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from opencowin.kit.country import PackBroken
from opencowin.kit.pack import CountryPack

FILE = "sessions.toml"


@dataclass(frozen=True, slots=True)
class FeeCap:
    """The most that a dose of a vaccine may cost from a day on."""

    vaccine_id: str
    valid_from: date
    most: Decimal


@dataclass(frozen=True, slots=True)
class PlanningRules:
    """The file `sessions.toml`."""

    holidays: tuple[str, ...] = ()
    fee_cap: tuple[FeeCap, ...] = ()

    def is_holiday(self, on: date) -> bool:
        """Whether nothing is planned on this day."""
        return f"{on:%m-%d}" in self.holidays

    def most(self, vaccine_id: str, on: date) -> Decimal | None:
        """The most that a dose may cost on this day; None where nothing is laid down."""
        known = [cap for cap in self.fee_cap if cap.vaccine_id == vaccine_id and cap.valid_from <= on]
        return max(known, key=lambda cap: cap.valid_from).most if known else None


_SHAPE: TypeAdapter[Any] = TypeAdapter(PlanningRules)


@lru_cache(maxsize=8)
def read_planning_rules(pack: CountryPack) -> PlanningRules:
    """What the pack says. Raises PackBroken."""
    try:
        found: PlanningRules = _SHAPE.validate_python(pack.toml(FILE))
    except (ValidationError, FileNotFoundError, ValueError) as wrong:
        raise PackBroken(file=FILE, problem=f"not rules for planning sessions ({wrong})") from wrong
    return found
