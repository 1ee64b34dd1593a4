"""QR codes as vector pictures: one path, crisp on any printer and screen."""

import zxingcpp


def qr_svg(text: str, level: str = "M", quiet: bool = True) -> str:
    """The QR code of a text as SVG; `level` is the error correction (L, M, Q, H). Raises ValueError if too long."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    return str(barcode.to_svg(scale=1, add_quiet_zones=quiet))
