"""The pages for people, as a browser without scripts uses them: find, sign in, book for the family, move, cancel."""

import html
import re
from collections.abc import AsyncIterator
from datetime import time, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from icalendar import Calendar

from tests.builders import mobile, pan
from tests.surface import Surface
from tests.web.clinic import Clinic, another, beside, code_for, value

pytestmark = pytest.mark.anyio

TOKEN = re.compile(r'name="token" value="([^"]+)"')
PEOPLE = {"Accept": "text/html"}


class Browser:
    """Follows links and sends forms, with cookies, as a person does."""

    def __init__(self, platform: Surface) -> None:
        self.platform = platform
        self._http = httpx.AsyncClient(transport=platform.http._transport, base_url="http://pages")
        self.page = ""
        self.path = ""
        self.status = 0
        self.code = ""

    async def open(self, path: str) -> str:
        """Open an address, follow redirects; the page."""
        return self._seen(await self._http.get(path, headers=PEOPLE, follow_redirects=True))

    async def send(self, path: str, **fields: Any) -> str:
        """Send the form on this page."""
        found = TOKEN.findall(self.page)
        assert found, self.page
        data = {"token": found[-1], **fields}
        return self._seen(await self._http.post(path, data=data, headers=PEOPLE, follow_redirects=True))

    async def sign_in(self, number: str) -> None:
        """Sign in on the page that asks for it."""
        await self.send("/sign-in", mobile=number)
        assert self.path == "/sign-in/code", self.page
        self.code = await code_for(self.platform, number, after=self.code)
        await self.send("/sign-in/code", code=self.code)

    async def register(self, name: str, **fields: Any) -> str:
        """Fill in the form for one more person."""
        facts = {"name": name, "birth_year": "1990", "gender": "2", "document": "6", "number": pan(), "consent": "1"}
        return await self.send("/people/new", **{**facts, **fields})

    async def close(self) -> None:
        """Forget everything."""
        await self._http.aclose()

    def rest(self) -> None:
        """Forget the cookies."""
        self._http.cookies.clear()

    def link(self, beginning: str) -> str:
        """The first link of the page that begins like this."""
        found = re.search(rf'(?:href|action)="({re.escape(beginning)}[^"]*)"', self.page)
        assert found, (beginning, self.page)
        return html.unescape(found.group(1))

    def _seen(self, answer: httpx.Response) -> str:
        self.page, self.status, self.path = answer.text, answer.status_code, urlsplit(str(answer.url)).path
        return self.page


@pytest.fixture
async def browser(platform: Surface) -> AsyncIterator[Browser]:
    one = Browser(platform)
    yield one
    await one.close()


async def choose(browser: Browser, clinic: Clinic, people: int = 1, time: str = "09:00AM-11:00AM") -> None:
    """Find the clinic's session of tomorrow by district, ten centres a page, and choose a time."""
    await browser.open(f"/find?district_id={clinic.centre.district_id}&people={people}")
    while f"/slots/{clinic.tomorrow}" not in browser.page:
        more = re.search(r'href="([^"]*)">More centres<', browser.page)
        assert more, browser.page
        await browser.open(html.unescape(more[1]))
    await browser.open(browser.link(f"/slots/{clinic.tomorrow}"))
    await browser.send("/book", session_id=clinic.tomorrow, slot=time, dose="1", people=str(people))


async def test_a_newcomer_finds_signs_in_registers_the_family_and_books(clinic: Clinic, browser: Browser) -> None:
    await choose(browser, clinic, 2)
    assert browser.path == "/sign-in"
    await browser.sign_in(mobile())
    assert browser.path == "/people/new"
    await browser.register("Asha Kumari", to="/book/who")
    assert browser.path == "/book/who"
    assert "The slot is held for you until" in browser.page
    await browser.open("/people/new?to=/book/who")
    await browser.register("Ravi Kumar", to="/book/who")
    references = re.findall(r'name="who" value="(\d+)" checked', browser.page)
    assert len(references) == 2
    await browser.send("/book/who", who=references)
    assert browser.path == "/book/check"
    assert "Asha Kumari" in browser.page
    await browser.send("/book/check")
    assert browser.path.startswith("/appointments/")
    assert "<h1>Booked</h1>" in browser.page
    assert len(re.findall(r"<b>\d{4}</b>", browser.page)) == 2
    assert browser.page.count('<div class="qr"') == 1


async def booked(browser: Browser, clinic: Clinic, number: str = "") -> str:
    """A new household with one appointment; the address of its slip."""
    await choose(browser, clinic)
    await browser.sign_in(number or mobile())
    await browser.register("Asha Kumari", to="/book/who")
    await browser.send("/book/who", who=re.findall(r'name="who" value="(\d+)"', browser.page)[0])
    await browser.send("/book/check")
    assert "<h1>Booked</h1>" in browser.page
    return browser.path


