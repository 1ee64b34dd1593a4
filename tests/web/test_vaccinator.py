"""State systems and centres: a key reaches as far as its scope, and nobody is found without a proof of presence."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from opencowin.kit.actor import Permission, Place
from tests.builders import mobile, pan
from tests.papers import read_qr_codes
from tests.surface import Surface
from tests.web.clinic import EVENING, MORNING, NOBODY, Clinic, Home, a_home, a_key, booked, dmy, open_clinic, refused

pytestmark = pytest.mark.anyio

FIND_BY_MOBILE = "/v2/vaccinator/beneficiaries/findByMobile"
NEW, WALK_IN = "/v2/vaccinator/beneficiaries/new", "/v2/vaccinator/onspots/schedule"
DOWNLOAD = "/v2/vaccinator/certificate/download"


async def secret_of(clinic: Clinic, home: Home) -> str:
    member = (await clinic.platform.household(home.token))[home.first]
    return str(member["secret_code"])


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10_000:04}"


async def walk_in(clinic: Clinic, *references: str, key: str | None = None, **how: Any) -> httpx.Response:
    body = {"dose": 1, "session_id": clinic.today, "slot": MORNING, "beneficiaries": list(references), **how}
    return await clinic.platform.partner("POST", WALK_IN, key or clinic.key, json=body)


async def test_no_key_and_no_good_key_are_forbidden_in_the_gateways_word(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    path = "/v2/vaccinator/beneficiaries/findByReferenceId"
    none = await clinic.platform.get(path, beneficiary_reference_id=home.first)
    signed_in = await clinic.platform.get(path, home.token, beneficiary_reference_id=home.first)
    unknown = await clinic.find(home.first, key="ocw_unknown")
    for answer in (none, signed_in, unknown):
        assert refused(answer, 403, "USRAUT0036")["message"] == "Forbidden"


async def test_a_key_does_only_what_its_permissions_say(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    search_only = await a_key(clinic.platform, Permission.SEARCH_SESSIONS)
    refused(await clinic.find(home.first, key=search_only), 403, "KIT0002")
    refused(await clinic.vaccinate(home.first, key=search_only), 403, "KIT0002")
    refused(await walk_in(clinic, home.first, key=search_only), 403, "KIT0002")


async def test_a_key_of_one_centre_reaches_no_other(clinic: Clinic) -> None:
    elsewhere = await open_clinic(clinic.platform)
    rights = (Permission.VACCINATE, Permission.FIND_BENEFICIARIES)
    key = await a_key(clinic.platform, *rights, place=Place(centre_id=elsewhere.centre.centre_id))
    home = await a_home(clinic.platform)
    await booked(clinic, home, session_id=clinic.today)
    refused(await clinic.vaccinate(home.first, key=key), 403, "VACCIN0002")
    refused(await clinic.find(home.first, key=key, center_id=clinic.centre.centre_id), 403, "VACCIN0002")
    refused(await walk_in(clinic, home.first, key=key), 403, "KIT0002")
    assert (await elsewhere.vaccinate(home.first, key=key)).status_code == 200


async def test_a_person_is_found_by_secret_code_and_shown_masked(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    found = await clinic.find(home.first, secret_code=await secret_of(clinic, home))
    (person,) = found.json()["beneficiaries"]
    assert (person["name"], person["photo_id_number"][:6]) == ("Asha Kumari", "XXXXXX")
    assert "secret_code" not in person
    assert home.mobile[-4:] not in str(person)


async def test_a_person_is_found_where_they_are_booked_today(clinic: Clinic) -> None:
    home, centre = await a_home(clinic.platform), clinic.centre.centre_id
    refused(await clinic.find(home.first, center_id=centre), 403, "VACCIN0001")
    number = await booked(clinic, home, session_id=clinic.today, slot=EVENING)
    assert (await clinic.find(home.first, center_id=centre)).status_code == 200
    elsewhere = await open_clinic(clinic.platform)
    refused(await clinic.find(home.first, center_id=elsewhere.centre.centre_id), 403, "VACCIN0001")
    move = {"appointment_id": number, "session_id": clinic.tomorrow, "slot": MORNING}
    assert (await clinic.platform.post("/v2/appointment/reschedule", move, home.token)).status_code == 204
    refused(await clinic.find(home.first, center_id=centre), 403, "VACCIN0001")


async def test_a_reference_alone_finds_nobody_known_or_unknown(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    known = refused(await clinic.find(home.first), 403, "VACCIN0001")
    assert refused(await clinic.find(NOBODY), 403, "VACCIN0001") == known


async def test_a_mobile_alone_finds_nobody_known_or_unknown(clinic: Clinic) -> None:
    home, secret = await a_home(clinic.platform, 2), ""
    for number in (home.mobile, mobile(), "not a number"):
        answer = await clinic.platform.partner("GET", FIND_BY_MOBILE, clinic.key, params={"mobile_number": number})
        refused(answer, 403, "VACCIN0001")
    secret = await secret_of(clinic, home)
    query = {"mobile_number": home.mobile, "beneficiary_reference_id": home.first, "secret_code": secret}
    found = await clinic.platform.partner("GET", FIND_BY_MOBILE, clinic.key, params=query)
    assert [one["beneficiary_reference_id"] for one in found.json()["beneficiaries"]] == [home.first]


async def test_wrong_secret_codes_lock_even_for_the_right_one(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    secret = await secret_of(clinic, home)
    for _ in range(clinic.platform.floor.settings.secret_code_tries):
        refused(await clinic.find(home.first, secret_code=wrong(secret)), 403, "BENREG0008")
    locked = await clinic.find(home.first, secret_code=secret)
    refused(locked, 429, "BENREG0009")
    assert int(locked.headers["retry-after"]) >= 1


async def test_a_wrong_code_is_refused_alike_for_known_and_unknown(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    known = await clinic.find(home.first, secret_code=wrong(await secret_of(clinic, home)))
    unknown = await clinic.find(NOBODY, secret_code="1234")
    assert refused(known, 403, "BENREG0008") == refused(unknown, 403, "BENREG0008")


async def test_a_dose_is_recorded_once_however_often_it_is_sent(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    first, again = [(await clinic.vaccinate(home.first)).json() for _ in range(2)]
    named, other = [(await clinic.vaccinate(home.first, dose_id=str(uuid4()))).json() for _ in range(2)]
    assert first == again == named == other
    assert first["flags"] == []
    assert (first["vaccination_status"], first["date"]) == ("Partially Vaccinated", dmy(clinic.platform.day()))
    member = (await clinic.platform.household(home.token))[home.first]
    assert (member["dose1_date"], member["dose2_date"], member["vaccine"]) == (first["date"], "", "COVISHIELD")


async def test_a_dose_against_the_rules_is_kept_and_flagged(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    await clinic.vaccinate(home.first, on=clinic.platform.day(-10))
    early = await clinic.vaccinate(home.first, dose=2, vaccine_batch="B-9")
    assert early.status_code == 200
    assert early.json()["flags"] == ["interval_too_short", "unknown_batch"]
    member = (await clinic.platform.household(home.token))[home.first]
    assert (member["vaccination_status"], member["dose2_date"]) == ("Vaccinated", dmy(clinic.platform.day()))


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"dose1_date": "31-12-9999"}, "DOSE0001"),
        ({"dose1_date": "31-02-2021"}, "USRRES0002"),
        ({"dose1_date": None}, "VACCIN0003"),
        ({"vaccine": "WATER"}, "DOSE0002"),
        ({"dose": 21}, "USRRES0001"),
        ({"vaccinator_name": "\x00"}, "DOSE0004"),
        ({"vaccinator_name": ""}, "DOSE0004"),
        ({"vaccine_batch": "B\x001"}, "DOSE0004"),
        ({"center_id": 999_999_999}, "PLACES0003"),
        ({"beneficiary_reference_id": NOBODY}, "APPOIN0001"),
    ],
)
async def test_a_record_that_makes_no_sense_is_refused(clinic: Clinic, facts: dict[str, Any], code: str) -> None:
    home = await a_home(clinic.platform)
    refused(await clinic.vaccinate(home.first, **facts), 400, code)
    assert (await clinic.platform.household(home.token))[home.first]["vaccination_status"] == "Not Vaccinated"


async def test_a_dose_of_long_ago_is_kept_and_flagged(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    answer = await clinic.vaccinate(home.first, dose1_date="01-01-0001")
    assert answer.status_code == 200, answer.text
    assert {"before_birth", "before_registration"} <= set(answer.json()["flags"])


async def test_a_dose_fulfils_the_appointment(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    await booked(clinic, home, session_id=clinic.today)
    await clinic.vaccinate(home.first)
    assert (await clinic.platform.household(home.token))[home.first]["appointments"] == []
    found = await clinic.find(home.first, center_id=clinic.centre.centre_id)
    assert found.json()["beneficiaries"][0]["vaccination_status"] == "Partially Vaccinated"


async def test_walk_in_seats_are_their_own(platform: Surface) -> None:
    clinic = await open_clinic(platform, seats=1)
    before = (await clinic.sessions())[clinic.today]
    seat = await walk_in(clinic, (await a_home(platform)).first)
    assert seat.status_code == 200, seat.text
    assert seat.json()["appointment_id"] == seat.json()["appointment_confirmation_no"]
    refused(await walk_in(clinic, (await a_home(platform)).first), 409, "APPOIN0040")
    after = (await clinic.sessions())[clinic.today]
    assert after["available_capacity_dose1"] == before["available_capacity_dose1"]
    refused(await walk_in(clinic, NOBODY), 400, "APPOIN0001")


async def test_who_walks_in_is_registered_vaccinated_and_certified(clinic: Clinic) -> None:
    number = mobile()
    facts = {
        "name": "Savitri Devi",
        "birth_year": 1950,
        "gender_id": 2,
        "photo_id_type": 6,
        "photo_id_number": pan(),
        "consent_version": "V1",
        "mobile_number": number,
    }
    new = await clinic.platform.partner("POST", NEW, clinic.key, json=facts)
    reference = str(new.json()["beneficiary_reference_id"])
    proof = {"beneficiary_reference_id": reference, "center_id": clinic.centre.centre_id}
    too_soon = await clinic.platform.partner("GET", DOWNLOAD, clinic.key, params=proof)
    refused(too_soon, 403, "VACCIN0001")
    await clinic.vaccinate(reference)
    pdf = await clinic.platform.partner("GET", DOWNLOAD, clinic.key, params=proof)
    assert pdf.headers["content-type"] == "application/pdf"
    assert {code[:4] for code in read_qr_codes(pdf.content)} == {"PK\x03\x04", "HC1:"}
    assert list(await clinic.platform.household(await clinic.platform.sign_in(number))) == [reference]


async def test_the_certificate_is_for_the_household_and_for_who_knows_both_numbers(clinic: Clinic) -> None:
    platform = clinic.platform
    home, stranger = await a_home(platform), await a_home(platform)
    own = "/v2/registration/certificate/public/download", "/v2/registration/certificate/download"
    refused(await platform.get(own[0], home.token, beneficiary_reference_id=home.first), 400, "CERTIFICATE00001")
    await clinic.vaccinate(home.first)
    for path in own:
        pdf = await platform.get(path, home.token, beneficiary_reference_id=home.first)
        assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
        refused(await platform.get(path, beneficiary_reference_id=home.first), 401, "USRAUT0031")
        refused(await platform.get(path, stranger.token, beneficiary_reference_id=home.first), 400, "APPOIN0001")
    external, headers = "/cert/external/pdf/certificate", {"x-api-key": clinic.key}
    right = {"beneficiaryId": home.first, "mobile": home.mobile}
    pdf = await platform.http.post(external, json=right, headers=headers)
    assert pdf.content.startswith(b"%PDF-")
    for mistaken in ({**right, "mobile": stranger.mobile}, {**right, "beneficiaryId": NOBODY}):
        refused(await platform.http.post(external, json=mistaken, headers=headers), 400, "CERTIFICATE00003")
    assert (await platform.http.post(external, json=right)).status_code == 403
