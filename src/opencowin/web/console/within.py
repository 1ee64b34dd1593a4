"""Which part of the own area a list is about: those of the nation choose a state, those of a state a district."""

from dataclasses import dataclass

from starlette.requests import Request

from opencowin import places
from opencowin.kit.actor import Actor, NotPermitted, Place
from opencowin.kit.db import Connection
from opencowin.web.pages.forms import number

LONGEST_TEXT = 40
Options = list[tuple[int, str]]


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


async def within(conn: Connection, actor: Actor, request: Request, language: str) -> Within:
    """The place that an address asks for inside the actor's own. Raises NotPermitted, UnknownDistrict."""
    own, given = actor.place, request.query_params
    if own.district_id is not None:
        return Within(own, [], [])
    states = [(one.state_id, one.name_in(language)) for one in await places.all_states(conn)]
    state_id = own.state_id if own.state_id is not None else number(given.get("state_id", ""))
    district_id = number(given.get("district_id", ""))
    if district_id is not None:
        found = await places.district(conn, district_id)
        if not actor.covers(state_id=found.state_id, district_id=district_id):
            raise NotPermitted
        if state_id is not None and found.state_id != state_id:
            district_id = None
        state_id = found.state_id if state_id is None else state_id
    below = await places.districts_of(conn, state_id) if state_id is not None else []
    return Within(
        Place(state_id, district_id),
        states if own.state_id is None else [],
        [(one.district_id, one.name_in(language)) for one in below],
    )
