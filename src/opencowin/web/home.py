"""The front door: a page that says what runs here and where to go."""

from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin.kit.actor import Actor
from opencowin.web.guard import open_to_readers
from opencowin.web.pages.render import Reader, page

router = APIRouter(include_in_schema=False)


@router.get("/", response_class=Response)
async def home(request: Request, _actor: Annotated[Actor, open_to_readers()]) -> Response:
    """What runs here and where to go."""
    return page(Reader(request), "home.html")
