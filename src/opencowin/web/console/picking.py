"""Which centre a page is about: the one that the address names, the own one, or one that is picked from a list."""

from starlette.requests import Request
from starlette.responses import Response

from opencowin import places
from opencowin.kit.actor import Actor, NotPermitted
from opencowin.kit.db import Connection
from opencowin.places import Centre
from opencowin.web.console.placing import text_sought, within
from opencowin.web.console.shown import ROWS, ConsoleReader, console_page, leaf_of
from opencowin.web.pages.forms import Filled, number
from opencowin.web.site import site_of


async def centre_asked(conn: Connection, actor: Actor, request: Request) -> Centre | None:
    """The centre of the address, or the own one. Raises NotPermitted, UnknownCentre."""
    asked = number(request.query_params.get("centre_id", "")) or actor.place.centre_id
    return None if asked is None else await own_centre(conn, actor, asked)


async def own_centre(conn: Connection, actor: Actor, centre_id: int) -> Centre:
    """A centre within the own area. Raises NotPermitted, UnknownCentre."""
    centre = await places.read_centre(conn, centre_id)
    if not await places.in_scope(conn, actor, district_id=centre.district_id, centre_id=centre_id):
        raise NotPermitted
    return centre


async def pick_centre(request: Request, actor: Actor) -> Response:
    """The page that asks for a centre; its links lead back to where the browser is, with the centre named."""
    reader, leaf = ConsoleReader(request), leaf_of(request)
    text = text_sought(request)
    async with site_of(request).transaction() as conn:
        where = await within(conn, actor, request, reader.language.code)
        found = await places.centres_in(conn, where.place, name=text, start=leaf.start, rows=ROWS + 1)
        names = await places.place_names(conn, {one.district_id for one in found})
    return console_page(
        reader,
        "console/pick_centre.html",
        centres=found[:ROWS],
        names=names,
        where=where,
        leaf=leaf.followed(len(found)),
        query={"q": text or None, **where.query},
        path=request.url.path,
        form=Filled({"q": [text], **where.chosen}),
    )
