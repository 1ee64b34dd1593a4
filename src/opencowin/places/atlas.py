"""Makes an atlas of a source's localities: names written as people write them, doubtful points replaced."""

import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, TypeVar

from opencowin.kit.country import Bounds, PackBroken, read_country
from opencowin.kit.pack import CountryPack
from opencowin.places.source import DISTRICTS_FILE, PLACES_FILE, STATES_FILE, SourceLocality, read_localities

Point = tuple[float, float]
Key = TypeVar("Key")

SPREADS = 5.0
"""A plausible box reaches this many median deviations from the middle of its points."""
DISTRICT_REACH = (0.25, 2.0)
STATE_REACH = (4.5, 8.0)
"""The least and the most, in degrees, that the box of a district and of a state reaches."""


@dataclass(frozen=True, slots=True)
class AtlasState:
    """A state of the pack."""

    state_id: int
    name: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AtlasDistrict:
    """A district of the source: `key` is the source's STATE/DISTRICT, `official_id` a number that the pack knows."""

    key: str
    state_id: int
    name: str
    official_id: int | None
    point: Point | None
    names: Mapping[str, str] = field(default_factory=dict)
    """By language, as far as the pack knows them."""


@dataclass(frozen=True, slots=True)
class AtlasLocality:
    """A locality in the district of that key."""

    key: str
    pin_code: str
    name: str
    point: Point | None


@dataclass(frozen=True, slots=True)
class Atlas:
    """All places of a country, before they have numbers in the database."""

    states: Sequence[AtlasState]
    districts: Sequence[AtlasDistrict]
    localities: Sequence[AtlasLocality]
    pin_points: Mapping[tuple[str, str], Point | None]
    points_replaced: int


@dataclass(frozen=True, slots=True)
class Naming:
    """How the source's names are turned into written ones."""

    trim: tuple[re.Pattern[str], ...]
    small_words: frozenset[str]

    def locality(self, name: str) -> str:
        """The name without what sort of office it is."""
        trimmed = name.strip()
        for pattern in self.trim:
            trimmed = pattern.sub("", trimmed) or trimmed
        return self.written(trimmed)

    def written(self, name: str) -> str:
        """A name that is all capitals or all small, in title case; another one only with its spaces put right."""
        tidy = " ".join(name.split())
        if tidy != tidy.upper() and tidy != tidy.lower():
            return tidy
        words = re.sub(r"[^\W\d_]+", lambda word: word[0].capitalize(), tidy.lower()).split(" ")
        return " ".join(
            word.lower() if at and word.lower() in self.small_words else word for at, word in enumerate(words)
        )


def read_atlas(pack: CountryPack) -> Atlas:
    """The atlas of a pack and the source that it names. Raises PlaceSourceMissing, PackBroken."""
    try:
        return _read(pack)
    except KeyError as missing:
        raise PackBroken(problem=f"{missing.args[0]!r} is missing", file=PLACES_FILE) from missing
    except (TypeError, ValueError, re.error, sqlite3.Error) as wrong:
        raise PackBroken(problem=str(wrong), file=PLACES_FILE) from wrong


def _read(pack: CountryPack) -> Atlas:
    said = pack.toml(PLACES_FILE)
    states = _states(pack)
    named = {state.name.casefold(): state.state_id for state in states}
    naming = Naming(tuple(re.compile(one) for one in said["names"]["trim"]), frozenset(said["names"]["small_words"]))
    rows = _placed(read_localities(pack))
    called = _names_of_districts(pack)
    points, middles, replaced = _points(rows, read_country(pack).bounds, said.get("points", {}))
    localities, keys = _localities(rows, points, naming), sorted({key for key, _ in rows})
    return Atlas(
        states=states,
        districts=[_district(key, said, named, naming, called, middles[key]) for key in keys],
        localities=localities,
        pin_points=_middle_of_pins(localities),
        points_replaced=replaced,
    )


def _district(  # noqa: PLR0917 (all that is known of one)
    key: str,
    said: Mapping[str, Any],
    named: Mapping[str, int],
    naming: Naming,
    called: Mapping[tuple[int, str], Mapping[str, str]],
    point: Point | None,
) -> AtlasDistrict:
    state_id = _state_id(key, said.get("state_of", {}), named)
    name = said.get("districts", {}).get(key) or naming.written(key.split("/", 1)[1])
    return AtlasDistrict(
        key=key,
        state_id=state_id,
        name=name,
        official_id=said.get("official", {}).get(key),
        point=point,
        names=called.get((state_id, name), {}),
    )


def _names_of_districts(pack: CountryPack) -> dict[tuple[int, str], dict[str, str]]:
    """Names in other languages by state and name; a pack without such a table has the plain names only."""
    if not (pack.folder / DISTRICTS_FILE).is_file():
        return {}
    return {(int(row["state_id"]), row["name"]): _translations(row) for row in pack.csv(DISTRICTS_FILE)}


