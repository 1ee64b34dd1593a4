"""Who looked at my records: each look at a person of one's own household, by role, centre, time and reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from opencowin import identity, places, registry
from opencowin.identity import ActedAs
from opencowin.kit.actor import Actor, ActorKind
from opencowin.kit.audit import AuditRow, Sought, rows_sought
from opencowin.kit.db import Connection
from opencowin.web.pages.render import Reader, page
from opencowin.web.pages.visits import signed_in
from opencowin.web.site import site_of

router = APIRouter(include_in_schema=False)
SHOWN = 100
OTHERS = (ActorKind.STAFF.value, ActorKind.PARTNER.value)


@dataclass(frozen=True, slots=True)
class Look:
    """One look, as the person may know of it: `role` is empty for a partner's system."""

    at: datetime
    role: str
    centre: str
    reason: str


@router.get("/people/{reference_id}/looks", response_class=Response)
async def looks(request: Request, reference_id: int, actor: Annotated[Actor, signed_in()]) -> Response:
    """Who of the staff and of partners looked at this person, and why. Raises NoSuchBeneficiary."""
    site, reader = site_of(request), Reader(request)
    async with site.transaction() as conn:
        household = await registry.members(conn, site.floor, actor)
        member = next((one for one in household if one.reference_id == reference_id), None)
        if member is None:
            raise registry.NoSuchBeneficiary(field="reference_id")
        subject = ("beneficiary", str(member.person.beneficiary_id))
        rows = await rows_sought(conn, Sought(subject=subject, kinds=OTHERS), start=0, rows=SHOWN)
        people = await identity.who_acted(conn, (row.actor_id for row in rows))
        centres = await _centres(conn, reader, people)
    clock = site.floor.clock
    told = [_look(row, people, centres, clock.local(row.at)) for row in rows]
    return page(reader, "looks.html", member=member, looks=told)


async def _centres(conn: Connection, reader: Reader, people: Mapping[str, ActedAs]) -> dict[int, str]:
    named = sorted({one.place.centre_id for one in people.values() if one.place.centre_id is not None})
    found = await places.centres_with_ids(conn, named) if named else {}
    return {number: centre.name_in(reader.language.code) for number, centre in found.items()}


def _look(row: AuditRow, people: Mapping[str, ActedAs], centres: Mapping[int, str], at: datetime) -> Look:
    person = people.get(row.actor_id)
    if person is None:
        return Look(at, "", "", row.reason)
    return Look(at, person.role.value, centres.get(person.place.centre_id or 0, ""), row.reason)
