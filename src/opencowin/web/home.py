"""The front door: one small page that says what runs here and where to go."""

from typing import Annotated, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from opencowin.kit.actor import Actor
from opencowin.web.guard import open_to_all
from opencowin.web.site import site_of

router = APIRouter(tags=["Operation"])
PAGE_OUT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Open Co-WIN</title>
<meta name="viewport" content="width=device-width,initial-scale=1"></head>
<body><main>
<h1>Open Co-WIN</h1>
<p>The vaccination platform of {country} serves its API here{mode}.</p>
<ul>
<li><a href="/docs">The API, with examples</a></li>
<li><a href="/api/v2/admin/location/states">States and union territories</a></li>
<li><a href="/api/open/v1/errors">Error codes</a></li>
<li><a href="/.well-known/jwks.json">Public keys</a></li>
<li><a href="/health/ready">Health</a></li>
</ul>
</main></body></html>
"""
DEMO = " as a demonstration: nothing in it is real"


@router.get("/", response_class=Response, responses=PAGE_OUT)
async def home(request: Request, _actor: Annotated[Actor, open_to_all()]) -> Response:
    """What runs here and where to go."""
    floor = site_of(request).floor
    return HTMLResponse(PAGE.format(country=floor.country.name, mode=DEMO if floor.settings.demo else ""))