async def test_an_appointment_moves_and_the_old_slot_stays_until_then(clinic: Clinic, browser: Browser) -> None:
    slip = await booked(browser, clinic)
    await browser.open(f"{slip}/move")
    assert browser.path == "/find"
    assert "stays yours" in browser.page
    await browser.open(browser.link(f"/slots/{clinic.tomorrow}"))
    await browser.open(f"{slip}/move?session_id={clinic.tomorrow}&slot=11:00AM-01:00PM")
    await browser.send(f"{slip}/move", session_id=clinic.tomorrow, slot="11:00AM-01:00PM")
    assert "<h1>Moved</h1>" in browser.page
    assert "11:00" in browser.page


async def test_an_appointment_is_cancelled_after_a_question(clinic: Clinic, browser: Browser) -> None:
    slip = await booked(browser, clinic)
    await browser.open(f"{slip}/cancel")
    nobody = await browser.send(f"{slip}/cancel")
    assert browser.status == 400, nobody
    reference = re.findall(r'name="who" value="(\d+)"', browser.page)[0]
    await browser.send(f"{slip}/cancel", who=reference)
    assert browser.path == "/people"
    assert "The appointment is cancelled." in browser.page
    await browser.open(slip)
    assert browser.status == 400


async def test_the_slip_is_there_for_paper_and_calendar(clinic: Clinic, browser: Browser) -> None:
    slip = await booked(browser, clinic)
    assert (await browser.open(f"{slip}/slip.pdf")).startswith("%PDF")
    calendar = await browser.open(f"{slip}/appointment.ics")
    (event,) = Calendar.from_ical(calendar).walk("VEVENT")
    begins = clinic.platform.floor.clock.local(event.decoded("dtstart"))
    assert (begins.date(), begins.time()) == (clinic.platform.day(1), time(9))
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(hours=2)
    assert clinic.centre.name in str(event["location"])
    assert "Asha" not in calendar


async def test_a_wrong_code_and_a_wrong_number_are_told_beside_the_field(platform: Surface, browser: Browser) -> None:
    await browser.open("/sign-in")
    await browser.send("/sign-in", mobile="12")
    assert browser.status == 400
    assert 'aria-describedby="mobile-hint mobile-fault" aria-invalid="true"' in browser.page
    number = mobile()
    await browser.send("/sign-in", mobile=number)
    await browser.send("/sign-in/code", code=another(await code_for(platform, number)))
    assert browser.status == 400
    assert "code-fault" in browser.page
    await browser.send("/sign-in/code", code=await code_for(platform, number))
    assert browser.path == "/people"


