"""A developer asks for a key on a page, an officer of the nation grants it, and a link shows it once."""

import re
from uuid import uuid4

import pytest

from opencowin import feeds
from opencowin.identity import Role
from opencowin.kit.actor import Place
from opencowin.kit.db import run, transaction
from tests.surface import Surface
from tests.web.clinic import value
from tests.web.desks import Browser, at_console

pytestmark = pytest.mark.anyio
KEY = re.compile(r">(ocw_[\w-]+)<")


async def asked(platform: Surface, name: str, contact: str) -> Browser:
    developer = Browser(platform)
    await developer.get("/developers", lang="en")
    sent = await developer.post("/developers", name=name, contact=contact, purpose="Alerts for my village")
    assert sent.status_code == 303, sent.text
    assert "Your request has arrived" in (await developer.get("/developers?done=1")).text
    return developer


async def request_page(officer: Browser, name: str) -> str:
    page = (await officer.get("/console/keys")).text
    found = re.search(rf'href="(/console/keys/requests/[\w-]+)"><bdi lang="">{name}<', page)
    assert found, page
    assert "Alerts for my village" in (await officer.get(found[1])).text
    return found[1]


async def link_of(platform: Surface, contact: str) -> str:
    said = await platform.sms(contact, containing="/developers/key/")
    return "/developers/key/" + said.split("/developers/key/")[1].split()[0]


async def test_a_key_is_asked_for_granted_and_shown_once(platform: Surface) -> None:
    developer = await asked(platform, "Village alerts", "dev1@alerts.example")
    _, officer = await at_console(platform, Role.NATION_OFFICER, Place())
    path = await request_page(officer, "Village alerts")
    empty = await officer.post(path, act="approve", per_minute="0", per_day="100", may="sessions:search")
    assert empty.status_code == 400
    both = ["sessions:search", "webhooks:own"]
    granted = await officer.post(path, act="approve", per_minute="30", per_day="1000", may=both)
    assert granted.status_code == 303, granted.text
    link = await link_of(platform, "dev1@alerts.example")
    assert (await officer.get(path)).status_code == 400, "it is decided"
    for _ in range(2):
        offered = await developer.get(link)
        assert offered.status_code == 200, "opening the link does not use it up"
        assert "ocw_" not in offered.text
    shown = await developer.post(link)
    (key,) = KEY.findall(shown.text)
    assert shown.headers["cache-control"] == "no-store"
    assert (await developer.post(link)).status_code == 400, "it works once"
    assert (await developer.get(link)).status_code == 400
    seen = await platform.partner("GET", "/open/v1/key", key)
    assert (seen.json()["name"], seen.json()["calls_per_minute"]) == ("Village alerts", 30)
    assert seen.headers["ratelimit-limit"] == "30"
    assert seen.json()["permissions"] == both
    assert (await platform.partner("GET", "/open/v1/webhooks", key)).status_code == 200
    stands = (await officer.get("/console/keys")).text
    (key_id,) = re.findall(r'<td id="k([\w-]+)"><bdi lang="">Village alerts<', stands)
    assert (await officer.post(f"/console/keys/{key_id}/revoke")).status_code == 303
    assert (await platform.partner("GET", "/open/v1/key", key)).status_code == 403


async def test_who_looked_at_a_request_is_written_down(platform: Surface) -> None:
    await asked(platform, "Seen program", "dev7@alerts.example")
    made, officer = await at_console(platform, Role.NATION_OFFICER, Place())
    path = await request_page(officer, "Seen program")
    looks = (
        "SELECT array_agg(reason ORDER BY audit_id) FROM audit WHERE actor_id = %(who)s AND subject_id = %(request)s"
    )
    about = {"who": str(made.staff_id), "request": path.rsplit("/", 1)[1]}
    assert await value(platform, looks, **about) == ["officer's list", "to decide it"]


async def test_a_refusal_is_told_and_makes_no_key(platform: Surface) -> None:
    await asked(platform, "Nosy program", "dev2@alerts.example")
    _, officer = await at_console(platform, Role.NATION_OFFICER, Place())
    path = await request_page(officer, "Nosy program")
    assert (await officer.post(path, act="refuse")).status_code == 303
    assert "refused" in await platform.sms("dev2@alerts.example", containing="refused")
    assert "Nosy program" not in (await officer.get("/console/keys")).text


async def test_a_link_ends_with_the_officer_who_granted_it(platform: Surface) -> None:
    developer = await asked(platform, "Late program", "dev3@alerts.example")
    made, officer = await at_console(platform, Role.NATION_OFFICER, Place())
    await officer.post(
        await request_page(officer, "Late program"), act="approve", per_minute="3", per_day="9", may="webhooks:own"
    )
    link = await link_of(platform, "dev3@alerts.example")
    await developer.get(link)
    async with transaction(platform.pool) as conn:
        await run(conn, "UPDATE staff SET deactivated_at = now() WHERE staff_id = %(id)s", id=made.staff_id)
    assert (await developer.post(link)).status_code == 400
    assert await value(platform, "SELECT count(*) FROM api_key WHERE name = 'Late program'") == 0


async def test_only_officers_of_the_nation_see_requests(platform: Surface) -> None:
    state = await value(platform, "SELECT min(state_id) FROM state")
    _, officer = await at_console(platform, Role.STATE_OFFICER, Place(state))
    assert (await officer.get("/console/keys")).status_code == 403


async def test_a_request_that_is_not_whole_or_one_of_many_is_refused_in_the_form(platform: Surface) -> None:
    developer = Browser(platform)
    await developer.get("/developers")
    for wrong in ({"contact": "nobody"}, {"name": ""}, {"purpose": " "}):
        fields = {"name": "Alerts", "contact": "dev4@alerts.example", "purpose": "Alerts", **wrong}
        answer = await developer.post("/developers", **fields)
        assert answer.status_code == 400
        assert 'aria-invalid="true"' in answer.text
    for turn in range(4):
        sent = await developer.post("/developers", name="Alerts", contact="dev5@alerts.example", purpose="Alerts")
        assert sent.status_code == (303 if turn < 3 else 400)


async def test_who_owns_a_webhook_is_told_when_it_is_switched_off(platform: Surface) -> None:
    developer = await asked(platform, "Deaf program", "dev6@alerts.example")
    _, officer = await at_console(platform, Role.NATION_OFFICER, Place())
    path = await request_page(officer, "Deaf program")
    await officer.post(path, act="approve", per_minute="3", per_day="9", may="sessions:search")
    link = await link_of(platform, "dev6@alerts.example")
    await developer.get(link)
    await developer.post(link)
    key_id = await value(platform, "SELECT key_id FROM api_key WHERE name = 'Deaf program'")
    async with transaction(platform.pool) as conn:
        off = feeds.WebhookOff(uuid4(), key_id, "410", platform.floor.clock.now())
        await feeds.WEBHOOK_OFF.enqueue(conn, off)
    assert "410" in await platform.sms("dev6@alerts.example", containing="410")
