"""The board and its lane: what one process sells shows in the others, and no answer tells which way it came."""

import asyncio
import time
from typing import Any

import httpx
import pytest
from psycopg import Rollback

from opencowin.kit.db import run, transaction
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, beside, booked, dmy

pytestmark = pytest.mark.anyio

PUBLIC = "/api/v2/appointment/sessions/public"
WITHIN = 1.0
ORIGIN = {"Origin": "https://elsewhere.example"}
VARYING = {"x-request-id", "ratelimit-remaining", "ratelimit-reset"}


def at_centre(clinic: Clinic) -> dict[str, Any]:
    return {"center_id": clinic.centre.centre_id, "date": dmy(clinic.platform.day())}


async def capacity(seen: Surface, clinic: Clinic) -> int:
    """What a process tells is free tomorrow morning for a first dose."""
    answer = await seen.http.get(f"{PUBLIC}/calendarByCenter", params=at_centre(clinic))
    assert answer.status_code == 200, answer.text
    sessions = {one["session_id"]: one for one in answer.json()["centers"]["sessions"]}
    return int(sessions[clinic.tomorrow]["available_capacity_dose1"])


async def seconds_until(seen: Surface, clinic: Clinic, wanted: int) -> float:
    """How long until a process tells it."""
    began = time.monotonic()
    while await capacity(seen, clinic) != wanted:
        assert time.monotonic() - began < 10, f"never {wanted}"
        await asyncio.sleep(0.005)
    return time.monotonic() - began


async def test_what_one_process_sells_shows_in_the_others_within_a_second(clinic: Clinic) -> None:
    homes = [await a_home(clinic.platform) for _ in range(12)]
    async with beside(clinic.platform) as one, beside(clinic.platform) as other:
        assert await capacity(clinic.platform, clinic) == await capacity(one, clinic) == await capacity(other, clinic)
        full = await capacity(one, clinic)
        for sold, home in enumerate(homes, start=1):
            await booked(clinic, home)
            assert await capacity(clinic.platform, clinic) == full - sold, "its own are seen at once"
            waits = await asyncio.gather(*(seconds_until(seen, clinic, full - sold) for seen in (one, other)))
            assert max(waits) <= WITHIN
        for left, home in enumerate(homes[:4], start=1):
            number = next(iter((await home_bookings(clinic, home)).values()))
            answer = await one.post("/v2/appointment/cancel", {"appointment_id": number}, home.token)
            assert answer.status_code == 204, answer.text
            assert await seconds_until(other, clinic, full - 12 + left) <= WITHIN


async def home_bookings(clinic: Clinic, home: Any) -> dict[str, str]:
    """The bookings of a household by member."""
    members = await clinic.platform.household(home.token)
    return {reference: one["appointments"][0]["appointment_id"] for reference, one in members.items()}


async def test_what_nobody_announced_to_this_process_is_seen_too(clinic: Clinic) -> None:
    """Changes by any program: the database announces them itself."""
    async with beside(clinic.platform) as one:
        before = await capacity(one, clinic)
        async with transaction(clinic.platform.pool) as conn:
            await run(conn, "UPDATE session_stock SET booked = doses - 3 WHERE session_id = %(s)s", s=clinic.tomorrow)
        assert before > 3
        assert await seconds_until(one, clinic, 3) <= WITHIN
        async with transaction(clinic.platform.pool) as conn:
            await run(conn, "UPDATE centre SET closed_at = now() WHERE centre_id = %(c)s", c=clinic.centre.centre_id)
        began = time.monotonic()
        while (await one.http.get(f"{PUBLIC}/calendarByCenter", params=at_centre(clinic))).json()["centers"]:
            assert time.monotonic() - began <= WITHIN
            await asyncio.sleep(0.01)
        async with transaction(clinic.platform.pool) as conn:
            await run(conn, "UPDATE centre SET closed_at = NULL WHERE centre_id = %(c)s", c=clinic.centre.centre_id)


async def test_a_change_that_was_rolled_back_changes_nothing(clinic: Clinic) -> None:
    before = await capacity(clinic.platform, clinic)
    async with transaction(clinic.platform.pool) as conn:
        await run(conn, "UPDATE session_stock SET booked = doses WHERE session_id = %(s)s", s=clinic.tomorrow)
        raise Rollback
    await asyncio.sleep(0.1)
    assert await capacity(clinic.platform, clinic) == before


