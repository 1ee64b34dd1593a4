"""The open feed of changes: by cursor, by a call that waits, and as a stream that goes on where it was broken off."""

import asyncio
import time
from typing import Any

import pytest

from opencowin.kit.actor import Permission
from tests.builders import a_session
from tests.surface import Surface
from tests.web.clinic import Clinic, a_home, a_key, beside, booked, refused
from tests.web.streams import streamed

pytestmark = pytest.mark.anyio
CHANGES, STREAM = "/open/v1/availability/changes", "/api/open/v1/availability/stream"


async def cursor_of(platform: Surface) -> int:
    answer = await platform.get(CHANGES)
    assert answer.status_code == 200, answer.text
    assert answer.json()["changes"] == []
    return int(answer.json()["cursor"])


async def changes(platform: Surface, after: int, **query: Any) -> dict[str, Any]:
    answer = await platform.get(CHANGES, after=after, **query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_program_reads_on_from_its_cursor(clinic: Clinic) -> None:
    platform, begin = clinic.platform, await cursor_of(clinic.platform)
    session = await platform.publish(a_session(clinic.centre, platform.day(3), doses=1, seats=1))
    told = await changes(platform, begin, district_id=[clinic.centre.district_id, 1])
    (one,) = told["changes"]
    assert (one["kind"], one["session_id"], told["more"]) == ("published", session, False)
    assert one["session"]["available_capacity_by_dose"]["1"] == 1
    assert (one["session"]["date"], one["session"]["center"]["name"]) == (f"{platform.day(3)}", clinic.centre.name)
    home = await a_home(platform)
    await booked(clinic, home, session_id=session)
    (gone,) = (await changes(platform, told["cursor"], pincode=clinic.centre.pin_code))["changes"]
    assert (gone["kind"], gone["session"]["available_capacity"]) == ("seats_gone", 0)
    assert gone["pincode"] == clinic.centre.pin_code
    text = (await platform.get(CHANGES, after=begin)).text
    assert home.first not in text, "no person is in it"
    assert home.mobile not in text


async def test_what_cannot_be_read_is_said(clinic: Clinic) -> None:
    begin = await cursor_of(clinic.platform)
    refused(await clinic.platform.get(CHANGES, after=begin + 1_000_000), 410, "FEED0001")
    refused(await clinic.platform.get(CHANGES, after=begin, pincode="12"), 400, "APPOIN0018")
    assert (await clinic.platform.get(CHANGES, after="tomorrow")).status_code == 400


async def test_a_call_waits_until_something_happens(clinic: Clinic) -> None:
    platform, begin = clinic.platform, await cursor_of(clinic.platform)
    began = time.monotonic()
    waiting = asyncio.create_task(changes(platform, begin, wait=20, district_id=clinic.centre.district_id))
    await asyncio.sleep(0.3)
    session = await platform.publish(a_session(clinic.centre, platform.day(3), doses=1))
    told = await waiting
    assert [one["session_id"] for one in told["changes"]] == [session]
    assert time.monotonic() - began < 3
    nothing = await changes(platform, told["cursor"], wait=0.2)
    assert nothing == {"changes": [], "cursor": told["cursor"], "more": False}


async def test_a_stream_goes_on_where_it_was_broken_off_in_another_process_too(clinic: Clinic) -> None:
    platform = clinic.platform
    async with beside(platform) as other:
        async with streamed(other, STREAM, pincode=clinic.centre.pin_code) as stream:
            session = await platform.publish(a_session(clinic.centre, platform.day(3), doses=1, seats=1))
            began = time.monotonic()
            one = await stream.event()
            assert one is not None
            assert (one["kind"], one["session_id"]) == ("published", session)
            assert time.monotonic() - began < 2
        await booked(clinic, await a_home(platform), session_id=session)
        async with streamed(platform, STREAM, {"Last-Event-ID": stream.last_id}) as again:
            gone = await again.event()
            assert gone is not None
            assert (gone["kind"], gone["session_id"]) == ("seats_gone", session)
        async with streamed(platform, STREAM, after=one["number"] - 1, district_id=1) as elsewhere:
            with pytest.raises(TimeoutError):
                await elsewhere.event(0.5)


async def test_streams_are_bounded_end_and_give_their_places_back(clinic: Clinic) -> None:
    platform = clinic.platform
    async with beside(platform, feed_streams=3, feed_streams_per_caller=2, feed_stream_seconds=1.0) as narrow:
        begin = await cursor_of(narrow)
        key = await a_key(platform, Permission.SEARCH_SESSIONS)
        async with streamed(narrow, STREAM) as first, streamed(narrow, STREAM):
            refused(await narrow.get(CHANGES, after=begin, wait=5), 503, "FEED0002")
            async with streamed(narrow, STREAM, {"x-api-key": key}) as third:
                assert third.status == 200, "a key is not its address"
                async with streamed(narrow, STREAM, {"x-api-key": key}) as fourth:
                    assert fourth.status == 503
            assert await first.event() is None, "its time is over"
        assert (await narrow.get(CHANGES, after=begin, wait=0.1)).status_code == 200


async def test_who_reads_and_who_waits_are_let_go_when_the_process_ends(clinic: Clinic) -> None:
    async with beside(clinic.platform) as ending, streamed(ending, STREAM) as stream:
        waiting = asyncio.create_task(changes(ending, await cursor_of(ending), wait=20))
        await asyncio.sleep(0.1)
        ending.http._transport.app.state.site.tail.close()  # type: ignore[attr-defined]  # as the parting signal does
        assert await stream.event() is None
        assert (await asyncio.wait_for(waiting, 2))["changes"] == []
        async with streamed(ending, STREAM) as late:
            assert late.status == 503
