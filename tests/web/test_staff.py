"""Those who run the campaign: staff and partners publish and withdraw sessions within their area, and no further."""

import base64
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from opencowin import identity, places
from opencowin.identity import Role
from opencowin.kit.actor import Permission, Place
from opencowin.kit.db import transaction
from tests.builders import TEST
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, a_key, booked, refused

pytestmark = pytest.mark.anyio

SESSIONS = "/open/v1/sessions"
PASSWORD = "correct horse battery"


async def staff(platform: Surface, role: Role, place: Place) -> tuple[str, str]:
    """The log-in of a new member of staff."""
    name = f"officer-{uuid4().hex[:8]}"
    async with transaction(platform.pool) as conn:
        await identity.create_staff(
            conn, platform.floor, TEST, name, name="Anita Rao", role=role, place=place, password=PASSWORD
        )
    return name, PASSWORD


async def place_of(clinic: Clinic) -> Place:
    async with transaction(clinic.platform.pool) as conn:
        district = await places.district(conn, clinic.centre.district_id)
    return Place(state_id=district.state_id, district_id=district.district_id)


def session(clinic: Clinic, **changes: Any) -> dict[str, Any]:
    slots = [{"starts_at": "09:00", "ends_at": "12:00", "seats": {"1": 20, "2": 5, "0": 3}}]
    facts = {"held_on": clinic.platform.day(2).isoformat(), "vaccine": "covishield", "min_age": 18, "doses": 30}
    return {"center_id": clinic.centre.centre_id, "slots": slots, **facts, **changes}


async def publish(clinic: Clinic, who: tuple[str, str] | None, **changes: Any) -> httpx.Response:
    body = session(clinic, **changes)
    return await clinic.platform.http.post(f"/api{SESSIONS}", json=body, auth=who or httpx.USE_CLIENT_DEFAULT)


async def test_a_district_officer_publishes_and_withdraws_and_those_booked_are_told(clinic: Clinic) -> None:
    officer = await staff(clinic.platform, Role.DISTRICT_OFFICER, await place_of(clinic))
    published = await publish(clinic, officer)
    assert published.status_code == 201, published.text
    session_id = published.json()["session_id"]
    shown = (await clinic.sessions())[session_id]
    assert [shown[key] for key in ("available_capacity", "available_capacity_dose1", "available_capacity_dose2")] == [
        25,
        20,
        5,
    ]
    home = await a_home(clinic.platform)
    await booked(clinic, home, session_id=session_id, slot="09:00AM-12:00PM")
    path, why = f"/api{SESSIONS}/{session_id}/withdraw", {"reason": "The cold chain failed"}
    withdrawn = await clinic.platform.http.post(path, json=why, auth=officer)
    assert withdrawn.json() == {"people_told": 1}
    assert "The cold chain failed" in await clinic.platform.sms(home.mobile, containing="will not take place")
    assert session_id not in await clinic.sessions()
    assert (await clinic.platform.household(home.token))[home.first]["appointments"] == []
    refused(await clinic.platform.http.post(path, json=why, auth=officer), 409, "SESION0007")


async def test_an_announced_opening_is_put_off(clinic: Clinic) -> None:
    officer = await staff(clinic.platform, Role.DISTRICT_OFFICER, await place_of(clinic))
    opens = clinic.platform.floor.clock.now().replace(microsecond=0) + timedelta(hours=3)
    naive = await publish(clinic, officer, bookable_from="2030-01-01T10:00:00")
    refused(naive, 400, "USRRES0001")
    session_id = (await publish(clinic, officer, bookable_from=opens.isoformat())).json()["session_id"]
    path, later = f"/api{SESSIONS}/{session_id}/release", opens + timedelta(hours=1)

    async def put(at: datetime, who: tuple[str, str] = officer) -> httpx.Response:
        return await clinic.platform.http.put(path, json={"bookable_from": at.isoformat()}, auth=who)

    assert (await put(later)).status_code == 204
    shown = (await clinic.sessions())[session_id]
    assert datetime.fromisoformat(shown["bookable_from"]) == later
    assert shown["available_capacity"] == 0
    refused(await put(opens - timedelta(hours=5)), 400, "SESION0020")
    stranger = await staff(clinic.platform, Role.DISTRICT_OFFICER, Place(state_id=1, district_id=1))
    assert (await put(later, stranger)).status_code == 403


async def test_an_officer_of_another_place_does_neither(clinic: Clinic) -> None:
    here = await place_of(clinic)
    stranger = await staff(
        clinic.platform, Role.DISTRICT_OFFICER, Place(state_id=here.state_id, district_id=(here.district_id or 0) + 1)
    )
    refused(await publish(clinic, stranger), 403, "KIT0002")
    path = f"/api{SESSIONS}/{clinic.tomorrow}/withdraw"
    refused(await clinic.platform.http.post(path, json={"reason": "No reason"}, auth=stranger), 403, "KIT0002")
    assert clinic.tomorrow in await clinic.sessions()


