"""The session that those may go to whose own was withdrawn: the nearest that is like it and has seats."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import Centre, centres_near, read_centre
from opencowin.scheduling import queries
from opencowin.scheduling.model import Session, view
from opencowin.scheduling.sessions import read_session

DAYS = 14
RADIUS_KM = 50.0
CENTRES = 60
KM_PER_DAY = 5
"""A day's wait weighs as much as so many kilometres."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """A session that people of a withdrawn one may book instead."""

    session_id: UUID
    centre: Centre
    held_on: date


async def nearest_replacement(conn: Connection, floor: Floor, session_id: UUID, dose: int) -> Replacement | None:
    """The nearest published session within two weeks and 50 km with the same vaccine, for the same ages, not dearer,
    with a seat for this dose; None where there is none. Raises NoSuchSession."""
    old = await read_session(conn, session_id)
    home = await read_centre(conn, old.centre_id)
    near = await centres_near(conn, home.latitude, home.longitude, radius_km=RADIUS_KM, limit=CENTRES)
    away = {one.centre_id: one.distance_km for one in near}
    first = max(floor.clock.today(), old.held_on - timedelta(days=DAYS))
    last = min(old.held_on + timedelta(days=DAYS), floor.clock.today() + timedelta(floor.settings.booking_days_ahead))
    districts = sorted({one.district_id for one in near})
    found = await queries.sessions(conn, districts, sorted(away), first=first, last=last, vaccine_id=old.vaccine_id)
    fit = [one for one in found if _fits(old, one) and view(one, floor.clock).free_by_dose.get(dose, 0) > 0]
    if not fit:
        return None
    best = min(fit, key=lambda one: (_distance(old, one, away[one.centre_id]), one.held_on, one.session_id))
    return Replacement(best.session_id, await read_centre(conn, best.centre_id), best.held_on)


def _fits(old: Session, new: Session) -> bool:
    youngest = new.min_age <= old.min_age
    oldest = new.max_age is None or (old.max_age is not None and new.max_age >= old.max_age)
    return new.session_id != old.session_id and youngest and oldest and new.fee <= old.fee


def _distance(old: Session, new: Session, kilometres: float) -> float:
    return kilometres + KM_PER_DAY * abs((new.held_on - old.held_on).days)
