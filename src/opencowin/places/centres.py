"""Enters, closes and finds the centres where doses are given."""

import re
from collections.abc import Sequence
from datetime import datetime

from opencowin.kit.db import Connection
from opencowin.places import queries
from opencowin.places.atlas import Point
from opencowin.places.model import (
    Centre,
    CentreAlreadyClosed,
    CentreHoursInvalid,
    CentreIncomplete,
    NearbyCentre,
    NewCentre,
    PointInvalid,
    PointNeeded,
    Progress,
    UnknownCentre,
    UnknownDistrict,
    in_silence,
)

BATCH = 10_000
_POSTAL_CODE = re.compile(r"[0-9A-Z][0-9A-Z -]{1,11}")
"""As the table's constraint has it."""


async def add_centre(conn: Connection, new: NewCentre) -> int:
    """Enter a centre; its number.

    Raises UnknownDistrict, CentreIncomplete, CentreHoursInvalid, PointInvalid, PointNeeded."""
    point = await point_of(conn, new)
    return await queries.insert_centre(conn, new, *point)


async def add_centres(conn: Connection, news: Sequence[NewCentre], progress: Progress = in_silence) -> list[int]:
    """Enter many centres by COPY, all or none; their numbers in the order given. Raises what `add_centre` raises."""
    for new in news:
        _check(new)
    points = await _points(conn, news)
    numbers = await queries.reserve_centre_ids(conn, len(news))
    for start in range(0, len(news), BATCH):
        some = range(start, min(start + BATCH, len(news)))
        await queries.copy_centres(conn, [queries.centre_row(numbers[at], news[at], *points[at]) for at in some])
        progress("entering centres", some.stop, len(news))
    return numbers


async def close_centre(conn: Connection, centre_id: int, at: datetime) -> None:
    """Close a centre, so that it is found no more. Raises UnknownCentre, CentreAlreadyClosed."""
    if not await queries.close_centre(conn, centre_id, at):
        await read_centre(conn, centre_id)
        raise CentreAlreadyClosed(centre_id=centre_id)


async def remove_centre(conn: Connection, district_id: int, centre_id: int) -> None:
    """Take back a centre that was entered by mistake; that nothing refers to it is the caller's to know."""
    await queries.delete_centre(conn, district_id, centre_id)


def is_postal_code(written: str) -> bool:
    """Whether this can be a postal code."""
    return _POSTAL_CODE.fullmatch(written) is not None


async def find_centre(conn: Connection, centre_id: int) -> Centre | None:
    """The centre with this number, open or closed, or None."""
    return await queries.centre(conn, centre_id)


async def read_centre(conn: Connection, centre_id: int) -> Centre:
    """The centre with this number, open or closed. Raises UnknownCentre."""
    found = await queries.centre(conn, centre_id)
    if found is None:
        raise UnknownCentre(field="centre_id", centre_id=centre_id)
    return found


async def centres_with_ids(conn: Connection, centre_ids: Sequence[int]) -> dict[int, Centre]:
    """The centres with these numbers, open or closed, by number; unknown numbers are left out."""
    return {one.centre_id: one for one in await queries.centres(conn, list(centre_ids))}


async def centres_of_district(conn: Connection, district_id: int) -> list[Centre]:
    """The open centres of a district, by number; none for an unknown district."""
    return await queries.centres_of_district(conn, district_id)


async def centres_of_pin(conn: Connection, pin_code: str) -> list[Centre]:
    """The open centres with a postal code, by number."""
    return await queries.centres_of_pin(conn, pin_code)


async def centres_near(
    conn: Connection, latitude: float, longitude: float, *, radius_km: float, limit: int
) -> list[NearbyCentre]:
    """At most `limit` open centres within `radius_km` of a point, nearest first. Raises PointInvalid."""
    if not _on_earth(latitude, longitude):
        raise PointInvalid(field="latitude")
    return await queries.centres_near(conn, latitude, longitude, radius_km, limit)


async def point_of(conn: Connection, new: NewCentre) -> Point:
    """Where a centre is, once what is said of it is right. Raises what `add_centre` raises."""
    _check(new)
    return (await _points(conn, [new]))[0]


def _check(new: NewCentre) -> None:
    for name in ("name", "address", "pin_code"):
        if not getattr(new, name).strip():
            raise CentreIncomplete(field=name)
    if new.opens_at >= new.closes_at:
        raise CentreHoursInvalid(field="closes_at")
    if (new.latitude is None) != (new.longitude is None):
        raise PointInvalid(field="latitude")
    if new.latitude is not None and new.longitude is not None and not _on_earth(new.latitude, new.longitude):
        raise PointInvalid(field="latitude")


def _on_earth(latitude: float, longitude: float) -> bool:
    return -90 <= latitude <= 90 and -180 <= longitude <= 180


async def _points(conn: Connection, news: Sequence[NewCentre]) -> list[Point]:
    """A point for each: its own, else the middle of its postal code in its district, else of its district."""
    wanted = sorted({new.district_id for new in news})
    unknown = set(wanted) - await queries.known_districts(conn, wanted)
    if unknown:
        raise UnknownDistrict(field="district_id", district_id=min(unknown))
    lacking = sorted({new.district_id for new in news if new.latitude is None})
    known = await queries.points(conn, lacking) if lacking else []
    middles = {(one.district_id, one.pin_code): (one.latitude, one.longitude) for one in known}
    return [_point(new, middles) for new in news]


def _point(new: NewCentre, middles: dict[tuple[int, str | None], Point]) -> Point:
    if new.latitude is not None and new.longitude is not None:
        return new.latitude, new.longitude
    found = middles.get((new.district_id, new.pin_code)) or middles.get((new.district_id, None))
    if found is None:
        raise PointNeeded(field="latitude")
    return found
