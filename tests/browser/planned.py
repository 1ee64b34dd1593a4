"""What is planned in the settled world: a weekly template, and a draft that waits for doses."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from opencowin import scheduling
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import Centre
from tests.builders import a_session


async def plan(conn: Connection, floor: Floor, officer: Actor, centre: Centre) -> dict[str, str]:
    """A weekly template, and a draft of today that waits for doses: their ids."""
    today, template_id, due = floor.clock.today(), uuid4(), floor.clock.now() - timedelta(minutes=1)
    much = replace(a_session(centre, today, doses=9_000), reserved_for="health_care_worker", closed=True)
    draft_id, _ = await scheduling.draft_session(conn, floor, officer, much, due, uuid4())
    await scheduling.publish_due(conn, floor)
    template = scheduling.Template(
        district_id=centre.district_id,
        template_id=template_id,
        centre_id=centre.centre_id,
        name="Weekdays",
        weekdays=(1, 2, 3, 4, 5, 6),
        vaccine_id="COVISHIELD",
        min_age=18,
        max_age=None,
        fee=much.fee,
        stored_slots=scheduling.stored(much.slots),
        doses=30,
    )
    await scheduling.save_template(conn, floor, officer, template)
    return {"draft_id": str(draft_id), "template_id": str(template_id), "centre_id": str(centre.centre_id)}
