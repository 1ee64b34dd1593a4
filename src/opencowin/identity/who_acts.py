"""Tells who acted: members of staff behind the ids of the trail, and whose actions lie within an area."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from opencowin.identity import staff_queries
from opencowin.identity.model import Role
from opencowin.kit.actor import Place
from opencowin.kit.db import Connection


@dataclass(frozen=True, slots=True)
class ActedAs:
    """A member of staff as others may know of them: log-in name, role and place; never the full name."""

    staff_id: UUID
    user_name: str
    role: Role
    place: Place


async def actors_within(conn: Connection, place: Place) -> list[str] | None:
    """Ids of the staff and API keys of an area; None for the whole nation, whose actors are all."""
    return None if place == Place() else await staff_queries.actors_within(conn, place)


async def who_acted(conn: Connection, actor_ids: Iterable[str]) -> Mapping[str, ActedAs]:
    """The members of staff among these actors, by id."""
    ids = [found for text in set(actor_ids) if (found := _uuid(text)) is not None]
    rows = await staff_queries.staff_with_ids(conn, ids)
    return {
        str(row.staff_id): ActedAs(
            row.staff_id, row.user_name, Role(row.role), Place(row.state_id, row.district_id, row.centre_id)
        )
        for row in rows
    }


async def staff_called(conn: Connection, user_name: str) -> UUID | None:
    """The id of the member of staff with this log-in name; None where there is none."""
    row = await staff_queries.staff_named(conn, user_name.strip().lower())
    return row.staff_id if row else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
