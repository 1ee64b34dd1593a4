"""The sheet of sessions: one centre, one day, one vaccine, and its seats in windows of equal length."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

from opencowin import places, programme, scheduling, stock
from opencowin.bulk import records
from opencowin.bulk.model import Column, Form, Line
from opencowin.bulk.refusals import InUse
from opencowin.bulk.sheets.sheet import Made, Reading, Sheet
from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.db import Connection
from opencowin.kit.errors import Refusal
from opencowin.kit.floor import Floor

LARGEST_ID = 2**31 - 1
SEATS: Mapping[str, int] = {"seats_dose_1": 1, "seats_dose_2": 2, "seats_dose_3": 3, "seats_walk_in": 0}


class Sessions(Sheet):
    """A row is a session; its doses are taken from the centre's stock."""

    permission = Permission.PUBLISH_SESSIONS
    columns = (
        Column(name="centre_id", form=Form.NUMBER, least=1, most=LARGEST_ID, example="1"),
        Column(name="held_on", form=Form.DAY, example="2021-05-31"),
        Column(name="vaccine", most=60, example="COVISHIELD"),
        Column(name="min_age", form=Form.NUMBER, most=150, example="18"),
        Column(name="max_age", form=Form.NUMBER, needed=False, most=150),
        Column(name="fee", form=Form.DECIMAL, needed=False, most=100_000, example="0"),
        Column(name="doses", form=Form.NUMBER, least=1, most=100_000, example="200"),
        Column(name="starts_at", form=Form.TIME, example="09:00"),
        Column(name="ends_at", form=Form.TIME, example="17:00"),
        Column(name="windows", form=Form.NUMBER, least=1, most=24, example="4"),
        *(Column(name=name, form=Form.NUMBER, needed=False, most=10_000, example="10") for name in SEATS),
    )

    def key(self, line: Line) -> Hashable | None:
        """Its centre, day, vaccine and ages."""
        said = [line.values[name] for name in ("centre_id", "held_on", "vaccine", "min_age", "starts_at")]
        return None if None in said else tuple(said)

    async def check(
        self, conn: Connection, floor: Floor, actor: Actor, lines: Sequence[Line], reading: Reading
    ) -> None:
        """Centres within reach and open, sessions that could be published, and doses enough for all of them."""
        rules = await programme.current_programme(conn)
        found = await places.centres_with_ids(
            conn, [line.values["centre_id"] for line in lines if line.values["centre_id"]]
        )
        names = await places.place_names(conn, {centre.district_id for centre in found.values()})
        for line in lines:
            said = line.values
            if said["vaccine"] and said["vaccine"].upper() not in rules.vaccines:
                line.blame("vaccine", records.unknown_vaccine(said["vaccine"]))
            if said["centre_id"] is None:
                continue
            centre = found.get(said["centre_id"])
            if centre is None:
                line.blame("centre_id", places.UnknownCentre(centre_id=said["centre_id"]))
                continue
            if not _is_near(actor, centre, names[centre.district_id]):
                line.blame("centre_id", NotPermitted())
                continue
            _check_session(line, floor, centre, rules)
            if not line.faults:
                await _check_stock(conn, line, centre, reading)

    async def save(self, conn: Connection, floor: Floor, actor: Actor, line: Line, mark: UUID) -> Made:
        """Publish the session."""
        del mark
        return {"session_id": str(await scheduling.publish_session(conn, floor, actor, _new_session(line.values)))}

    async def undo(self, conn: Connection, floor: Floor, actor: Actor, made: Made) -> None:
        """Withdraw the session, unless somebody booked or came. Raises InUse."""
        session_id = UUID(made["session_id"])
        if await records.session_is_used(conn, session_id):
            raise InUse(field="session_id")
        try:
            await scheduling.withdraw_session(conn, floor, actor, session_id, "upload undone")
        except scheduling.AlreadyWithdrawn:
            return


def _is_near(actor: Actor, centre: places.Centre, names: places.PlaceNames) -> bool:
    return actor.covers(state_id=names.state_id, district_id=centre.district_id, centre_id=centre.centre_id)


def _check_session(line: Line, floor: Floor, centre: places.Centre, rules: programme.Programme) -> None:
    """What publishing would refuse, of a line whose cells could all be read."""
    if line.faults:
        return
    try:
        scheduling.check_session(floor.clock, _new_session(line.values), centre, rules)
    except Refusal as no:
        fields = {"slots": "windows", "min_age": "min_age", "held_on": "held_on", "fee": "fee", "doses": "doses"}
        line.blame(fields.get(no.field or "", "centre_id"), no)


async def _check_stock(conn: Connection, line: Line, centre: places.Centre, reading: Reading) -> None:
    """Doses that are good on the day, less what earlier rows of this file take of that vaccine at that centre."""
    said = line.values
    vaccine_id, taken_by = said["vaccine"].upper(), (centre.centre_id, said["vaccine"].upper())
    held = await stock.batches_at(conn, centre.district_id, centre.centre_id, vaccine_id)
    free = sum(one.free for one in held if one.expires_on >= said["held_on"])
    taken = reading.sums.get(taken_by, 0) + said["doses"]
    if taken > free:
        line.blame("doses", stock.NotEnoughStock(free=max(0, free - taken + said["doses"]), vaccine=vaccine_id))
    else:
        reading.sums[taken_by] = taken


def _new_session(said: Mapping[str, Any]) -> scheduling.NewSession:
    seats = {number: said[name] or 0 for name, number in SEATS.items()}
    return scheduling.NewSession(
        centre_id=said["centre_id"],
        held_on=said["held_on"],
        vaccine_id=said["vaccine"].upper(),
        min_age=said["min_age"],
        max_age=said["max_age"],
        fee=said["fee"] or Decimal(0),
        slots=tuple(
            scheduling.NewSlot(starts, ends, seats)
            for starts, ends in _windows(said["starts_at"], said["ends_at"], said["windows"])
        ),
        doses=said["doses"],
    )


def _windows(starts_at: time, ends_at: time, count: int) -> list[tuple[time, time]]:
    """The day from start to end in so many windows of whole minutes, the last of which takes the rest."""
    day = datetime(2000, 1, 1)  # noqa: DTZ001 (times on a wall clock)
    start, end = datetime.combine(day, starts_at), datetime.combine(day, ends_at)
    length = timedelta(minutes=max(0, int((end - start).total_seconds() // 60 // count)))
    edges = [start + length * number for number in range(count)] + [end]
    return [(one.time(), after.time()) for one, after in pairwise(edges)]
