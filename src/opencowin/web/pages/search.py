"""A search as it stands in an address: where, from which day, for whom; carried from page to page in links."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

from opencowin.kit.country import InvalidPostalCode, PostalCodeRule
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor
from opencowin.web.cowin.metadata import INT4_MAX

FEES = ("free", "paid")
MOST_PAGES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What somebody looks for. `move` is the booking to be moved; `fault` is what is wrong with the postal code."""

    pin: str = ""
    state_id: int | None = None
    district_id: int | None = None
    point: tuple[float, float] | None = None
    day: date
    dose: int = 1
    vaccine: str = ""
    fee: str = ""
    age: int | None = None
    people: int = 1
    also_full: bool = False
    on_map: bool = False
    page: int = 1
    move: str = ""
    fault: Refusal | None = None

    @property
    def says_where(self) -> bool:
        """Whether it names a place to look in."""
        return bool(self.pin) or self.district_id is not None or self.point is not None

    def query(self, **changes: Any) -> dict[str, Any]:
        """The search as parameters of a link, with some of them changed; None leaves one out."""
        stated = {
            "pin": self.pin or None,
            "district_id": self.district_id,
            "lat": self.point[0] if self.point else None,
            "long": self.point[1] if self.point else None,
            "date": self.day.isoformat(),
            "dose": self.dose if self.dose != 1 else None,
            "vaccine": self.vaccine or None,
            "fee": self.fee or None,
            "age": self.age,
            "people": self.people if self.people != 1 else None,
            "full": "1" if self.also_full else None,
            "map": "1" if self.on_map else None,
            "move": self.move or None,
        }
        return {**stated, **changes}


def read_search(given: Mapping[str, str], floor: Floor) -> Search:
    """The search that an address's parameters state; what cannot be read is as if it were left out."""
    today = floor.clock.today()
    pin, fault = _pin(given.get("pin", "")[:20], floor.country.postal_code)
    most = floor.settings.members_per_mobile
    return Search(
        pin=pin,
        state_id=_number(given.get("state_id", ""), 1, INT4_MAX),
        district_id=_number(given.get("district_id", ""), 1, INT4_MAX),
        point=_point(given.get("lat", ""), given.get("long", "")),
        day=_day(given.get("date", ""), today),
        dose=_number(given.get("dose", ""), 1, 9) or 1,
        vaccine=given.get("vaccine", "")[:60],
        fee=given.get("fee", "") if given.get("fee", "") in FEES else "",
        age=_number(given.get("age", ""), 0, 120),
        people=_number(given.get("people", ""), 1, most) or 1,
        also_full=given.get("full", "") == "1",
        on_map=given.get("map", "") == "1",
        page=_number(given.get("page", ""), 1, MOST_PAGES) or 1,
        move=given.get("move", "")[:36],
        fault=fault,
    )


def _pin(text: str, rule: PostalCodeRule) -> tuple[str, Refusal | None]:
    if not text.strip():
        return "", None
    try:
        return rule.normalise(text), None
    except InvalidPostalCode as fault:
        return text, fault


def _number(text: str, least: int, most: int) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 11 and least <= int(text) <= most else None


def _day(text: str, today: date) -> date:
    try:
        return max(date.fromisoformat(text), today)
    except ValueError:
        return today


def _point(latitude: str, longitude: str) -> tuple[float, float] | None:
    """A position, blurred to about a kilometre: no page needs to know it better."""
    try:
        lat, long = round(float(latitude), 2), round(float(longitude), 2)
    except ValueError:
        return None
    return (lat, long) if isfinite(lat) and isfinite(long) and abs(lat) <= 90 and abs(long) <= 180 else None
