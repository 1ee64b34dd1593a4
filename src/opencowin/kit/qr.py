"""QR codes as pictures: one path, crisp on any printer and screen, or points for those who cannot draw a path."""

import io
import re
from dataclasses import dataclass
from math import isqrt

import zxingcpp
from PIL import Image

QUIET = 4
"""Modules of white that the standard asks for on each side."""
MASK, LONG = 2, 400
"""A long text is packed and signed bytes, as good as noise: one mask serves it as well as the best of eight, which
takes five times as long to find."""
RUNS = re.compile("(0*)(1+)")


def _strokes(byte: int) -> str:
    """Eight modules as lines along their middle, with moves over the white ones; it ends where the next eight begin."""
    drawn, at = "", 0
    for run in RUNS.finditer(f"{byte:08b}"):
        gap, dark = map(len, run.groups())
        drawn += (f"m{gap} 0" if gap else "") + f"h{dark}"
        at = run.end()
    return drawn + (f"m{8 - at} 0" if at < 8 else "")


STROKES = tuple(_strokes(byte) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Code:
    """A QR code, before it is drawn: so many modules wide, each row as bits, dark ones set, in whole bytes."""

    width: int
    rows: tuple[bytes, ...]

    def svg(self) -> str:
        """As SVG, with its quiet zone."""
        side = self.width + 2 * QUIET
        lines = (f"M0 {top}.5" + "".join([STROKES[byte] for byte in row]) for top, row in enumerate(self.rows))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{-QUIET} {-QUIET} {side} {side}" width="{side}"'
            f' height="{side}"><path fill="#fff" d="M{-QUIET} {-QUIET}h{side}v{side}h-{side}z"/>'
            f'<path stroke="#000" d="{"".join(lines)}"/></svg>'
        )


def qr_code(text: str, level: str = "M") -> Code:
    """The QR code of a text; `level` is the error correction (L, M, Q, H). Raises ValueError if too long."""
    modules = memoryview(_barcode(text, level).to_image(scale=1, add_quiet_zones=False)).tobytes()  # type: ignore[arg-type]  # a buffer, though its stub does not say so
    width = isqrt(len(modules))
    packed = Image.frombytes("L", (width, width), modules).point(_inverted, "1").tobytes()
    row = (width + 7) // 8
    return Code(width, tuple(packed[top * row : (top + 1) * row] for top in range(width)))


def qr_svg(text: str, level: str = "M") -> str:
    """The QR code of a text as SVG. Raises ValueError if too long."""
    return qr_code(text, level).svg()


def qr_png(text: str, level: str = "M", scale: int = 6) -> bytes:
    """The QR code of a text as PNG, each module so many points wide. Raises ValueError if too long."""
    out = io.BytesIO()
    points = _barcode(text, level).to_image(scale=scale, add_quiet_zones=True)
    Image.fromarray(points).convert("1").save(out, "PNG", optimize=True)
    return out.getvalue()


def _barcode(text: str, level: str) -> zxingcpp.Barcode:
    mask = {"data_mask": MASK} if len(text) > LONG else {}
    return zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level, **mask)


def _inverted(point: int) -> int:
    return 255 - point
