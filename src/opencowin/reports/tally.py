"""A tally: figures with their breakdowns, summed by what one asks for."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol, Self

PRECAUTION_FROM = 3


class Counted(Protocol):
    """Anything with a breakdown and an amount."""

    @property
    def keys(self) -> dict[str, Any]: ...  # noqa: D102

    @property
    def amount(self) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Tally:
    """Figures of one measure."""

    figures: tuple[tuple[dict[str, Any], int], ...]

    @classmethod
    def of(cls, figures: Iterable[Counted]) -> Self:
        """The tally of these figures."""
        return cls(tuple((figure.keys, figure.amount) for figure in figures))

    @property
    def total(self) -> int:
        """The sum of all."""
        return sum(amount for _, amount in self.figures)

    @property
    def different(self) -> int:
        """How many different breakdowns there are."""
        return len(self.figures)

    @property
    def in_use(self) -> int:
        """How many different breakdowns there are whose sum is not nothing."""
        return sum(1 for _, amount in self.figures if amount > 0)

    def where(self, key: str, *values: object) -> Self:
        """Those whose key has one of the values."""
        return type(self)(tuple(one for one in self.figures if one[0].get(key) in values))

    def age(self, *bands: str) -> int:
        """The sum of these age bands."""
        return self.where("age", *bands).total

    def dose(self, number: int) -> int:
        """The sum of this dose number."""
        return self.where("dose", number).total

    @property
    def precaution(self) -> int:
        """The sum of the doses after the second."""
        return sum(amount for keys, amount in self.figures if int(keys.get("dose", 0)) >= PRECAUTION_FROM)

    @property
    def male(self) -> int:
        """Gender 1 of the wire."""
        return self.where("gender", 1).total

    @property
    def female(self) -> int:
        """Gender 2 of the wire."""
        return self.where("gender", 2).total

    @property
    def others(self) -> int:
        """Every other gender."""
        return self.total - self.male - self.female


def days_until(last: date, count: int) -> list[date]:
    """That many days, the last one last."""
    return [last - timedelta(days=back) for back in range(count - 1, -1, -1)]


def hour_label(instant: datetime) -> str:
    """An hour as people say it: "9 AM", "12 PM"."""
    return f"{instant.hour % 12 or 12} {'AM' if instant.hour < 12 else 'PM'}"
