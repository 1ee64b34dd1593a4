"""What people ask before and after: help, privacy, accessibility, and the list of all pages."""

from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin.kit.actor import Actor
from opencowin.web.guard import open_to_readers
from opencowin.web.pages.render import Reader, page
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Public = Annotated[Actor, open_to_readers()]


@router.get("/help", response_class=Response)
async def help_page(request: Request, _actor: Public) -> Response:
    """How to find, book, move and cancel, and what to do without a smartphone."""
    settings = site_of(request).floor.settings
    return page(
        Reader(request),
        "help.html",
        people=settings.members_per_mobile,
        hold=settings.hold_minutes,
        rest=settings.visit_minutes,
        wait=max(1, settings.otp_resend_seconds // 60),
    )


@router.get("/privacy", response_class=Response)
async def privacy(request: Request, _actor: Public) -> Response:
    """What is kept, why, for how long, and who sees it."""
    return page(Reader(request), "privacy.html", national_ids=bool(site_of(request).national_ids.providers))


@router.get("/accessibility", response_class=Response)
async def accessibility(request: Request, _actor: Public) -> Response:
    """What these pages promise to people with disabilities, and where they fall short."""
    return page(Reader(request), "accessibility.html")


@router.get("/sitemap", response_class=Response)
async def sitemap(request: Request, _actor: Public) -> Response:
    """All pages."""
    return page(Reader(request), "sitemap.html")
