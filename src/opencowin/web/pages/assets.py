"""The files that pages load: a fixed list, each under an address that changes when the file does.

A script of ours names another file beside it as "./name": when it is served, that name carries the mark of the other
file. Its notes and indents stay at home, since every reader pays for each byte. A stylesheet that imports another is
served with that one in its place: one request instead of two.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin.kit.actor import Actor
from opencowin.kit.errors import NotFound
from opencowin.web.compression import takes_gzip
from opencowin.web.guard import open_to_probes

router = APIRouter(include_in_schema=False)
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
FOLDERS = ("opencowin.web.pages", "opencowin.web.console", "opencowin.web.centre_app")
"""Packages with files in their folder `static`; no two files share a name."""
NEIGHBOUR = re.compile(rb'"\./([\w.]+)"')
IMPORT = re.compile(rb'@import "\./([\w.]+)";\n')
NOTE = re.compile(rb"^ */\*.*?\*/\n", re.DOTALL | re.MULTILINE)
INDENT = re.compile(rb"^ +", re.MULTILINE)
A_YEAR = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


class NoSuchAsset(NotFound):
    """There is no such file: open the page again."""

    code = "PAGE0003"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that pages load, with the mark of its content."""

    content: bytes
    media_type: str
    mark: str


@lru_cache(maxsize=1)
def assets() -> dict[str, Asset]:
    """All of them by name, read once."""
    folders = [files(package) / "static" for package in FOLDERS]
    found = [file for folder in folders for file in folder.iterdir() if _ending(file.name) in TYPES]
    raw = {file.name: file.read_bytes() for file in found}
    return {name: _marked(name, raw) for name in raw}


def _ending(name: str) -> str:
    return name[name.rfind(".") :]


def _marked(name: str, raw: Mapping[str, bytes]) -> Asset:
    """The file with its neighbours' marks in it, so that its own changes when one of theirs does."""

    def with_mark(found: re.Match[bytes]) -> bytes:
        other = found[1].decode()
        return b'"./%s?v=%s"' % (found[1], _marked(other, raw).mark.encode()) if other in raw else found[0]

    content, kind = raw[name], _ending(name)
    if kind == ".js" and f"{name.removesuffix('.js')}.wasm" not in raw:
        content = NEIGHBOUR.sub(with_mark, INDENT.sub(b"", NOTE.sub(b"", content)))
    elif kind == ".css":
        content = IMPORT.sub(lambda found: raw[found[1].decode()], content)
    return Asset(content, TYPES[kind], hashlib.sha256(content).hexdigest()[:12])


def asset_link(name: str) -> str:
    """Where a page finds the file."""
    return f"/static/{name}?v={assets()[name].mark}"


@router.get("/static/{name}", response_class=Response)
async def asset(request: Request, name: str, _actor: Annotated[Actor, open_to_probes()]) -> Response:
    """A file that pages load. Raises NoSuchAsset."""
    if name not in assets():
        raise NoSuchAsset
    headers, media_type = {**A_YEAR, "Vary": "Accept-Encoding"}, assets()[name].media_type
    if takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(_packed(name), media_type=media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(assets()[name].content, media_type=media_type, headers=headers)


@lru_cache
def _packed(name: str) -> bytes:
    """The file, compressed as far as gzip goes."""
    return gzip.compress(assets()[name].content, 9, mtime=0)
