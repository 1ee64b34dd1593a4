"""The sheet of centres."""

from collections.abc import Hashable, Sequence
from typing import Any
from uuid import UUID

from opencowin import places
from opencowin.bulk import records
from opencowin.bulk.model import Column, Form, Line
from opencowin.bulk.refusals import InUse, OnceOnRecord
from opencowin.bulk.sheets.sheet import Made, Reading, Sheet, blame_far_districts
from opencowin.kit.actor import Actor, NotPermitted, Permission
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor

LARGEST_ID = 2**31 - 1


class Centres(Sheet):
    """A row is a centre; without a point it gets the middle of its postal code."""

    permission = Permission.MANAGE_CENTRES
    columns = (
        Column(name="name", most=120, example="PHC Rampur"),
        Column(name="district_id", form=Form.NUMBER, least=1, most=LARGEST_ID, example="7"),
        Column(name="address", most=300, example="1 Main Road"),
        Column(name="pin_code", most=12, example="110001"),
        Column(name="block_name", needed=False, most=120),
        Column(name="opens_at", form=Form.TIME, example="09:00"),
        Column(name="closes_at", form=Form.TIME, example="17:00"),
        Column(name="operator", form=Form.CHOICE, choices=tuple(places.Operator), example="government"),
        Column(name="kind", form=Form.CHOICE, needed=False, choices=tuple(places.CentreKind), example="static"),
        Column(name="is_paid", form=Form.YES_NO, needed=False, example="no"),
        Column(name="latitude", form=Form.DECIMAL, needed=False, least=-90, most=90),
        Column(name="longitude", form=Form.DECIMAL, needed=False, least=-180, most=180),
    )

    def key(self, line: Line) -> Hashable | None:
        """Its name at its postal code."""
        said = [str(line.values[name] or "").casefold() for name in ("district_id", "pin_code", "name")]
        return tuple(said) if all(said) else None

    async def check(
        self, conn: Connection, floor: Floor, actor: Actor, lines: Sequence[Line], reading: Reading
    ) -> None:
        """Districts known and within reach, hours in order, nothing entered twice."""
        del floor, reading
        known = await places.place_names(
            conn, [line.values["district_id"] for line in lines if line.values["district_id"]]
        )
        on_record = await records.centres_on_record(conn, sorted(known))
        for line in lines:
            said = line.values
            district_id = said["district_id"]
            if district_id is not None and district_id not in known:
                line.blame("district_id", places.UnknownDistrict(district_id=district_id))
            elif district_id is not None and self.key(line) in on_record:
                line.blame("name", OnceOnRecord())
            if said["opens_at"] and said["closes_at"] and said["opens_at"] >= said["closes_at"]:
                line.blame("closes_at", places.CentreHoursInvalid())
            if (said["latitude"] is None) != (said["longitude"] is None) and not line.is_wrong("latitude", "longitude"):
                line.blame("latitude", places.PointInvalid())
            if said["pin_code"] and not places.is_postal_code(said["pin_code"]):
                line.blame("pin_code", places.CentreIncomplete())
        near = [
            (line, "district_id", line.values["district_id"]) for line in lines if line.values["district_id"] in known
        ]
        await blame_far_districts(conn, actor, near)

    async def save(self, conn: Connection, floor: Floor, actor: Actor, line: Line, mark: UUID) -> Made:
        """Enter the centre."""
        del floor, mark
        said: dict[str, Any] = line.values
        if not await places.in_scope(conn, actor, district_id=said["district_id"], centre_id=None):
            raise NotPermitted
        new = places.NewCentre(
            district_id=said["district_id"],
            name=said["name"],
            address=said["address"],
            pin_code=said["pin_code"],
            block_name=said["block_name"] or "",
            opens_at=said["opens_at"],
            closes_at=said["closes_at"],
            operator=places.Operator(said["operator"]),
            kind=places.CentreKind(said["kind"] or places.CentreKind.STATIC),
            is_paid=bool(said["is_paid"]),
            latitude=None if said["latitude"] is None else float(said["latitude"]),
            longitude=None if said["longitude"] is None else float(said["longitude"]),
        )
        return {"centre_id": await places.add_centre(conn, new)}

    async def undo(self, conn: Connection, floor: Floor, actor: Actor, made: Made) -> None:
        """Remove the centre, unless something was done there. Raises InUse."""
        del floor
        centre = await places.find_centre(conn, made["centre_id"])
        if centre is None:
            return
        if not await places.in_scope(conn, actor, district_id=centre.district_id, centre_id=None):
            raise NotPermitted
        if await records.centre_is_used(conn, centre.district_id, centre.centre_id):
            raise InUse(field="centre_id")
        await places.remove_centre(conn, centre.district_id, centre.centre_id)
