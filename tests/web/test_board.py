"""The board: what one process sells shows in the others."""

import asyncio
import time
from typing import Any

import pytest
from psycopg import Rollback

from opencowin.kit.db import run, transaction
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, beside, booked, dmy

pytestmark = pytest.mark.anyio

PUBLIC = "/api/v2/appointment/sessions/public"
WITHIN = 1.0


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
