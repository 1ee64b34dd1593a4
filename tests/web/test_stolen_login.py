"""A stolen worker's log-in: it tries to read strangers in every way it can find, gets nothing, and the alarm rings."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from opencowin import identity, registry, scheduling
from opencowin.identity import Role, totp
from opencowin.kit.actor import Place
from opencowin.kit.audit import verify
from opencowin.kit.db import transaction
from opencowin.registry import AlertKind
from tests.builders import TEST, a_session, publish
from tests.surface import Surface
from tests.web.clinic import NOBODY, Clinic, Home, a_home, beside, booked, open_clinic, value
from tests.web.desks import PASSWORD, Browser, Phone, appoint, at_console, place_of, set_up_app

pytestmark = pytest.mark.anyio
LOOKS = "/v2/vaccinator/beneficiaries"
NAME = "Asha Kumari"


@dataclass(slots=True)
class Theft:
    """A thief with the password of a worker of one centre, and a household that goes to another."""

    platform: Surface
    strangers: Home
    clinic: Clinic
    user_name: str
    browser: Browser

    @property
    def login(self) -> tuple[str, str]:
        """For programs that ask for user name and password."""
        return self.user_name, PASSWORD

    async def api(self, method: str, path: str, **arguments: object) -> httpx.Response:
        """A call of the API with the stolen log-in."""
        return await self.platform.http.request(method, f"/api{path}", auth=self.login, **arguments)  # type: ignore[arg-type]

    async def look(self, reference: str, code: str = "") -> httpx.Response:
        """The console's own look."""
        await self.browser.get("/console/look")
        return await self.browser.post("/console/look", reference=reference, secret_code=code)


@pytest.fixture
async def theft(clinic: Clinic) -> Theft:
    strangers, platform = await a_home(clinic.platform, 2), clinic.platform
    await booked(clinic, strangers)
    mine = await open_clinic(platform)
    made, browser = await at_console(platform, Role.VACCINATOR, await place_of(platform, mine.centre))
    return Theft(platform, strangers, clinic, made.user_name, browser)


Way = Callable[[Theft], Awaitable[httpx.Response]]
WAYS: dict[str, Way] = {
    "a reference alone": lambda t: t.look(t.strangers.first),
    "a guessed code": lambda t: t.look(t.strangers.first, "0000"),
    "a code of letters": lambda t: t.look(t.strangers.first, "' OR 1=1"),
    "the mobile number as reference": lambda t: t.look(t.strangers.mobile),
    "nobody's reference": lambda t: t.look(NOBODY),
    "the trail": lambda t: t.browser.get("/console/audit", whom=t.strangers.first),
    "the trail as a table": lambda t: t.browser.get("/console/audit.csv", whom=t.strangers.first),
    "alarms": lambda t: t.browser.get("/console/alerts"),
    "exports": lambda t: t.browser.get("/console/exports"),
    "asking for an export": lambda t: t.browser.post("/console/exports", kind="doses", first="2021-01-01"),
    "somebody's export": lambda t: t.browser.get(f"/console/exports/{uuid4()}.csv"),
    "uploads": lambda t: t.browser.get("/console/bulk"),
    "an upload's wrong rows": lambda t: t.browser.get(f"/console/bulk/{uuid4()}/fix.csv"),
    "reports of side effects": lambda t: t.browser.get("/console/aefi"),
    "one report": lambda t: t.browser.get(f"/console/aefi/{uuid4()}"),
    "the household's pages": lambda t: t.browser.get("/people"),
    "who looked at them": lambda t: t.browser.get(f"/people/{t.strangers.first}/looks"),
    "their certificates": lambda t: t.browser.get(f"/certificates/{t.strangers.first}"),
    "the API, by reference": lambda t: t.api(
        "GET", f"{LOOKS}/findByReferenceId", params={"beneficiary_reference_id": t.strangers.first}
    ),
    "the API, by mobile": lambda t: t.api("GET", f"{LOOKS}/findByMobile", params={"mobile_number": t.strangers.mobile}),
    "the API's printed certificate": lambda t: t.api(
        "GET", "/v2/vaccinator/certificate/download", params={"beneficiary_reference_id": t.strangers.first}
    ),
    "the session's secret as a partner's key": lambda t: t.platform.partner(
        "GET",
        f"{LOOKS}/findByReferenceId",
        t.browser.cookies["console"],
        params={"beneficiary_reference_id": t.strangers.first, "center_id": t.clinic.centre.centre_id},
    ),
    "a citizen's calls": lambda t: t.api("GET", "/v2/appointment/beneficiaries"),
    "a tablet for another centre": lambda t: t.api(
        "POST", "/open/v1/centre/tablets", json={"center_id": t.clinic.centre.centre_id}
    ),
    "the lists of another centre": lambda t: t.api(
        "POST", "/open/v1/centre/lists", json={"sessions": [t.clinic.today, t.clinic.tomorrow]}
    ),
    "withdrawing their session": lambda t: t.api(
        "POST", f"/open/v1/sessions/{t.clinic.tomorrow}/withdraw", json={"reason": "because"}
    ),
}


