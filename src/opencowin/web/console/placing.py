"""Choosing a place of the own area in a form that needs no script: the present one, and those one level below it."""

from collections.abc import Sequence
from dataclasses import dataclass

from opencowin import places
from opencowin.kit.actor import Actor, NotPermitted, Place
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.named import Named
from opencowin.web.pages.forms import number


@dataclass(frozen=True, slots=True)
class Placing:
    """A place, its names from the state down, and what may be chosen from here: code and name."""

    place: Place
    trail: Sequence[Named]
    above: bool
    """Whether the own area is larger."""
    options: Sequence[tuple[str, str]]

    @property
    def code(self) -> str:
        """The present place as an address carries it."""
        return code_of(self.place)


def code_of(place: Place) -> str:
    """A place as an address carries it: its level and number."""
    if place.centre_id is not None:
        return f"c{place.centre_id}"
    if place.district_id is not None:
        return f"d{place.district_id}"
    return "n" if place.state_id is None else f"s{place.state_id}"


async def place_called(conn: Connection, actor: Actor, code: str) -> Place:
    """The place of a code, within the actor's own; the own one for no code. Raises NotPermitted."""
    if not code:
        return actor.place
    try:
        place = await _place(conn, code[:1], number(code[1:]) or 0)
    except Refusal:
        raise NotPermitted from None
    if place.state_id is None:
        if actor.place != Place():
            raise NotPermitted
        return place
    scope = actor.place
    outside = (
        (scope.state_id not in {None, place.state_id})
        or (scope.district_id not in {None, place.district_id})
        or (scope.centre_id not in {None, place.centre_id})
    )
    if outside:
        raise NotPermitted
    return place


async def placing(conn: Connection, actor: Actor, code: str, language: str) -> Placing:
    """What may be chosen from the place of a code. Raises NotPermitted."""
    place = await place_called(conn, actor, code)
    below = await _below(conn, place, language)
    return Placing(place, await places.trail_of(conn, place), place != actor.place, sorted_names(below))


def sorted_names(found: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Places by name."""
    return sorted(found, key=lambda one: one[1].casefold())


async def _place(conn: Connection, level: str, number_of: int) -> Place:
    if level == "c":
        centre = await places.read_centre(conn, number_of)
        district = await places.district(conn, centre.district_id)
        return Place(district.state_id, district.district_id, centre.centre_id)
    if level == "d":
        return Place((await places.district(conn, number_of)).state_id, number_of)
    if level == "s" and number_of in {one.state_id for one in await places.all_states(conn)}:
        return Place(number_of)
    if level == "n":
        return Place()
    raise NotPermitted


async def _below(conn: Connection, place: Place, language: str) -> list[tuple[str, str]]:
    if place.centre_id is not None:
        return []
    if place.district_id is not None:
        centres = await places.centres_of_district(conn, place.district_id)
        return [(f"c{one.centre_id}", one.name_in(language)) for one in centres]
    if place.state_id is not None:
        districts = await places.districts_of(conn, place.state_id)
        return [(f"d{one.district_id}", one.name_in(language)) for one in districts]
    return [(f"s{one.state_id}", one.name_in(language)) for one in await places.all_states(conn)]
