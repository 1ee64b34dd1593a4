"""What officers have on their desks in the settled world: uploads, exports, cases, reports of side effects, alarms."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from opencowin import bulk, cases, identity, registry, stock, vaccination
from opencowin.kit.actor import Actor
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.places import Centre
from opencowin.stock import Lot, Store, Tier
from opencowin.vaccination import AdverseEvent, Severity
from tests.browser.planned import plan
from tests.builders import TEST
from tests.rooms.case_scene import Bench

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
    pair, sent = await two_records(conn, floor, centre), await a_consignment(conn, floor, centre)
    planned = await plan(conn, floor, officer, centre)
    ids = {"upload_id": upload_id, "event_id": event_id, "merge_number": pair, "consignment_id": sent}
    return {**{name: str(one) for name, one in ids.items()}, **planned}


async def a_consignment(conn: Connection, floor: Floor, centre: Centre) -> UUID:
    """Doses on their way from the nation's store to the centre, where it was too warm and a vial is open."""
    nation, here, sent = Store(Tier.NATION), Store(Tier.CENTRE, centre.centre_id), uuid4()
    batch = stock.VaccineBatch("COVISHIELD", "N-1", floor.clock.today() + timedelta(days=20), 10)
    lot = Lot("COVISHIELD", "N-1", 50)
    for store in (nation, here):
        await stock.receive(conn, floor, TEST, store, batch, 200, movement_id=uuid4())
    await stock.dispatch(conn, floor, TEST, nation, here, lot, consignment_id=sent)
    await stock.waste(conn, floor, TEST, here, lot, stock.WasteReason.BROKEN, movement_id=uuid4())
    await stock.open_vials(conn, floor, TEST, centre.centre_id, stock.Vials(uuid4(), "COVISHIELD", "N-1", 1))
    reading = stock.NewReading(uuid4(), here, Decimal("11.5"), floor.clock.now())
    await stock.record_temperature(conn, floor, TEST, reading)
    return sent


async def two_records(conn: Connection, floor: Floor, centre: Centre) -> int:
    """Two records of one name with doses, of which one does not fit: the number of the case that asks to merge them."""
    bench = Bench(conn, floor, centre)
    one, other = await bench.person(), await bench.person()
    for who, ago in ((one, 9), (one, 2), (other, 90)):
        await bench.dose(who, ago=ago, certified=False)
    await cases.raise_flags(conn, floor)
    code = cases.OtherRecord(other.reference_id, other.secret_code)
    return (await bench.raised(one, cases.CaseKind.MERGE, other=code)).case_number
