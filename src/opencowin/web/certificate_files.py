"""A form of a certificate as a file: sheet to print, picture of its QR code, the code's text, or for a wallet."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from starlette.responses import Response

from opencowin import certificates
from opencowin.certificates import Format, Paper, Sheet
from opencowin.kit.errors import NotFound
from opencowin.web.site import Site


class Kind(StrEnum):
    """As what a form of the certificate is handed out."""

    PDF = "pdf"
    SVG = "svg"
    PNG = "png"
    TXT = "txt"
    WALLET = "smart-health-card"


MEDIA: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.PDF: "application/pdf",
        Kind.SVG: "image/svg+xml",
        Kind.PNG: "image/png",
        Kind.TXT: "text/plain; charset=utf-8",
        Kind.WALLET: "application/smart-health-card",
    }
)


class NoWalletFile(NotFound):
    """Wallets of phones take the SMART Health Card: ask for that form."""

    code = "CERTIFICATE00036"


FILE_OUT: dict[int | str, dict[str, Any]] = {
    200: {"content": {media.partition(";")[0]: {"schema": {"type": "string"}} for media in MEDIA.values()}}
}


async def form_file(site: Site, paper: Sheet, form: Format, kind: Kind, language: str) -> Response:
    """One form of a certificate as a file. Raises FormNotIssued, NoWalletFile."""
    text = paper.payload(form)
    if kind is Kind.WALLET:
        if form is not Format.SMART_HEALTH_CARD:
            raise NoWalletFile
        return file_response(kind, form, certificates.wallet_file(text), attachment=True)
    if kind is Kind.PDF:
        return file_response(kind, form, await certificates.printed(site.floor, paper, language, form))
    if kind is Kind.SVG:
        return file_response(kind, form, certificates.code_svg(form, text).encode())
    return file_response(kind, form, certificates.code_png(form, text) if kind is Kind.PNG else text.encode())


async def whole_sheet(site: Site, paper: Sheet, kind: Paper, language: str) -> Response:
    """The sheet for everyday use as a file: to print, or as a picture."""
    drawn = await certificates.printed(site.floor, paper, language, paper=kind)
    return file_response(Kind(kind.value), "certificate", drawn)


def file_response(kind: Kind, name: str, content: bytes, *, attachment: bool = False) -> Response:
    """A file about one person: shown, and kept by nobody on the way."""
    headers = {
        "Content-Disposition": f'{"attachment" if attachment else "inline"}; filename="{name}.{kind.value}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=MEDIA[kind], headers=headers)
