"""Programs subscribe for a signed-in household to free seats, list what it waits for, and end it."""

import pytest

from tests.builders import a_session
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
