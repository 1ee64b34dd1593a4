"""Stock at the console: doses received, sent down, counted on arrival, wasted, opened; temperatures and the report."""

import csv
import io
import re
from uuid import UUID

import httpx
import pytest

from opencowin import scheduling, stock
from opencowin.identity import Role
from opencowin.kit.actor import Permission, Place
from opencowin.kit.db import transaction
from tests.builders import TEST
from tests.web.clinic import Clinic, a_key, value
from tests.web.desks import at_console, place_of

pytestmark = pytest.mark.anyio
LOT = "COVISHIELD/N-7"
MOVEMENTS = "/open/v1/stock/movements"


def balance(page: str, batch: str) -> int:
    """The doses of a batch that a store's page shows."""
    row = rf">{batch}</span></td><td class=\"number\">([\d,]+)"
    found = re.search(row, page, re.S)
    return int(found[1].replace(",", "")) if found else 0


async def test_doses_go_from_the_district_to_a_centre_and_are_accounted_for(clinic: Clinic) -> None:
    platform, place = clinic.platform, await place_of(clinic.platform, clinic.centre)
    own, below = f"district:{place.district_id}", f"centre:{place.centre_id}"
    _, officer = await at_console(platform, Role.DISTRICT_OFFICER, Place(place.state_id, place.district_id))
    _, manager = await at_console(platform, Role.CENTRE_MANAGER, place)
    await officer.get("/console/stock/do/receive")
    expires, receive = platform.day(20).isoformat(), "/console/stock/do/receive"
    facts = {"vaccine": "COVISHIELD", "batch": "N-7", "expires": expires, "per_vial": "10", "id": ""}
    wrong = await officer.post(receive, **facts, doses="many")
    assert (wrong.status_code, 'value="N-7"' in wrong.text) == (400, True)
    undated = await officer.post(receive, **facts | {"expires": ""}, doses="100")
    assert re.findall(r'id="([\w-]+)-fault">([^<]+)<', undated.text) == [("expires", "Fill this in.")]
    facts["id"] = "6f1c6f0e-6a0b-4a53-9f5d-0c35a1f0a001"
    for _ in range(2):
        assert (await officer.post(receive, **facts, doses="100")).status_code == 303
    page = (await officer.get("/console/stock")).text
    assert (balance(page, "N-7"), "Expires soon" in page) == (100, True)
    await officer.post(f"/console/stock/do/send?store={own}", lot=LOT, doses="60", target=below)
    page = (await manager.get("/console/stock")).text
    (coming,) = re.findall(r'href="(/console/stock/coming/[^"?]+)', page)
    await manager.get(coming)
    assert (await manager.post(coming, **{"c-0": "70"})).status_code == 400
    assert (await manager.post(coming, **{"c-0": "55", "b-0": "3"})).status_code == 303
    await manager.post("/console/stock/do/waste", lot=LOT, doses="5", reason="frozen")
    await manager.post("/console/stock/do/vials", lot=LOT, doses="1")
    await manager.post("/console/stock/do/count", lot=LOT, doses="49")
    page = (await manager.get("/console/stock")).text
    assert (balance(page, "N-7"), "Vials opened</caption>" in page) == (49, True)
    table = list(csv.DictReader(io.StringIO((await officer.get("/console/stock/report.csv")).text)))
    line = next(one for one in table if one["place_id"] == str(place.centre_id) and one["vaccine"] == "COVISHIELD")
    told = [line[name] for name in ("wasted", "wasted_frozen", "wasted_broken", "missing", "lost_on_the_way")]
    assert told == ["8", "5", "3", "1", "2"]
    assert line["wastage_percent"] == "100.0"
    assert "Use and wastage" in (await officer.get("/console/stock/report", first="nonsense")).text


async def test_a_temperature_out_of_range_is_an_alarm_for_who_is_above(clinic: Clinic) -> None:
    platform, place = clinic.platform, await place_of(clinic.platform, clinic.centre)
    _, officer = await at_console(platform, Role.DISTRICT_OFFICER, Place(place.state_id, place.district_id))
    _, manager = await at_console(platform, Role.CENTRE_MANAGER, place)
    await manager.get("/console/stock/do/temperature")
    path = "/console/stock/do/temperature"
    assert (await manager.post(path, celsius="warm")).status_code == 400
    assert (await manager.post(path, celsius="12,5", quarantine="Y")).status_code == 303
    page = (await manager.get("/console/stock")).text
    assert ("12.5" in page, "Recalled or quarantined" in page) == (True, True)
    assert "Temperature out of range" in (await officer.get("/console/stock")).text
    await manager.get(path)
    await manager.post(path, celsius="4")
    assert "Temperature out of range" not in (await officer.get("/console/stock")).text


