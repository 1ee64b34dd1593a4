"""Areas: what an actor's place means in districts, and what it is called on the way down from the nation."""

from collections.abc import Sequence
from dataclasses import dataclass

from opencowin.kit.actor import Place
from opencowin.kit.db import Connection
from opencowin.kit.named import Named
from opencowin.places import queries
from opencowin.places.centres import read_centre
from opencowin.places.divisions import all_states, district, districts_of
from opencowin.places.model import UnknownState


@dataclass(frozen=True, slots=True)
class Area:
    """Where something is counted or listed: all districts when `districts` is None; one centre of them, if named."""

    districts: tuple[int, ...] | None = None
    centre_id: int | None = None

    @property
    def district_list(self) -> list[int] | None:
        """The districts as a statement takes them."""
        return None if self.districts is None else list(self.districts)


async def area_of(conn: Connection, place: Place) -> Area:
    """The area of a place. Raises UnknownDistrict."""
    if place.district_id is not None:
        return Area(((await district(conn, place.district_id)).district_id,), place.centre_id)
    if place.state_id is not None:
        return Area(tuple(one.district_id for one in await districts_of(conn, place.state_id)))
    return Area()


async def place_of(
    conn: Connection, *, state_id: int | None = None, district_id: int | None = None, centre_id: int | None = None
) -> Place:
    """The place that the narrowest of these numbers names, with those above it; the nation for none.

    Raises UnknownState, UnknownDistrict, UnknownCentre.
    """
    if centre_id is not None:
        district_id = (await read_centre(conn, centre_id)).district_id
    if district_id is not None:
        return Place((await district(conn, district_id)).state_id, district_id, centre_id)
    if state_id is not None and state_id not in {one.state_id for one in await all_states(conn)}:
        raise UnknownState(field="state_id", state_id=state_id)
    return Place(state_id)


async def trail_of(conn: Connection, place: Place) -> Sequence[Named]:
    """The names of state, district and centre as far as the place names them. Raises UnknownDistrict, UnknownCentre."""
    trail: list[Named] = []
    if place.district_id is not None:
        found = await district(conn, place.district_id)
        trail = [Named(found.state_name, found.state_names), Named(found.name, found.names)]
    elif place.state_id is not None:
        trail = [Named(one.name, one.names) for one in await queries.states(conn) if one.state_id == place.state_id]
    if place.centre_id is not None:
        centre = await read_centre(conn, place.centre_id)
        trail.append(Named(centre.name, centre.names))
    return trail
