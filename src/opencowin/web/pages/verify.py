"""Check a certificate: a picture of it, its PDF, or the text of its QR code. What is sent is kept nowhere."""

from typing import Annotated

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from opencowin import certificates
from opencowin.certificates import Judgement
from opencowin.kit.actor import Actor
from opencowin.kit.errors import Invalid, Refusal
from opencowin.web.guard import open_to_readers
from opencowin.web.pages.forms import Fault, Filled
from opencowin.web.pages.qr_reading import read_qr_codes
from opencowin.web.pages.render import Reader, page
from opencowin.web.site import Site, site_of

router = APIRouter(include_in_schema=False)
Public = Annotated[Actor, open_to_readers()]
LONGEST_TEXT = 20_000


class NothingToCheck(Invalid):
    """Choose a picture or PDF of the certificate, or paste the text of its QR code."""

    code = "PAGE0010"


class NoQrCode(Invalid):
    """No QR code was found in this file: take the picture closer, straight and in good light."""

    code = "PAGE0011"


@router.get("/verify", response_class=Response)
async def verify_form(request: Request, _actor: Public) -> Response:
    """A picture, a PDF or the text, please."""
    return page(Reader(request), "verify.html", form=Filled())


@router.post("/verify", response_class=Response)
async def verify(request: Request, _actor: Public) -> Response:
    """Is it genuine?"""
    site, reader = site_of(request), Reader(request)
    try:
        judged = await _judge(site, await _texts(request))
    except Refusal as no:
        fault = Fault(no.field or "", reader.refusal(no))
        return page(reader, "verify.html", 400, form=Filled({}, (fault,)))
    answer = page(reader, "verdict.html", verdict=judged.verdict.value, facts=judged.facts)
    answer.headers["Cache-Control"] = "no-store"
    return answer


async def _texts(request: Request) -> list[str]:
    """What may be a certificate's text in the form that was sent. Raises NothingToCheck, NoQrCode, NotAPicture."""
    async with request.form(max_files=1, max_fields=4) as form:
        text, file = form.get("text"), form.get("file")
        if isinstance(text, str) and text.strip():
            return [text.strip()[:LONGEST_TEXT]]
        if not isinstance(file, UploadFile) or not file.size:
            raise NothingToCheck(field="file")
        found = await read_qr_codes(await file.read())
    if not found:
        raise NoQrCode(field="file")
    return found


async def _judge(site: Site, texts: list[str]) -> Judgement:
    async with site.transaction() as conn:
        return await certificates.judge(conn, site.floor, texts)
