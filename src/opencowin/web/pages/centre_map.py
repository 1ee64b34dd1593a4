"""A map of some centres as a picture: where they lie to each other, with a scale; no foreign tiles are fetched."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians

from opencowin.places import Centre

SIDE, MARGIN = 320, 24
KILOMETRES_PER_DEGREE = 111.2
SCALES = (1, 2, 5, 10, 20, 50, 100, 200)


@dataclass(frozen=True, slots=True)
class Pin:
    """One centre on the picture, by its number in the list."""

    number: int
    centre: Centre
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class CentreMap:
    """The picture: pins, and a scale bar of so many kilometres and so many units of length."""

    pins: list[Pin]
    scale_km: int
    scale_length: float


def centre_map(centres: Sequence[Centre]) -> CentreMap:
    """Where these centres lie, north at the top; at least a kilometre wide."""
    middle = sum(one.latitude for one in centres) / len(centres)
    flat = [
        (one.longitude * cos(radians(middle)) * KILOMETRES_PER_DEGREE, -one.latitude * KILOMETRES_PER_DEGREE)
        for one in centres
    ]
    left, top = min(x for x, _ in flat), min(y for _, y in flat)
    width = max(max(x for x, _ in flat) - left, max(y for _, y in flat) - top, 1.0)
    per_km = (SIDE - 2 * MARGIN) / width
    pins = [
        Pin(number, one, round(MARGIN + (x - left) * per_km, 1), round(MARGIN + (y - top) * per_km, 1))
        for number, (one, (x, y)) in enumerate(zip(centres, flat, strict=True), start=1)
    ]
    scale = max((km for km in SCALES if km * per_km <= SIDE / 2), default=SCALES[0])
    return CentreMap(pins, scale, round(scale * per_km, 1))
