"""A family's story: four register, two book together, one moves, one cancels, the grandmother walks in."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from opencowin import certificates
from opencowin.kit.db import transaction
from opencowin.places import Centre
from tests.builders import a_centre, a_partner_key, a_session, stock_up
from tests.papers import read_qr_codes
from tests.surface import Calendar, Surface

pytestmark = pytest.mark.anyio

MOTHER, GRANDMOTHER = "9000010001", "9000010002"
MORNING, NOON = "09:00AM-11:00AM", "11:00AM-01:00PM"
DAYS_BETWEEN_DOSES = 84


@dataclass
class Story:
    """What is remembered from one step to the next."""

    platform: Surface
    calendar: Calendar
    centre: Centre
    key: str
    token: str = ""
    members: dict[str, str] = field(default_factory=dict)
    bookings: dict[str, str] = field(default_factory=dict)

    async def session_in(self, days: int) -> str:
        """A session at the centre, published for a day from today."""
        surface = self.platform
        return await surface.publish(a_session(self.centre, surface.day(days), doses=50))

    async def of(self, who: str) -> dict[str, Any]:
        """A member as the mother sees them in the list."""
        return (await self.platform.household(self.token))[self.members[who]]


async def test_a_family_is_vaccinated(platform: Surface, calendar: Calendar) -> None:
    story = await given_a_centre_with_vaccine(platform, calendar)
    tomorrow = await story.session_in(1)
    await given_the_mother_registers_the_family(story)

    await when_the_parents_book_together_and_the_children_one_by_one(story, tomorrow)
    await then_a_message_names_centre_and_codes(story)
    await when_the_daughter_moves_to_noon(story, tomorrow)
    await when_the_son_cancels(story)
    await then_each_has_the_appointment_they_asked_for(story)
    await then_the_slip_can_be_scanned(story)

    calendar.let_days_pass(1)
    await when_the_parents_and_the_daughter_get_their_first_dose(story)
    await then_their_provisional_certificates_verify(story)
    await then_a_second_dose_too_early_is_refused_with_the_day_it_is_due(story)

    calendar.let_days_pass(DAYS_BETWEEN_DOSES)
    await when_they_book_and_get_the_second_dose_on_the_due_date(story)
    await then_their_final_certificates_verify(story)

    await when_the_grandmother_walks_in_without_a_phone(story)
    await then_she_leaves_with_a_certificate_on_paper(story)


async def given_a_centre_with_vaccine(platform: Surface, calendar: Calendar) -> Story:
    centre = await a_centre(platform.pool, platform.floor)
    await stock_up(platform.pool, platform.floor, centre, "COVISHIELD", doses=500)
    return Story(platform, calendar, centre, await a_partner_key(platform.pool, platform.floor))


async def given_the_mother_registers_the_family(story: Story) -> None:
    register = story.platform.register
    story.token = await story.platform.sign_in(MOTHER)
    story.members = {
        "mother": await register(story.token, "सुनीता देवी", 1985, "ABCPA1234A"),
        "father": await register(story.token, "Ramesh Kumar", 1982, "ABCPA1234B", gender=1),
        "daughter": await register(story.token, "Asha Kumari", 2004, "ABCPA1234C"),
        "son": await register(story.token, "Ravi Kumar", 2005, "ABCPA1234D", gender=1),
    }


async def book(story: Story, session: str, *who: str, dose: int = 1) -> str:
    body = {
        "dose": dose,
        "session_id": session,
        "slot": MORNING,
        "beneficiaries": [story.members[one] for one in who],
    }
    answer = await story.platform.post("/v2/appointment/schedule", body, story.token)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["appointment_confirmation_no"])


async def when_the_parents_book_together_and_the_children_one_by_one(story: Story, session: str) -> None:
    story.bookings = {
        "parents": await book(story, session, "mother", "father"),
        "daughter": await book(story, session, "daughter"),
        "son": await book(story, session, "son"),
    }


async def then_a_message_names_centre_and_codes(story: Story) -> None:
    text = await story.platform.sms(MOTHER, containing=story.members["son"])
    assert story.centre.name in text
    assert (await story.of("son"))["secret_code"] in text


async def when_the_daughter_moves_to_noon(story: Story, session: str) -> None:
    body = {"appointment_id": story.bookings["daughter"], "session_id": session, "slot": NOON}
    assert (await story.platform.post("/v2/appointment/reschedule", body, story.token)).status_code == 204


async def when_the_son_cancels(story: Story) -> None:
    body = {"appointment_id": story.bookings["son"], "beneficiariesToCancel": [story.members["son"]]}
    assert (await story.platform.post("/v2/appointment/cancel", body, story.token)).status_code == 204


async def then_each_has_the_appointment_they_asked_for(story: Story) -> None:
    appointments = {who: (await story.of(who))["appointments"] for who in story.members}
    for parent in ("mother", "father"):
        assert [one["appointment_id"] for one in appointments[parent]] == [story.bookings["parents"]]
    assert [one["slot"] for one in appointments["daughter"]] == [NOON]
    assert appointments["son"] == []


async def then_the_slip_can_be_scanned(story: Story) -> None:
    query = {"appointment_id": story.bookings["parents"]}
    slip = await story.platform.get("/v2/appointment/appointmentslip/download", story.token, **query)
    (code,) = read_qr_codes(slip.content)
    assert story.bookings["parents"] in code
    assert story.members["father"] in code


async def vaccinate(story: Story, reference: str, dose: int) -> dict[str, Any]:
    body = {
        "beneficiary_reference_id": reference,
        "center_id": story.centre.centre_id,
        "vaccine": "COVISHIELD",
        "vaccine_batch": "B-1",
        "dose": dose,
        f"dose{dose}_date": story.platform.day().strftime("%d-%m-%Y"),
        "vaccinator_name": "Sister Mary",
    }
    answer = await story.platform.partner("POST", "/v2/vaccinator/beneficiaries/vaccinate", story.key, json=body)
    assert answer.status_code == 200, answer.text
    recorded: dict[str, Any] = answer.json()
    assert recorded["flags"] == []
    return recorded


async def when_the_parents_and_the_daughter_get_their_first_dose(story: Story) -> None:
    story.token = await story.platform.sign_in(MOTHER)
    for who in ("mother", "father", "daughter"):
        recorded = await vaccinate(story, story.members[who], 1)
        assert recorded["vaccination_status"] == "Partially Vaccinated"
        member = await story.of(who)
        assert member["appointments"] == []
        assert member["dose1_date"] == story.platform.day().strftime("%d-%m-%Y")


async def verified(story: Story, pdf: bytes) -> list[certificates.CertificateFacts]:
    """What the two codes of a certificate say, checked with the published keys."""
    async with transaction(story.platform.pool) as conn:
        checked = [await certificates.verify(conn, story.platform.floor, code) for code in read_qr_codes(pdf)]
    assert {one.format for one in checked} == set(certificates.EVERYDAY)
    return checked


async def then_certificates_state(story: Story, who: str, dose: int) -> None:
    query = {"beneficiary_reference_id": story.members[who]}
    answer = await story.platform.get("/v2/registration/certificate/public/download", story.token, **query)
    assert answer.headers["content-type"] == "application/pdf"
    for facts in await verified(story, answer.content):
        assert (facts.dose, facts.total, facts.given_on) == (dose, 2, story.platform.day())


async def then_their_provisional_certificates_verify(story: Story) -> None:
    for who in ("mother", "father", "daughter"):
        await then_certificates_state(story, who, 1)


async def then_a_second_dose_too_early_is_refused_with_the_day_it_is_due(story: Story) -> None:
    soon = await story.session_in(2)
    due = story.platform.day(DAYS_BETWEEN_DOSES).strftime("%d-%m-%Y")
    assert (await story.of("mother"))["next_dose_due_date"] == due
    body = {"dose": 2, "session_id": soon, "slot": MORNING, "beneficiaries": [story.members["mother"]]}
    refused = await story.platform.post("/v2/appointment/schedule", body, story.token)
    assert refused.status_code == 400
    assert due in refused.json()["error"]


async def when_they_book_and_get_the_second_dose_on_the_due_date(story: Story) -> None:
    story.token = await story.platform.sign_in(MOTHER)
    assert (await story.of("mother"))["next_dose_due_date"] == story.platform.day().strftime("%d-%m-%Y")
    await book(story, await story.session_in(0), "mother", "father", "daughter", dose=2)
    for who in ("mother", "father", "daughter"):
        assert (await vaccinate(story, story.members[who], 2))["vaccination_status"] == "Vaccinated"


async def then_their_final_certificates_verify(story: Story) -> None:
    for who in ("mother", "father", "daughter"):
        await then_certificates_state(story, who, 2)


async def when_the_grandmother_walks_in_without_a_phone(story: Story) -> None:
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
    new = await story.platform.partner("POST", "/v2/vaccinator/beneficiaries/new", story.key, json=facts)
    assert new.status_code == 200, new.text
    story.members["grandmother"] = new.json()["beneficiary_reference_id"]
    seat = {
        "dose": 1,
        "session_id": await story.session_in(0),
        "slot": MORNING,
        "beneficiaries": [story.members["grandmother"]],
    }
    taken = await story.platform.partner("POST", "/v2/vaccinator/onspots/schedule", story.key, json=seat)
    assert taken.status_code == 200, taken.text


async def then_she_leaves_with_a_certificate_on_paper(story: Story) -> None:
    here = {
        "beneficiary_reference_id": story.members["grandmother"],
        "center_id": story.centre.centre_id,
    }
    find, paper = "/v2/vaccinator/beneficiaries/findByReferenceId", "/v2/vaccinator/certificate/download"
    found = await story.platform.partner("GET", find, story.key, params=here)
    assert found.json()["beneficiaries"][0]["name"] == "Savitri Devi"
    await vaccinate(story, story.members["grandmother"], 1)
    printed = await story.platform.partner("GET", paper, story.key, params=here)
    assert {facts.dose for facts in await verified(story, printed.content)} == {1}
    assert GRANDMOTHER not in await story.platform.sms(GRANDMOTHER, containing="certificate")
