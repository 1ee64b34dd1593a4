"""Stock at the console: doses received, sent down, counted on arrival, wasted, opened; temperatures and the report."""

import csv
import io
import re

import pytest

from opencowin.identity import Role
from opencowin.kit.actor import Place
from tests.web.clinic import Clinic, value
from tests.web.desks import at_console, place_of

pytestmark = pytest.mark.anyio
LOT = "COVISHIELD/N-7"


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
