"""Programs subscribe for a signed-in household to free seats, list what it waits for, and end it."""

import pytest

from opencowin.identity import PARTNER_PERMISSIONS
from opencowin.kit.actor import Permission
from opencowin.kit.db import transaction
from tests.builders import a_session, new_key
from tests.web.clinic import Clinic, a_home

pytestmark = pytest.mark.anyio
ALERTS = "/open/v1/alerts"


async def test_a_household_is_told_of_a_new_session_until_it_ends_its_alert(clinic: Clinic) -> None:
    platform, home, other = clinic.platform, await a_home(clinic.platform, 0), await a_home(clinic.platform, 0)
    wish = {"district_id": clinic.centre.district_id, "dose": 1, "age": 40}
    made = await platform.post(ALERTS, wish, home.token)
    assert made.status_code == 200, made.text
    assert (await platform.post(ALERTS, wish, home.token)).json() == made.json()
    (seen,) = (await platform.get(ALERTS, home.token)).json()
    assert (seen["district_id"], seen["dose"], seen["age"], seen["pincode"]) == (wish["district_id"], 1, 40, None)
    await platform.publish(a_session(clinic.centre, platform.day(2), doses=5))
    text = await platform.sms(home.mobile, containing="Seats")
    assert f"STOP {seen['code']}" in text
    path = f"/api{ALERTS}/{seen['alert_id']}"
    strange = await platform.http.delete(path, headers={"Authorization": f"Bearer {other.token}"})
    assert strange.json()["errorCode"] == "ALERT0005"
    ended = await platform.http.delete(path, headers={"Authorization": f"Bearer {home.token}"})
    assert ended.status_code == 204
    assert (await platform.get(ALERTS, home.token)).json() == []


async def test_nobody_subscribes_without_signing_in_or_without_a_place(clinic: Clinic) -> None:
    assert (await clinic.platform.post(ALERTS, {"dose": 1})).status_code == 401
    home = await a_home(clinic.platform, 0)
    refused = await clinic.platform.post(ALERTS, {"dose": 1}, home.token)
    assert (refused.status_code, refused.json()["errorCode"]) == (400, "ALERT0001")


async def test_an_answer_by_sms_ends_the_senders_own_alert(clinic: Clinic) -> None:
    platform, home, other = clinic.platform, await a_home(clinic.platform, 0), await a_home(clinic.platform, 0)
    wishes = [{"district_id": clinic.centre.district_id, "dose": dose} for dose in (1, 2, 3)]
    for wish in wishes:
        assert (await platform.post(ALERTS, wish, home.token)).status_code == 200
    codes = [one["code"] for one in (await platform.get(ALERTS, home.token)).json()]

    async def ended(sender: str, text: str) -> int:
        answer = await platform.http.post(
            "/api/open/v1/messages", json={"sender": sender, "text": text}, headers={"x-api-key": clinic.key}
        )
        assert answer.status_code == 200, answer.text
        return int(answer.json()["ended"])

    assert await ended(other.mobile, f"STOP {codes[0]}") == 0
    assert await ended(home.mobile, f"What is {codes[0]}?") == 0
    assert await ended(home.mobile, "STOP 0000") == 0
    for other_words in (f"nonstop {codes[0]}", "STOP मत करो", "stop it please"):
        assert await ended(home.mobile, other_words) == 0
    assert len((await platform.get(ALERTS, home.token)).json()) == 3
    assert await ended(f"+91{home.mobile}", f" stop: {codes[0].lower()}. ") == 1
    assert await ended(f"+91{home.mobile}", f" stop: {codes[0].lower()}. ") == 0
    assert await ended(home.mobile, "Stop") == 2
    assert (await platform.get(ALERTS, home.token)).json() == []


async def test_only_a_gateway_hands_answers_on(clinic: Clinic) -> None:
    said = {"sender": (await a_home(clinic.platform, 0)).mobile, "text": "STOP"}
    async with transaction(clinic.platform.pool) as conn:
        other = await new_key(conn, clinic.platform.floor, PARTNER_PERMISSIONS - {Permission.RECEIVE_MESSAGES})
    for headers in ({}, {"x-api-key": "ocw_unknown"}, {"x-api-key": other}):
        answer = await clinic.platform.http.post("/api/open/v1/messages", json=said, headers=headers)
        assert answer.status_code in {401, 403}, answer.text
