"""The bulk files of sessions, read as a SMART Scheduling Links client reads them: from the manifest on."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from opencowin.web import bulk_publish
from tests.builders import a_session
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, booked

pytestmark = pytest.mark.anyio
MANIFEST = "/open-data/sessions/$bulk-publish"
ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
Line = dict[str, Any]


async def manifest(platform: Surface) -> Line:
    answer = await platform.http.get(MANIFEST)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    told: Line = answer.json()
    return told


async def files(platform: Surface, told: Line, state: str) -> dict[str, list[Line]]:
    """The lines of a state's files, by type."""
    found: dict[str, list[Line]] = {}
    for one in told["output"]:
        if state in one["extension"]["state"]:
            path = one["url"].removeprefix(platform.floor.settings.address)
            answer = await platform.http.get(path, headers={"Accept": "application/fhir+ndjson"})
            assert answer.headers["content-type"] == "application/fhir+ndjson"
            assert answer.headers["etag"]
            assert "max-age" in answer.headers["cache-control"]
            lines = [json.loads(line) for line in answer.text.splitlines()]
            assert all(line["resourceType"] == one["type"] for line in lines)
            found.setdefault(one["type"], []).extend(lines)
    return found


def extension(line: Line, name: str) -> Any:
    """The value of one extension, None where it is not there."""
    end = f"/StructureDefinition/{name}"
    values = [{k: v for k, v in one.items() if k != "url"} for one in line["extension"] if one["url"].endswith(end)]
    return next(iter(values[0].values())) if values else None


async def until(read: Callable[[], Awaitable[dict[str, Line]]], right: Callable[[dict[str, Line]], bool]) -> Any:
    """What is read once it is right: a file lags by some seconds."""
    for _ in range(1000):
        if right(found := await read()):
            return found
        await asyncio.sleep(0.02)
    pytest.fail("what is right never came")


async def test_a_client_finds_its_way_from_the_manifest_to_every_free_seat(clinic: Clinic) -> None:
    platform = clinic.platform
    told = await manifest(platform)
    assert INSTANT.fullmatch(told["transactionTime"])
    assert told["request"] == f"{platform.floor.settings.address}{MANIFEST}"
    state = next(
        one["extension"]["state"][0] for one in told["output"] if f"/{clinic.centre.district_id}/" in one["url"]
    )
    found = await files(platform, told, state)
    locations = {line["id"]: line for line in found["Location"]}
    schedules = {line["id"]: line for line in found["Schedule"]}
    slots = {line["id"]: line for line in found["Slot"]}
    assert [len(locations), len(schedules), len(slots)] == [len(lines) for lines in found.values()], "ids are unique"
    assert all(ID.fullmatch(one) for one in (*locations, *schedules, *slots))
    here = locations[str(clinic.centre.centre_id)]
    assert (here["name"], here["address"]["postalCode"]) == (clinic.centre.name, clinic.centre.pin_code)
    assert here["telecom"][0]["value"].startswith("http")
    assert here["identifier"][0]["value"] == str(clinic.centre.centre_id)
    for schedule in schedules.values():
        assert schedule["actor"][0]["reference"].removeprefix("Location/") in locations
        assert {one["code"] for one in schedule["serviceType"][0]["coding"]} == {"57", "covid19-immunization"}
        assert extension(schedule, "vaccine-product")["code"] == "210"
        assert extension(schedule, "vaccine-dose") in {1, 2, 3}
    for slot in slots.values():
        assert slot["schedule"]["reference"].removeprefix("Schedule/") in schedules
        assert INSTANT.fullmatch(slot["start"])
        assert datetime.fromisoformat(slot["start"]) < datetime.fromisoformat(slot["end"])
        assert (slot["status"] == "free") == bool(extension(slot, "slot-capacity"))
    calendar = (await clinic.sessions())[clinic.tomorrow]
    mine = [one for one in slots.values() if one["id"].startswith(f"{clinic.tomorrow}.")]
    seats = {
        dose: sum(extension(one, "slot-capacity") or 0 for one in mine if one["id"].endswith(f".{dose}"))
        for dose in (1, 2)
    }
    doses = calendar["available_capacity"]  # each time is told by itself; together they share the session's doses
    assert {dose: min(number, doses) for dose, number in seats.items()} == {
        dose: calendar[f"available_capacity_dose{dose}"] for dose in (1, 2)
    }
    link = next(extension(one, "booking-deep-link") for one in mine if one["status"] == "free")
    page = await platform.http.get(
        f"{link.removeprefix(platform.floor.settings.address)}?source=abc&booking-referral=1"
    )
    assert page.status_code == 200
    assert clinic.centre.name in page.text


async def test_what_is_taken_invited_or_not_open_yet_is_told_so(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_publish, "FILE_REST", 0.05)
    platform, path = clinic.platform, f"/open-data/sessions/{clinic.centre.district_id}/slots.ndjson"
    plain = a_session(clinic.centre, platform.day(3), doses=4, seats=1)
    scarce = await platform.publish(plain)
    later = await platform.publish(
        replace(plain, bookable_from=platform.floor.clock.now() + timedelta(hours=2), held_on=platform.day(4))
    )
    invited = await platform.publish(replace(plain, closed=True, held_on=platform.day(5)))

    async def slots() -> dict[str, Line]:
        lines = [json.loads(line) for line in (await platform.http.get(path)).text.splitlines()]
        return {line["id"]: line for line in lines}

    first = f"{scarce}.1.1"
    found = await until(slots, lambda them: first in them and any(one.startswith(later) for one in them))
    assert {line["status"] for one, line in found.items() if one.startswith(later)} == {"busy"}
    assert not [one for one in found if one.startswith(invited)]
    assert found[first]["status"] == "free"
    await booked(clinic, await a_home(platform), session_id=scarce)
    await until(slots, lambda them: them[first]["status"] == "busy")


async def test_a_district_without_sessions_is_an_empty_file(platform: Surface) -> None:
    answer = await platform.http.get("/open-data/sessions/0/slots.ndjson")
    assert (answer.status_code, answer.text) == (200, "")
    assert (await platform.http.get("/open-data/sessions/0/people.ndjson")).status_code in {400, 404}
