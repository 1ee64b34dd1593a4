"""Outlines on the map: drawn in one scale from whichever file there is, found by number or by name."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from opencowin.kit.country import PackBroken
from opencowin.kit.floor import Floor
from opencowin.kit.pack import open_pack
from opencowin.web.pages.outlines import WIDTH, drawing_of, outline_map

Boundaries = Callable[[object], Floor]


@pytest.fixture
def with_file(floor: Floor, tmp_path: Path) -> Boundaries:
    def made(content: object) -> Floor:
        path = tmp_path / "outlines.json"
        path.write_text(json.dumps(content), "utf-8")
        return replace(floor, settings=floor.settings.model_copy(update={"outlines_file": path}))

    return made


def square(properties: dict[str, object], west: float, south: float, size: float = 1.0) -> dict[str, object]:
    ring = [[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]]
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def collection(*features: dict[str, object]) -> dict[str, object]:
    return {"type": "FeatureCollection", "attribution": "Survey Office", "features": list(features)}


def test_places_are_found_by_number_or_by_their_name_in_the_source(with_file: Boundaries) -> None:
    floor = with_file(
        collection(
            square({"state_id": 1}, 0, 0),
            square({"state_id": 1, "district_id": 11}, 0, 0),
            square({"state_id": 1, "district": "NORTH/EAST"}, 1, 0),
            square({"state_id": 2, "district_id": 21}, 7, 7),
        )
    )
    names, keys = {11: "West", 12: "East", 13: "Nowhere"}, {12: "NORTH/EAST", 13: "NORTH/NOWHERE"}
    drawn = outline_map(drawing_of(floor, 1), names, keys, {11: 5, 12: 9})
    assert drawn is not None
    assert [(shape.name, shape.shade) for shape in drawn.shapes] == [("West", 1), ("East", 3)]
    assert drawn.attribution == "Survey Office"
    assert outline_map(drawing_of(floor, 3), names, keys, {}) is None
    nation = drawing_of(floor, None)
    assert nation is not None
    assert list(nation.paths) == [1]


def test_what_lies_north_is_drawn_above_and_in_proportion(with_file: Boundaries) -> None:
    floor = with_file(
        collection(square({"state_id": 1}, 10, 0), square({"state_id": 2}, 10, 3), square({"state_id": 3}, 18, 0))
    )
    drawing = drawing_of(floor, None)
    assert drawing is not None
    starts = {key: [int(part) for part in path[1:].split("l")[0].split()] for key, path in drawing.paths.items()}
    assert starts[2][1] < starts[1][1]
    assert starts[3][0] > starts[1][0]
    assert drawing.width <= WIDTH
    assert drawing.width / drawing.height == pytest.approx(9 / 4, rel=0.05)


def test_a_place_too_small_to_be_seen_is_a_dot(with_file: Boundaries) -> None:
    floor = with_file(collection(square({"state_id": 1}, 0, 0, 10), square({"state_id": 2}, 5, 5, 0.01)))
    drawing = drawing_of(floor, None)
    assert drawing is not None
    assert "a7 7" in drawing.paths[2]
    assert "a7 7" not in drawing.paths[1]


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"type": "Topology"},
        {"type": "FeatureCollection"},
        collection(
            {"type": "Feature", "properties": {"name": "x"}, "geometry": {"type": "Polygon", "coordinates": []}}
        ),
        collection(
            {"type": "Feature", "properties": {"state_id": 1}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
        ),
    ],
    ids=["no object", "another format", "no features", "no number", "no polygon"],
)
def test_a_file_that_cannot_be_drawn_is_named(with_file: Boundaries, content: object) -> None:
    with pytest.raises(PackBroken, match=r"outlines\.json"):
        drawing_of(with_file(content), None)


def test_the_pack_draws_every_state_and_most_districts(floor: Floor) -> None:
    pack = open_pack("india")
    states = {int(row["state_id"]) for row in pack.csv("states.csv")}
    nation = drawing_of(floor, None)
    assert nation is not None
    assert set(nation.paths) == states
    assert sum(len(one.paths) for state in states if (one := drawing_of(floor, state))) > 650
