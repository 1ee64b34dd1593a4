"""Which stores an officer may choose, by their names."""

from starlette.requests import Request

from opencowin import places
from opencowin.kit.actor import Actor, Place
from opencowin.kit.db import Connection
from opencowin.stock import Store, Tier, store_named
from opencowin.web.console.shown import ConsoleReader

MOST = 500


def store_of(place: Place) -> Store:
    """The store of a place itself."""
    if place.centre_id is not None:
        return Store(Tier.CENTRE, place.centre_id)
    if place.district_id is not None:
        return Store(Tier.DISTRICT, place.district_id)
    return Store(Tier.NATION) if place.state_id is None else Store(Tier.STATE, place.state_id)


def store_asked(request: Request, actor: Actor) -> Store:
    """The store that the address names; the actor's own where it names none. Raises NoSuchStore."""
    asked = request.query_params.get("store", "")
    return store_named(asked) if asked else store_of(actor.place)


async def named_stores(conn: Connection, reader: ConsoleReader, place: Place) -> list[tuple[str, str]]:
    """The store of a place first, then those right beneath it: account and name."""
    language = reader.language.code
    trail = await places.trail_of(conn, place)
    own = (store_of(place).account, trail[-1].in_language(language) if trail else reader.country)
    if place.centre_id is not None:
        return [own]
    if place.district_id is not None:
        centres = await places.centres_in(conn, place, rows=MOST)
        return [own, *((Store(Tier.CENTRE, one.centre_id).account, one.name_in(language)) for one in centres)]
    if place.state_id is not None:
        districts = await places.districts_of(conn, place.state_id)
        beneath = [(Store(Tier.DISTRICT, one.district_id), one.names.get(language) or one.name) for one in districts]
    else:
        states = await places.all_states(conn)
        beneath = [(Store(Tier.STATE, one.state_id), one.names.get(language) or one.name) for one in states]
    return [own, *((store.account, name) for store, name in beneath)]
