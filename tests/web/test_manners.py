"""Manners of every call: rates, CORS, errors that are listed, health, documentation, a net under our own defects."""

import re
from typing import Any

import pytest

from opencowin.kit.actor import Permission
from opencowin.kit.db import transaction
from tests.surface import Surface
from tests.web.clinic import a_home, a_key, beside, refused

pytestmark = pytest.mark.anyio

STATES, ERRORS = "/v2/admin/location/states", "/open/v1/errors"
ORIGIN = {"Origin": "https://elsewhere.example"}


async def test_the_sixth_call_of_five_is_refused_and_told_when_to_come_back(platform: Surface) -> None:
    async with beside(platform, api_calls_per_5_minutes=5) as strict:
        answers = [await strict.get(STATES) for _ in range(6)]
    assert [one.status_code for one in answers] == [200] * 5 + [429]
    assert [one.headers["ratelimit-remaining"] for one in answers] == ["4", "3", "2", "1", "0", "0"]
    assert {one.headers["ratelimit-limit"] for one in answers} == {"5"}
    body = refused(answers[5], 429, "LIMIT0001")
    assert body["error"] == "Too Many Requests"
    assert 1 <= int(answers[5].headers["retry-after"]) <= 300
    assert answers[5].headers["retry-after"] == answers[5].headers["ratelimit-reset"]


async def test_a_household_a_partner_and_the_public_are_counted_apart_and_probes_not_at_all(platform: Surface) -> None:
    home = await a_home(platform)
    key = await a_key(platform, Permission.SEARCH_SESSIONS, per_minute=3)
    async with beside(platform, api_calls_per_5_minutes=2) as strict:
        assert [(await strict.get(STATES)).status_code for _ in range(3)] == [200, 200, 429]
        own = [(await strict.get("/v2/appointment/beneficiaries", home.token)).status_code for _ in range(3)]
        assert own == [200, 200, 429]
        partner = [await strict.partner("GET", STATES, key) for _ in range(4)]
        assert [one.status_code for one in partner] == [200, 200, 200, 429]
        assert partner[0].headers["ratelimit-limit"] == "3"
        for path in ("/health/live", "/health/ready", "/metrics"):
            assert [(await strict.http.get(path)).status_code for _ in range(4)] == [200] * 4
        guesses = [await strict.get("/v2/appointment/beneficiaries", "x") for _ in range(2)]
        assert {one.status_code for one in guesses} == {429}


async def test_guessing_keys_is_counted(platform: Surface) -> None:
    async with beside(platform, api_calls_per_5_minutes=3) as strict:
        path = "/v2/vaccinator/beneficiaries/findByMobile"
        tried = [await strict.partner("GET", path, f"ocw_{n}", params={"mobile_number": "1"}) for n in range(5)]
    assert [one.status_code for one in tried] == [403, 403, 403, 429, 429]


async def test_a_browser_may_read_every_answer_errors_too(platform: Surface) -> None:
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", STATES, {}),
        ("GET", "/v2/appointment/sessions/public/findByPin", {"params": {"pincode": "x", "date": "1-1-2026"}}),
        ("GET", "/v2/appointment/beneficiaries", {}),
        ("GET", "/v2/vaccinator/beneficiaries/findByMobile", {"params": {"mobile_number": "1"}}),
        ("GET", "/nowhere", {}),
        ("PATCH", STATES, {}),
        ("POST", "/v2/auth/public/generateOTP", {"content": b"{"}),
    ]
    for method, path, how in calls:
        answer = await platform.http.request(method, "/api" + path, headers=ORIGIN, **how)
        assert answer.headers["access-control-allow-origin"] == "*", path
        assert "RateLimit-Limit" in answer.headers["access-control-expose-headers"]