async def test_no_way_tells_anything_of_a_stranger(theft: Theft) -> None:
    assert len(WAYS) >= 20
    birth_year = re.compile(r">\s*1990\s*<|\b1990-")
    for way, tried in WAYS.items():
        answer = await tried(theft)
        assert answer.status_code != 200, way
        assert answer.status_code < 500, way
        assert NAME not in answer.text, way
        assert theft.strangers.mobile not in answer.text.replace(f'value="{theft.strangers.mobile}"', ""), way
        assert not birth_year.search(answer.text), way
    looked = "SELECT count(*) FROM audit WHERE action = 'registry.read_person' AND actor_id = %(who)s"
    assert await value(theft.platform, looked, who=str(await _id_of(theft))) == 0


async def test_known_and_unknown_references_cannot_be_told_apart(theft: Theft) -> None:
    known, unknown = await theft.look(theft.strangers.first), await theft.look(NOBODY)
    same = [re.sub(r'value="[^"]*"', "", page.text) for page in (known, unknown)]
    assert known.status_code == unknown.status_code == 400
    assert same[0] == same[1]


async def test_the_alarm_rings_for_references_without_proof_and_for_wrong_codes(theft: Theft) -> None:
    for _ in range(10):
        await theft.look(theft.strangers.first)
    for n in range(5):
        await theft.look(str(theft.strangers.members[n % 2]), f"{n}{n}{n}1")
    _, officer = await at_console(theft.platform, Role.DISTRICT_OFFICER, await _district(theft))
    page = (await officer.get("/console/alerts")).text
    assert "Asked for people without proof" in page
    assert "Many wrong secret codes" in page
    assert theft.user_name in page
    assert re.search(r"Alerts</dt><dd><a[^>]*>[1-9]", (await officer.get("/console")).text)
    seen = re.findall(r'action="(/console/alerts/[^"]+/seen)"', page)
    await officer.get("/console/alerts")
    for path in seen:
        assert (await officer.post(path)).status_code == 303
    assert theft.user_name not in (await officer.get("/console/alerts")).text
    assert theft.user_name in (await officer.get("/console/alerts", seen=1)).text
    trail = await officer.get("/console/audit", who=theft.user_name)
    assert "registry.ring" in trail.text
    async with transaction(theft.platform.pool) as conn:
        assert (await verify(conn))[1] is None


async def test_officers_of_another_district_neither_see_nor_close_the_alarm(theft: Theft) -> None:
    for _ in range(10):
        await theft.look(theft.strangers.first)
    home = await _district(theft)
    assert home.district_id is not None
    _, other = await at_console(theft.platform, Role.DISTRICT_OFFICER, Place(home.state_id, home.district_id + 1))
    assert theft.user_name not in (await other.get("/console/alerts")).text
    alert = await value(
        theft.platform, "SELECT alert_id FROM look_alert WHERE actor_id = %(who)s", who=str(await _id_of(theft))
    )
    answer = await other.post(f"/console/alerts/{alert}/seen")
    assert (answer.status_code, "BENREG0031" in answer.text) == (400, True)
    assert "registry.ring" not in (await other.get("/console/audit", who=theft.user_name)).text


