"""Printed papers as a phone's camera sees them."""

import io

import pypdfium2
import zxingcpp

DOTS_PER_INCH = 200


def read_qr_codes(pdf: bytes) -> list[str]:
    """The texts of the QR codes on the first page of a PDF."""
    page = pypdfium2.PdfDocument(io.BytesIO(pdf))[0].render(scale=DOTS_PER_INCH / 72, grayscale=True)
    picture = memoryview(bytes(page.buffer)).cast("B", (page.height, page.stride))
    return [code.text for code in zxingcpp.read_barcodes(picture, text_mode=zxingcpp.TextMode.Plain)]
