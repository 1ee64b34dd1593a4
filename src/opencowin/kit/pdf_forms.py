"""Drawings put into a finished PDF where small pictures held their place: as sharp as any, at a third of the cost.

A QR code is some thousand rectangles. Read from SVG by the compiler of documents, laid out, written and packed, they
cost more than everything else on the page; written here as the operators of PDF, next to nothing.
"""

import io
import re
import zlib
from collections.abc import Sequence
from functools import cache

from PIL import Image

from opencowin.kit.qr import QUIET, Code

XREF_ENTRY = 20
"""Bytes of a line of the cross-reference table."""
DIGITS = 10
PACKED = 3
"""Of nine: twice as fast as the default, for a tenth more bytes."""


@cache
def placeholder(number: int) -> bytes:
    """The picture that holds the place of the drawing with this number, from 0: one point wide, told by its height."""
    out = io.BytesIO()
    Image.new("L", (1, number + 1)).save(out, "PNG")
    return out.getvalue()


def with_forms(pdf: bytes, codes: Sequence[Code]) -> bytes:
    """The PDF with each placeholder made a drawing of its code. Raises ValueError unless each stands there once."""
    table = pdf.rindex(b"xref\n0 ", 0, pdf.rindex(b"startxref"))
    places = [_place(pdf, number) for number in range(len(codes))]
    if len(set(places)) != len(codes) or any(end > table for _, end in places):
        raise ValueError("a placeholder is not where it was expected")
    changed, moved, at = [], [], 0
    for (begin, end), code in sorted(zip(places, codes, strict=True), key=lambda each: each[0]):
        made = _form(code)
        changed += [pdf[at:begin], made]
        moved.append((begin, len(made) - (end - begin)))
        at = end
    body = b"".join([*changed, pdf[at:table]])
    return body + _moved_table(pdf[table:], moved, len(body))


def _place(pdf: bytes, number: int) -> tuple[int, int]:
    """Where the dictionary of a placeholder begins and its stream ends."""
    mark = b"/Subtype/Image/Filter/FlateDecode/Width 1/Height %d/" % (number + 1)
    found = [one.start() for one in re.finditer(re.escape(mark), pdf)]
    if len(found) != 1:
        raise ValueError(f"a placeholder stands there {len(found)} times")
    return pdf.rindex(b" obj\n", 0, found[0]) + 5, pdf.index(b"\nendobj", found[0])


def _form(code: Code) -> bytes:
    """The drawing, as large as the picture it stands for: a square of one by one."""
    side = code.width + 2 * QUIET
    packed = zlib.compress(_operators(code), PACKED)
    head = (
        f"<</Length {len(packed)}/Type/XObject/Subtype/Form/Filter/FlateDecode/BBox[0 0 {side} {side}]"
        f"/Matrix[{1 / side:.9f} 0 0 {-1 / side:.9f} 0 1]/Resources<<>>>>\nstream\n"
    )
    return head.encode() + packed + b"\nendstream"


def _operators(code: Code) -> bytes:
    """White over all, then every dark module of the code in one fill, so that no seam shows between them."""
    side = code.width + 2 * QUIET
    drawn = [f"1 g 0 0 {side} {side} re f 0 g\n"]
    for top, row in enumerate(code.rows):
        boxes = "".join([_boxes(place, byte) for place, byte in enumerate(row)])
        drawn.append(boxes.replace("y", str(top + QUIET)))
    return "".join([*drawn, "f"]).encode()


@cache
def _boxes(place: int, byte: int) -> str:
    """The dark modules of the eight at this place of a row, as rectangles at the height `y`."""
    left = QUIET + 8 * place
    return "".join(
        f"{left + run.start()} y {run.end() - run.start()} 1 re\n" for run in re.finditer("1+", f"{byte:08b}")
    )


def _moved_table(tail: bytes, moved: Sequence[tuple[int, int]], begins: int) -> bytes:
    """The cross-reference table and what follows it, for objects that have moved."""
    head, count = re.match(rb"xref\n0 (\d+)\n", tail), 0
    if head is None:
        raise ValueError("the PDF's table is not of the expected form")
    count, at = int(head[1]), head.end()
    lines = [tail[at + each * XREF_ENTRY : at + (each + 1) * XREF_ENTRY] for each in range(count)]
    rest = tail[at + count * XREF_ENTRY :]
    if not rest.startswith(b"trailer") or any(line[DIGITS + 6 :] not in (b" n\r\n", b" f\r\n") for line in lines):
        raise ValueError("the PDF's table is not of the expected form")
    shifted = [line if line[DIGITS + 7 : DIGITS + 8] == b"f" else _shifted(line, moved) for line in lines]
    return head[0] + b"".join(shifted) + re.sub(rb"startxref\n\d+\n", b"startxref\n%d\n" % begins, rest)


def _shifted(line: bytes, moved: Sequence[tuple[int, int]]) -> bytes:
    stood = int(line[:DIGITS])
    return b"%010d" % (stood + sum(by for begin, by in moved if begin < stood)) + line[DIGITS:]
