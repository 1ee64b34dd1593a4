"""The waiting room: told to programs by headers, to people by a page that waits with them, opened by officers."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from opencowin import fairness, places
from opencowin.identity import Role
from opencowin.kit.actor import Place, system
from opencowin.kit.db import fetch_value, run, transaction
from tests.builders import a_session, mobile
from tests.surface import Surface
from tests.web.clinic import MORNING, NOON, Clinic, Home, a_home
from tests.web.desks import at_console
from tests.web.test_citizen_pages import Browser

pytestmark = pytest.mark.anyio
OFFICER = system("test")
BOOK, QUEUE = "/v2/appointment/schedule", "/open/v1/queue"
FIND = "/v2/appointment/sessions/public/findByDistrict"


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


async def a_room(clinic: Clinic, *, opens: datetime | None, before: int = 0) -> None:
    """Before bookings in the clinic's district, letting in one a minute; so many came before."""
    floor = clinic.platform.floor
    async with transaction(clinic.platform.pool) as conn:
        await run(conn, "DELETE FROM queue_room")
        place = await places.place_of(conn, district_id=clinic.centre.district_id)
        room = await fairness.announce_room(conn, floor, OFFICER, place, opens_at=opens, per_minute=1)
        await fairness.join(conn, floor, room, [uuid4() for _ in range(before)])
    await heard(clinic)


async def heard(clinic: Clinic) -> None:
    """The change was announced when it was committed: one more turn of the line, and every process knows."""
    async with transaction(clinic.platform.pool) as conn:
        await conn.execute("SELECT pg_sleep(0.4)")


async def soon(clinic: Clinic) -> tuple[datetime, str]:
    """An instant, and a session that can be booked from then on."""
    opens = clinic.platform.floor.clock.now() + timedelta(minutes=10)
    new = replace(a_session(clinic.centre, clinic.platform.day(4)), bookable_from=opens)
    return opens, await clinic.platform.publish(new)


async def it_opens(clinic: Clinic) -> None:
    """The instant has come, for rooms and sessions."""
    now = clinic.platform.floor.clock.now()
    async with transaction(clinic.platform.pool) as conn:
        await run(conn, "UPDATE queue_room SET opens_at = %(now)s", now=now)
        await run(conn, "UPDATE session SET bookable_from = %(now)s WHERE bookable_from > %(now)s", now=now)
    await heard(clinic)


async def let_in(clinic: Clinic, people: int) -> None:
    async with transaction(clinic.platform.pool) as conn:
        await run(conn, "UPDATE queue_room SET let_in = %(people)s, per_minute = 1", people=people)
    await heard(clinic)


async def test_a_program_is_told_its_place_by_headers_and_books_when_it_is_its_turn(clinic: Clinic) -> None:
    platform, homes = clinic.platform, [await a_home(clinic.platform) for _ in range(5)]
    home, other, early, *late = homes
    opens, session = await soon(clinic)
    wish = {"session_id": session}

    async def try_to_book(one: Home, session_id: str = session, **headers: str) -> httpx.Response:
        body = {"dose": 1, "session_id": session_id, "slot": MORNING, "beneficiaries": [one.first]}
        return await platform.post(BOOK, body, one.token, **headers)

    assert (await platform.post(QUEUE, wish, home.token)).json()["your_turn"], "no room: everybody's"
    await a_room(clinic, opens=opens)
    assert (await try_to_book(early, clinic.tomorrow)).status_code == 200, "what can be booked already is"
    refused = await try_to_book(home)
    assert (refused.status_code, refused.json()["errorCode"]) == (503, "QUEUE0001")
    assert int(refused.headers["retry-after"]) == 120
    ticket = {"x-queue-ticket": refused.headers["x-queue-ticket"]}
    assert "x-queue-position" not in refused.headers, "places are drawn when it opens"
    seen = (await platform.post(QUEUE, wish, home.token, **ticket)).json()
    assert (seen["ticket"], seen["your_turn"], seen["before_you"]) == (ticket["x-queue-ticket"], False, None)
    assert (await platform.post(QUEUE, wish, other.token)).headers["x-queue-ticket"] != ticket["x-queue-ticket"]
    moving = {"appointment_id": session, "session_id": session, "slot": MORNING}
    moved = await platform.post("/v2/appointment/reschedule", moving, home.token)
    assert (moved.status_code, moved.headers["x-queue-ticket"]) == (503, ticket["x-queue-ticket"])
    day = platform.day(1).strftime("%d-%m-%Y")
    found = await platform.get(FIND, district_id=clinic.centre.district_id, date=day)
    assert found.status_code == 200, "who searches does not wait"
    await it_opens(clinic)
    mine = await platform.post(QUEUE, wish, home.token)
    assert int(mine.headers["x-queue-position"]) in {1, 2}
    await let_in(clinic, 2)
    answers = [await try_to_book(one, **ticket) for one in late]
    assert [one.status_code for one in answers] == [200, 503], "one place was free; a ticket of others is none"
    assert answers[1].headers["x-queue-ticket"] != ticket["x-queue-ticket"]
    assert (await try_to_book(home, **ticket)).status_code == 200
    unaware = await try_to_book(other)
    assert unaware.status_code == 200, "a program that knows nothing of tickets comes back and books"


async def test_a_person_waits_on_a_page_and_goes_on_to_the_slot_that_was_chosen(
    clinic: Clinic, browser: Browser
) -> None:
    await a_room(clinic, opens=None, before=3)
    page = await browser.open(f"/slots/{clinic.tomorrow}")
    assert f"/queue?session_id={clinic.tomorrow}" in page
    await browser.send("/book", session_id=clinic.tomorrow, slot=MORNING, dose="1", people="1")
    await browser.sign_in(mobile())
    assert browser.path == "/queue", browser.page
    assert "You have a place in the waiting room." in browser.page
    assert "People ahead of you: 3" in browser.page
    answer = await browser._http.get("/queue?lang=hi")
    assert answer.headers["refresh"] == answer.headers["retry-after"]
    assert 40 < int(answer.headers["refresh"]) < 50
    assert "प्रतीक्षा कक्ष" in answer.text
    await browser.send("/queue/on")
    assert browser.path == "/queue", "it is not their turn"
    async with transaction(clinic.platform.pool) as conn:
        assert await fetch_value(conn, "SELECT count(*) FROM queue_ticket") == 4
    await let_in(clinic, 3)
    await browser.open("/queue")
    assert "It is your turn" in browser.page
    await browser.send("/queue/on")
    assert browser.path == "/people/new"
    await browser.register("Asha Kumari", to="/book/who")
    (reference,) = re.findall(r'name="who" value="(\d+)"', browser.page)
    await a_room(clinic, opens=None, before=3)
    await browser.send("/book/who", who=reference)
    assert browser.path == "/book/check"
    await browser.send("/book/check")
    assert browser.path.startswith("/appointments/"), "a slot that is held is booked, though another room stands"
    move = browser.path + "/move"
    other = {"session_id": clinic.tomorrow, "slot": NOON}
    await browser.open(f"{move}?session_id={clinic.tomorrow}&slot={NOON}")
    await browser.send(move, **other)
    assert browser.path == "/queue", "moving takes another seat: one waits for a turn"


async def test_a_person_takes_a_place_before_anything_can_be_booked(clinic: Clinic, browser: Browser) -> None:
    opens, session = await soon(clinic)
    await browser.open(f"/queue?session_id={session}")
    await browser.sign_in(mobile())
    assert browser.path == f"/slots/{session}", "no room: on to the times"
    await a_room(clinic, opens=opens)
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
