"""A family's story: four register, two book together, one moves, one cancels, the grandmother walks in."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.builders import a_centre, a_partner_key, a_session, publish, stock_up
from tests.papers import read_qr_codes
from tests.surface import Surface

pytestmark = pytest.mark.anyio

MOTHER, GRANDMOTHER = "9000010001", "9000010002"


class Family:
    """What the story remembers."""

    token: str
    members: dict[str, str]
    key: str
    centre: Any


async def given_a_centre_with_sessions_today_and_tomorrow(platform: Surface, family: Family) -> tuple[str, str]:
    centre = await a_centre(platform.pool, platform.floor)
    await stock_up(platform.pool, platform.floor, centre, "COVISHIELD", doses=200)
    family.centre = centre
    family.key = await a_partner_key(platform.pool, platform.floor)
    today = await publish(platform.pool, platform.floor, a_session(centre, platform.day(0), doses=50))
    tomorrow = await publish(platform.pool, platform.floor, a_session(centre, platform.day(1), doses=50))
    return today, tomorrow


async def given_the_mother_registers_four(platform: Surface, family: Family) -> None:
    family.token = await platform.sign_in(MOTHER)
    family.members = {
        "mother": await platform.register(family.token, "सुनीता देवी", 1985, "ABCPA1234A"),
        "father": await platform.register(family.token, "Ramesh Kumar", 1982, "ABCPA1234B", gender=1),
        "daughter": await platform.register(family.token, "Asha Kumari", 2004, "ABCPA1234C"),
        "son": await platform.register(family.token, "Ravi Kumar", 2005, "ABCPA1234D", gender=1),
    }


async def book(platform: Surface, family: Family, session: str, *who: str, dose: int = 1) -> Any:
    answer = await platform.post(
        "/v2/appointment/schedule",
        {
            "dose": dose,
            "session_id": session,
            "slot": "09:00AM-11:00AM",
            "beneficiaries": [family.members[one] for one in who],
        },
        family.token,
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["appointment_confirmation_no"]


async def record(platform: Surface, family: Family, reference: str, dose: int, on: date) -> Any:
    answer = await platform.partner(
        "POST",
        "/v2/vaccinator/beneficiaries/vaccinate",
        family.key,
        json={
            "beneficiary_reference_id": reference,
            "center_id": family.centre.centre_id,
            "vaccine": "COVISHIELD",
            "vaccine_batch": "B-1",
            "dose": dose,
            f"dose{dose}_date": on.strftime("%d-%m-%Y"),
            "vaccinator_name": "Sister Mary",
        },
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_family_is_vaccinated(platform: Surface) -> None:
    family = Family()
    today, tomorrow = await given_a_centre_with_sessions_today_and_tomorrow(platform, family)
    await given_the_mother_registers_four(platform, family)

    parents = await book(platform, family, tomorrow, "mother", "father")
    daughter = await book(platform, family, tomorrow, "daughter")
    son = await book(platform, family, tomorrow, "son")
    text = await platform.sms(MOTHER, containing=family.centre.name)
    assert family.centre.name in text

    await when_the_daughter_moves_and_the_son_cancels(platform, family, daughter, son, tomorrow)
    await then_everybody_has_what_they_asked_for(platform, family, parents)
    await then_first_doses_are_given_and_certificates_appear(platform, family)
    await then_second_doses_are_due_after_the_interval(platform, family)
    await then_the_grandmother_walks_in_without_a_phone(platform, family, today)


async def when_the_daughter_moves_and_the_son_cancels(
    platform: Surface, family: Family, daughter: str, son: str, tomorrow: str
) -> None:
    moved = await platform.post(
        "/v2/appointment/reschedule",
        {"appointment_id": daughter, "session_id": tomorrow, "slot": "11:00AM-01:00PM"},
        family.token,
    )
    assert moved.status_code == 204
    cancelled = await platform.post(
        "/v2/appointment/cancel",
        {"appointment_id": son, "beneficiariesToCancel": [family.members["son"]]},
        family.token,
    )
    assert cancelled.status_code == 204


async def then_everybody_has_what_they_asked_for(platform: Surface, family: Family, parents: str) -> None:
    household = await platform.household(family.token)
    of = {who: household[reference]["appointments"] for who, reference in family.members.items()}
    assert of["mother"][0]["appointment_id"] == of["father"][0]["appointment_id"] == parents
    assert of["daughter"][0]["slot"] == "11:00AM-01:00PM"
    assert of["son"] == []
    slip = await platform.get("/v2/appointment/appointmentslip/download", family.token, appointment_id=parents)
    assert slip.content.startswith(b"%PDF-")
    codes = read_qr_codes(slip.content)
    assert [parents in code and family.members["father"] in code for code in codes] == [True]


async def then_first_doses_are_given_and_certificates_appear(platform: Surface, family: Family) -> None:
    first = platform.day() - timedelta(days=90)
    for who in ("mother", "father", "daughter"):
        recorded = await record(platform, family, family.members[who], 1, first)
        assert recorded["vaccination_status"] == "Partially Vaccinated"
    household = await platform.household(family.token)
    mother = household[family.members["mother"]]
    assert mother["appointments"] == []
    assert mother["vaccine"] == "COVISHIELD"
    assert mother["dose1_date"] == first.strftime("%d-%m-%Y")
    pdf = await platform.get(
        "/v2/registration/certificate/public/download",
        family.token,
        beneficiary_reference_id=family.members["mother"],
    )
    assert pdf.headers["content-type"] == "application/pdf"
    assert {code[:4] for code in read_qr_codes(pdf.content)} == {"PK\x03\x04", "HC1:"}


async def then_second_doses_are_due_after_the_interval(platform: Surface, family: Family) -> None:
    household = await platform.household(family.token)
    due = household[family.members["mother"]]["next_dose_due_date"]
    assert due == (platform.day() - timedelta(days=90) + timedelta(days=84)).strftime("%d-%m-%Y")
    recorded = await record(platform, family, family.members["mother"], 2, platform.day())
    assert recorded["flags"] == []
    assert recorded["vaccination_status"] == "Vaccinated"


async def then_the_grandmother_walks_in_without_a_phone(platform: Surface, family: Family, today: str) -> None:
    facts = {
        "name": "Savitri Devi",
        "birth_year": "1950",
        "gender_id": 2,
        "photo_id_type": 6,
        "photo_id_number": "ABCPA1234E",
        "comorbidity_ind": "N",
        "consent_version": "1",
        "mobile_number": GRANDMOTHER,
    }
    new = await platform.partner("POST", "/v2/vaccinator/beneficiaries/new", family.key, json=facts)
    assert new.status_code == 200, new.text
    reference = new.json()["beneficiary_reference_id"]
    seat = await platform.partner(
        "POST",
        "/v2/vaccinator/onspots/schedule",
        family.key,
        json={"dose": 1, "session_id": today, "slot": "09:00AM-11:00AM", "beneficiaries": [reference]},
    )
    assert seat.status_code == 200, seat.text
    found = await platform.partner(
        "GET",
        "/v2/vaccinator/beneficiaries/findByReferenceId",
        family.key,
        params={"beneficiary_reference_id": reference, "center_id": family.centre.centre_id},
    )
    assert found.json()["beneficiaries"][0]["name"] == "Savitri Devi"
    await record(platform, family, reference, 1, platform.day())
    pdf = await platform.partner(
        "GET",
        "/v2/vaccinator/certificate/download",
        family.key,
        params={"beneficiary_reference_id": reference, "center_id": family.centre.centre_id},
    )
    assert pdf.content.startswith(b"%PDF-")
    assert GRANDMOTHER[-4:] not in (await platform.sms(GRANDMOTHER, containing="certificate"))
