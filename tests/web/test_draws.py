"""A draw without a script: opened at the console, entered on the page, revealed, booked, and drawn again by anybody."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from opencowin import draw
from opencowin.identity import Role
from opencowin.kit.actor import Place
from opencowin.kit.db import run, transaction
from tests.builders import a_session
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home
from tests.web.desks import Browser as DeskBrowser
from tests.web.desks import at_console, place_of
from tests.web.test_citizen_pages import Browser

pytestmark = pytest.mark.anyio
CHECKER = Path(__file__).resolve().parents[2] / "examples" / "check_draw.py"
API = "/open/v1/draws"


async def closed(platform: Surface, which: UUID) -> None:
    """The closing time is over, and the worker has been round."""
    async with transaction(platform.pool) as conn:
        await run(conn, "UPDATE draw SET closes_at = %(at)s WHERE draw_id = %(id)s", at=now(platform), id=which)
    for _ in range(9):
        async with transaction(platform.pool) as conn:
            await draw.close_due(conn, platform.floor)
            if (await draw.draw_of(conn, which)).state == draw.DrawState.CLOSED:
                return
    raise AssertionError("not closed")


def now(platform: Surface) -> Any:
    return platform.floor.clock.now()


async def carried_out(platform: Surface, which: UUID) -> None:
    for _ in range(99):
        async with transaction(platform.pool) as conn:
            await draw.carry_out(conn, platform.floor)
            if (await draw.draw_of(conn, which)).ended_at:
                return
    raise AssertionError("never ends")


async def opened(clinic: Clinic, officer: DeskBrowser, *sessions: str) -> UUID:
    """A draw that an officer opens by the form."""
    page = await officer.get("/console/draws/new")
    assert all(f'value="{one}"' in page.text for one in sessions), "the district's sessions are offered"
    fields = {
        "session": list(sessions),
        "group1": "aged_60_and_over",
        "closes_day": f"{clinic.platform.day(1)}",
        "closes_time": "18:00",
        "number_source": "Closing value of the index that day, two decimals",
    }
    without = await officer.post("/console/draws/new", **{**fields, "number_source": "", "session": []})
    assert (without.status_code, without.text.count("Fill this in.")) == (400, 4)
    answer = await officer.post("/console/draws/new", **fields)
    assert answer.status_code == 303, answer.text
    (found,) = re.findall(r"/console/draws/([0-9a-f-]{36})", answer.headers["location"])
    return UUID(found)


async def test_seats_go_by_lot_and_anybody_draws_again(clinic: Clinic, tmp_path: Path) -> None:
    platform, browser = clinic.platform, Browser(clinic.platform)
    session = await platform.publish(a_session(clinic.centre, platform.day(3), doses=1))
    place = await place_of(platform, clinic.centre)
    district = Place(place.state_id, place.district_id)
    _, officer = await at_console(platform, Role.DISTRICT_OFFICER, district)
    which = await opened(clinic, officer, session)
    assert (await clinic.sessions())[session]["draw_id"] == str(which)
    found = await browser.open(f"/find?pin={clinic.centre.pin_code}&date={platform.day(3)}")
    assert f'href="/draws/{which}"' in found
    assert 'name="slot"' not in await browser.open(f"/slots/{session}")
    assert f'href="/draws/{which}"' in browser.page
    shown = await browser.open(f"/draws/{which}")
    before = (await platform.get(f"{API}/{which}")).json()
    assert before["commitment"] in re.sub(r"<[^>]+>", "", shown)
    assert (before["seed"], before["list_digest"], before["sessions"]) == (None, None, [session])
    homes = [await a_home(platform, 1) for _ in range(2)]
    for home in homes:
        browser = Browser(platform)
        await browser.open(f"/draws/{which}/mine")
        await browser.sign_in(home.mobile)
        await browser.send(f"/draws/{which}/mine", person=home.first)
        assert (browser.status, "Choose up to 5 sessions" in browser.page) == (400, True)
        await browser.send(f"/draws/{which}/mine", person=home.first, choice1=session)
        assert "You have entered the draw." in browser.page
    (entry,) = re.findall(r'name="entry" value="(\d+)"', browser.page)
    await browser.send(f"/draws/{which}/withdraw", entry=entry)
    assert "The entry is withdrawn." in browser.page
    await browser.send(f"/draws/{which}/withdraw", entry=entry)
    await browser.send(f"/draws/{which}/mine", person=homes[-1].first, choice1=session, waits="1")
    for path in ("/list", "/results"):
        assert (await platform.get(f"{API}/{which}{path}")).status_code == 400
    await closed(platform, which)
    await browser.send(f"/draws/{which}/mine", person=homes[-1].first, choice1=session)
    assert "This draw takes no entries now." in browser.page
    await revealed(platform, officer, which, district)
    await carried_out(platform, which)
    await published(platform, which, tmp_path)
    assert check_draw(tmp_path) == 0
    booked = [(await platform.household(home.token))[home.first]["appointments"] for home in homes]
    assert sorted(len(one) for one in booked) == [0, 1]
    page = await browser.open(f"/draws/{which}/mine")
    assert ("A seat fell to you: it is booked." if booked[-1] else "No seat fell to you.") in page
    assert "draw_id" not in (await clinic.sessions())[session]
    if not booked[-1]:
        assert "Asha Kumari" in await browser.open("/waitlist")


def check_draw(folder: Path) -> int:
    """What the script for everybody answers."""
    return subprocess.run([sys.executable, str(CHECKER), str(folder)], check=False).returncode


async def revealed(platform: Surface, officer: DeskBrowser, which: UUID, district: Place) -> None:
    """By the officer of that district alone, once, with a number."""
    _, stranger = await at_console(platform, Role.STATE_OFFICER, Place((district.state_id or 0) + 1))
    assert (await stranger.get(f"/console/draws/{which}")).status_code == 403
    for number, status in (("", 400), ("none", 400), ("24,854.05", 303), ("24,854.06", 400)):
        await officer.get(f"/console/draws/{which}")
        assert (await officer.post(f"/console/draws/{which}/reveal", number=number)).status_code == status


async def published(platform: Surface, which: UUID, folder: Path) -> None:
    """What the API publishes, as files."""
    facts = (await platform.get(f"{API}/{which}")).json()
    assert facts["public_number"] == "2485405"
    (folder / "draw.json").write_text(json.dumps(facts))
    for name in ("list", "results"):
        answer = await platform.get(f"{API}/{which}/{name}")
        (folder / f"{name}.txt").write_bytes(answer.content)


async def drop(platform: Surface, path: str, token: str) -> httpx.Response:
    """DELETE a path below /api."""
    return await platform.http.delete(f"/api{path}", headers={"Authorization": f"Bearer {token}"})


async def test_programs_enter_as_people_do(clinic: Clinic) -> None:
    platform = clinic.platform
    session = await platform.publish(a_session(clinic.centre, platform.day(5)))
    place = await place_of(platform, clinic.centre)
    _, officer = await at_console(platform, Role.DISTRICT_OFFICER, Place(place.state_id, place.district_id))
    path = f"{API}/{await opened(clinic, officer, session)}/entries"
    home, other = await a_home(platform, 2), await a_home(platform, 1)
    body = {"beneficiaries": list(home.members), "sessions": [session]}
    assert (await platform.post(path, body)).status_code == 401
    assert (await platform.post(path, body, other.token)).status_code == 400, "of another household"
    made = await platform.post(path, body, home.token)
    assert made.status_code == 200, made.text
    assert (await platform.post(path, body, home.token)).json()["errorCode"] == "DRAW0004"
    (seen,) = (await platform.get(path, home.token)).json()
    assert (seen["entry_id"], seen["sessions"], seen["outcome"]) == (made.json()["entry_id"], [session], None)
    number = f"{path}/{seen['entry_id']}"
    for token, status in ((other.token, 400), (home.token, 204), (home.token, 400)):
        assert (await drop(platform, number, token)).status_code == status


async def test_a_draw_is_called_off_with_a_reason_that_all_can_read(clinic: Clinic) -> None:
    platform, browser = clinic.platform, Browser(clinic.platform)
    session = await platform.publish(a_session(clinic.centre, platform.day(4)))
    place = await place_of(platform, clinic.centre)
    _, officer = await at_console(platform, Role.DISTRICT_OFFICER, Place(place.state_id, place.district_id))
    _, manager = await at_console(platform, Role.CENTRE_MANAGER, place)
    which = await opened(clinic, officer, session)
    assert str(which) in (await manager.get("/console/draws")).text
    assert (await manager.get("/console/draws/new")).status_code == 403
    await manager.get(f"/console/draws/{which}")
    assert (await manager.post(f"/console/draws/{which}/cancel", reason="No")).status_code == 403
    await officer.get(f"/console/draws/{which}")
    assert (await officer.post(f"/console/draws/{which}/cancel", reason="")).status_code == 400
    assert (await officer.post(f"/console/draws/{which}/cancel", reason="Flooded")).status_code == 303
    assert "Flooded" in await browser.open(f"/draws/{which}")
    assert "Called off" in await browser.open(f"/draws?district_id={place.district_id}")
    listed = (await platform.get(API, district_id=place.district_id)).json()
    assert [one["state"] for one in listed if one["draw_id"] == str(which) and one["seed"]] == ["cancelled"]
    assert (await clinic.sessions())[session]["available_capacity"] > 0
    await browser.open(f"/draws/{uuid4()}")
    assert "There is no such draw." in browser.page
