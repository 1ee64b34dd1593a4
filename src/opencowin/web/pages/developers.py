"""For developers: what is open to everybody, a form that asks for a key, and the page that makes and shows it, once."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from opencowin import identity
from opencowin.kit.actor import Actor
from opencowin.kit.errors import Refusal
from opencowin.web.guard import caller_address, open_to_readers
from opencowin.web.pages.forms import Filled, first, refused
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.visits import go, read_form
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
Public = Annotated[Actor, open_to_readers()]
Link = Annotated[str, Path(max_length=80)]
FIELDS = {"name": "name", "contact": "contact", "purpose": "purpose"}
NO_REFERRER = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}


@router.get("/developers", response_class=Response)
async def developers(request: Request, _actor: Public) -> Response:
    """What programs may read, and how to ask for a key."""
    return _developers_page(request, Filled())


@router.post("/developers", response_class=Response)
async def ask(request: Request, _actor: Public) -> Response:
    """Ask for a key; whether it is granted comes by e-mail."""
    fields, site, reader = await read_form(request), site_of(request), Reader(request)
    try:
        async with site.transaction() as conn:
            await identity.ask_for_key(
                conn,
                site.floor,
                name=first(fields, "name"),
                contact=first(fields, "contact"),
                purpose=first(fields, "purpose"),
                language=reader.language.code,
                address=caller_address(request),
            )
    except Refusal as no:
        return _developers_page(request, refused(reader, fields, no, FIELDS))
    return go(request, "/developers", done=1)


@router.get("/developers/key/{link}", response_class=Response)
async def key_offered(request: Request, link: Link, _actor: Public) -> Response:
    """What the key may do. Opening the link does not use it up: mail programs open links too."""
    site = site_of(request)
    async with site.transaction() as conn:
        offered = await identity.read_key_link(conn, site.floor, link)
    return _key_page(request, link, offered, "")


@router.post("/developers/key/{link}", response_class=Response)
async def key_shown(request: Request, link: Link, _actor: Public) -> Response:
    """Make the key and show it, this once."""
    await read_form(request)
    site = site_of(request)
    async with site.transaction() as conn:
        offered, secret = await identity.claim_key(conn, site.floor, link, caller_address(request))
    return _key_page(request, link, offered, secret)


def _developers_page(request: Request, form: Filled) -> Response:
    done = "done" in request.query_params
    return page(Reader(request), "developers.html", 400 if form.faults else 200, form=form, done=done)


def _key_page(request: Request, link: str, offered: identity.KeyOffered, secret: str) -> Response:
    answer = page(Reader(request), "developer_key.html", link=link, offered=offered, secret=secret)
    answer.headers.update(NO_REFERRER)
    return answer
