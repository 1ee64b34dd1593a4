"""QR codes drawn into a finished PDF: at the place that was held for them, and into nothing else."""

import io

import pikepdf
import pytest
import zxingcpp
from PIL import Image, ImageDraw

from opencowin.kit.pdf_forms import placeholder, with_forms
from opencowin.kit.qr import QUIET, qr_code

ROOT = (
    b"<</Type/Catalog/Pages 2 0 R>>",
    b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<<>>>>",
)
CODE = qr_code("8F3K-22QD " * 20)


def document(*numbers: int) -> bytes:
    """As the compiler writes it: plain objects, one table."""
    pictures = [
        b"<</Length 1/Type/XObject/Subtype/Image/Filter/FlateDecode/Width 1/Height %d/BitsPerComponent 8>>"
        b"\nstream\nx\nendstream" % (number + 1)
        for number in numbers
    ]
    body, table = b"%PDF-1.7\n", b"0000000000 65535 f\r\n"
    for number, made in enumerate([*ROOT, *pictures], 1):
        table += b"%010d 00000 n\r\n" % len(body)
        body += b"%d 0 obj\n%s\nendobj\n" % (number, made)
    size = len(numbers) + len(ROOT) + 1
    head, tail = b"xref\n0 %d\n" % size, b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(body))
    return body + head + table + tail


def test_each_code_stands_where_its_place_was_held_and_is_read() -> None:
    made = with_forms(document(1, 0), [CODE, qr_code("another")])
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert pdf.check_pdf_syntax() == []
        second, first = (pdf.get_object(number, 0) for number in (4, 5))
        assert [str(one.Subtype) for one in (first, second)] == ["/Form", "/Form"]
        assert drawn(first) == "8F3K-22QD " * 20
        assert drawn(second) == "another"


def drawn(form: pikepdf.Object) -> str:
    """What is read of the drawing's rectangles, drawn here a second time."""
    side = int(form.BBox[2])
    page = Image.new("L", (side * 4, side * 4))
    pen, shade = ImageDraw.Draw(page), 0
    for step in pikepdf.parse_content_stream(form):
        if str(step.operator) == "g":
            shade = int(step.operands[0]) * 255
        if str(step.operator) == "re":
            x, y, width, height = (int(one) * 4 for one in step.operands)
            pen.rectangle((x, y, x + width - 1, y + height - 1), fill=shade)
    (found,) = zxingcpp.read_barcodes(page, text_mode=zxingcpp.TextMode.Plain)
    return found.text


@pytest.mark.parametrize("numbers", [(), (1,), (0, 0)])
def test_a_place_that_is_not_held_or_held_twice_is_an_error(numbers: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="stands there"):
        with_forms(document(*numbers), [CODE])


def test_a_table_of_another_form_is_an_error() -> None:
    with pytest.raises(ValueError, match="table"):
        with_forms(document(0).replace(b" n\r\n", b" n \n"), [CODE])


def test_a_placeholder_is_told_by_its_height() -> None:
    assert [Image.open(io.BytesIO(placeholder(number))).size for number in range(3)] == [(1, 1), (1, 2), (1, 3)]
    assert int(CODE.width) + 2 * QUIET > len(CODE.rows)
