"""The shell of the centre app: one page without anything of anybody, its texts, its service worker and its manifest."""

import gzip
import hashlib
from typing import Annotated, Any

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from opencowin.kit.actor import Actor
from opencowin.kit.country import Language
from opencowin.kit.named import Named
from opencowin.web.centre_app.texts import TEXTS
from opencowin.web.compression import takes_gzip
from opencowin.web.fresh import has_it
from opencowin.web.guard import open_to_probes, open_to_readers
from opencowin.web.pages.assets import asset_link, assets
from opencowin.web.pages.render import SAFE, Reader, html_of
from opencowin.web.pages.verify import POLICY
from opencowin.web.site import Site, site_of

router = APIRouter(include_in_schema=False)
Public = Annotated[Actor, open_to_readers()]
Loading = Annotated[Actor, open_to_probes()]
HERE = "/centre"
SCRIPT, STYLE, WORKER = "centre.js", "centre.css", "centre_worker.js"
ICONS = (
    ("icon_192.png", 192, "any"),
    ("icon_512.png", 512, "any"),
    ("icon_maskable.png", 512, "maskable"),
)
"""Drawn from icon.svg by `python -m tests.browser.app_icons`: name, side in pixels, purpose."""
KEPT_AT_ONCE = (
    "site.css",
    STYLE,
    "icon.svg",
    *(name for name, _, _ in ICONS),
    SCRIPT,
    "centre_after.js",
    "centre_dom.js",
    "centre_file.js",
    "centre_line.js",
    "centre_next.js",
    "centre_person.js",
    "centre_queue.js",
    "centre_scan.js",
    "centre_shift.js",
    "centre_start.js",
    "centre_stock.js",
    "centre_store.js",
    "centre_unsent.js",
    "centre_walkin.js",
    "centre_way.js",
    "check.js",
    "check_card.js",
    "check_common.js",
    "check_cowin.js",
    "check_hc1.js",
    "check_seal.js",
    "canon.js",
    "trust.js",
    "scan.js",
)
KEPT_LATER = ("zxing_reader.js", "zxing_reader.wasm")
"""Kept once somebody works here: it is large."""
CONSENT = "1"
"""Which version of the consent that is read out is agreed to."""


@router.get(HERE, response_class=Response)
async def app(request: Request, _actor: Public) -> Response:
    """The page that the app fills; the same for everybody."""
    reader = Reader(request)
    html = html_of(reader, "centre/app.html", own_style=asset_link(STYLE), script=asset_link(SCRIPT))
    policy = f"{SAFE['Content-Security-Policy']}; {POLICY}"
    headers = {**SAFE, "Content-Security-Policy": policy, "Content-Language": reader.language.code}
    return HTMLResponse(html, headers={**headers, "Cache-Control": "no-cache"})


@router.get("/centre/texts.json", response_class=Response)
async def texts(request: Request, _actor: Loading) -> Response:
    """What the app says in a language, and the country's lists in it."""
    content = orjson.dumps(said_in(site_of(request), Reader(request)))
    headers = {"ETag": f'"{hashlib.blake2b(content, digest_size=12).hexdigest()}"', "Cache-Control": "no-cache"}
    headers["Vary"] = "Accept-Language, Accept-Encoding"
    if has_it(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if takes_gzip(request.headers.get("accept-encoding", "")):
        content, headers["Content-Encoding"] = gzip.compress(content, 9, mtime=0), "gzip"
    return Response(content, media_type="application/json", headers=headers)


@router.get("/centre/worker.js", response_class=Response)
async def worker(request: Request, _actor: Loading) -> Response:
    """The service worker that keeps the app for the time without a line."""
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": HERE, "X-Content-Type-Options": "nosniff"}
    headers["Content-Security-Policy"] = "default-src 'none'; script-src 'self'; connect-src 'self'"
    return Response(worker_source(site_of(request), Reader(request)), media_type="text/javascript", headers=headers)


@router.get("/centre/app.webmanifest", response_class=Response)
async def manifest(request: Request, _actor: Loading) -> Response:
    """The app as something that can be put on a tablet's home screen."""
    reader = Reader(request)
    content = {
        "id": HERE,
        "name": reader.text(TEXTS["app"]),
        "short_name": reader.text(TEXTS["app"]),
        "lang": reader.language.code,
        "dir": reader.language.direction.value,
        "start_url": HERE,
        "scope": HERE,
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#0b4f4a",
        "icons": [
            {"src": asset_link("icon.svg"), "sizes": "any", "type": "image/svg+xml"},
            *(
                {"src": asset_link(name), "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
                for name, side, purpose in ICONS
            ),
        ],
    }
    return JSONResponse(content, media_type="application/manifest+json", headers={"Vary": "Accept-Language"})


def worker_source(site: Site, reader: Reader) -> bytes:
    """The worker's source after what it keeps: a release with another file, page or text is another worker."""
    links = [orjson.dumps([asset_link(name) for name in names]) for names in (KEPT_AT_ONCE, KEPT_LATER)]
    page = html_of(reader, "centre/app.html", own_style=asset_link(STYLE), script=asset_link(SCRIPT))
    parts = [*links, page.encode(), assets()[WORKER].content, *(_in(site, one) for one in reader.offered)]
    edition = hashlib.sha256(b"".join(parts)).hexdigest()[:12]
    head = b'const FILES = %s;\nconst LATER = %s;\nconst EDITION = "%s";\n' % (*links, edition.encode())
    return head + assets()[WORKER].content


def said_in(site: Site, reader: Reader) -> dict[str, Any]:
    """Texts and lists in the reader's language."""
    country, code = site.floor.country, reader.language.code
    return {
        "language": code,
        "direction": reader.language.direction.value,
        "locale": f"{code}-{country.code}",
        "zone": site.floor.clock.zone.key,
        "consent": CONSENT,
        "languages": [
            {"code": one.code, "name": one.own_name, "direction": one.direction.value} for one in reader.offered
        ],
        "genders": [
            {"id": one.gender_id, "english": one.name, "name": one.names.get(code) or one.name}
            for one in site.genders.values()
        ],
        "documents": [
            {
                "id": one.id,
                "english": one.name,
                "name": one.named.in_language(code),
                "hint": Named(one.how_to_write, one.how_to_write_l).in_language(code),
                "offered": one.offered,
            }
            for one in site.documents.types.values()
        ],
        "texts": {name: site.catalogues.text(text, code) for name, text in TEXTS.items()},
    }


def _in(site: Site, language: Language) -> bytes:
    return orjson.dumps([site.catalogues.text(text, language.code) for text in TEXTS.values()])
