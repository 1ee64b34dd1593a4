"""A form of a certificate as a file: the sheet to print, the picture of its QR code, or the code's text."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from starlette.responses import Response

from opencowin import certificates
from opencowin.certificates import Format, Sheet
from opencowin.web.site import Site


class Kind(StrEnum):
    """As what a form of the certificate is handed out."""

    PDF = "pdf"
    SVG = "svg"
    PNG = "png"
    TXT = "txt"


MEDIA: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.PDF: "application/pdf",
        Kind.SVG: "image/svg+xml",
        Kind.PNG: "image/png",
        Kind.TXT: "text/plain; charset=utf-8",
    }
)
FILE_OUT: dict[int | str, dict[str, Any]] = {
    200: {"content": {media.partition(";")[0]: {"schema": {"type": "string"}} for media in MEDIA.values()}}
}


async def form_file(site: Site, paper: Sheet, form: Format, kind: Kind, language: str) -> Response:
    """One form of a certificate as a file. Raises FormNotIssued."""
    text = paper.payload(form)
    if kind is Kind.PDF:
        return file_response(kind, form, await certificates.printed(site.floor, paper, language, form))
    if kind is Kind.SVG:
        return file_response(kind, form, certificates.code_svg(form, text).encode())
    return file_response(kind, form, certificates.code_png(form, text) if kind is Kind.PNG else text.encode())


def file_response(kind: Kind, name: str, content: bytes) -> Response:
    """A file about one person: shown, and kept by nobody."""
    headers = {
        "Content-Disposition": f'inline; filename="{name}.{kind.value}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=MEDIA[kind], headers=headers)
