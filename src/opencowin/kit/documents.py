"""Printable documents: a typst template and a dictionary of data in, a tagged, archivable PDF or a picture out."""

import importlib.resources
import json
import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path

import typst
from babel import Locale

from opencowin.kit.glyphs import covered, legible
from opencowin.kit.pdf_forms import placeholder, with_forms
from opencowin.kit.qr import Code

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
MEANINGFUL = re.compile(r"[^ ,:\[\]{}A-Za-z0-9]")
"""Of a text within quotes; none of the others can end it or begin anything."""
Data = Mapping[str, object]
Images = Mapping[str, str | Code]


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

    The template is a file with a function `sheet` of the data. The data never becomes code: it travels as JSON in a
    text of which every character that could mean something is escaped. It does not travel in `sys.inputs`, since all
    that the compiler remembers of earlier pages would be forgotten when they change. Pictures, SVG or QR codes, are
    found by the template under `images` and their name; a QR code is drawn into the finished PDF. A word in a script
    without a font here is printed in Latin letters, since a tagged PDF may not hold a character that cannot be drawn.
    """

    def __init__(self, template: Path) -> None:
        self._lock = threading.Lock()
        self._name = template.name
        self._compiler = typst.Compiler(template, root=template.parent, font_paths=shipped_fonts())

    def render(self, data: Data, images: Images, created_at: datetime) -> bytes:
        """The PDF, the same bytes for the same data and instant. Raises typst.TypstError where the template fails."""
        codes = {name: one for name, one in images.items() if isinstance(one, Code)}
        held: dict[str, object] = {name: list(placeholder(number)) for number, name in enumerate(codes)}
        source = self._source(data, {**images, **held})
        with self._lock:
            pdf = self._compiler.compile(
                input=source, format="pdf", pdf_standards=STANDARDS, timestamp=int(created_at.timestamp())
            )
        return with_forms(_one(pdf), list(codes.values()))

    def picture(self, data: Data, images: Images) -> bytes:
        """The page as a PNG, for those who keep pictures. Raises typst.TypstError where the template fails."""
        source = self._source(data, {name: one.svg() if isinstance(one, Code) else one for name, one in images.items()})
        with self._lock:
            png = self._compiler.compile(input=source, format="png", ppi=POINTS_PER_INCH)
        return _one(png)

    def _source(self, data: Data, images: Mapping[str, object]) -> bytes:
        whole = json.dumps({**_drawable(data), "families": FAMILIES, "images": images}, ensure_ascii=False)
        quoted = MEANINGFUL.sub(lambda mark: f"\\u{{{ord(mark[0]):x}}}", whole)
        return f'#import "{self._name}": sheet\n#sheet(json(bytes("{quoted}")))'.encode()


def _one(made: object) -> bytes:
    if not isinstance(made, bytes):
        raise TypeError("the template did not yield one document")
    return made


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
