"""Lists: states, districts, identity documents, genders; a second language only when it is asked for."""

from typing import Any

import pytest

from tests.surface import Surface
from tests.web.clinic import refused

pytestmark = pytest.mark.anyio

LISTS = {
    "/v2/admin/location/states": "states",
    "/v2/admin/location/districts/17": "districts",
    "/v2/registration/beneficiary/idTypes": "types",
    "/v2/registration/beneficiary/genders": "genders",
}


async def read(platform: Surface, path: str, language: str = "") -> Any:
    headers = {"accept-language": language} if language else {}
    answer = await platform.http.get("/api" + path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_there_are_37_states_under_the_numbers_that_clients_know(platform: Surface) -> None:
    states = (await read(platform, "/v2/admin/location/states"))["states"]
    names = {one["state_id"]: one["state_name"] for one in states}
    assert sorted(names) == list(range(1, 38))
    assert (names[17], names[31], names[36]) == ("Kerala", "Tamil Nadu", "West Bengal")


async def test_districts_are_those_of_the_state_under_the_numbers_that_clients_know(platform: Surface) -> None:
    for state, district, name in ((17, 307, "Ernakulam"), (21, 363, "Pune"), (31, 571, "Chennai")):
        districts = (await read(platform, f"/v2/admin/location/districts/{state}"))["districts"]
        assert {one["state_id"] for one in districts} == {state}
        assert {one["district_id"]: one["district_name"] for one in districts}[district] == name


@pytest.mark.parametrize("state", ["999", "-1", "0", "99999999999999999999", "2147483648"])
async def test_an_unknown_state_has_no_districts(platform: Surface, state: str) -> None:
    assert await read(platform, f"/v2/admin/location/districts/{state}") == {"districts": [], "ttl": 24}


async def test_a_state_that_is_no_number_is_refused_by_name(platform: Surface) -> None:
    body = refused(await platform.get("/v2/admin/location/districts/Kerala"), 400, "USRRES0001")
    assert body["field"] == "state_id"


@pytest.mark.parametrize(("path", "key"), LISTS.items())
async def test_lists_say_how_long_they_hold_and_are_english_by_default(platform: Surface, path: str, key: str) -> None:
    for language in ("", "en_US", "xx"):
        answer = await read(platform, path, language)
        assert answer["ttl"] == 24
        assert answer[key]
        assert not [name for row in answer[key] for name in row if name.endswith("_l")]


@pytest.mark.parametrize(("path", "key"), LISTS.items())
@pytest.mark.parametrize("language", ["hi_IN", "ta_IN", "ur_IN", "hi-IN,hi;q=0.9,en;q=0.8"])
async def test_the_language_stands_beside_the_english(platform: Surface, path: str, key: str, language: str) -> None:
    english, hindi = (await read(platform, path))[key], (await read(platform, path, language))[key]
    for plain, both in zip(english, hindi, strict=True):
        added = {name: text for name, text in both.items() if name.endswith("_l")}
        assert added
        assert both == {**plain, **added}
    if key != "districts":
        assert not any(text.isascii() for row in hindi for name, text in row.items() if name.endswith("_l"))


async def test_identity_documents_keep_their_numbers(platform: Surface) -> None:
    types = {one["id"]: one for one in (await read(platform, "/v2/registration/beneficiary/idTypes"))["types"]}
    assert {1, 2, 6, 8, 9, 11, 12, 15, 16} <= types.keys()
    assert (types[8]["type"], types[8]["doc_type"]) == ("Passport", "PSPRT")
    assert {one["gender"] for one in (await read(platform, "/v2/registration/beneficiary/genders"))["genders"]} >= {
        "Male",
        "Female",
    }
