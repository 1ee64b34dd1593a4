"""Printable documents: a typst template and a dictionary of data in, a tagged, archivable PDF or a picture out."""

import importlib.resources
import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path

import typst
from babel import Locale

from opencowin.kit.glyphs import covered, legible

FONTS = Path(str(importlib.resources.files("opencowin.kit"))) / "fonts"
FAMILIES = (
    "Noto Sans",
    "Noto Sans Devanagari",
    "Noto Sans Bengali",
    "Noto Sans Gujarati",
    "Noto Sans Gurmukhi",
    "Noto Sans Kannada",
    "Noto Sans Malayalam",
    "Noto Sans Oriya",
    "Noto Sans Tamil",
    "Noto Sans Telugu",
    "Noto Naskh Arabic",
)
"""In the order in which a letter is looked for."""
STANDARDS: list["typst.PDFStandard"] = ["ua-1", "a-2a"]
"""Readable by those who do not see (PDF/UA-1), and in a hundred years (PDF/A-2a)."""
POINTS_PER_INCH = 150.0
"""Of a page as a picture: its QR codes are read from it."""
Data = Mapping[str, object]


def in_two_languages(main: str, second: str) -> dict[str, str]:
    """What a template needs to set its text: the tags of both languages, and the direction of the main one."""
    return {"lang": main, "second_lang": second, "direction": Locale.parse(main).text_direction}


@lru_cache(maxsize=1)
def shipped_fonts() -> typst.Fonts:
    """The fonts of this package and no others, so that a document looks the same on every machine."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])


@lru_cache(maxsize=1)
def shipped_marks() -> frozenset[str]:
    """Every character that the shipped fonts can draw, in each weight."""
    return covered(sorted(FONTS.glob("*-Regular.ttf"))) & covered(sorted(FONTS.glob("*-Bold.ttf")))


class DocumentRenderer:
    """One template, compiled again and again by one compiler; safe to share between threads, one page at a time.

    The data never becomes part of the template's source: it travels as JSON in `sys.inputs.data`, so no name can be
    typst code. Pictures are SVG text, found by the template in `sys.inputs` under `image-` and their name. A word in a
    script without a font here is printed in Latin letters, since a tagged PDF may not hold a character that cannot be
    drawn.
    """

    def __init__(self, template: Path) -> None:
        self._lock = threading.Lock()
        self._compiler = typst.Compiler(template, root=template.parent, font_paths=shipped_fonts())

    def render(self, data: Data, images: Mapping[str, str], created_at: datetime) -> bytes:
        """The PDF, the same bytes for the same data and instant. Raises typst.TypstError where the template fails."""
        inputs = _inputs(data, images)
        with self._lock:
            pdf = self._compiler.compile(
                format="pdf", sys_inputs=inputs, pdf_standards=STANDARDS, timestamp=int(created_at.timestamp())
            )
        return _one(pdf)

    def picture(self, data: Data, images: Mapping[str, str]) -> bytes:
        """The page as a PNG, for those who keep pictures. Raises typst.TypstError where the template fails."""
        inputs = _inputs(data, images)
        with self._lock:
            png = self._compiler.compile(format="png", sys_inputs=inputs, ppi=POINTS_PER_INCH)
        return _one(png)


def _one(made: object) -> bytes:
    if not isinstance(made, bytes):
        raise TypeError("the template did not yield one document")
    return made


def _inputs(data: Data, images: Mapping[str, str]) -> dict[str, str]:
    inputs = {"data": json.dumps({**_drawable(data), "families": FAMILIES}, ensure_ascii=False)}
    return inputs | {f"image-{name}": svg for name, svg in images.items()}


def _drawable(data: Data) -> dict[str, object]:
    return {key: _every_text(value, partial(legible, drawn=shipped_marks())) for key, value in data.items()}


def _every_text(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _every_text(inner, change) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_every_text(inner, change) for inner in value]
    return value
