"""Answers where places are: states, their districts, localities, and what a postal code means."""

from collections.abc import Iterable

from opencowin.kit.actor import Actor, Place
from opencowin.kit.db import Connection
from opencowin.places import queries, scope_queries
from opencowin.places.model import District, Locality, PinPlace, PlaceNames, State, UnknownDistrict, Within


async def all_states(conn: Connection) -> list[State]:
    """All states, by number."""
    return await queries.states(conn)


async def districts_of(conn: Connection, state_id: int) -> list[District]:
    """The districts of a state, by name; none for an unknown state."""
    return await queries.districts(conn, state_id)


async def district(conn: Connection, district_id: int) -> District:
    """The district with this number. Raises UnknownDistrict."""
    found = await queries.district(conn, district_id)
    if found is None:
        raise UnknownDistrict(field="district_id", district_id=district_id)
    return found


async def place_names(conn: Connection, district_ids: Iterable[int]) -> dict[int, PlaceNames]:
    """The names of districts and their states, by district; unknown numbers are left out."""
    return {one.district_id: one for one in await queries.place_names(conn, sorted(set(district_ids)))}


async def in_scope(conn: Connection, actor: Actor, *, district_id: int, centre_id: int | None) -> bool:
    """Whether a centre (or, without one, a district) lies where the actor may act. Raises UnknownDistrict."""
    state_id = (await district(conn, district_id)).state_id
    return actor.covers(state_id=state_id, district_id=district_id, centre_id=centre_id)


async def localities_of(conn: Connection, district_id: int) -> list[Locality]:
    """The localities of a district, by postal code and name."""
    return await queries.localities(conn, district_id)


async def places_of_pin(conn: Connection, pin_code: str) -> list[PinPlace]:
    """The districts that a postal code lies in, the likeliest first; none for an unknown code."""
    return await queries.pin_places(conn, pin_code)


async def places_within(conn: Connection, place: Place) -> list[Within]:
    """A scope and every place below it."""
    return await scope_queries.places_within(conn, place.state_id, place.district_id, place.centre_id)
