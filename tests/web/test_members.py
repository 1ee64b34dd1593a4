"""Members of a household: who may be registered, changed and removed, and what a refusal says."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.builders import pan
from tests.surface import Surface
from tests.web.clinic import NOBODY, Clinic, Home, a_home, booked, refused, value

pytestmark = pytest.mark.anyio

NEW, UPDATE, DELETE = (f"/v2/registration/beneficiary/{verb}" for verb in ("new", "update", "delete"))


def facts(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Asha Kumari",
        "birth_year": "1990",
        "gender_id": 2,
        "photo_id_type": 6,
        "photo_id_number": pan(),
        "comorbidity_ind": "N",
        "consent_version": "1",
        **changes,
    }


async def register(platform: Surface, home: Home, **changes: Any) -> httpx.Response:
    return await platform.post(NEW, facts(**changes), home.token)


async def test_a_mobile_registers_six_and_no_more(platform: Surface) -> None:
    home = await a_home(platform, 6)
    body = refused(await register(platform, home), 409, "BENREG0001")
    assert "6" in body["error"]
    assert len(await platform.household(home.token)) == 6


async def test_a_document_registers_once_in_the_nation(platform: Surface) -> None:
    one, other, document = await a_home(platform), await a_home(platform), pan()
    assert (await register(platform, one, photo_id_number=document)).status_code == 200
    spaced = f"{document[:5]} {document[5:].lower()}"
    body = refused(await register(platform, other, photo_id_number=spaced), 409, "BENREG0002")
    assert body["field"] == "photo_id_number"
    assert await value(platform, "SELECT count(*) FROM duplicate_attempt") >= 1


async def test_the_same_registration_sent_twice_is_one_member(platform: Surface) -> None:
    home, body = await a_home(platform, 0), facts()
    first, again = [(await platform.post(NEW, body, home.token)).json() for _ in range(2)]
    assert first == again
    assert len(await platform.household(home.token)) == 1


async def test_a_member_is_shown_masked_and_complete(platform: Surface) -> None:
    home, document = await a_home(platform, 0), pan()
    reference = (await register(platform, home, photo_id_number=document)).json()["beneficiary_reference_id"]
    member = (await platform.household(home.token))[reference]
    assert (len(reference), reference.isdigit()) == (14, True)
    assert member["photo_id_number"] == "XXXXXX" + document[-4:]
    assert member["mobile_number"] == home.mobile[-4:]
    assert (member["birth_year"], member["gender"], member["photo_id_type"]) == ("1990", "Female", "PAN Card")
    assert member["vaccination_status"] == "Not Vaccinated"
    assert [member[key] for key in ("vaccine", "dose1_date", "dose2_date", "appointments")] == ["", "", "", []]
    assert document not in str(member)
    assert home.mobile not in str(member)


async def test_a_member_can_be_changed_before_the_first_dose(platform: Surface) -> None:
    home = await a_home(platform)
    body = facts(name="Asha Rani Kumari", birth_year=1991, beneficiary_reference_id=home.first)
    assert (await platform.post(UPDATE, body, home.token)).json() == {"beneficiary_reference_id": home.first}
    member = (await platform.household(home.token))[home.first]
    assert (member["name"], member["birth_year"]) == ("Asha Rani Kumari", "1991")


async def test_a_removed_member_is_gone_and_the_document_is_free_again(platform: Surface) -> None:
    home, other, document = await a_home(platform, 0), await a_home(platform, 0), pan()
    reference = (await register(platform, home, photo_id_number=document)).json()["beneficiary_reference_id"]
    gone = await platform.post(DELETE, {"beneficiary_reference_id": int(reference)}, home.token)
    assert (gone.status_code, gone.content) == (204, b"")
    assert await platform.household(home.token) == {}
    again = await platform.post(DELETE, {"beneficiary_reference_id": reference}, home.token)
    refused(again, 400, "APPOIN0001")
    assert (await register(platform, other, photo_id_number=document)).status_code == 200


async def test_a_member_with_an_appointment_is_not_removed(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    await booked(clinic, home)
    body = {"beneficiary_reference_id": home.first}
    refused(await clinic.platform.post(DELETE, body, home.token), 409, "APPOIN0022")


async def test_after_the_first_dose_a_member_is_neither_changed_nor_removed(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    assert (await clinic.vaccinate(home.first)).status_code == 200
    body = facts(beneficiary_reference_id=home.first)
    for path in (UPDATE, DELETE):
        refused(await clinic.platform.post(path, body, home.token), 409, "BENREG0007")
    assert home.first in await clinic.platform.household(home.token)


async def test_another_household_can_neither_change_nor_remove_a_member(platform: Surface) -> None:
    home, stranger = await a_home(platform), await a_home(platform)
    for path in (UPDATE, DELETE):
        body = facts(beneficiary_reference_id=home.first)
        theirs = refused(await platform.post(path, body, stranger.token), 400, "APPOIN0001")
        nobodys = await platform.post(path, {**body, "beneficiary_reference_id": NOBODY}, stranger.token)
        assert theirs == nobodys.json()
    assert home.first in await platform.household(home.token)


@pytest.mark.parametrize(
    ("field", "wrong", "code"),
    [
        ("name", "", "BENREG0014"),
        ("name", "A1", "BENREG0014"),
        ("name", "Asha\x00Kumari", "BENREG0014"),
        ("name", "Asha\x07", "BENREG0014"),
        ("name", "Asha\u202eKumari", "BENREG0014"),
        ("name", "x" * 101, "BENREG0014"),
        ("name", "x" * 100_000, "USRRES0001"),
        ("name", 7, "USRRES0001"),
        ("birth_year", "90", "BENREG0010"),
        ("birth_year", "1990x", "BENREG0010"),
        ("birth_year", "١٩٩٠", "BENREG0010"),
        ("birth_year", "1800", "BENREG0003"),
        ("birth_year", 2090, "BENREG0003"),
        ("gender_id", "F", "BENREG0011"),
        ("gender_id", 77, "BENREG0005"),
        ("gender_id", -1, "BENREG0011"),
        ("photo_id_type", 2**31, "BENREG0011"),
        ("photo_id_number", "\x00", "USRRES0001"),
        ("consent_version", "", "BENREG0006"),
        ("birth_date", "31-02-1990", "USRRES0002"),
        ("birth_date", "01-01-1991", "BENREG0004"),
    ],
)
async def test_a_refusal_names_the_field(platform: Surface, field: str, wrong: object, code: str) -> None:
    home = await a_home(platform, 0)
    body = refused(await register(platform, home, **{field: wrong}), 400, code)
    assert body["field"] == field


@pytest.mark.parametrize(
    ("kind", "number"), [(6, "12345"), (6, "x" * 60), (1, "123456789012"), (99, "ABCDE1234F"), (8, " ")]
)
async def test_a_document_that_is_none_is_refused_with_how_to_write_it(
    platform: Surface, kind: int, number: str
) -> None:
    home = await a_home(platform, 0)
    answer = await register(platform, home, photo_id_type=kind, photo_id_number=number)
    assert answer.status_code == 400
    assert answer.json()["field"] == ("photo_id_type" if kind == 99 else "photo_id_number")
    assert len(answer.json()["error"]) > 20


async def test_lone_surrogates_are_refused(platform: Surface) -> None:
    home = await a_home(platform, 0)
    for field in ("name", "photo_id_number", "birth_year", "consent_version"):
        raw = str(facts(**{field: "HERE"})).replace("'", '"').replace("HERE", "\\ud800").encode()
        headers = {"Authorization": f"Bearer {home.token}"}
        answer = await platform.http.post("/api" + NEW, content=raw, headers=headers)
        assert answer.status_code == 400, (field, answer.text)


async def test_a_refusal_speaks_hindi_to_who_asks_for_it(platform: Surface) -> None:
    home = await a_home(platform, 0)
    english = refused(await register(platform, home, name="A1"), 400, "BENREG0014")
    hindi = await platform.post(NEW, facts(name="A1"), home.token, **{"Accept-Language": "hi_IN"})
    assert english["error"].isascii()
    assert any("\u0900" <= letter <= "\u097f" for letter in refused(hindi, 400, "BENREG0014")["error"])


@pytest.mark.parametrize(
    "name", ["सुनीता देवी", "محمد عرفان خان", "முருகன் செல்வி", "ক্ষিতীশ চন্দ্র", "Zoë O'Neill-D’Souza", "നീലിമ രാജൻ"]
)
async def test_names_of_every_script_are_kept(platform: Surface, name: str) -> None:
    home = await a_home(platform, 0)
    reference = (await register(platform, home, name=f" {name}  ")).json()["beneficiary_reference_id"]
    assert (await platform.household(home.token))[reference]["name"] == name.replace("’", "'")


async def test_numbers_may_come_as_numbers_or_text(platform: Surface) -> None:
    home = await a_home(platform, 0)
    loose = {"birth_year": 1990.0, "gender_id": "2", "photo_id_type": "6", "consent_version": 1}
    answer = await register(platform, home, **loose)
    assert answer.status_code == 200, answer.text
    reference = answer.json()["beneficiary_reference_id"]
    edited = {**facts(), "beneficiary_reference_id": float(reference)}
    assert (await platform.post(UPDATE, edited, home.token)).status_code == 200


@pytest.mark.parametrize("wrong", ["", "123", "x" * 14, 1.5, True, -10000000000001, "1" * 15, "१०००००००००००००"])
async def test_a_reference_that_is_none_is_refused(platform: Surface, wrong: object) -> None:
    home = await a_home(platform, 0)
    answer = await platform.post(DELETE, {"beneficiary_reference_id": wrong}, home.token)
    assert answer.status_code == 400
    assert answer.json()["field"] == "beneficiary_reference_id"


async def test_a_body_too_large_is_413_whether_its_length_is_told_or_not(platform: Surface) -> None:
    home = await a_home(platform, 0)
    refused(await register(platform, home, name="x" * 1_100_000), 413, "HTTP0413")

    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"name": "'
        for _ in range(11):
            yield b"x" * 100_000

    headers = {"Authorization": f"Bearer {home.token}", "Origin": "https://elsewhere.example"}
    answer = await platform.http.post("/api" + NEW, content=pieces(), headers=headers)
    refused(answer, 413, "HTTP0413")
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_key_is_no_household(clinic: Clinic) -> None:
    answer = await clinic.platform.partner("POST", NEW, clinic.key, json=facts())
    refused(answer, 401, "USRAUT0031")
