"""The waiting room: told to programs by headers, to people by a page that waits with them, opened by officers."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from opencowin import fairness, places
from opencowin.identity import Role
from opencowin.kit.actor import Place, system
from opencowin.kit.db import fetch_value, run, transaction
from tests.builders import a_session, mobile
from tests.surface import Surface
from tests.web.clinic import MORNING, Clinic, a_home
from tests.web.desks import at_console
from tests.web.test_citizen_pages import Browser

pytestmark = pytest.mark.anyio
OFFICER = system("test")
BOOK, QUEUE = "/v2/appointment/schedule", "/open/v1/queue"


@pytest.fixture
async def browser(platform: Surface) -> AsyncIterator[Browser]:
    one = Browser(platform)
    yield one
    await one.close()


@pytest.fixture(autouse=True)
async def _no_room(platform: Surface) -> AsyncIterator[None]:
    yield
    async with transaction(platform.pool) as conn:
        await run(conn, "DELETE FROM queue_room")


async def a_room(clinic: Clinic, *, minutes: int = 10, pace: int = 60) -> None:
    """Before bookings in the clinic's district."""
    async with transaction(clinic.platform.pool) as conn:
        place = await places.place_of(conn, district_id=clinic.centre.district_id)
        opens = clinic.platform.floor.clock.now() + timedelta(minutes=minutes)
        await fairness.announce_room(conn, clinic.platform.floor, OFFICER, place, opens_at=opens, per_minute=pace)
    await heard(clinic)


async def heard(clinic: Clinic) -> None:
    """The change was announced when it was committed: one more turn of the line, and every process knows."""
    async with transaction(clinic.platform.pool) as conn:
        await conn.execute("SELECT pg_sleep(0.4)")


async def it_opens(clinic: Clinic) -> None:
    async with transaction(clinic.platform.pool) as conn:
        await run(conn, "UPDATE queue_room SET opens_at = %(now)s", now=clinic.platform.floor.clock.now())
    await heard(clinic)


def body(clinic: Clinic, reference: str) -> dict[str, object]:
    return {"dose": 1, "session_id": clinic.tomorrow, "slot": MORNING, "beneficiaries": [reference]}


async def test_a_program_is_told_its_place_by_headers_and_books_when_it_is_its_turn(clinic: Clinic) -> None:
    platform, home, other = clinic.platform, await a_home(clinic.platform), await a_home(clinic.platform)
    wish = {"session_id": clinic.tomorrow}
    assert (await platform.post(QUEUE, wish, home.token)).json()["your_turn"], "no room: everybody's"
    await a_room(clinic)
    refused = await platform.post(BOOK, body(clinic, home.first), home.token)
    assert (refused.status_code, refused.json()["errorCode"]) == (503, "QUEUE0001")
    assert int(refused.headers["retry-after"]) == 120
    ticket = refused.headers["x-queue-ticket"]
    assert "x-queue-position" not in refused.headers, "places are drawn when it opens"
    seen = await platform.post(QUEUE, wish, home.token, **{"x-queue-ticket": ticket})
    assert (seen.json()["ticket"], seen.json()["your_turn"], seen.json()["before_you"]) == (ticket, False, None)
    assert (await platform.post(QUEUE, wish, other.token)).headers["x-queue-ticket"] != ticket
    move = {"appointment_id": str(clinic.tomorrow), "session_id": clinic.tomorrow, "slot": MORNING}
    moved = await platform.post("/v2/appointment/reschedule", move, home.token)
    assert (moved.status_code, moved.headers["x-queue-ticket"]) == (503, ticket)
    found = await platform.get(
        "/v2/appointment/sessions/public/findByDistrict",
        district_id=clinic.centre.district_id,
        date=platform.day(1).strftime("%d-%m-%Y"),
    )
    assert found.status_code == 200, "who searches does not wait"
    await it_opens(clinic)
    mine = await platform.post(QUEUE, wish, home.token)
    assert int(mine.headers["x-queue-position"]) in {1, 2, 3}
    async with transaction(platform.pool) as conn:
        await run(conn, "UPDATE queue_room SET let_in = 2, per_minute = 1")
    await heard(clinic)
    late = [await a_home(platform) for _ in range(2)]
    answers = [
        await platform.post(BOOK, body(clinic, one.first), one.token, **{"x-queue-ticket": ticket}) for one in late
    ]
    assert [one.status_code for one in answers] == [200, 503], "one place was free; a ticket of others is none"
    assert answers[1].headers["x-queue-ticket"] != ticket
    booked = await platform.post(BOOK, body(clinic, home.first), home.token, **{"x-queue-ticket": ticket})
    assert booked.status_code == 200, booked.text
    unaware = await platform.post(BOOK, body(clinic, other.first), other.token)
    assert unaware.status_code == 200, "a program that knows nothing of tickets comes back and books"


