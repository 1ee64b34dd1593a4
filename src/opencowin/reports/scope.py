"""What a report is about: the nation, one state or one district."""

from dataclasses import dataclass

from opencowin.kit.db import Connection
from opencowin.places import UnknownDistrict, UnknownState
from opencowin.reports import queries
from opencowin.reports.queries import PlaceName


@dataclass(frozen=True, slots=True)
class Scope:
    """The nation when both are None; a district's state may be left out."""

    state_id: int | None = None
    district_id: int | None = None


async def place_of(conn: Connection, scope: Scope) -> PlaceName | None:
    """The scope's place; None for the nation. Raises UnknownState, UnknownDistrict (also when in another state)."""
    if scope.district_id is not None:
        district = await queries.district_name(conn, scope.district_id)
        if district is None or scope.state_id not in (None, district.state_id):
            raise UnknownDistrict(district_id=scope.district_id)
        return district
    if scope.state_id is not None:
        state = await queries.state_name(conn, scope.state_id)
        if state is None:
            raise UnknownState(state_id=scope.state_id)
        return state
    return None
