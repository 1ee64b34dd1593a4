"""Looks after centres: those who run a district enter, change, close and open them again, each written down."""

from dataclasses import dataclass, fields
from datetime import time

from opencowin.kit.actor import Actor, NotPermitted, Permission, Place
from opencowin.kit.audit import record
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import centres, scope_queries
from opencowin.places.areas import area_of
from opencowin.places.divisions import in_scope
from opencowin.places.model import Centre, CentreKind, CentreReasonMissing, NewCentre, Operator

LONGEST_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class CentreFacts:
    """What can be changed of a centre; its district and number cannot."""

    name: str
    address: str
    pin_code: str
    opens_at: time
    closes_at: time
    block_name: str = ""
    latitude: float | None = None
    longitude: float | None = None
    is_paid: bool = False
    operator: Operator = Operator.GOVERNMENT
    kind: CentreKind = CentreKind.STATIC


async def enter_centre(conn: Connection, actor: Actor, new: NewCentre) -> int:
    """Enter a centre in one's own area; its number. Raises NotPermitted and what `add_centre` raises."""
    await _require(conn, actor, new.district_id, None)
    centre_id = await centres.add_centre(conn, new)
    detail = {"district": new.district_id, "pin": new.pin_code, "operator": new.operator.value}
    await record(conn, actor, "places.enter_centre", subject=("centre", centre_id), reason="entered", detail=detail)
    return centre_id


async def change_centre(conn: Connection, actor: Actor, centre_id: int, facts: CentreFacts) -> list[str]:
    """Change what is known of a centre; the names of what is other now.

    Without a point it gets the middle of its postal code. Raises NotPermitted, UnknownCentre and what `add_centre`
    raises.
    """
    centre = await centres.read_centre(conn, centre_id)
    await _require(conn, actor, centre.district_id, centre_id)
    told = {field.name: getattr(facts, field.name) for field in fields(facts)}
    new = NewCentre(district_id=centre.district_id, names=centre.names, **told)
    latitude, longitude = await centres.point_of(conn, new)
    told |= {"latitude": latitude, "longitude": longitude}
    other = [name for name, value in told.items() if getattr(centre, name) != value]
    if other:
        await scope_queries.change_centre(conn, centre.district_id, centre_id, new, latitude, longitude)
        detail = {"changed": sorted(other)}
        subject = ("centre", centre_id)
        await record(conn, actor, "places.change_centre", subject=subject, reason="changed", detail=detail)
    return other


async def shut_centre(conn: Connection, floor: Floor, actor: Actor, centre_id: int, reason: str) -> None:
    """Close a centre; whether it still holds sessions is the caller's to know.

    Raises NotPermitted, UnknownCentre, CentreAlreadyClosed, CentreReasonMissing.
    """
    centre = await centres.read_centre(conn, centre_id)
    await _require(conn, actor, centre.district_id, None if actor.place.centre_id is None else centre_id)
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise CentreReasonMissing(field="reason")
    await centres.close_centre(conn, centre_id, floor.clock.now())
    subject = ("centre", centre_id)
    await record(conn, actor, "places.close_centre", subject=subject, reason=reason.strip())


async def reopen_centre(conn: Connection, actor: Actor, centre_id: int) -> bool:
    """Open a closed centre again; False when it is open. Raises NotPermitted, UnknownCentre."""
    centre = await centres.read_centre(conn, centre_id)
    await _require(conn, actor, centre.district_id, centre_id)
    if not await scope_queries.reopen_centre(conn, centre.district_id, centre_id):
        return False
    await record(conn, actor, "places.reopen_centre", subject=("centre", centre_id), reason="opened again")
    return True


async def centres_in(
    conn: Connection, place: Place, *, name: str = "", closed: bool = False, start: int = 0, rows: int = 50
) -> list[Centre]:
    """Some of the centres of a place by name, open or closed, that have a text in name, block or postal code."""
    area = await area_of(conn, place)
    return await scope_queries.centres_in(
        conn, area.district_list, area.centre_id, text=name.strip(), closed=closed, start=start, rows=rows
    )


async def _require(conn: Connection, actor: Actor, district_id: int, centre_id: int | None) -> None:
    actor.require(Permission.MANAGE_CENTRES)
    if not await in_scope(conn, actor, district_id=district_id, centre_id=centre_id):
        raise NotPermitted