async def test_a_worker_sees_who_is_here_within_the_hours_budget_and_the_person_sees_the_look(clinic: Clinic) -> None:
    async with beside(clinic.platform, staff_looks_per_hour=5) as few:
        place = await place_of(few, clinic.centre)
        made, browser = await at_console(few, Role.VACCINATOR, place)
        code, home = "", await a_home(few, 1)
        async with transaction(few.pool) as conn:
            member = await registry.find_person(conn, int(home.first))
            facts = await registry.read_person(conn, few.floor, TEST, member, "test")
            code = facts.secret_code
        thief = Theft(few, home, clinic, made.user_name, browser)
        refused = await thief.look(home.first)
        assert refused.status_code == 400
        for _ in range(5):
            shown = await thief.look(home.first, code)
            assert NAME in shown.text, shown.text
        stopped = await thief.look(home.first, code)
        assert NAME not in stopped.text
        assert "very many people" in stopped.text
        async with transaction(few.pool) as conn:
            rung = await registry.alerts(conn, TEST, [str(made.staff_id)], unseen=True, start=0, rows=9)
    assert [one.kind for one in rung] == [AlertKind.MANY_LOOKS]
    async with transaction(clinic.platform.pool) as conn:
        rows = await scheduling.booked_here(conn, member, clinic.centre.centre_id, clinic.platform.day())
    assert not rows


async def test_who_is_booked_here_today_is_found_by_the_reference(clinic: Clinic) -> None:
    """The control: what the stolen log-in is refused, the same page shows where it is right."""
    home, platform = await a_home(clinic.platform), clinic.platform
    late = await publish(platform.pool, platform.floor, a_session(clinic.centre, platform.day(), seats=5))
    booking = {"dose": 1, "session_id": late, "slot": "10:00PM-11:30PM", "beneficiaries": list(home.members)}
    answer = await platform.post("/v2/appointment/schedule", booking, home.token)
    assert answer.status_code == 200, answer.text
    made, browser = await at_console(platform, Role.VACCINATOR, await place_of(platform, clinic.centre))
    page = await Theft(platform, home, clinic, made.user_name, browser).look(home.first)
    assert page.status_code == 200
    assert NAME in page.text


async def test_no_worker_acts_from_a_desk_with_more_rights_than_the_own(theft: Theft) -> None:
    """A cookie changed by hand opens nothing: it is sealed."""
    cookie = theft.browser.cookies["console"]
    theft.browser.cookies["console"] = cookie[:-4] + ("AAAA" if cookie[-4:] != "AAAA" else "BBBB")
    assert (await theft.browser.get("/console")).headers["location"] == "/console/sign-in"
    officer = await appoint(theft.platform, Role.DISTRICT_OFFICER, await _district(theft))
    assert (await Browser(theft.platform).sign_in(officer.user_name, "a guess of mine")).status_code == 400


async def _district(theft: Theft) -> Place:
    place = await place_of(theft.platform, theft.clinic.centre)
    return Place(place.state_id, place.district_id)


async def _id_of(theft: Theft) -> object:
    return await value(theft.platform, "SELECT staff_id FROM staff WHERE user_name = %(name)s", name=theft.user_name)


TABLETS = "/open/v1/centre/tablets"


@dataclass(slots=True)
class Guarded:
    """A worker with a second factor, and a thief who has the password, on the platform as it is outside demo mode."""

    site: Surface
    user_name: str
    own: Browser
    phone: Phone

    async def with_password(self, **more: str) -> httpx.Response:
        """Begin a tablet with user name and password, perhaps with a code beside them."""
        headers = {"x-second-factor": more["code"]} if more else {}
        login = (self.user_name, PASSWORD)
        return await self.site.http.post(f"/api{TABLETS}", json={}, auth=login, headers=headers)

    async def second_step(self, code: str) -> httpx.Response:
        """At the console, in a browser of the thief's own."""
        browser = Browser(self.site)
        await browser.sign_in(self.user_name)
        await browser.get("/console/sign-in/second")
        await browser.post("/console/sign-in/second", code=code)
        return await browser.get("/console/look")


