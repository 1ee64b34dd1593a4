"""The straight way: calls of a rush are answered as by their route, in status, words and headers."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from psycopg_pool import PoolTimeout

from opencowin import scheduling
from opencowin.kit.actor import Permission, Place
from opencowin.web.straight import Straight
from tests.builders import mobile, pan
from tests.surface import Surface
from tests.web.clinic import MORNING, NOBODY, Clinic, Home, a_home, a_key, beside

pytestmark = pytest.mark.anyio
BOOK, JOIN = "/v2/appointment/schedule", "/v2/registration/beneficiary/new"
SEND, CONFIRM = "/v2/auth/public/generateOTP", "/v2/auth/public/confirmOTP"
VARYING = {"x-request-id", "ratelimit-remaining", "ratelimit-reset", "content-length"}
RECORD = "/api/v2/vaccinator/beneficiaries/vaccinate"
ELSEWHERE = {"Origin": "https://elsewhere.example"}
Sent = tuple[str | None, dict[str, Any]]
NUMBERS = {"txnId", "appointment_id", "appointment_confirmation_no", "beneficiary_reference_id", "dose_id"}


@asynccontextmanager
async def the_long_way(clinic: Clinic) -> AsyncIterator[tuple[Surface, list[str]]]:
    """A process beside in which no way is straight; and the paths that go the long way in the first one."""
    async with beside(clinic.platform) as one:
        await one.http.get("/health/live")
        _straight(one).ways.clear()
        passed: list[str] = []
        here = _straight(clinic.platform)
        inner = here.app

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            passed.append(scope["path"])
            await inner(scope, receive, send)

        here.app = watched
        try:
            yield one, passed
        finally:
            here.app = inner


def _straight(surface: Surface) -> Straight:
    layer: Any = surface.http._transport.app.middleware_stack  # type: ignore[attr-defined]
    while not isinstance(layer, Straight):
        layer = layer.app
    return layer


def shape(answer: httpx.Response) -> tuple[int, dict[str, str], object]:
    """What two answers must have in common: numbers that are given out once differ."""
    body = answer.json()
    told = {name: value for name, value in answer.headers.items() if name not in VARYING}
    return answer.status_code, told, {name: NUMBERS & {name} or value for name, value in body.items()}


def twice(token: str | None, body: dict[str, Any]) -> tuple[Sent, Sent]:
    return (token, body), (token, body)


def wish(clinic: Clinic, home: Home, **how: Any) -> dict[str, Any]:
    return {"dose": 1, "session_id": clinic.tomorrow, "slot": MORNING, "beneficiaries": list(home.members), **how}


def person(**how: Any) -> dict[str, Any]:
    facts = {"name": "Asha", "birth_year": "1990", "gender_id": 2, "comorbidity_ind": "N", "consent_version": "1"}
    return {**facts, "photo_id_type": 6, "photo_id_number": pan(), **how}


async def test_each_call_is_answered_as_by_its_route(clinic: Clinic) -> None:
    home, other = await a_home(clinic.platform), await a_home(clinic.platform)
    unknown = f"00000000-0000-4000-8000-{clinic.tomorrow[-12:]}"
    async with the_long_way(clinic) as (long, passed):
        wanted, mine = wish(clinic, home), home.token
        cases: list[tuple[str, dict[str, str], Sent, Sent]] = [
            (BOOK, ELSEWHERE, ("no token", wanted), ("no token", wanted)),
            (BOOK, {"Accept-Language": "hi"}, *twice(mine, {**wanted, "session_id": unknown})),
            (BOOK, {}, *twice(mine, {**wanted, "beneficiaries": ["no number"]})),
            (BOOK, {}, *twice(mine, {**wanted, "beneficiaries": [NOBODY]})),
            (BOOK, {"Idempotency-Key": "mine"}, (mine, wanted), (other.token, wish(clinic, other))),
            (SEND, ELSEWHERE, (None, {"mobile": mobile()}), (None, {"mobile": mobile()})),
            (SEND, {}, *twice(None, {"mobile": "12"})),
            (CONFIRM, {}, *twice(None, {"otp": "0" * 64, "txnId": unknown})),
            (JOIN, {}, (mine, person()), (mine, person())),
            (JOIN, {"Accept-Language": "ta"}, *twice(mine, person(photo_id_number="no number"))),
        ]
        for path, headers, (first, one), (second, another) in cases:
            quick = await clinic.platform.post(path, one, first, **headers)
            slow = await long.post(path, another, second, **headers)
            assert shape(quick) == shape(slow), (path, one)
        assert passed == [], "each of them went the straight way"


async def test_doses_that_partners_report_are_answered_as_by_the_route(clinic: Clinic) -> None:
    searching = await a_key(clinic.platform, Permission.SEARCH_SESSIONS)
    abroad = await a_key(clinic.platform, Permission.VACCINATE, place=Place(state_id=1))
    async with the_long_way(clinic) as (long, passed):
        there = replace(clinic, platform=long)
        cases: list[dict[str, Any]] = [
            {},
            {"dose": 2, "vaccine_batch": "B-9"},
            {"reference": NOBODY},
            {"reference": "no number"},
            {"key": "unknown"},
            {"key": searching},
            {"key": abroad},
            {"center_id": 2**31 - 1},
            {"vaccine": "WATER"},
            {"dose1_date": None},
            {"vaccinator_name": " "},
        ]
        for facts in cases:
            asked = [{"reference": (await a_home(clinic.platform)).first, **facts} for _ in range(2)]
            quick, slow = [await one.vaccinate(**how) for one, how in zip((clinic, there), asked, strict=True)]
            assert shape(quick) == shape(slow), facts
        assert passed == [], "each of them went the straight way"
        bearer = {"Authorization": f"Bearer {clinic.key}"}
        day, centre = clinic.platform.day().strftime("%d-%m-%Y"), clinic.centre.centre_id
        sent = {"dose": 1, "dose1_date": day, "vaccine": "COVISHIELD", "vaccine_batch": "B-1", "center_id": centre}
        nobody = {**sent, "beneficiary_reference_id": NOBODY, "vaccinator_name": "Mary"}
        for how in ({}, bearer, {"x-api-key": clinic.key, **bearer}):
            quick, slow = [await one.http.post(RECORD, json=nobody, headers=how) for one in (clinic.platform, long)]
            assert shape(quick) == shape(slow), how
        assert passed == [RECORD] * 3, "who shows no key, or another credential"


async def test_what_the_route_would_refuse_goes_the_long_way(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    bodies = [b"", b"{", b"[]", b"{}", b'"x"', json.dumps(wish(clinic, home, dose=0)).encode(), b" " * 1_000_001]
    me = {"Authorization": f"Bearer {home.token}"}
    async with the_long_way(clinic) as (long, passed):
        for body in bodies:
            quick, slow = [
                await one.http.post(f"/api{BOOK}", content=body, headers=me) for one in (clinic.platform, long)
            ]
            assert quick.status_code in {400, 413}
            assert shape(quick) == shape(slow), body[:40]
        assert passed == [f"/api{BOOK}"] * len(bodies)
        longest = {"Idempotency-Key": "k" * 201}
        quick, slow = [
            await one.post(BOOK, wish(clinic, home), home.token, **longest) for one in (clinic.platform, long)
        ]
        assert (quick.status_code, shape(quick)) == (400, shape(slow))
        quick, slow = [await one.post(BOOK, wish(clinic, home)) for one in (clinic.platform, long)]
        assert (quick.status_code, shape(quick)) == (401, shape(slow))
        quick, slow = [
            await one.partner("POST", "/v2/auth/generateOTP", clinic.key, json={"mobile": mobile()})
            for one in (clinic.platform, long)
        ]
        assert shape(quick) == shape(slow), "whose key it is stands in the database"


async def test_a_body_in_parts_is_read_once(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)

    async def parts() -> AsyncIterator[bytes]:
        whole = json.dumps(wish(clinic, home, slot="half past nine")).encode()
        for at in range(0, len(whole), 7):
            yield whole[at : at + 7]

    me = {"Authorization": f"Bearer {home.token}"}
    answer = await clinic.platform.http.post(f"/api{BOOK}", content=parts(), headers=me)
    assert (answer.status_code, answer.json()["field"]) == (400, "slot")


@pytest.mark.parametrize("fault", [PoolTimeout("no connection"), RuntimeError("a defect")])
async def test_a_fault_is_answered_alike(clinic: Clinic, monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    home = await a_home(clinic.platform)

    async def broken(*_: object) -> None:
        raise fault

    async with the_long_way(clinic) as (long, passed):
        monkeypatch.setattr(scheduling.Desk, "book", broken)
        quick, slow = [await one.post(BOOK, wish(clinic, home), home.token) for one in (clinic.platform, long)]
        assert quick.status_code == (503 if isinstance(fault, PoolTimeout) else 500)
        assert shape(quick) == shape(slow)
        assert passed == []
