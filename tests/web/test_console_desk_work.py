"""An officer's desk work at the console: a table uploaded with errors, an export, the review of a side effect."""

import asyncio
import re

import pytest

from opencowin import bulk, identity
from opencowin.bulk.exports import make_export
from opencowin.identity import Role
from opencowin.kit.actor import Place
from opencowin.kit.db import transaction
from tests.builders import TEST
from tests.rooms.test_adverse_event_review import event_after
from tests.web.clinic import Clinic, value
from tests.web.desks import Browser, at_console, place_of

pytestmark = pytest.mark.anyio
CENTRES = "name,district_id,address,pin_code,opens_at,closes_at,operator\n"


async def an_officer(clinic: Clinic) -> tuple[identity.Staff, Browser]:
    place = await place_of(clinic.platform, clinic.centre)
    return await at_console(clinic.platform, Role.DISTRICT_OFFICER, Place(place.state_id, place.district_id))


async def until(browser: Browser, path: str, said: str) -> str:
    for _ in range(100):
        page = (await browser.get(path)).text
        if said in page:
            return page
        await asyncio.sleep(0.1)
    raise AssertionError(f"{path} never said {said}: {page}")


async def upload(browser: Browser, kind: str, name: str, content: str) -> str:
    await browser.get("/console/bulk")
    answer = await browser.platform.http.post(
        "/console/bulk",
        data={"token": browser.token, "kind": kind},
        files={"file": (name, content.encode(), "text/csv")},
        headers=browser._headers(),
    )
    assert answer.status_code in {303, 400}, answer.text
    return str(answer.headers.get("location", answer.text))


async def test_a_table_with_errors_is_shown_by_row_saved_in_its_good_part_and_undone(clinic: Clinic) -> None:
    _, officer = await an_officer(clinic)
    district = clinic.centre.district_id
    assert "name,district_id" in (await officer.get("/console/bulk/template/centres.csv")).text
    content = CENTRES + f"Camp A,{district},Road 1,560001,09:00,16:00,government\n"
    path = await upload(officer, "centres", "camps.csv", content + "Camp B,1,Road 2,560001,09:00,16:00,government\n")
    page = await until(officer, path, "Checked, not saved")
    assert re.search(r'class="number">3</td><td><span[^>]*>district_id<', page)
    assert "Camp B" in (await officer.get(f"{path}/fix.csv")).text
    assert "Camp A" not in (await officer.get(f"{path}/fix.csv")).text
    await officer.get(path)
    assert (await officer.post(f"{path}/confirm")).status_code == 303
    page = await until(officer, path, "<strong>Saved</strong>")
    here = "SELECT count(*) FROM centre WHERE name = 'Camp A' AND district_id = %(district)s"
    assert await value(clinic.platform, here, district=district) == 1
    assert (await officer.post(f"{path}/undo")).status_code == 303
    await until(officer, path, "<strong>Undone</strong>")
    assert await value(clinic.platform, here, district=district) == 0
    assert "Choose what the table holds" in await upload(officer, "no such kind", "camps.csv", content)


async def test_others_uploads_of_other_kinds_do_not_push_the_own_out_of_the_list(clinic: Clinic) -> None:
    made, officer = await an_officer(clinic)
    path = await upload(officer, "centres", "camps.csv", CENTRES)
    async with transaction(clinic.platform.pool) as conn:
        actor = await identity.actor_of_staff(conn, made.staff_id, "")
        await conn.execute("UPDATE bulk_upload SET kind = 'sessions', received_at = received_at + interval '1 day'")
        await conn.execute("UPDATE bulk_upload SET kind = 'centres' WHERE upload_id = %s", [path.rsplit("/", 1)[1]])
        (only,) = await bulk.uploads_of(conn, clinic.platform.floor, actor, 1)
        assert only.staff_id == made.staff_id
    await until(officer, path, "Stopped")


async def test_an_export_is_fetched_by_who_asked_and_dropped_for_who_left(clinic: Clinic) -> None:
    made, officer = await an_officer(clinic)
    _, colleague = await an_officer(clinic)
    today = str(clinic.platform.day())
    await officer.get("/console/exports")
    asked = await officer.post("/console/exports", kind="stock", first=today, last=today)
    assert asked.status_code == 303
    page = await until(officer, "/console/exports", ".csv")
    path = re.findall(r'href="(/console/exports/[^"]+\.csv)"', page)[0]
    assert "batch_number" in (await officer.get(path)).text
    assert (await colleague.get(path)).status_code in {400, 404}
    await officer.get("/console/exports")
    assert (await officer.post("/console/exports", kind="stock", first=today, last="someday")).status_code == 400
    floor = clinic.platform.floor
    async with transaction(clinic.platform.pool) as conn:
        actor = await identity.actor_of_staff(conn, made.staff_id, "")
        day = clinic.platform.day()
        left = await bulk.ask_export(conn, floor, actor, bulk.ExportKind.STOCK, day, day)
        await identity.deactivate_staff(conn, floor, TEST, made.staff_id)
        await make_export(conn, floor, left)
        assert left not in {one.export_id for one in await bulk.exports_of(conn, floor, actor)}
    told = "SELECT count(*) FROM audit WHERE action = 'bulk.drop_export' AND subject_id = %(id)s"
    assert await value(clinic.platform, told, id=str(left)) == 1


async def test_a_side_effect_is_reviewed_by_the_classes_of_who(clinic: Clinic) -> None:
    _, officer = await an_officer(clinic)
    async with transaction(clinic.platform.pool) as conn:
        event_id = await event_after(conn, clinic.platform.floor, clinic.centre, "B-77")
    assert "B-77" in (await officer.get("/console/aefi")).text
    path = f"/console/aefi/{event_id}"
    assert "Fainted" in (await officer.get(path)).text
    found = {
        "state": "closed",
        "severity": "serious",
        "causality": "C",
        "outcome": "recovered",
        "notes": "City Hospital",
    }
    assert (await officer.post(path, **{**found, "severity": "no such"})).status_code == 400
    await officer.get(path)
    assert (await officer.post(path, **found)).status_code == 303
    page = (await officer.get(path, done="reviewed")).text
    assert "C coincidental" in page
    assert "City Hospital" in page
    assert str(event_id) not in (await officer.get("/console/aefi", state="reported")).text
