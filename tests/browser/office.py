"""What officers have on their desks in the settled world: uploads, exports, reports of side effects, alarms."""

from uuid import uuid4

from opencowin import bulk, identity, registry, vaccination
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import Centre
from opencowin.vaccination import AdverseEvent, Severity

CENTRES = "name,district_id,address,pin_code,opens_at,closes_at,operator\n"


async def at_work(conn: Connection, floor: Floor, secret: str) -> Actor:
    """The member of staff whose session has this secret."""
    return (await identity.session_of(conn, floor, secret, "127.0.0.1")).actor


async def furnish(  # noqa: PLR0917 (said in one breath: who finds what on which desk)
    conn: Connection, floor: Floor, officer: Actor, worker: Actor, centre: Centre, reference: str
) -> dict[str, str]:
    """An upload with errors, an export, a reported side effect, a look at a person and an alarm: their ids."""
    person = await registry.find_person(conn, int(reference))
    dose = (await vaccination.doses_of(conn, person))[0]
    event_id, today = uuid4(), floor.clock.today()
    event = AdverseEvent(person, event_id, today, Severity.SEVERE, "Fainted after ten minutes", dose_id=dose.dose_id)
    await vaccination.report_adverse_event(conn, floor, worker, event)
    rows = [f"Camp {n},{centre.district_id if n % 3 else 1},Road {n},560001,09:00,16:00,government" for n in range(7)]
    content = (CENTRES + "\n".join(rows)).encode()
    upload_id = await bulk.receive_upload(conn, floor, officer, bulk.Kind.CENTRES, "camps.csv", content)
    await bulk.ask_export(conn, floor, officer, bulk.ExportKind.DOSES, today, today)
    await registry.read_person(conn, floor, worker, person, "booked here today")
    for _ in range(10):
        await registry.count_refused_look(conn, floor, worker)
    return {"upload_id": str(upload_id), "event_id": str(event_id)}
