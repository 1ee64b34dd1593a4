"""A centre with stock, its sessions, and families who book: what the tests of scheduling stand on."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID

from opencowin import places, registry, scheduling
from opencowin.kit.clock import Clock
from opencowin.kit.db import Connection, fetch_value
from opencowin.kit.floor import Floor
from opencowin.scheduling import BookingWish, Wish
from tests.builders import TEST, a_session, citizen, member

MORNING, NOON, EVENING = "09:00AM-11:00AM", "11:00AM-01:00PM", "10:00PM-11:30PM"


def at(floor: Floor, hour: int, minute: int = 0, ahead: int = 0) -> Floor:
    """The floor with its clock standing at this wall-clock time, `ahead` days from today."""
    day = floor.clock.today() + timedelta(days=ahead)
    instant = datetime.combine(day, time(hour, minute), tzinfo=floor.clock.zone)
    return replace(floor, clock=Clock(floor.clock.zone, lambda: instant))


async def jobs(conn: Connection, name: str) -> int:
    return int(await fetch_value(conn, "SELECT count(*) FROM pgqueuer WHERE entrypoint = %(name)s", name=name))


class Scene:
    """A centre with stock and a session of tomorrow."""

    def __init__(self, conn: Connection, floor: Floor, centre: places.Centre) -> None:
        self.conn, self.floor, self.centre = conn, floor, centre
        self.tomorrow = floor.clock.today() + timedelta(days=1)

    async def session(self, on: date | None = None, **how: int) -> UUID:
        new = a_session(self.centre, on or self.tomorrow, **how)  # type: ignore[arg-type]
        return await scheduling.publish_session(self.conn, self.floor, TEST, new)

    async def family(self, size: int, born: int = 1990) -> list[registry.Beneficiary]:
        first = await member(self.conn, self.floor, born=born)
        account = first.person.account_id
        return [first] + [await member(self.conn, self.floor, born=born, account=account) for _ in range(size - 1)]

    async def book(
        self, people: Sequence[registry.Beneficiary], session: UUID, slot: str = MORNING, **how: object
    ) -> scheduling.Booking:
        wish = BookingWish(1, session, slot, tuple(one.reference_id for one in people))
        actor = citizen(people[0].person.account_id)
        return await scheduling.book(self.conn, self.floor, actor, replace(wish, **how))  # type: ignore[arg-type]

    async def free(self, session: UUID, dose: int = 1) -> int:
        wish = Wish(from_date=self.floor.clock.today(), days=60, centre_id=self.centre.centre_id)
        found = await scheduling.find_sessions(self.conn, self.floor, wish)
        views = {one.session_id: one for place in found for one in place.sessions}
        return views[session].free_by_dose[dose]

    async def live(self, person: registry.Beneficiary) -> list[scheduling.AppointmentView]:
        views = await scheduling.appointments_of(self.conn, person.person.account_id)
        return [one for one in views if one.beneficiary_id == person.person.beneficiary_id]
