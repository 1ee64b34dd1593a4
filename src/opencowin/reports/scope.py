"""What a report is about: the nation, one state or one district."""

from collections.abc import Mapping
from dataclasses import dataclass

from opencowin.kit.db import Connection
from opencowin.kit.errors import NotFound
from opencowin.places import District, State, UnknownDistrict, all_states, district, districts_of


class UnknownState(NotFound):
    """There is no state with the number {state_id}."""

    code = "REPORT0001"


@dataclass(frozen=True, slots=True)
class Scope:
    """The nation when both are None; a district's state may be left out."""

    state_id: int | None = None
    district_id: int | None = None

    @property
    def by_district(self) -> bool:
        """Whether its parts are districts, not states."""
        return self.state_id is not None or self.district_id is not None


@dataclass(frozen=True, slots=True)
class Part:
    """A place that a report lists: a state, or a district of one."""

    part_id: int
    name: str
    state_id: int


@dataclass(frozen=True, slots=True)
class Territory:
    """A report's places, read once: all states, and of a state its districts, or the one district."""

    states: Mapping[int, State]
    districts: tuple[District, ...] | None
    """None in the nation."""

    @property
    def parts(self) -> list[Part]:
        """The nation's states, a state's districts, or the district alone."""
        if self.districts is None:
            return [Part(state.state_id, state.name, state.state_id) for state in self.states.values()]
        return [Part(one.district_id, one.name, one.state_id) for one in self.districts]


async def territory_of(conn: Connection, scope: Scope) -> Territory:
    """The places of the nation, of a state or of a district.

    Raises UnknownState, UnknownDistrict (also for a district of another state).
    """
    states = {state.state_id: state for state in await all_states(conn)}
    if scope.state_id is not None and scope.state_id not in states:
        raise UnknownState(field="state_id", state_id=scope.state_id)
    if scope.district_id is not None:
        one = await district(conn, scope.district_id)
        if scope.state_id not in {None, one.state_id}:
            raise UnknownDistrict(field="district_id", district_id=scope.district_id)
        return Territory(states, (one,))
    if scope.state_id is not None:
        return Territory(states, tuple(await districts_of(conn, scope.state_id)))
    return Territory(states, None)