async def test_a_person_waits_on_a_page_and_goes_on_to_the_slot_that_was_chosen(
    clinic: Clinic, browser: Browser
) -> None:
    await a_room(clinic)
    page = await browser.open(f"/slots/{clinic.tomorrow}")
    assert f"/queue?session_id={clinic.tomorrow}" in page
    await browser.send("/book", session_id=clinic.tomorrow, slot=MORNING, dose="1", people="1")
    await browser.sign_in(mobile())
    assert browser.path == "/queue", browser.page
    assert "You have a place in the waiting room." in browser.page
    answer = await browser._http.get("/queue?lang=hi")
    assert answer.headers["refresh"] == answer.headers["retry-after"] == "120"
    assert "प्रतीक्षा कक्ष" in answer.text
    async with transaction(clinic.platform.pool) as conn:
        assert await fetch_value(conn, "SELECT count(*) FROM queue_ticket") == 1
    await it_opens(clinic)
    await browser.open("/queue")
    assert "It is your turn" in browser.page
    await browser.send("/queue/on")
    assert browser.path == "/people/new"
    await browser.register("Asha Kumari", to="/book/who")
    (reference,) = re.findall(r'name="who" value="(\d+)"', browser.page)
    async with transaction(clinic.platform.pool) as conn:
        await run(conn, "DELETE FROM queue_room")
    await a_room(clinic)
    await browser.send("/book/who", who=reference)
    assert browser.path == "/book/check"
    await browser.send("/book/check")
    assert browser.path.startswith("/appointments/"), "a slot that is held is booked, though a room stands again"


async def test_a_person_takes_a_place_before_anything_can_be_booked(clinic: Clinic, browser: Browser) -> None:
    opens = clinic.platform.floor.clock.now() + timedelta(minutes=10)
    session = await clinic.platform.publish(
        replace(a_session(clinic.centre, clinic.platform.day(4), seats=2), bookable_from=opens)
    )
    await browser.open(f"/queue?session_id={session}")
    await browser.sign_in(mobile())
    assert browser.path == f"/slots/{session}", "no room: on to the times"
    await a_room(clinic)
    await browser.open(f"/queue?session_id={session}")
    assert "Take a place in the waiting room" in browser.page
    await browser.send("/queue", session_id=session)
    assert (browser.path, "You have a place" in browser.page) == ("/queue", True)
    await it_opens(clinic)
    page = await browser.open(f"/queue?session_id={session}")
    assert f'href="/slots/{session}"' in page


async def test_an_officer_opens_a_room_changes_its_pace_and_ends_it(clinic: Clinic) -> None:
    platform = clinic.platform
    async with transaction(platform.pool) as conn:
        place = await places.place_of(conn, district_id=clinic.centre.district_id)
    _, desk = await at_console(platform, Role.DISTRICT_OFFICER, place)
    page = await desk.get("/console/queue")
    assert page.status_code == 200, page.text
    assert "Waiting room" in page.text
    wrong = await desk.post("/console/queue", per_minute="0", opens_day="", opens_time="")
    assert wrong.status_code == 400
    day = platform.day(1).isoformat()
    made = await desk.post("/console/queue", per_minute="600", opens_day=day, opens_time="10:00")
    assert made.status_code == 303, made.text
    again = await desk.post("/console/queue", per_minute="600", opens_day=day, opens_time="10:00")
    assert (again.status_code, "stands for this area already" in again.text) == (400, True)
    shown = await desk.get("/console/queue")
    room_id = re.findall(r"/console/queue/([0-9a-f-]{36})/pace", shown.text)[0]
    _, other = await at_console(platform, Role.DISTRICT_OFFICER, Place(place.state_id, (place.district_id or 0) + 1))
    await other.get("/console/queue")
    assert (await other.post(f"/console/queue/{room_id}/end")).status_code == 403
    assert (await desk.post(f"/console/queue/{room_id}/pace", per_minute="900")).status_code == 303
    assert "900" in (await desk.get("/console/queue")).text
    assert (await desk.post(f"/console/queue/{room_id}/end")).status_code == 303
    async with transaction(platform.pool) as conn:
        assert await fetch_value(conn, "SELECT count(*) FROM queue_room WHERE closed_at IS NULL") == 0
