"""QR codes as vector pictures: one path, crisp on any printer and screen."""

import re
from math import isqrt

import zxingcpp

QUIET = 4
"""Modules of white that the standard asks for on each side."""
DARK = re.compile(rb"\x00+")


def qr_svg(text: str, level: str = "M") -> str:
    """The QR code of a text as SVG; `level` is the error correction (L, M, Q, H). Raises ValueError if too long."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    # The library's own SVG of a large code takes five times as long as this one.
    picture = barcode.to_image(scale=1, add_quiet_zones=False)
    modules = memoryview(picture).tobytes()  # type: ignore[arg-type]  # a buffer, though its stub does not say so
    width = isqrt(len(modules))
    rows = [modules[at : at + width] for at in range(0, len(modules), width)]
    side = width + 2 * QUIET
    bars = "".join(_bars(row, top) for top, row in enumerate(rows, start=QUIET))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="{side}" height="{side}">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{bars}"/></svg>'
    )


def _bars(row: bytes, top: int) -> str:
    """The dark runs of one row as closed bars one module high."""
    spans = ((run.start() + QUIET, run.end() - run.start()) for run in DARK.finditer(row))
    return "".join(f"M{left} {top}h{width}v1h-{width}z" for left, width in spans)