async def test_nobody_looks_into_a_store_above_or_beside(clinic: Clinic) -> None:
    platform, place = clinic.platform, await place_of(clinic.platform, clinic.centre)
    _, manager = await at_console(platform, Role.CENTRE_MANAGER, place)
    await manager.get("/console/stock")
    moved = await value(platform, "SELECT count(*) FROM stock_movement")
    for store in ("nation", f"state:{place.state_id}", f"district:{place.district_id}"):
        assert (await manager.get("/console/stock", store=store)).status_code == 403
        assert (await manager.get("/console/stock/do/waste", store=store)).status_code == 403
        answer = await manager.post(f"/console/stock/do/count?store={store}", lot="COVISHIELD/B-1", doses="0")
        assert answer.status_code == 403
    assert (await manager.get("/console/stock", store="moon:1")).status_code == 400
    assert await value(platform, "SELECT count(*) FROM stock_movement") == moved


async def test_a_centre_sees_what_of_its_stock_is_promised_to_sessions(clinic: Clinic) -> None:
    """Beside what lies there: promised by publishing, less by what was issued, and free again by withdrawing."""
    platform, place = clinic.platform, await place_of(clinic.platform, clinic.centre)
    _, manager = await at_console(platform, Role.CENTRE_MANAGER, place)
    told = """
        SELECT sum(doses)::int FROM session_batch WHERE centre_id = %(centre)s
    """
    wanted = await value(platform, told, centre=clinic.centre.centre_id)
    lies, before = promised(await manager.get("/console/stock"))
    assert before == wanted > 0
    async with transaction(platform.pool) as conn:
        where = {"district_id": clinic.centre.district_id, "centre_id": clinic.centre.centre_id}
        issued = await stock.issue_to_session(conn, platform.floor, TEST, UUID(clinic.today), **where)
    assert promised(await manager.get("/console/stock")) == (lies - issued, before - issued)
    assert 0 < issued < before
    async with transaction(platform.pool) as conn:
        await scheduling.withdraw_session(conn, platform.floor, TEST, UUID(clinic.tomorrow), "no line")
    assert promised(await manager.get("/console/stock")) == (lies - issued, 0)
    _, officer = await at_console(platform, Role.DISTRICT_OFFICER, Place(place.state_id, place.district_id))
    assert "Promised to sessions" not in (await officer.get("/console/stock")).text


async def test_another_stock_system_sends_its_movements_and_fetches_ours(clinic: Clinic) -> None:
    """Twice is once, one that is refused keeps back none, and a key reaches no place but its own."""
    platform, place = clinic.platform, await place_of(clinic.platform, clinic.centre)
    own, below = f"district:{place.district_id}", f"centre:{place.centre_id}"
    here = Place(place.state_id, place.district_id)
    key = await a_key(platform, Permission.MANAGE_STOCK, place=here)
    facts = {"store": own, "vaccine_id": "COVISHIELD", "batch_number": "EV-1"}
    rows = [
        {**facts, "id": "evin/1", "kind": "receipt", "doses": 100, "expires_on": platform.day(60).isoformat()},
        {**facts, "id": "evin/2", "kind": "waste", "doses": 500, "reason": "broken"},
        {**facts, "id": "evin/3", "kind": "dispatch", "doses": 40, "target": below},
    ]
    began, told = platform.floor.clock.now().isoformat(), []
    for _ in range(2):
        answer = await platform.partner("POST", MOVEMENTS, key, json={"movements": rows})
        assert answer.status_code == 200, answer.text
        told.append([(one["state"], bool(one["code"] and one["why"])) for one in answer.json()])
    assert told[0] == [("recorded", False), ("refused", True), ("recorded", False)]
    assert told[1] == [("known", False), ("refused", True), ("known", False)]
    ours = await platform.partner("GET", MOVEMENTS, key, params={"store": own, "since": began})
    assert [(one["kind"], one["doses"]) for one in ours.json()] == [("receipt", 100), ("dispatch", 40)]
    nation = {"store": "nation", "since": began}
    assert (await platform.partner("GET", MOVEMENTS, key, params=nation)).status_code == 403
    far = await platform.partner("POST", MOVEMENTS, key, json={"movements": [{**rows[0], "store": "nation"}]})
    assert [one["state"] for one in far.json()] == ["refused"]
    blind = await a_key(platform, Permission.PUBLISH_SESSIONS, place=here)
    assert (await platform.partner("POST", MOVEMENTS, blind, json={"movements": rows})).status_code == 403
    assert (await platform.partner("POST", MOVEMENTS, key, json={"movements": []})).status_code == 400


def promised(page: httpx.Response) -> tuple[int, int]:
    """What a page says lies there, and what of it is promised, over all batches."""
    row = r'</span></td><td class="number">([\d,]+)</td><td class="number">([\d,]+)'
    rows = [[int(one.replace(",", "")) for one in found] for found in re.findall(row, page.text)]
    return sum(one[0] for one in rows), sum(one[1] for one in rows)