@pytest.fixture
async def guarded(clinic: Clinic) -> AsyncIterator[Guarded]:
    async with beside(clinic.platform, second_factor=True) as site:
        place = await place_of(site, clinic.centre)
        made, own = await at_console(site, Role.VACCINATOR, place)
        yield Guarded(site, made.user_name, own, await set_up_app(site, own, password=""))


async def test_the_password_alone_opens_nothing(guarded: Guarded) -> None:
    """Neither at the console, nor on a tablet, nor for programs; not with a code that was used, nor a guessed one."""
    thief = Browser(guarded.site)
    await thief.sign_in(guarded.user_name)
    for path in ("/console", "/console/look", "/console/account", "/console/account/app"):
        assert (await thief.get(path)).headers["location"] == "/console/sign-in"
    answers = [await guarded.with_password(), await guarded.with_password(code=guarded.phone.code())]
    answers.append(await guarded.with_password(code="000000"))
    assert [(one.status_code, one.json()["errorCode"]) for one in answers] == [
        (403, "USRAUT0065"),
        (403, "USRAUT0064"),
        (403, "USRAUT0064"),
    ]
    used, never = guarded.phone.code(), "aaaaa-aaaaa"
    assert [(await guarded.second_step(one)).status_code for one in (used, never)] == [303, 303]
    begun = await guarded.with_password(code=guarded.phone.code(1))
    assert begun.status_code == 201, begun.text
    assert (await guarded.second_step(guarded.phone.code(1))).status_code == 303


async def test_a_seen_recovery_code_is_of_no_use_once_it_was_used(guarded: Guarded) -> None:
    code = guarded.phone.codes[0]
    assert (await guarded.second_step(code)).status_code == 200
    assert (await guarded.second_step(code)).status_code == 303
    assert (await guarded.with_password(code=code)).json()["errorCode"] == "USRAUT0064"
    assert (await guarded.with_password(code=guarded.phone.codes[1])).status_code == 201


async def test_who_has_no_second_factor_yet_reaches_nobody_with_the_password(guarded: Guarded, clinic: Clinic) -> None:
    made = await appoint(guarded.site, Role.VACCINATOR, await place_of(guarded.site, clinic.centre))
    bare = Guarded(guarded.site, made.user_name, guarded.own, guarded.phone)
    for refused in (await bare.with_password(), await bare.with_password(code="123456")):
        assert refused.json()["errorCode"] == "USRAUT0066"
    assert (await bare.second_step("123456")).headers["location"] == "/console/account"


async def test_an_open_desk_of_somebody_else_changes_no_way_in(guarded: Guarded) -> None:
    """Who passes by it does not know the password, which each change asks for."""
    form = (await guarded.own.get("/console/account/app")).text
    sealed = re.findall(r'name="sealed" value="(\w+)"', form)[0]
    for path, fields in {
        "/console/account/app": {"sealed": sealed, "code": "123456"},
        "/console/account/codes": {},
        "/console/account/remove": {"factor": "app"},
        "/console/account/password": {"present": "a guess of mine", "password": "a password of mine"},
    }.items():
        refused = await guarded.own.post(path, **{"password": "a guess of mine", **fields})
        assert (refused.status_code, "do not belong together" in refused.text) == (400, True), path


