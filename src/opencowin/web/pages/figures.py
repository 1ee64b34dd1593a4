"""What the dashboard draws: bars of days and hours, tiles of states, and how dark a place is. Pure."""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

TILE = 18.0
"""Half a tile's width, in the drawing's units."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart that is 100 high: its left edge, top and height."""

    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Tile:
    """One state on the tile map: its outline, the point of its letters, and its shade (0 none, 1 lightest … 5)."""

    state_id: int
    letters: str
    outline: str
    x: float
    y: float
    shade: int


@dataclass(frozen=True, slots=True)
class Shade:
    """One entry of a map's legend: the shade, and the least and the largest amount that has it."""

    shade: int
    least: int
    most: int


def ticks(most: int) -> list[int]:
    """From 0 in round steps to what is no less than `most`: at least two numbers, at most six."""
    rough = max(most, 1) / 4
    size = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    step = next(times * size for times in (1, 2, 5, 10) if times * size >= rough)
    return [step * count for count in range(max(math.ceil(most / step), 1) + 1)]


def average_line(amounts: Sequence[int | None], most: int, step: int = 10, days: int = 7) -> str:
    """The path of the average of `days` amounts up to each, in a drawing that is 100 high for `most`.

    It has a gap where one of them is withheld, so that no amount can be read off the line.
    """
    path, drawing = [], False
    for end in range(days, len(amounts) + 1):
        window = [amount for amount in amounts[end - days : end] if amount is not None]
        if whole := len(window) == days:
            x, y = (end - 1) * step + step * 2 // 5, 100 - 100 * sum(window) / days / (most or 1)
            path.append(f"{'L' if drawing else 'M'}{x} {y:.1f}")
        drawing = whole
    return "".join(path)


def legend(amounts: Mapping[int, int], shown: Mapping[int, int | None]) -> list[Shade]:
    """What the shades of a map of these amounts stand for, told by those amounts only that may be shown."""
    shade = shades(amounts)
    by_shade: dict[int, list[int]] = {}
    for place, amount in amounts.items():
        if (told := shown.get(place)) is not None:
            by_shade.setdefault(shade(amount), []).append(told)
    return [Shade(one, min(told), max(told)) for one, told in sorted(by_shade.items())]


def bars(amounts: Sequence[int], step: int = 10, most: int = 0) -> list[Bar]:
    """A bar for each amount, the largest (or `most`) 100 high, `step` from left edge to left edge."""
    most = most or max(amounts, default=0) or 1
    heights = [round(100 * amount / most, 1) for amount in amounts]
    return [Bar(place * step, round(100 - height, 1), height) for place, height in enumerate(heights)]


def tiles(grid: Iterable[Mapping[str, str]], amounts: Mapping[int, int]) -> list[Tile]:
    """The tile map: `grid` is the pack's table of tiles, in half tiles across and whole rows down."""
    shade, made = shades(amounts), []
    for row in grid:
        state_id, x, y = int(row["state_id"]), (int(row["across"]) + 1) * TILE, (int(row["down"]) * 1.5 + 1) * _SIDE
        made.append(
            Tile(state_id, row["letters"], _hexagon(x, y), round(x, 1), round(y, 1), shade(amounts.get(state_id, 0)))
        )
    return made


def shades(amounts: Mapping[int, int]) -> Callable[[int], int]:
    """How dark an amount is on a map of these: 0 for none, else its fifth by rank among those that are not none."""
    ranked = sorted(amount for amount in amounts.values() if amount)
    return lambda amount: 1 + 5 * bisect_left(ranked, amount) // len(ranked) if amount and ranked else 0


_SIDE = TILE * 2 / math.sqrt(3)


def _hexagon(x: float, y: float) -> str:
    inner = _SIDE - 1
    corners = [(x + inner * math.sin(turn), y - inner * math.cos(turn)) for turn in (math.pi / 3 * n for n in range(6))]
    return " ".join(f"{across:.1f},{down:.1f}" for across, down in corners)
