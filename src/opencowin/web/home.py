"""The front door: a page that says what runs here and where to go, and the stylesheet of all pages."""

from typing import Annotated, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin.kit.actor import Actor
from opencowin.web.guard import open_to_all, open_to_probes
from opencowin.web.pages.render import HTML_OUT, STYLE, Reader, page

router = APIRouter(tags=["Pages"])
STYLE_OUT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/css": {"schema": {"type": "string"}}}}}
A_YEAR = {"Cache-Control": "public, max-age=31536000, immutable"}


@router.get("/", response_class=Response, responses=HTML_OUT)
async def home(request: Request, _actor: Annotated[Actor, open_to_all()]) -> Response:
    """What runs here and where to go."""
    return page(Reader(request), "home.html")


@router.get("/static/site.css", response_class=Response, responses=STYLE_OUT)
async def stylesheet(_actor: Annotated[Actor, open_to_probes()]) -> Response:
    """The stylesheet of all pages; its address in a page changes when it does."""
    return Response(STYLE, media_type="text/css", headers=A_YEAR)
