"""Reads the QR codes of an uploaded picture or PDF: within bounds, outside the event loop, and kept nowhere."""

import asyncio
import io

import pypdfium2
import zxingcpp
from PIL import Image, ImageOps, UnidentifiedImageError
from pypdfium2 import PdfiumError

from opencowin.kit.errors import Invalid

PDF = b"%PDF"
DOTS_PER_INCH = 220
MOST_PAGES = 3
MOST_PIXELS = 60_000_000
SIDE = 3000
"""Pixels: larger pictures are made smaller before they are read."""
AT_ONCE = asyncio.Semaphore(2)
KINDS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
QR_ONLY = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
"""No other kind: among the dots of a large code some lie like the bars of another by chance."""


class NotAPicture(Invalid):
    """This file is no picture and no PDF that can be read here: choose a photo, a screenshot or the PDF itself."""

    code = "PAGE0009"


async def read_qr_codes(content: bytes) -> list[str]:
    """The texts of the QR codes in a picture or on the first pages of a PDF. Raises NotAPicture."""
    async with AT_ONCE:
        return await asyncio.to_thread(_read, content)


def _read(content: bytes) -> list[str]:
    found: list[str] = []
    for picture in _pages(content) if content.startswith(PDF) else [_picture(content)]:
        codes = zxingcpp.read_barcodes(picture, formats=QR_ONLY, text_mode=zxingcpp.TextMode.Plain)
        found += [code.text for code in codes]
    return found


def _pages(content: bytes) -> list[Image.Image]:
    try:
        document = pypdfium2.PdfDocument(io.BytesIO(content))
        pages = [document[number] for number in range(min(len(document), MOST_PAGES))]
        small = [min(DOTS_PER_INCH / 72, SIDE / max(*page.get_size(), 1)) for page in pages]
        return [page.render(scale=scale, grayscale=True).to_pil() for page, scale in zip(pages, small, strict=True)]
    except PdfiumError as broken:
        raise NotAPicture(field="file") from broken


def _picture(content: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(content), formats=KINDS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise NotAPicture(field="file")
            opened.draft("L", (SIDE, SIDE))
            upright = ImageOps.exif_transpose(opened).convert("L")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as broken:
        raise NotAPicture(field="file") from broken
    upright.thumbnail((SIDE, SIDE))
    return upright
