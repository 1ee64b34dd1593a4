"""Check a certificate: a picture of it, its PDF, or the text of its QR code. What is sent is kept nowhere.

With scripts the page checks on the device itself, by camera too, and goes on doing so without a network: its worker
keeps the page and its files, the page keeps issuers' keys and the list of revoked certificates; nothing else is kept.
"""

import hashlib
from datetime import date
from functools import lru_cache
from typing import Annotated

import orjson
from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from opencowin import certificates
from opencowin.certificates import Judgement
from opencowin.kit.actor import Actor
from opencowin.kit.errors import Invalid, Refusal
from opencowin.web.fresh import has_it
from opencowin.web.guard import open_to_probes, open_to_readers
from opencowin.web.pages.assets import asset_link, assets
from opencowin.web.pages.forms import Fault, Filled
from opencowin.web.pages.qr_reading import read_qr_codes
from opencowin.web.pages.render import Reader, framed_page, page
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Public = Annotated[Actor, open_to_readers()]
Loading = Annotated[Actor, open_to_probes()]
"""What comes with the page is not counted as another one."""
LONGEST_TEXT = 20_000
HERE, EMBEDDED = "/verify", "/verify/embed"
SCRIPT, WORKER = "verify.js", "verify_worker.js"
KEPT_FILES = (
    "site.css",
    "icon.svg",
    SCRIPT,
    "check.js",
    "check_common.js",
    "check_cowin.js",
    "check_hc1.js",
    "check_card.js",
    "check_seal.js",
    "canon.js",
    "trust.js",
    "scan.js",
)
"""What the worker keeps from the first visit on; the reader of QR codes is kept when it is first needed."""
POLICY = (
    "script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; manifest-src 'self'; media-src 'self'"
)
"""The reader of QR codes is WebAssembly: this page alone may run some."""


class NothingToCheck(Invalid):
    """Choose a picture or PDF of the certificate, or paste the text of its QR code."""

    code = "PAGE0010"


class NoQrCode(Invalid):
    """No QR code was found in this file: take the picture closer, straight and in good light."""

    code = "PAGE0011"


@router.get("/verify", response_class=Response)
async def verify_form(request: Request, _actor: Public) -> Response:
    """A picture, a PDF or the text, please."""
    return _form(Reader(request), Filled())


@router.post("/verify", response_class=Response)
async def verify(request: Request, _actor: Public) -> Response:
    """Is it genuine?"""
    reader = Reader(request)
    try:
        judged = await _judge(request)
    except Refusal as no:
        return _form(reader, _refused(reader, no), 400)
    return _told(page(reader, "verdict.html", here=HERE, verdict=judged.verdict.value, facts=judged.facts))


@router.get("/verify/embed", response_class=Response)
async def embedded_form(request: Request, _actor: Public) -> Response:
    """The same for a frame of another site: without scripts, and without a word about who is signed in."""
    return _embedded(request, "verify.html", form=Filled())


@router.post("/verify/embed", response_class=Response)
async def verify_embedded(request: Request, _actor: Public) -> Response:
    """Is it genuine? Told within the frame."""
    try:
        judged = await _judge(request)
    except Refusal as no:
        return _embedded(request, "verify.html", 400, form=_refused(Reader(request), no))
    return _told(_embedded(request, "verdict.html", verdict=judged.verdict.value, facts=judged.facts))


@router.get("/verify/keys.json", response_class=Response)
async def keys(request: Request, _actor: Loading) -> Response:
    """What the page checks with: keys and vaccines, for its scripts alone; programs go to /.well-known."""
    site = site_of(request)
    async with site.transaction() as conn:
        content = orjson.dumps(await certificates.carried_keys(conn, site.floor))
    headers = {"ETag": f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"', "Cache-Control": "no-cache"}
    if has_it(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


@router.get("/verify/worker.js", response_class=Response)
async def worker(_actor: Loading) -> Response:
    """The service worker that keeps the page for the time without a network."""
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/verify", "X-Content-Type-Options": "nosniff"}
    headers["Content-Security-Policy"] = "default-src 'none'; script-src 'self'; connect-src 'self'"
    return Response(worker_source(), media_type="text/javascript", headers=headers)


@router.get("/verify/app.webmanifest", response_class=Response)
async def manifest(request: Request, _actor: Loading) -> Response:
    """The page as something that can be put on a phone's home screen."""
    reader = Reader(request)
    name = reader.text("Check a certificate")
    icon = {"src": asset_link("icon.svg"), "sizes": "any", "type": "image/svg+xml"}
    content = {
        "name": name,
        "short_name": name,
        "lang": reader.language.code,
        "dir": reader.language.direction.value,
        "start_url": reader.link("/verify"),
        "scope": "/verify",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#0b4f4a",
        "icons": [icon],
    }
    return JSONResponse(content, media_type="application/manifest+json", headers={"Vary": "Accept-Language"})


@lru_cache(maxsize=1)
def worker_source() -> bytes:
    """The worker's source after the list of what it keeps: a release with another file is another worker."""
    links = orjson.dumps([asset_link(name) for name in KEPT_FILES])
    edition = hashlib.sha256(links + assets()[WORKER].content).hexdigest()[:12]
    return b'const FILES = %s;\nconst EDITION = "%s";\n%s' % (links, edition.encode(), assets()[WORKER].content)


def _form(reader: Reader, form: Filled, status: int = 200) -> Response:
    months = "|".join(_written(reader, month) for month in range(1, 13))
    return page(reader, "verify.html", status, scripts=(SCRIPT,), policy=POLICY, here=HERE, form=form, months=months)


def _embedded(request: Request, template: str, status: int = 200, **data: object) -> Response:
    sites = site_of(request).floor.settings.checker_frames
    return framed_page(Reader(request), template, status, sites=sites, here=EMBEDDED, **data)


def _refused(reader: Reader, no: Refusal) -> Filled:
    return Filled({}, (Fault(no.field or "", reader.refusal(no)),))


def _told(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _written(reader: Reader, month: int) -> str:
    """How a day of this month is written, with places for the day and the year."""
    return reader.day(date(3333, month, 22)).replace("3333", "{year}").replace("22", "{day}")


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


async def _judge(request: Request) -> Judgement:
    texts, site = await _texts(request), site_of(request)
    async with site.transaction() as conn:
        return await certificates.judge(conn, site.floor, texts)