def _translations(row: Mapping[str, str]) -> dict[str, str]:
    return {code: name for code, name in row.items() if code not in {"state_id", "name"} and name}


def _states(pack: CountryPack) -> list[AtlasState]:
    return [AtlasState(int(row["state_id"]), row["name"], _translations(row)) for row in pack.csv(STATES_FILE)]


def _state_id(key: str, state_of: Mapping[str, int], named: Mapping[str, int]) -> int:
    state = key.split("/", 1)[0]
    return state_of.get(key) or state_of.get(state) or named[state.casefold()]


def _placed(rows: Iterable[SourceLocality]) -> list[tuple[str, SourceLocality]]:
    """Rows with the key of their district; one without takes its postal code's, or is dropped."""
    placed: list[tuple[str, SourceLocality]] = []
    astray: list[SourceLocality] = []
    of_pin: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.state and row.district:
            key = f"{row.state}/{row.district}"
            of_pin[row.pin_code][key] += 1
            placed.append((key, row))
        else:
            astray.append(row)
    placed += [(of_pin[row.pin_code].most_common(1)[0][0], row) for row in astray if row.pin_code in of_pin]
    return placed


def _points(
    rows: Sequence[tuple[str, SourceLocality]], bounds: Bounds, given: Mapping[str, Sequence[float]]
) -> tuple[list[Point | None], dict[str, Point | None], int]:
    """A point for each row, the middle of each district, and how many points of rows were not their own."""
    settled = {key: (point[0], point[1]) for key, point in given.items()}
    keys = [key for key, _ in rows]
    own = [_trusted_point(row, bounds) for _, row in rows]
    own = _plausible([None if key in settled else key.split("/", 1)[0] for key in keys], own, STATE_REACH, {})
    middles = _medians(zip(keys, own, strict=True)) | settled
    kept = _plausible(keys, own, DISTRICT_REACH, settled)
    of_pin = _medians(((key, row.pin_code), point) for (key, row), point in zip(rows, kept, strict=True))
    points = [
        point or of_pin.get((key, row.pin_code)) or middles.get(key)
        for (key, row), point in zip(rows, kept, strict=True)
    ]
    return points, {key: middles.get(key) for key, _ in rows}, sum(point is None for point in kept)


def _trusted_point(row: SourceLocality, bounds: Bounds) -> Point | None:
    if not row.trusted or row.latitude is None or row.longitude is None:
        return None
    return (row.latitude, row.longitude) if bounds.contain(row.latitude, row.longitude) else None


def _medians(points: Iterable[tuple[Key, Point | None]]) -> dict[Key, Point]:
    grouped: dict[Key, list[Point]] = defaultdict(list)
    for key, point in points:
        if point is not None:
            grouped[key].append(point)
    return {
        key: (round(median(lat for lat, _ in some), 5), round(median(lon for _, lon in some), 5))
        for key, some in grouped.items()
    }


def _plausible(
    groups: Sequence[str | None], points: Sequence[Point | None], reach: tuple[float, float], settled: dict[str, Point]
) -> list[Point | None]:
    """The points that lie in the box around the middle of their group; a row without a group is not judged.

    A box has the size of the group's median deviation, so that up to half of its points may be wrong."""
    middles = _medians((group, point) for group, point in zip(groups, points, strict=True) if group) | settled
    deviations = _medians(
        (group, _deviation(point, middles[group]))
        for group, point in zip(groups, points, strict=True)
        if group and point is not None
    )
    boxes = {group: [min(max(SPREADS * one, reach[0]), reach[1]) for one in far] for group, far in deviations.items()}
    return [
        point
        if point is None
        or group is None
        or all(one <= box for one, box in zip(_deviation(point, middles[group]), boxes[group], strict=True))
        else None
        for group, point in zip(groups, points, strict=True)
    ]


def _deviation(point: Point, middle: Point) -> Point:
    return abs(point[0] - middle[0]), abs(point[1] - middle[1])


def _localities(
    rows: Sequence[tuple[str, SourceLocality]], points: Sequence[Point | None], naming: Naming
) -> list[AtlasLocality]:
    """One locality for each name in a postal code of a district."""
    found: dict[tuple[str, str, str], AtlasLocality] = {}
    for (key, row), point in zip(rows, points, strict=True):
        name = naming.locality(row.name)
        found.setdefault((key, row.pin_code, name.casefold()), AtlasLocality(key, row.pin_code, name, point))
    return list(found.values())


def _middle_of_pins(localities: Iterable[AtlasLocality]) -> dict[tuple[str, str], Point | None]:
    every = [((locality.key, locality.pin_code), locality.point) for locality in localities]
    middles = _medians(every)
    return {pin: middles.get(pin) for pin, _ in every}
