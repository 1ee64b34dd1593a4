"""Printed papers as a phone's camera sees them."""

import io

import pypdfium2
import zxingcpp

DOTS_PER_INCH = 200
QR_ONLY = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
"""No other kind: among the dots of a large code some lie like the bars of another by chance."""


def read_qr_codes(pdf: bytes) -> list[str]:
    """The texts of the QR codes on the first page of a PDF."""
    page = pypdfium2.PdfDocument(io.BytesIO(pdf))[0].render(scale=DOTS_PER_INCH / 72, grayscale=True)
    picture = memoryview(bytes(page.buffer)).cast("B", (page.height, page.stride))
    codes = zxingcpp.read_barcodes(picture, formats=QR_ONLY, text_mode=zxingcpp.TextMode.Plain)
    return [code.text for code in codes]
