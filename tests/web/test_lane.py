"""The lane: no answer tells which way it came, it counts as the route does, and asks the database for nothing."""

import asyncio
import re
import time
from typing import Any

import httpx
import pytest

from opencowin.web import Application
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, dmy, served_beside

pytestmark = pytest.mark.anyio

PATH = "/api/v2/appointment/sessions/public/calendarByCenter"
PROTECTED = PATH.replace("/public", "")
ORIGIN = {"Origin": "https://elsewhere.example"}
COUNTED = re.compile(r'opencowin_requests_total\{.*/v2/appointment/sessions/(public/)?calendarByCenter"')
VARYING = {"x-request-id", "ratelimit-remaining", "ratelimit-reset", "date"}


def at_centre(clinic: Clinic) -> dict[str, Any]:
    return {"center_id": clinic.centre.centre_id, "date": dmy(clinic.platform.day())}


async def listening(app: Application) -> None:
    """Wait until a process hears changes."""
    began = time.monotonic()
    while not app.state.site.board.listens:
        assert time.monotonic() - began < 5
        await asyncio.sleep(0.02)


async def answered(seen: Surface) -> float:
    """Calendars that a process has counted."""
    lines = (await seen.http.get("/metrics")).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if COUNTED.match(line))


async def both_ways(seen: Surface, path: str, **how: Any) -> tuple[httpx.Response, httpx.Response]:
    """The same call twice: the first by the router (another query spells the same), the second by the lane."""
    params = how.pop("params")
    router = await seen.http.get(path, params={**params, "by": "router"}, **how)
    await seen.http.get(path, params=params, **how)
    return router, await seen.http.get(path, params=params, **how)


async def test_no_header_tells_whether_the_lane_or_the_router_answered(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    async with served_beside(clinic.platform) as (seen, app, _):
        await listening(app)
        tag = (await seen.http.get(PATH, params=at_centre(clinic))).headers["etag"]
        calls: list[tuple[str, dict[str, str]]] = [
            (PATH, {}),
            (PATH, ORIGIN),
            (PATH, {**ORIGIN, "Cookie": "a=b"}),
            (PATH, {"Accept-Encoding": "identity"}),
            (PATH, {"Accept-Language": "hi_IN"}),
            (PATH, {"If-None-Match": tag}),
            (PATH, {"If-None-Match": '"other"', **ORIGIN}),
            (PATH, {"x-api-key": clinic.key}),
            (PATH, {"x-api-key": "of another day"}),
            (PROTECTED, {"Authorization": f"Bearer {home.token}"}),
            (PROTECTED, {"Authorization": "Bearer x", **ORIGIN}),
            (PROTECTED, {"x-api-key": clinic.key}),
            (PROTECTED, {}),
        ]
        for where, headers in calls:
            router, lane = await both_ways(seen, where, params=at_centre(clinic), headers=headers)
            assert router.status_code == lane.status_code, (where, headers)
            assert router.text.partition('"as_of"')[0] == lane.text.partition('"as_of"')[0], (where, headers)
            plain = [{k: v for k, v in one.headers.items() if k not in VARYING} for one in (router, lane)]
            assert plain[0] == plain[1], (where, headers)
            assert set(router.headers) == set(lane.headers), (where, headers)


async def test_the_lane_counts_callers_and_calls_as_the_router_does(clinic: Clinic) -> None:
    home = await a_home(clinic.platform)
    async with served_beside(clinic.platform, api_calls_per_5_minutes=4) as (strict, app, _):
        await listening(app)
        before = await answered(strict)
        answers = [await strict.http.get(PATH, params=at_centre(clinic), headers=ORIGIN) for _ in range(6)]
        assert [one.status_code for one in answers] == [200] * 4 + [429] * 2
        assert [one.headers["ratelimit-remaining"] for one in answers] == ["3", "2", "1", "0", "0", "0"]
        assert answers[5].json()["errorCode"] == "LIMIT0001"
        assert answers[5].headers["retry-after"]
        assert answers[5].headers["access-control-allow-origin"] == "*"
        own = {"Authorization": f"Bearer {home.token}"}
        mine = [await strict.http.get(PROTECTED, params=at_centre(clinic), headers=own) for _ in range(5)]
        assert [one.status_code for one in mine] == [200] * 4 + [429]
        await asyncio.sleep(0.3)  # they are counted ten times a second
        text = (await strict.http.get("/metrics")).text
        assert await answered(strict) == before + len(answers) + len(mine), "each of them once"
    counted = {line.partition('status="')[2][:3] for line in text.splitlines() if COUNTED.match(line)}
    assert counted >= {"200", "429"}


async def test_the_lane_answers_and_neither_the_application_nor_the_database_is_asked(clinic: Clinic) -> None:
    async with served_beside(clinic.platform) as (one, app, server):
        await listening(app)
        await one.http.get(PATH, params=at_centre(clinic))
        answered = server.server_state.total_requests
        before = app.state.site.pool.get_stats()["requests_num"]
        answers = [await one.http.get(PATH, params=at_centre(clinic)) for _ in range(20)]
        assert {answer.status_code for answer in answers} == {200}
        assert server.server_state.total_requests == answered
        assert app.state.site.pool.get_stats()["requests_num"] == before


async def test_a_proxys_word_on_who_calls_counts_as_for_the_route(clinic: Clinic) -> None:
    """Two people behind a trusted proxy have each a rate of their own; anybody else's header is not believed."""
    for trusted, expected in ((["127.0.0.1"], [200] * 5), ([], [200, 200, 200, 429, 429])):
        strict = {"api_calls_per_5_minutes": 3, "trusted_proxies": trusted}
        async with served_beside(clinic.platform, **strict) as (seen, app, _):
            await listening(app)
            told = []
            for number in (1, 2, 1, 2, 1):
                headers = {"X-Forwarded-For": f"10.0.0.9, 192.0.2.{number}"}
                told.append((await seen.http.get(PATH, params=at_centre(clinic), headers=headers)).status_code)
            assert told == expected
