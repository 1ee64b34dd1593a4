"""Choosing a place of the own area without a script: one level at a time in a form, or by the filters of a list."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from opencowin import identity, places
from opencowin.kit.actor import Actor, NotPermitted, Place
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.named import Named
from opencowin.web.pages.forms import number

LONGEST_TEXT = 40
Options = list[tuple[int, str]]
LEVELS = {"n": "", "s": "state_id", "d": "district_id", "c": "centre_id"}


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


@dataclass(frozen=True, slots=True)
class Within:
    """A place inside the own one, and what can be chosen: nothing where there is no choice."""

    place: Place
    states: Options
    districts: Options

    @property
    def query(self) -> dict[str, object]:
        """What an address carries of it."""
        return {
            "state_id": self.place.state_id if self.states else None,
            "district_id": self.place.district_id if self.districts else None,
        }

    @property
    def chosen(self) -> dict[str, list[str]]:
        """What stands in the fields."""
        return {name: [str(value)] for name, value in self.query.items() if value is not None}


def text_sought(request: Request) -> str:
    """The text that a list is searched for, as the address carries it in `q`."""
    return "".join(one for one in request.query_params.get("q", "") if one.isprintable()).strip()[:LONGEST_TEXT]


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
        place = await _place(conn, code[:1], number(code[1:]))
    except Refusal:
        raise NotPermitted from None
    if not identity.is_within(place, actor.place):
        raise NotPermitted
    return place


async def placing(conn: Connection, actor: Actor, code: str, language: str) -> Placing:
    """What may be chosen from the place of a code. Raises NotPermitted."""
    place = await place_called(conn, actor, code)
    below = await _below(conn, place, language)
    return Placing(place, await places.trail_of(conn, place), place != actor.place, sorted_names(below))


async def within(conn: Connection, actor: Actor, request: Request, language: str) -> Within:
    """The place that an address asks for inside the actor's own. Raises NotPermitted, UnknownDistrict."""
    own, given = actor.place, request.query_params
    if own.district_id is not None:
        return Within(own, [], [])
    state_id = own.state_id if own.state_id is not None else number(given.get("state_id", ""))
    district_id = number(given.get("district_id", ""))
    if district_id is not None:
        found = await places.place_of(conn, district_id=district_id)
        if not identity.is_within(found, own):
            raise NotPermitted
        if state_id is not None and found.state_id != state_id:
            district_id = None
        state_id = found.state_id if state_id is None else state_id
    states = await _states(conn, language) if own.state_id is None else []
    below = await _districts(conn, state_id, language) if state_id is not None else []
    return Within(Place(state_id, district_id), states, below)


def sorted_names(found: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Places by name."""
    return sorted(found, key=lambda one: one[1].casefold())


async def _place(conn: Connection, level: str, number_of: int | None) -> Place:
    if level not in LEVELS or (level == "n") != (number_of is None):
        raise NotPermitted
    return await places.place_of(conn, **({LEVELS[level]: number_of} if number_of is not None else {}))


async def _below(conn: Connection, place: Place, language: str) -> list[tuple[str, str]]:
    if place.centre_id is not None:
        return []
    if place.district_id is not None:
        centres = await places.centres_of_district(conn, place.district_id)
        return [(f"c{one.centre_id}", one.name_in(language)) for one in centres]
    if place.state_id is not None:
        return [(f"d{number_of}", name) for number_of, name in await _districts(conn, place.state_id, language)]
    return [(f"s{number_of}", name) for number_of, name in await _states(conn, language)]


async def _states(conn: Connection, language: str) -> Options:
    return [(one.state_id, one.name_in(language)) for one in await places.all_states(conn)]


async def _districts(conn: Connection, state_id: int, language: str) -> Options:
    return [(one.district_id, one.name_in(language)) for one in await places.districts_of(conn, state_id)]