async def test_a_session_and_a_tablet_end_at_once_when_their_person_leaves(guarded: Guarded) -> None:
    begun = (await guarded.with_password(code=guarded.phone.code(1))).json()
    bearer = {"Authorization": f"Bearer {begun['token']}"}
    find = f"/api{TABLETS.replace('tablets', 'lists')}"
    assert (await guarded.own.get("/console/look")).status_code == 200
    async with transaction(guarded.site.pool) as conn:
        staff_id = await value(guarded.site, "SELECT staff_id FROM staff WHERE user_name = %(n)s", n=guarded.user_name)
        await identity.deactivate_staff(conn, guarded.site.floor, TEST, staff_id, "the log-in was stolen")
    assert (await guarded.own.get("/console/look")).headers["location"] == "/console/sign-in"
    assert (await guarded.with_password(code=guarded.phone.codes[2])).status_code == 403
    answer = await guarded.site.http.post(find, json={"sessions": [str(uuid4())]}, headers=bearer)
    assert answer.status_code in {401, 403}
    assert (await guarded.second_step(guarded.phone.codes[3])).status_code == 303


async def test_an_app_of_the_thiefs_own_is_not_taken_for_the_workers(guarded: Guarded, clinic: Clinic) -> None:
    """The form of one person's enrolment enrols nobody else."""
    place = await place_of(guarded.site, clinic.centre)
    _, other = await at_console(guarded.site, Role.VACCINATOR, place)
    form = (await other.get("/console/account/app")).text
    sealed = re.findall(r'name="sealed" value="(\w+)"', form)[0]
    await guarded.own.get("/console/account/app")
    refused = await guarded.own.post("/console/account/app", sealed=sealed, code="123456", password=PASSWORD)
    assert (refused.status_code, "open the page again" in refused.text) == (400, True)


async def test_a_stolen_password_of_who_never_enrolled_enrols_nobody(clinic: Clinic) -> None:
    """Neither without the code of enrolment, nor with a guessed one, a colleague's, or one that is over."""
    async with beside(clinic.platform, second_factor=True) as site:
        place = await place_of(site, clinic.centre)
        made, colleague = await appoint(site, Role.VACCINATOR, place), await appoint(site, Role.VACCINATOR, place)
        async with transaction(site.pool) as conn:
            other = await identity.allow_enrolment(conn, site.floor, TEST, colleague.staff_id)
            old = await identity.allow_enrolment(conn, site.floor, TEST, made.staff_id)
            good = await identity.allow_enrolment(conn, site.floor, TEST, made.staff_id)
        thief = Browser(site)
        await thief.sign_in(made.user_name)
        for guess in ("", "aaaaa-aaaaa", other, old):
            assert await enrol(thief, guess) == (400, True), guess
        for path in ("/console", "/console/look"):
            assert (await thief.get(path)).headers["location"] == "/console/account"
        kept = "SELECT enrolment_hash FROM staff WHERE staff_id = %(id)s"
        assert await value(site, kept, id=made.staff_id) is not None
        own = Browser(site)
        await own.sign_in(made.user_name)
        assert await enrol(own, good.upper()) == (200, False)
        assert await value(site, kept, id=made.staff_id) is None, "it is good once"
        assert (await thief.get("/console/account")).headers["location"] == "/console/sign-in"


async def test_guessing_the_code_of_enrolment_ends_soon(clinic: Clinic) -> None:
    async with beside(clinic.platform, second_factor=True) as site:
        made = await appoint(site, Role.VACCINATOR, await place_of(site, clinic.centre))
        async with transaction(site.pool) as conn:
            good = await identity.allow_enrolment(conn, site.floor, TEST, made.staff_id)
        thief = Browser(site)
        await thief.sign_in(made.user_name)
        for number in range(10):
            assert await enrol(thief, f"aaaaa-aaaa{number}") == (400, True)
        assert await enrol(thief, good) == (400, False)


async def enrol(browser: Browser, enrolment: str) -> tuple[int, bool]:
    """Set up an app with a code of enrolment: the status, and whether it is called wrong."""
    form = (await browser.get("/console/account/app")).text
    sealed = re.findall(r'name="sealed" value="(\w+)"', form)[0]
    key = "".join(re.findall(r'class="code">([A-Z2-7]{4})<', form))
    code = totp.code_at(key, totp.step_of(browser.platform.floor.clock.now()))
    answer = await browser.post("/console/account/app", sealed=sealed, code=code, enrolment=enrolment)
    return answer.status_code, "not your enrolment code" in answer.text
