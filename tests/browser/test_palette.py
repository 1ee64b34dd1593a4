"""The stylesheet's colours: texts contrast 4.5 to 1 with what they stand on, outlines and drawings 3 to 1."""

import re
from collections.abc import Iterator
from itertools import product

import pytest

from opencowin.web.pages.assets import assets

TEXT, DRAWING = 4.5, 3.0
RULE = re.compile(r"([^{}]+){([^{}]*)}")
HEX = re.compile(r"#[0-9a-f]{6}\b|#[0-9a-f]{3}\b")
WHITE = "#ffffff"
DARK = re.compile(r"^\.(?:top|languages|shade[45])\b")
"""Selectors of what stands on the deep colour, or on a dark tile."""


def rules(style: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each selector with its declarations, custom properties put in."""
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    root = dict(re.findall(r"(--[\w-]+):([^;}]+)", style))
    for selectors, body in RULE.findall(style):
        filled = re.sub(r"var\((--[\w-]+)\)", lambda one: root[one.group(1)], body)
        declared = dict(one.split(":", 1) for one in filled.split(";") if ":" in one)
        for selector in selectors.split(","):
            yield selector.strip(), {name.strip(): value.strip() for name, value in declared.items()}


def colour_in(value: str) -> str:
    """The first colour of a value as #rrggbb, or ""."""
    found = HEX.search(value.lower())
    if not found:
        return ""
    digits = found.group()[1:]
    return "#" + ("".join(one * 2 for one in digits) if len(digits) == 3 else digits)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def grounds(style: str, selector: str, declared: dict[str, str]) -> set[str]:
    """What a rule's text or outline may stand on: its own background, else that of its surroundings."""
    if own := colour_in(declared.get("background", "") or declared.get("background-color", "")):
        return {own}
    root = dict(re.findall(r"(--[\w-]+):([^;}]+)", style))
    return {root["--deep"]} if DARK.match(selector) else {WHITE, root["--wash"]}


def sheets(*names: str) -> str:
    """Stylesheets as a page loads them, one after another."""
    return "".join(assets()[name].content.decode() for name in names)


def faults(style: str) -> list[str]:
    """Texts and outlines of the stylesheet that are too pale; hairlines between things may be."""
    found = []
    hairline = colour_in(dict(re.findall(r"(--[\w-]+):([^;}]+)", style))["--line"])
    for selector, declared in rules(style):
        svg_text = selector.endswith("text")
        texts = {colour_in(declared.get(name, "")) for name in (("fill",) if svg_text else ("color",))}
        drawn = {colour_in(declared.get(name, "")) for name in ("outline", "outline-color", "border", "border-color")}
        for wanted, colours in ((TEXT, texts), (DRAWING, drawn - {hairline})):
            for colour, ground in product(colours - {""}, grounds(style, selector, declared)):
                if contrast(colour, ground) < wanted and not (svg_text and colour == WHITE):
                    found.append(f"{selector}: {colour} on {ground} is {contrast(colour, ground):.2f}, not {wanted}")
    return found


@pytest.mark.parametrize("names", [("site.css",), ("drawings.css",), ("site.css", "console.css")])
def test_the_palette_contrasts(names: tuple[str, ...]) -> None:
    assert faults(sheets(*names)) == []


def test_each_tile_contrasts_with_its_text_and_the_shades_grow_darker() -> None:
    style = sheets("drawings.css")
    declared = dict(rules(style))
    tiles = [declared[f".shade{number}"]["fill"] for number in range(6)]
    texts = [declared.get(f".shade{number} text", declared[".tiles text"])["fill"] for number in range(6)]
    for tile, text in zip(map(colour_in, tiles), map(colour_in, texts), strict=True):
        assert contrast(tile, text) >= TEXT
    lights = [luminance(colour_in(tile)) for tile in tiles]
    assert lights == sorted(lights, reverse=True)


@pytest.mark.parametrize(
    "rule", [".note{color:#8a9a95}", ".top b{color:#4fa594}", "input{border:2px solid #c8d0cd}", "p{color:#fff}"]
)
def test_a_pale_rule_is_seen(rule: str) -> None:
    style = sheets("site.css")
    assert len(faults(style + rule)) > len(faults(style))


def test_contrast_is_what_the_standard_says() -> None:
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)