async def test_a_browser_may_send_tokens_keys_and_json(platform: Surface) -> None:
    wanted = "authorization,content-type,x-api-key,idempotency-key"
    headers = {**ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": wanted}
    answer = await platform.http.options("/api/v2/appointment/schedule", headers=headers)
    assert answer.status_code == 200
    assert set(wanted.split(",")) <= {one.strip() for one in answer.headers["access-control-allow-headers"].split(",")}


async def test_what_is_not_there_is_refused_in_the_same_form(platform: Surface) -> None:
    refused(await platform.get("/v2/nowhere"), 404, "HTTP0404")
    wrong_method = await platform.post(STATES, {})
    refused(wrong_method, 405, "HTTP0405")
    assert wrong_method.headers["allow"] == "GET"


async def test_every_code_is_listed_once_with_its_status(platform: Surface) -> None:
    listed = (await platform.get(ERRORS)).json()
    status = {one["errorCode"]: one["status"] for one in listed}
    assert len(status) == len(listed)
    assert status["APPOIN0040"] == 409
    assert status["USRAUT0014"] == status["USRRES0001"] == 400
    assert status["USRAUT0031"] == 401
    assert status["LIMIT0001"] == status["BENREG0009"] == 429
    assert status["HTTP0404"] == 404
    assert all(re.fullmatch(r"[A-Z]+\d+", code) for code in status)
    assert all(one["error"].strip() for one in listed)


async def test_the_list_of_codes_speaks_hindi(platform: Surface) -> None:
    answer = await platform.http.get("/api" + ERRORS, headers={"accept-language": "hi_IN"})
    hindi = [one for one in answer.json() if any("\u0900" <= letter <= "\u097f" for letter in one["error"])]
    assert len(hindi) > 0.9 * len(answer.json())


async def test_it_says_that_it_lives_and_is_ready(platform: Surface) -> None:
    assert (await platform.http.get("/health/live")).json() == {"status": "live"}
    assert (await platform.http.get("/health/ready")).json() == {"status": "ready"}


async def test_metrics_name_routes_and_nobody(platform: Surface) -> None:
    await platform.get("/v2/admin/location/districts/17")
    await platform.get("/v2/appointment/sessions/public/findByPin", pincode="682001", date="01-01-2030")
    text = (await platform.http.get("/metrics")).text
    pattern = r'opencowin_requests_total\{method="GET",route="[^"]*/districts/\{state_id\}",status="200"\} \d'
    assert re.search(pattern, text), text[:2000]
    assert 'opencowin_pool_connections{state="pool_size"}' in text
    assert "682001" not in text


async def test_the_documentation_loads_nothing_from_elsewhere(platform: Surface) -> None:
    page = await platform.http.get("/docs")
    assert page.status_code == 200
    assert not re.findall(r"(?:src|href)=[\"'](?:https?:)?//", page.text)
    loaded = re.findall(r"(?:src|href)=[\"']([^\"']+)", page.text)
    assert loaded
    for one in loaded:
        assert (await platform.http.get(one)).status_code == 200, one


async def test_the_description_of_the_api_is_complete(platform: Surface) -> None:
    document = (await platform.http.get("/openapi.json")).json()
    operations = [one for methods in document["paths"].values() for one in methods.values()]
    assert len(operations) > 45
    assert len({one["operationId"] for one in operations}) == len(operations)
    assert all(one["description"] for one in operations)
    assert "/api/v2/appointment/schedule" in document["paths"]
    assert "429" in document["paths"]["/api/v2/appointment/schedule"]["post"]["responses"]


async def test_every_answer_has_a_name_of_its_own(platform: Surface) -> None:
    names = {(await platform.get(STATES)).headers["x-request-id"] for _ in range(3)}
    assert len(names) == 3


async def test_a_defect_of_ours_is_a_500_that_a_browser_may_read(platform: Surface) -> None:
    async with transaction(platform.pool) as conn:
        await conn.execute("ALTER TABLE state RENAME TO state_away")
    try:
        broken = await platform.http.get("/api" + STATES, headers=ORIGIN)
    finally:
        async with transaction(platform.pool) as conn:
            await conn.execute("ALTER TABLE state_away RENAME TO state")
    body = refused(broken, 500, "GERR001")
    assert body["error"] == "Something Went wrong!"
    assert broken.headers["access-control-allow-origin"] == "*"
    assert broken.headers["x-request-id"]
    assert (await platform.get(STATES)).status_code == 200