async def test_without_the_line_every_answer_is_read_and_with_it_again_kept(clinic: Clinic) -> None:
    async with beside(clinic.platform) as one:
        site = one.http._transport.app.state.site  # type: ignore[attr-defined]
        full = await capacity(one, clinic)
        for sold in range(1, 4):
            async with transaction(clinic.platform.pool) as conn:
                await run(
                    conn,
                    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE application_name = 'opencowin listener' AND datname = current_database()""",
                )
            await booked(clinic, await a_home(clinic.platform))
            assert await seconds_until(one, clinic, full - sold) <= WITHIN
        await listening(one)
        await capacity(one, clinic)
        key = next(iter(site.board._kept))
        assert site.board.ready(key) is not None


async def listening(seen: Surface) -> None:
    """Wait until a process hears changes."""
    began = time.monotonic()
    while not seen.http._transport.app.state.site.board.listens:  # type: ignore[attr-defined]
        assert time.monotonic() - began < 5
        await asyncio.sleep(0.02)


async def both_ways(seen: Surface, path: str, **how: Any) -> tuple[httpx.Response, httpx.Response]:
    """The same call twice: the first by the router (another query spells the same), the second by the lane."""
    params = how.pop("params")
    router = await seen.http.get(path, params={**params, "by": "router"}, **how)
    await seen.http.get(path, params=params, **how)
    return router, await seen.http.get(path, params=params, **how)


async def test_no_header_tells_whether_the_lane_or_the_router_answered(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, path = await a_home(clinic.platform), f"{PUBLIC}/calendarByCenter"
    protected = path.replace("/public", "")
    tag = (await clinic.platform.http.get(path, params=at_centre(clinic))).headers["etag"]
    calls: list[tuple[str, dict[str, str]]] = [
        (path, {}),
        (path, ORIGIN),
        (path, {**ORIGIN, "Cookie": "a=b"}),
        (path, {"Accept-Encoding": "identity"}),
        (path, {"Accept-Language": "hi_IN"}),
        (path, {"If-None-Match": tag}),
        (path, {"If-None-Match": '"other"', **ORIGIN}),
        (path, {"x-api-key": clinic.key}),
        (path, {"x-api-key": "of another day"}),
        (protected, {"Authorization": f"Bearer {home.token}"}),
        (protected, {"Authorization": "Bearer x", **ORIGIN}),
        (protected, {"x-api-key": clinic.key}),
        (protected, {}),
    ]
    for where, headers in calls:
        router, lane = await both_ways(clinic.platform, where, params=at_centre(clinic), headers=headers)
        assert router.status_code == lane.status_code, (where, headers)
        assert router.text.partition('"as_of"')[0] == lane.text.partition('"as_of"')[0], (where, headers)
        plain = [{k: v for k, v in one.headers.items() if k not in VARYING} for one in (router, lane)]
        assert plain[0] == plain[1], (where, headers)
        assert set(router.headers) == set(lane.headers), (where, headers)


async def test_the_lane_counts_callers_and_calls_as_the_router_does(clinic: Clinic) -> None:
    path, home = f"{PUBLIC}/calendarByCenter", await a_home(clinic.platform)
    async with beside(clinic.platform, api_calls_per_5_minutes=4) as strict:
        answers = [await strict.http.get(path, params=at_centre(clinic), headers=ORIGIN) for _ in range(6)]
        assert [one.status_code for one in answers] == [200] * 4 + [429] * 2
        assert [one.headers["ratelimit-remaining"] for one in answers] == ["3", "2", "1", "0", "0", "0"]
        assert answers[5].json()["errorCode"] == "LIMIT0001"
        assert answers[5].headers["retry-after"]
        assert answers[5].headers["access-control-allow-origin"] == "*"
        own = {"Authorization": f"Bearer {home.token}"}
        protected = path.replace("/public", "")
        mine = [await strict.http.get(protected, params=at_centre(clinic), headers=own) for _ in range(5)]
        assert [one.status_code for one in mine] == [200] * 4 + [429]
        text = (await strict.http.get("/metrics")).text
    route = "/v2/appointment/sessions/public/calendarByCenter"
    lines = [line for line in text.splitlines() if line.startswith("opencowin_requests_total") and route in line]
    assert {line.partition('status="')[2][:3] for line in lines} >= {"200", "429"}, lines


async def test_the_lane_answers_and_asks_the_database_for_nothing(clinic: Clinic) -> None:
    async with beside(clinic.platform) as one:
        path, query = f"{PUBLIC}/calendarByCenter", at_centre(clinic)
        await listening(one)
        await one.http.get(path, params=query)
        passed: list[str] = []
        app = one.http._transport.app  # type: ignore[attr-defined]
        layer = app.lane
        inner = layer.app

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            passed.append(scope["path"])
            await inner(scope, receive, send)

        layer.app = watched
        before = app.state.site.pool.get_stats()["requests_num"]
        answers = [await one.http.get(path, params=query) for _ in range(20)]
        assert {answer.status_code for answer in answers} == {200}
        assert passed == []
        assert app.state.site.pool.get_stats()["requests_num"] == before
