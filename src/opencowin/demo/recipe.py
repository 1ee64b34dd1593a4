"""What the demo of a country is made of, as its pack's `demo.toml` describes it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any

from opencowin.kit.country import PackBroken
from opencowin.kit.errors import NotFound
from opencowin.kit.pack import CountryPack
from opencowin.places import CentreKind, Operator

FILE = "demo.toml"


class NoDemo(NotFound):
    """The country pack {name} describes no demo: it has no file demo.toml."""

    code = "DEMO0001"


class UnknownSize(NotFound):
    """There is no demo size {size}: choose one of {sizes}."""

    code = "DEMO0002"


@dataclass(frozen=True, slots=True)
class Size:
    """How much: centres in the whole country (0: each district's own set), and in how many districts of a state."""

    name: str
    centres: int
    districts_per_state: int | None


@dataclass(frozen=True, slots=True)
class Form:
    """A sort of centre: its name, who runs it, when it opens, how many each district has, how often it is drawn."""

    form_id: str
    names: tuple[str, ...]
    address: str
    operator: Operator
    kind: CentreKind
    opens_at: time
    closes_at: time
    each: int
    weight: int
    pattern: re.Pattern[str]

    @property
    def is_paid(self) -> bool:
        """Private centres take money for a dose."""
        return self.operator is Operator.PRIVATE


@dataclass(frozen=True, slots=True)
class Offer:
    """What a form of centre offers on a day: a vaccine by share, for an age band, with so many seats."""

    form_id: str
    vaccines: Mapping[str, int]
    min_age: int
    max_age: int | None
    first_doses: tuple[int, int]
    shares: Mapping[int, float]
    days: int
    crowded: bool


@dataclass(frozen=True, slots=True)
class Crowd:
    """The families that fill crowded sessions."""

    every_days: int
    districts_per_state: int
    seats: int
    birth_years: tuple[int, ...]
    names: tuple[str, ...]
    gender_ids: tuple[int, ...]
    document_type_id: int
    document_pattern: str
    mobile_prefix: str


@dataclass(frozen=True, slots=True)
class LogIn:
    """A member of the demo's staff."""

    user_name: str
    name: str
    role: str
    where: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """The whole of it."""

    sizes: Mapping[str, Size]
    forms: tuple[Form, ...]
    offers: tuple[Offer, ...]
    fees: Mapping[str, Decimal]
    batches: Mapping[str, str]
    houses: tuple[str, ...]
    crowd: Crowd
    staff_state: str
    staff: tuple[LogIn, ...]

    def size(self, name: str) -> Size:
        """The size of this name. Raises UnknownSize."""
        if name not in self.sizes:
            raise UnknownSize(size=name, sizes=", ".join(self.sizes))
        return self.sizes[name]

    def form_of(self, centre_name: str) -> Form | None:
        """The form that a centre of this name has; None for a centre that the demo did not make."""
        return next((form for form in self.forms if form.pattern.fullmatch(centre_name)), None)

    def offers_of(self, form: Form) -> list[Offer]:
        """What such a centre offers."""
        return [offer for offer in self.offers if offer.form_id == form.form_id]


def read_recipe(pack: CountryPack) -> Recipe:
    """The recipe of a country's demo. Raises NoDemo, PackBroken."""
    try:
        return _parse(pack.toml(FILE))
    except FileNotFoundError as missing:
        raise NoDemo(name=pack.name) from missing
    except (KeyError, TypeError, ValueError, re.error) as wrong:
        raise PackBroken(problem=str(wrong), file=FILE) from wrong


def _parse(said: dict[str, Any]) -> Recipe:
    houses = tuple(said["houses"]["names"])
    staff = said["staff"]
    return Recipe(
        sizes={
            name: Size(name, int(one["centres"]), one.get("districts_per_state")) for name, one in said["sizes"].items()
        },
        forms=tuple(_form(one, houses) for one in said["form"]),
        offers=tuple(_offer(one) for one in said["offer"]),
        fees={vaccine: Decimal(fee) for vaccine, fee in said["fees"].items()},
        batches=dict(said["batches"]),
        houses=houses,
        crowd=_crowd(said["crowd"]),
        staff_state=staff["state_name"],
        staff=tuple(LogIn(**one) for one in staff["log_in"]),
    )


def _crowd(said: dict[str, Any]) -> Crowd:
    fields: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in said.items()}
    return Crowd(**fields)


def _form(said: dict[str, Any], houses: Sequence[str]) -> Form:
    names = tuple(said["names"])
    return Form(
        form_id=said["form_id"],
        names=names,
        address=said["address"],
        operator=Operator(said["operator"]),
        kind=CentreKind(said["kind"]),
        opens_at=said["opens"],
        closes_at=said["closes"],
        each=int(said["each"]),
        weight=int(said["weight"]),
        pattern=_pattern(names, houses),
    )


def _pattern(names: Sequence[str], houses: Sequence[str]) -> re.Pattern[str]:
    """What the names of a form look like once its placeholders are filled in."""
    either = "|".join(re.escape(house) for house in houses)
    filled = {"{house}": f"(?:{either})", "{locality}": ".+", "{district}": ".+"}
    patterns = []
    for name in names:
        pattern = re.escape(name)
        for placeholder, what in filled.items():
            pattern = pattern.replace(re.escape(placeholder), what)
        patterns.append(pattern)
    return re.compile("|".join(patterns))


def _offer(said: dict[str, Any]) -> Offer:
    least, most = said["first_doses"]
    shares = {2: float(said["second"]), 3: float(said["third"]), 0: float(said["walk_ins"])}
    return Offer(
        form_id=said["form_id"],
        vaccines=dict(said["vaccines"]),
        min_age=said["min_age"],
        max_age=said.get("max_age"),
        first_doses=(least, most),
        shares=shares,
        days=said["days"],
        crowded=said.get("crowded", False),
    )