async def test_a_vaccinator_publishes_nothing(clinic: Clinic) -> None:
    vaccinator = await staff(clinic.platform, Role.VACCINATOR, Place(centre_id=clinic.centre.centre_id))
    refused(await publish(clinic, vaccinator), 403, "KIT0002")


async def test_who_is_not_staff_publishes_nothing(clinic: Clinic) -> None:
    officer = await staff(clinic.platform, Role.NATION_OFFICER, Place())
    refused(await publish(clinic, None), 403, "USRAUT0036")
    refused(await publish(clinic, (officer[0], "wrong horse")), 403, "USRAUT0038")
    refused(await publish(clinic, ("nobody", PASSWORD)), 403, "USRAUT0038")
    refused(await publish(clinic, ("nobody\x00", PASSWORD)), 403, "USRAUT0038")
    home = await a_home(clinic.platform)
    refused(await clinic.platform.post(SESSIONS, session(clinic), home.token), 403, "USRAUT0036")


@pytest.mark.parametrize("given", ["Basic", "Basic !!!", "Basic " + base64.b64encode(b"no colon").decode()])
async def test_a_log_in_that_is_none_is_refused(clinic: Clinic, given: str) -> None:
    headers = {"authorization": given}
    answer = await clinic.platform.http.post(f"/api{SESSIONS}", json=session(clinic), headers=headers)
    assert answer.status_code in {401, 403}
    assert answer.json()["errorCode"] in {"USRAUT0031", "USRAUT0036"}


async def test_a_key_publishes_where_its_scope_reaches(clinic: Clinic) -> None:
    here = await a_key(clinic.platform, Permission.PUBLISH_SESSIONS, place=Place(centre_id=clinic.centre.centre_id))
    other = await a_key(clinic.platform, Permission.PUBLISH_SESSIONS, place=Place(centre_id=1))
    body = session(clinic)
    assert (await clinic.platform.partner("POST", SESSIONS, here, json=body)).status_code == 201
    refused(await clinic.platform.partner("POST", SESSIONS, other, json=body), 403, "KIT0002")


def slot(start: str, end: str, **seats: int) -> dict[str, Any]:
    return {"starts_at": start, "ends_at": end, "seats": seats or {"1": 5}}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"slots": []}, "USRRES0001"),
        ({"slots": [slot("12:00", "09:00")]}, "SESION0003"),
        ({"slots": [slot("09:00", "11:00"), slot("10:00", "12:00")]}, "SESION0003"),
        ({"slots": [slot("09:00Z", "12:00")]}, "USRRES0001"),
        ({"slots": [slot("09:00+05:30", "12:00+05:30")]}, "USRRES0001"),
        ({"slots": [{"starts_at": "09:00", "ends_at": "12:00", "seats": {"99": 1}}]}, "SESION0001"),
        ({"slots": [{"starts_at": "09:00", "ends_at": "12:00", "seats": {"1": 0}}]}, "SESION0001"),
        ({"held_on": "2020-01-01"}, "SESION0002"),
        ({"held_on": "0001-01-01"}, "SESION0002"),
        ({"held_on": "05-07-2026"}, "USRRES0001"),
        ({"vaccine": "WATER"}, "SESION0001"),
        ({"vaccine": "\x00"}, "SESION0001"),
        ({"min_age": 60, "max_age": 45}, "SESION0004"),
        ({"fee": 100}, "SESION0005"),
        ({"fee": "NaN"}, "USRRES0001"),
        ({"doses": 0}, "USRRES0001"),
        ({"center_id": 999_999_999}, "PLACES0003"),
        ({"colour": "blue"}, "USRRES0001"),
    ],
)
async def test_a_session_that_makes_no_sense_is_refused(clinic: Clinic, changes: dict[str, Any], code: str) -> None:
    answer = await clinic.platform.partner("POST", SESSIONS, clinic.key, json=session(clinic, **changes))
    refused(answer, 400, code)


async def test_more_doses_than_are_in_stock_are_refused(clinic: Clinic) -> None:
    answer = await clinic.platform.partner("POST", SESSIONS, clinic.key, json=session(clinic, doses=99_999))
    refused(answer, 409, "STOCK0001")


@pytest.mark.parametrize("reason", ["", "  ", "no", "x" * 301, "a\x00b"])
async def test_a_withdrawal_without_a_readable_reason_is_refused(clinic: Clinic, reason: str) -> None:
    path = f"{SESSIONS}/{clinic.tomorrow}/withdraw"
    answer = await clinic.platform.partner("POST", path, clinic.key, json={"reason": reason})
    assert answer.status_code == 400, answer.text
    assert clinic.tomorrow in await clinic.sessions()


async def test_withdrawing_what_is_not_there_is_refused(clinic: Clinic) -> None:
    why = {"reason": "No reason"}
    path = f"{SESSIONS}/{uuid4()}/withdraw"
    refused(await clinic.platform.partner("POST", path, clinic.key, json=why), 400, "APPOIN0051")