async def test_what_was_typed_is_kept_over_a_new_sign_in_and_for_nobody_else(
    platform: Surface, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = mobile()
    await browser.open("/people")
    assert browser.path == "/sign-in"
    await browser.sign_in(number)
    await browser.open("/people/new")
    with monkeypatch.context() as rest:
        rest.setattr("opencowin.web.pages.visits.Visit.ends_at", lambda *_: 0)
        await browser.register("Meera Nair")
        assert browser.path == "/sign-in"
        assert "What you typed is kept" in browser.page
    cookies = dict(browser._http.cookies)
    await browser.sign_in(number)
    assert browser.path == "/people/new"
    assert 'value="Meera Nair"' in browser.page
    await browser.register("Meera Nair")
    assert "The person is registered." in browser.page
    browser.rest()
    browser._http.cookies.update(cookies)
    await browser.open("/sign-in")
    await browser.sign_in(mobile())
    assert browser.path == "/people"
    await browser.open("/people/new")
    assert "Meera" not in browser.page


async def test_a_move_and_a_cancellation_that_were_sent_too_late_are_shown_again(
    clinic: Clinic, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = mobile()
    slip = await booked(browser, clinic, number)
    evening = {"session_id": clinic.tomorrow, "slot": "11:00AM-01:00PM"}
    await browser.open(f"{slip}/move?session_id={clinic.tomorrow}&slot={evening['slot']}")
    with monkeypatch.context() as rest:
        rest.setattr("opencowin.web.pages.visits.Visit.ends_at", lambda *_: 0)
        await browser.send(f"{slip}/move", **evening)
        assert browser.path == "/sign-in"
    await browser.sign_in(number)
    assert browser.path == f"{slip}/move"
    assert f'value="{evening["slot"]}"' in browser.page
    await browser.send(f"{slip}/move", **evening)
    assert "<h1>Moved</h1>" in browser.page
    await browser.open(f"{slip}/cancel")
    with monkeypatch.context() as rest:
        rest.setattr("opencowin.web.pages.visits.Visit.ends_at", lambda *_: 0)
        await browser.send(f"{slip}/cancel", who=re.findall(r'name="who" value="(\d+)"', browser.page)[0])
    await browser.sign_in(number)
    assert (browser.path, browser.status, browser.page.count(" checked")) == (f"{slip}/cancel", 200, 1)


async def test_a_form_of_another_site_changes_nothing(platform: Surface, browser: Browser) -> None:
    await browser.open("/people")
    await browser.sign_in(mobile())
    await browser.open("/people/new")
    foreign = await browser._http.post("/people/new", data={"token": "guessed", "name": "X"}, headers=PEOPLE)
    assert foreign.status_code == 400
    assert "can no longer be sent" in foreign.text
    assert "Nobody is registered" in await browser.open("/people")


async def test_signing_out_gives_the_held_slot_back_and_ends_the_visit(clinic: Clinic, browser: Browser) -> None:
    await choose(browser, clinic, 1)
    await browser.sign_in(mobile())
    await browser.send("/sign-out")
    assert "You are signed out." in browser.page
    await browser.open("/people")
    assert browser.path == "/sign-in"


async def test_the_search_takes_a_pin_code_a_position_and_filters(clinic: Clinic, browser: Browser) -> None:
    centre = clinic.centre
    assert f'id="c{centre.centre_id}"' in await browser.open(f"/find?pin={centre.pin_code}")
    near = await browser.open(f"/find?lat={centre.latitude}&long={centre.longitude}&map=1")
    assert f'id="c{centre.centre_id}"' in near
    assert "<circle" in near
    assert "km away" in near
    assert f"/slots/{clinic.tomorrow}" not in await browser.open(f"/find?pin={centre.pin_code}&vaccine=COVAXIN")
    assert f"/slots/{clinic.tomorrow}" not in await browser.open(f"/find?pin={centre.pin_code}&age=12")
    assert f"/slots/{clinic.tomorrow}" not in await browser.open(f"/find?pin={centre.pin_code}&fee=paid")
    assert f"/slots/{clinic.tomorrow}" in await browser.open(f"/find?pin={centre.pin_code}&age=45&fee=free&dose=2")
    wrong = await browser.open("/find?pin=12")
    assert (browser.status, "pin-fault" in wrong) == (400, True)


async def test_pages_are_counted_apart_from_the_api(platform: Surface) -> None:
    async with beside(platform, api_calls_per_5_minutes=1, page_views_per_5_minutes=3) as strict:
        browser = Browser(strict)
        for _ in range(3):
            await browser.open("/find")
            assert browser.status == 200
        assert "<h1>" in await browser.open("/find")
        assert browser.status == 429
        await browser.close()


@pytest.mark.parametrize("path", ["/help", "/privacy", "/accessibility", "/sitemap"])
async def test_what_people_ask_is_answered_without_signing_in(browser: Browser, path: str) -> None:
    await browser.open(path)
    assert (browser.status, browser.page.count("<h1>")) == (200, 1)


async def test_no_link_of_the_pages_leads_nowhere(platform: Surface, browser: Browser) -> None:
    await browser.open("/people")
    await browser.sign_in(mobile())
    await browser.register("Asha Kumari")
    seen, waiting = set[str](), ["/"]
    while waiting and len(seen) < 120:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        page = await browser.open(path)
        assert browser.status == 200, (path, browser.status, page[:2000])
        inside = re.findall(r'href="(/[^"#]*)"', page) if "text/html" in page or "<html" in page else []
        ours = {html.unescape(link) for link in inside if not link.startswith(("/static", "/docs", "/dashboard?"))}
        waiting += [link for link in ours if "date=" not in link and "lang=" not in link and "state_id" not in link]
    assert {"/sitemap", "/people/new", "/issues/new", "/find"} <= seen


async def test_a_side_effect_is_reported_by_the_person(clinic: Clinic, browser: Browser) -> None:
    platform = clinic.platform
    await browser.open("/people")
    await browser.sign_in(mobile())
    await browser.register("Asha Kumari")
    assert "No dose is recorded" in await browser.open("/side-effects/new")
    reference = re.findall(r"\b\d{14}\b", await browser.open("/people"))[0]
    assert (await clinic.vaccinate(reference)).status_code == 200
    page = await browser.open("/side-effects/new")
    dose = re.findall(r'name="dose" value="([^"]+)"', page)[0]
    await browser.send("/side-effects/new", dose=dose, when="today", description="Fever")
    assert (browser.status, "severity-fault" in browser.page) == (400, True)
    facts = {"dose": dose, "when": "today", "severity": "severe", "description": "Fever", "call": "1"}
    await browser.send("/side-effects/new", **facts)
    assert "Do not wait for an answer" in browser.page
    stored = "SELECT severity || wants_call FROM adverse_event WHERE wants_call"
    assert await value(platform, stored) == "severetrue"


async def test_a_time_written_in_another_way_is_the_same_time(clinic: Clinic, browser: Browser) -> None:
    await choose(browser, clinic, time="09:00am-11:00am")
    await browser.sign_in(mobile())
    await browser.register("Asha Kumari", to="/book/who")
    await browser.send("/book/who", who=re.findall(r'name="who" value="(\d+)"', browser.page)[0])
    assert (browser.path, browser.status) == ("/book/check", 200)


@pytest.mark.parametrize("language", ["hi", "ta", "ur"])
async def test_papers_are_printed_whatever_language_is_chosen(clinic: Clinic, browser: Browser, language: str) -> None:
    slip = await booked(browser, clinic)
    assert (await browser.open(f"{slip}/slip.pdf?lang={language}")).startswith("%PDF")
