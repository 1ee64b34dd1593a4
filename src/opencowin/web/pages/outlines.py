"""Outlines of states and districts, drawn from GeoJSON (RFC 7946): the country pack's, or a file of the operator's."""

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from opencowin.kit.country import PackBroken
from opencowin.kit.floor import Floor
from opencowin.web.pages.figures import shades

OUTLINES_FILE = "outlines.json"
WIDTH, HEIGHT = 688, 760
"""The largest box of a drawing, in its units: two to a pixel of the smallest page."""
DOT = 7
"""Half the width of the dot that stands for a place too small to be seen."""
Key = int | str
"""A place's number, or a district's name in the pack's source."""
Ring = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Places of one level in one scale: an SVG path for each, and the box that they fill."""

    width: int
    height: int
    paths: Mapping[Key, str]
    attribution: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One place on the outline map: its path, and its shade (0 none, 1 lightest … 5)."""

    name: str
    path: str
    shade: int


@dataclass(frozen=True, slots=True)
class OutlineMap:
    """A map with what it must say of its source."""

    width: int
    height: int
    shapes: Sequence[Shape]
    attribution: str


def outline_map(
    drawing: Drawing | None, names: Mapping[int, str], keys: Mapping[int, str], amounts: Mapping[int, int]
) -> OutlineMap | None:
    """The map of the named places, each found by its number or by its key in the pack's source; None where none is."""
    if drawing is None:
        return None
    shade = shades(amounts)
    shapes = [
        Shape(name, path, shade(amounts.get(place, 0)))
        for place, name in names.items()
        if (path := drawing.paths.get(place) or drawing.paths.get(keys.get(place, "")))
    ]
    return OutlineMap(drawing.width, drawing.height, shapes, drawing.attribution) if shapes else None


def drawing_of(floor: Floor, state_id: int | None) -> Drawing | None:
    """The states, or the districts of one; None where no file has them. Raises PackBroken."""
    path = floor.settings.outlines_file or floor.pack.folder / OUTLINES_FILE
    if floor.settings.outlines_file is None and not path.is_file():
        return None
    return _drawn(path, state_id)


@lru_cache(maxsize=64)
def _drawn(path: Path, state_id: int | None) -> Drawing | None:
    content = _read(path)
    rings = {key: polygons for level, key, polygons in _features(path, content) if level == state_id}
    return _draw(rings, str(content.get("attribution", ""))) if rings else None


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as fault:
        raise PackBroken(file=str(path), problem=f"it cannot be read: {fault}") from fault
    if not isinstance(content, dict) or content.get("type") != "FeatureCollection":
        raise PackBroken(file=str(path), problem="it is no FeatureCollection (GeoJSON)")
    return content


def _features(path: Path, content: Mapping[str, Any]) -> Iterator[tuple[int | None, Key, list[Ring]]]:
    """Each place: the state that it is drawn in (None: the nation), its key, and its outer and inner rings."""
    try:
        for feature in content["features"]:
            said, shape = feature["properties"], feature["geometry"]
            polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
            rings: list[Ring] = [[(float(x), float(y)) for x, y, *_ in ring] for one in polygons for ring in one]
            if not any(rings):
                raise ValueError("no points")
            state_id, district = int(said["state_id"]), said.get("district_id", said.get("district"))
            yield (None if district is None else state_id, state_id if district is None else district, rings)
    except (KeyError, TypeError, ValueError) as fault:
        raise PackBroken(file=str(path), problem=f"a feature lacks a polygon or its numbers: {fault!r}") from fault


def _draw(places: Mapping[Key, list[Ring]], attribution: str) -> Drawing:
    points = [point for rings in places.values() for ring in rings for point in ring]
    west, east = min(x for x, _ in points), max(x for x, _ in points)
    south, north = min(y for _, y in points), max(y for _, y in points)
    narrow = math.cos(math.radians((south + north) / 2))
    across, down = max((east - west) * narrow, 1e-6), max(north - south, 1e-6)
    scale = min((WIDTH - 2 * DOT) / across, (HEIGHT - 2 * DOT) / down)

    def at(x: float, y: float) -> tuple[int, int]:
        return round((x - west) * narrow * scale) + DOT, round((north - y) * scale) + DOT

    paths = {key: _path([[at(x, y) for x, y in ring] for ring in rings]) for key, rings in places.items()}
    return Drawing(round(across * scale) + 2 * DOT, round(down * scale) + 2 * DOT, paths, attribution)


def _path(rings: Sequence[Sequence[tuple[int, int]]]) -> str:
    """The rings in steps from point to point, the shortest way to write them; a dot where all are tiny."""
    every = [point for ring in rings for point in ring]
    (left, right), (top, bottom) = ((min(side), max(side)) for side in zip(*every, strict=True))
    written = "".join(map(_ring, rings))
    if max(right - left, bottom - top) >= 2 * DOT:
        return written
    x, y = (left + right) // 2 - DOT, (top + bottom) // 2
    return f"{written}M{x} {y}a{DOT} {DOT} 0 1 0 {2 * DOT} 0a{DOT} {DOT} 0 1 0 {-2 * DOT} 0z"


def _ring(ring: Sequence[tuple[int, int]]) -> str:
    kept = [point for place, point in enumerate(ring) if place == 0 or point != ring[place - 1]]
    if len(kept) < 3:
        return ""
    steps = [(x - a, y - b) for (a, b), (x, y) in itertools.pairwise(kept)]
    if kept[-1] == kept[0]:
        steps.pop()
    return f"M{kept[0][0]} {kept[0][1]}l{' '.join(f'{x} {y}' for x, y in steps).replace(' -', '-')}z"
