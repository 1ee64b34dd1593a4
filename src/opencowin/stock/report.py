"""What became of vaccine: received, given, wasted by reason and lost, by place and vaccine, from the ledger."""

from datetime import datetime
from enum import StrEnum

from opencowin.kit.actor import Actor, NotPermitted, Permission, Place
from opencowin.kit.db import Connection
from opencowin.places import Within, places_within
from opencowin.stock import report_queries
from opencowin.stock.report_queries import Usage
from opencowin.stock.stores import Store, Tier


class Level(StrEnum):
    """What a line of the report is about."""

    STATE = "state"
    DISTRICT = "district"
    CENTRE = "centre"


def level_of(place: Place) -> Level:
    """The places below a scope."""
    if place.district_id is not None or place.centre_id is not None:
        return Level.CENTRE
    return Level.STATE if place.state_id is None else Level.DISTRICT


async def use_of_doses(conn: Connection, actor: Actor, place: Place, first: datetime, after: datetime) -> list[Usage]:
    """What became of vaccine from `first` until before `after` in the places below one. Raises NotPermitted."""
    if not actor.permissions & {Permission.PUBLISH_SESSIONS, Permission.VACCINATE}:
        raise NotPermitted
    level = level_of(place)
    inside = await places_within(conn, place)
    lines = [(_store_of(one).account, _line_of(one, level) or 0) for one in inside]
    return await report_queries.usage(conn, lines, first, after)


def _store_of(one: Within) -> Store:
    if one.centre_id is not None:
        return Store(Tier.CENTRE, one.centre_id)
    if one.district_id is not None:
        return Store(Tier.DISTRICT, one.district_id)
    return Store(Tier.NATION) if one.state_id is None else Store(Tier.STATE, one.state_id)


def _line_of(one: Within, level: Level) -> int | None:
    return {Level.STATE: one.state_id, Level.DISTRICT: one.district_id, Level.CENTRE: one.centre_id}[level]
