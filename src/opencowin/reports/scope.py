"""What a report is about: the nation, one state or one district."""

from dataclasses import dataclass

from opencowin.kit.db import Connection
from opencowin.kit.errors import NotFound
from opencowin.places import UnknownDistrict, all_states, district, districts_of


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


async def parts_of(conn: Connection, scope: Scope) -> list[Part]:
    """The nation's states, a state's districts, or the district alone.

    Raises UnknownState, UnknownDistrict (also for a district of another state).
    """
    states = {state.state_id: state for state in await all_states(conn)}
    if scope.state_id is not None and scope.state_id not in states:
        raise UnknownState(field="state_id", state_id=scope.state_id)
    if scope.district_id is not None:
        one = await district(conn, scope.district_id)
        if scope.state_id not in {None, one.state_id}:
            raise UnknownDistrict(field="district_id", district_id=scope.district_id)
        return [Part(one.district_id, one.name, one.state_id)]
    if scope.state_id is not None:
        return [Part(one.district_id, one.name, one.state_id) for one in await districts_of(conn, scope.state_id)]
    return [Part(state.state_id, state.name, state.state_id) for state in states.values()]
