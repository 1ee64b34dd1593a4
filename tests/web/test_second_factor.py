"""A second factor at the console: set up, shown, lost and reset; one's sessions; invitations; staff and roles."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from opencowin import identity
from opencowin.identity import Role, totp
from opencowin.kit.actor import Place
from opencowin.kit.db import transaction
from tests.builders import TEST, mobile
from tests.surface import Surface
from tests.web.clinic import Clinic, beside, value, with_settings
from tests.web.desks import PASSWORD, Browser, appoint, at_console, half_a_minute_passes, place_of, set_up_app

pytestmark = pytest.mark.anyio
LINK = re.compile(r"/console/join/[\w-]+")


@pytest.fixture
async def strict(platform: Surface) -> AsyncIterator[Surface]:
    """The platform as it is outside demo mode: staff who look at people need a second factor."""
    async with beside(platform, second_factor=True) as site:
        yield site


async def test_without_a_second_factor_only_its_set_up_is_open(strict: Surface, clinic: Clinic) -> None:
    made, browser = await appoint(strict, Role.VACCINATOR, await place_of(strict, clinic.centre)), Browser(strict)
    assert (await browser.sign_in(made.user_name)).headers["location"] == "/console"
    for path in ("/console", "/console/look"):
        assert (await browser.get(path)).headers["location"] == "/console/account"
    assert "Set up a second factor first" in (await browser.get("/console/account")).text
    phone = await set_up_app(strict, browser, password="")
    assert len(set(phone.codes)) == 10
    assert (await browser.get("/console/look")).status_code == 200
    sealed = await value(strict, "SELECT second_factor_sealed FROM staff WHERE staff_id = %(id)s", id=made.staff_id)
    assert phone.secret.encode() not in bytes(sealed)
    kept = await value(
        strict, "SELECT count(*) FROM staff_recovery_code WHERE staff_id = %(id)s AND used_at IS NULL", id=made.staff_id
    )
    assert kept == 10


async def test_a_second_factor_is_asked_for_and_a_code_is_good_once(platform: Surface) -> None:
    made, first = await at_console(platform, Role.NATION_OFFICER, Place())
    phone = await set_up_app(platform, first)
    browser = Browser(platform)
    await browser.get("/console/account")
    step = await browser.sign_in(made.user_name)
    assert step.headers["location"] == "/console/sign-in/second"
    assert (await browser.get("/console")).headers["location"] == "/console/sign-in"
    await browser.get("/console/sign-in/second")
    replayed = await browser.post("/console/sign-in/second", code=phone.code())
    assert (replayed.status_code, "used before" in replayed.text) == (400, True)
    right = await browser.post("/console/sign-in/second", code=f" {phone.code(1)[:3]} {phone.code(1)[3:]}")
    assert right.headers["location"] == "/console"
    assert (await browser.get("/console")).status_code == 200
    again = await browser.post("/console/sign-in/second", code=phone.code(1))
    assert again.headers["location"] == "/console/sign-in"


async def test_a_recovery_code_opens_once_and_new_ones_end_the_old(platform: Surface) -> None:
    made, first = await at_console(platform, Role.NATION_OFFICER, Place())
    phone = await set_up_app(platform, first)
    answers = []
    for code in (phone.codes[0], phone.codes[0], phone.codes[1].upper().replace("-", "")):
        browser = Browser(platform)
        await browser.sign_in(made.user_name)
        await browser.get("/console/sign-in/second")
        answers.append((await browser.post("/console/sign-in/second", code=code)).status_code)
    assert answers == [303, 400, 303]
    await browser.get("/console/account/codes")
    assert (await browser.post("/console/account/codes", password="not mine")).status_code == 400
    shown = await browser.post("/console/account/codes", password=PASSWORD)
    fresh = re.findall(r'<li class="code">([\w-]+)</li>', shown.text)
    assert len(fresh) == 10
    other = Browser(platform)
    await other.sign_in(made.user_name)
    await other.get("/console/sign-in/second")
    assert (await other.post("/console/sign-in/second", code=phone.codes[2])).status_code == 400
    assert (await other.post("/console/sign-in/second", code=fresh[0])).status_code == 303


async def test_guessing_codes_ends_soon_and_keeps_the_owner_out_nowhere(platform: Surface) -> None:
    made, own = await at_console(platform, Role.NATION_OFFICER, Place())
    phone, thief = await set_up_app(platform, own), Browser(platform)
    await thief.sign_in(made.user_name)
    await thief.get("/console/sign-in/second")
    for _ in range(10):
        assert "used before" in (await thief.post("/console/sign-in/second", code="000000")).text
    assert "Too many wrong" in (await thief.post("/console/sign-in/second", code=phone.code(1))).text
    await own.post("/console/sign-out")
    assert (await own.sign_in(made.user_name)).status_code == 303
    await own.get("/console/sign-in/second")
    assert (await own.post("/console/sign-in/second", code=phone.code(1))).status_code == 303


async def test_a_sign_in_that_waits_ends_by_time_by_password_and_by_leaving(platform: Surface) -> None:
    made, own = await at_console(platform, Role.NATION_OFFICER, Place())
    await set_up_app(platform, own)
    waiting = [Browser(platform) for _ in range(3)]
    for browser in waiting:
        await browser.sign_in(made.user_name)
        assert (await browser.get("/console/sign-in/second")).status_code == 200
    async with transaction(platform.pool) as conn:
        await conn.execute("UPDATE staff_sign_in SET begun_at = begun_at - %s", (timedelta(minutes=10),))
    assert (await waiting[0].get("/console/sign-in/second")).headers["location"] == "/console/sign-in"
    for ending in ("password", "leaving"):
        browser = waiting[1]
        await browser.sign_in(made.user_name)
        assert (await browser.get("/console/sign-in/second")).status_code == 200
        async with transaction(platform.pool) as conn:
            if ending == "password":
                await identity.change_password(conn, platform.floor, TEST, made.staff_id, PASSWORD)
            else:
                await identity.deactivate_staff(conn, platform.floor, TEST, made.staff_id)
        assert (await browser.get("/console/sign-in/second")).headers["location"] == "/console/sign-in"


async def test_one_sees_and_ends_the_own_sessions_and_a_new_password_ends_the_others(platform: Surface) -> None:
    made, here = await at_console(platform, Role.NATION_OFFICER, Place())
    others = [Browser(platform) for _ in range(3)]
    for browser in others:
        await browser.sign_in(made.user_name)
    page = (await here.get("/console/account")).text
    listed = re.findall(r'name="session" value="([0-9a-f-]{36})"', page)
    assert (len(listed), page.count("This session"), "Test browser" in page) == (3, 1, True)
    stranger = (await at_console(platform, Role.NATION_OFFICER, Place()))[1]
    await stranger.get("/console/account")
    await stranger.post("/console/account", session=listed[0])
    assert len(re.findall(r'name="session" value="([0-9a-f-]{36})"', (await here.get("/console/account")).text)) == 3
    await here.post("/console/account", session=listed[0])
    assert [(await one.get("/console")).status_code for one in others] == [200, 200, 303]
    await here.get("/console/account/password")
    for wrong, new in ((PASSWORD, "1234567890"), (PASSWORD, "Password12345"), (PASSWORD, f"my {made.user_name}")):
        refused = await here.post("/console/account/password", present=wrong, password=new)
        assert (refused.status_code, "Attackers know this password" in refused.text) == (400, True), new
    assert (
        await here.post("/console/account/password", present="wrong", password="four odd words here")
    ).status_code == 400
    changed = await here.post("/console/account/password", present=PASSWORD, password="four odd words here")
    assert changed.headers["location"] == "/console/account?done=password"
    assert [(await one.get("/console")).status_code for one in (here, *others)] == [200, 303, 303, 303]
    again = await others[0].sign_in(made.user_name, "four odd words here")
    assert again.headers["location"] == "/console"
    await here.get("/console/account")
    await here.post("/console/account", session="others")
    assert (await others[0].get("/console")).status_code == 303


async def test_the_last_factor_is_not_given_up_where_one_is_needed(strict: Surface) -> None:
    made, browser = await appoint(strict, Role.NATION_OFFICER, Place()), Browser(strict)
    await browser.sign_in(made.user_name)
    await set_up_app(strict, browser, password="")
    await browser.get("/console/account/remove?factor=app")
    assert "not permitted" in (await browser.post("/console/account/remove", factor="app", password=PASSWORD)).text
    async with beside(strict, second_factor=False) as easy:
        lax = Browser(easy, dict(browser.cookies), browser.token)
        assert (await lax.post("/console/account/remove", factor="app", password="no")).status_code == 400
        assert (await lax.post("/console/account/remove", factor="app", password=PASSWORD)).status_code == 303
        assert (await Browser(easy).sign_in(made.user_name)).headers["location"] == "/console"
    assert (
        await value(strict, "SELECT count(*) FROM staff_recovery_code WHERE staff_id = %(id)s", id=made.staff_id) == 0
    )


async def newest(platform: Surface, number: str, known: list[str]) -> str:
    """The newest message to a number, once it carries a link that is not known yet."""
    for _ in range(200):
        message = await platform.sms(number, containing="/console/join/")
        if not any(link in message for link in known):
            return message
        await asyncio.sleep(0.05)
    raise AssertionError("no other link arrived")


async def test_an_invited_person_joins_once_by_the_link_from_the_message(clinic: Clinic) -> None:
    platform, number, name = clinic.platform, mobile(), f"asha.{uuid4().hex[:8]}"
    place = await place_of(platform, clinic.centre)
    _, officer = await at_console(platform, Role.DISTRICT_OFFICER, Place(place.state_id, place.district_id))
    form = await officer.get("/console/staff/invite", place=f"c{clinic.centre.centre_id}")
    assert 'value="vaccinator"' in form.text
    assert 'value="district_officer"' not in form.text
    facts = {"place": f"c{clinic.centre.centre_id}", "role": "vaccinator", "name": "Asha Rao", "user_name": name}
    assert (await officer.post("/console/staff/invite", **facts, contact="12")).status_code == 400
    assert (await officer.post("/console/staff/invite", **facts, contact=number)).status_code == 303
    assert name in (await officer.get("/console/staff")).text
    assert "This user name is taken" in (await officer.post("/console/staff/invite", **facts, contact=number)).text
    link = LINK.findall(await platform.sms(number, containing="/console/join/"))[0]
    assert await value(platform, "SELECT count(*) FROM staff WHERE user_name = %(name)s", name=name) == 0
    person = Browser(platform)
    assert "Asha Rao" in (await person.get(link)).text
    assert "Attackers know" in (await person.post(link, password="qwertyuiop")).text
    assert (await person.post(link, password=PASSWORD)).headers["location"] == "/console/sign-in?done=joined"
    assert [(await person.get(link)).status_code, (await person.post(link, password=PASSWORD)).status_code] == [
        400,
        400,
    ]
    assert (await person.sign_in(name)).headers["location"] == "/console"
    assert (await person.get("/console/look")).status_code == 200
    assert (await person.get("/console/staff")).status_code != 200


async def test_who_joins_by_a_link_enrols_where_the_link_was_opened_and_elsewhere_only_with_a_code(
    strict: Surface, clinic: Clinic
) -> None:
    place, number, name = await place_of(strict, clinic.centre), mobile(), f"asha.{uuid4().hex[:8]}"
    officer = await appoint(strict, Role.DISTRICT_OFFICER, Place(place.state_id, place.district_id))
    async with transaction(strict.pool) as conn:
        actor = await identity.actor_of_staff(conn, officer.staff_id, "10.0.0.1")
        await identity.invite(
            conn, strict.floor, actor, name, name="Asha", role=Role.VACCINATOR, place=place, contact=number
        )
    link, person = LINK.findall(await strict.sms(number, containing="/console/join/"))[0], Browser(strict)
    await person.get(link)
    assert (await person.post(link, password=PASSWORD)).status_code == 303
    elsewhere = Browser(strict)
    for browser in (person, elsewhere):
        assert (await browser.sign_in(name)).headers["location"] == "/console"
    assert 'name="enrolment"' in (await elsewhere.get("/console/account/app")).text
    assert 'name="enrolment"' not in (await person.get("/console/account/app")).text
    await set_up_app(strict, person, password="")
    assert (await person.get("/console/look")).status_code == 200


async def test_who_lost_the_telephone_sets_up_another_with_the_code_that_the_officer_gives(
    strict: Surface, clinic: Clinic
) -> None:
    place = await place_of(strict, clinic.centre)
    officer, desk = await at_console(strict, Role.DISTRICT_OFFICER, Place(place.state_id, place.district_id))
    await set_up_app(strict, desk, password="")
    worker, own = await at_console(strict, Role.VACCINATOR, place)
    await set_up_app(strict, own, password="")
    path = f"/console/staff/{worker.staff_id}"
    await desk.get(path)
    told = await desk.post(path, act="reset", reason="the phone fell into the river")
    code = re.findall(r'<strong class="code" lang="en" dir="ltr">([a-z0-9]{5}-[a-z0-9]{5})</strong>', told.text)[0]
    assert code not in (await desk.get(path)).text
    assert officer.user_name not in told.text
    await own.sign_in(worker.user_name)
    form = (await own.get("/console/account/app")).text
    sealed = re.findall(r'name="sealed" value="(\w+)"', form)[0]
    shown = totp.code_at(
        "".join(re.findall(r'class="code">([A-Z2-7]{4})<', form)), totp.step_of(strict.floor.clock.now())
    )
    again = await own.post("/console/account/app", sealed=sealed, code=shown, enrolment=code)
    assert again.text.count('<li class="code">') == 10


@pytest.mark.parametrize("ending", ["time", "withdrawal", "the officer left", "another place of the officer"])
async def test_a_link_ends(clinic: Clinic, ending: str) -> None:
    platform, number, name = clinic.platform, mobile(), f"ravi.{uuid4().hex[:8]}"
    place = await place_of(platform, clinic.centre)
    district = Place(place.state_id, place.district_id)
    made, officer = await at_console(platform, Role.DISTRICT_OFFICER, district)
    await officer.get("/console/staff/invite")
    facts = {"place": f"c{clinic.centre.centre_id}", "role": "verifier", "name": "Ravi", "user_name": name}
    assert (await officer.post("/console/staff/invite", **facts, contact=number)).status_code == 303
    link = LINK.findall(await platform.sms(number, containing="/console/join/"))[0]
    person = Browser(platform)
    assert (await person.get(link)).status_code == 200
    if ending == "withdrawal":
        page = (await officer.get("/console/staff")).text
        path = re.findall(rf"{name}.*?action=\"([^\"]+/withdraw)\"", page, re.DOTALL)[0]
        assert (await officer.post(path)).status_code == 303
    else:
        async with transaction(platform.pool) as conn:
            if ending == "time":
                await conn.execute("UPDATE staff_invitation SET expires_at = invited_at WHERE user_name = %s", (name,))
            elif ending == "the officer left":
                await identity.deactivate_staff(conn, platform.floor, TEST, made.staff_id)
            else:
                elsewhere = Place(place.state_id, clinic.centre.district_id + 1)
                await identity.change_role(
                    conn, platform.floor, TEST, made.staff_id, role=made.role, place=elsewhere, reason="moved"
                )
    refused = await person.post(link, password=PASSWORD)
    assert (refused.status_code, "no longer good" in refused.text) == (400, True)
    assert await value(platform, "SELECT count(*) FROM staff WHERE user_name = %(name)s", name=name) == 0


async def test_an_officer_looks_after_the_staff_of_the_own_area_alone(clinic: Clinic) -> None:
    platform, place = clinic.platform, await place_of(clinic.platform, clinic.centre)
    district = Place(place.state_id, place.district_id)
    officer_made, officer = await at_console(platform, Role.DISTRICT_OFFICER, district)
    worker, desk = await at_console(platform, Role.VACCINATOR, place)
    await set_up_app(platform, desk)
    elsewhere = Place(place.state_id, clinic.centre.district_id + 1)
    stranger = await appoint(platform, Role.SERVICE_CENTRE_OPERATOR, elsewhere)
    listed = (await officer.get("/console/staff")).text
    assert worker.user_name in listed
    assert stranger.user_name not in listed
    path = f"/console/staff/{worker.staff_id}"
    for other in (f"/console/staff/{stranger.staff_id}", f"/console/staff/{uuid4()}"):
        assert (await officer.get(other)).status_code >= 400
        assert (await officer.post(other, act="end", reason="because")).status_code >= 400
    own = f"/console/staff/{officer_made.staff_id}"
    await officer.get(path)
    assert (await officer.post(own, act="end", reason="because")).status_code >= 400
    assert (await officer.post(path, act="reset", reason="")).status_code == 400
    assert (await officer.post(path, act="reset", reason="the phone fell into the river")).status_code == 303
    assert (await desk.get("/console")).status_code == 303
    assert (await desk.sign_in(worker.user_name)).headers["location"] == "/console"
    wanted = {"place": f"d{place.district_id}", "role": "district_officer", "reason": "a rise"}
    assert (await officer.post(f"{path}/role", **wanted)).status_code >= 400
    there = {"place": f"c{clinic.centre.centre_id}", "role": "verifier", "reason": "no nurse any more"}
    assert (await officer.post(f"{path}/role", **{**there, "place": f"s{place.state_id}"})).status_code >= 400
    assert (await officer.post(f"{path}/role", **there)).status_code == 303
    assert "Verifier" in (await officer.get(path)).text
    assert (await officer.post(path, act="end", reason="left us")).status_code == 303
    assert (await desk.get("/console")).headers["location"] == "/console/sign-in"
    assert worker.user_name in (await officer.get("/console/staff", left=1)).text
    trail = (await officer.get("/console/audit", who=officer_made.user_name)).text
    for said in ("identity.reset_second_factor", "the phone fell into the river", "no nurse any more", "left us"):
        assert said in trail


async def test_a_link_for_another_password_changes_it_and_nothing_else(clinic: Clinic) -> None:
    platform, number, place = clinic.platform, mobile(), await place_of(clinic.platform, clinic.centre)
    _, officer = await at_console(platform, Role.DISTRICT_OFFICER, Place(place.state_id, place.district_id))
    worker, desk = await at_console(platform, Role.VACCINATOR, place)
    phone = await set_up_app(platform, desk)
    path = f"/console/staff/{worker.staff_id}"
    await officer.get(path)
    assert (await officer.post(path, act="link", reason="forgotten", contact="")).status_code == 400
    links: list[str] = []
    for _ in range(2):
        assert (await officer.post(path, act="link", reason="forgotten", contact=number)).status_code == 303
        links.append(LINK.findall(await newest(platform, number, links))[0])
    old, link = links
    assert (await Browser(platform).get(old)).status_code == 400
    assert (await desk.get("/console")).status_code == 200
    person = Browser(platform)
    await person.get(link)
    assert (await person.post(link, password="another four words here")).status_code == 303
    assert (await desk.get("/console")).status_code == 303
    await half_a_minute_passes(platform, worker)
    step = await person.sign_in(worker.user_name, "another four words here")
    assert step.headers["location"] == "/console/sign-in/second"
    await person.get("/console/sign-in/second")
    assert (await person.post("/console/sign-in/second", code=phone.code())).status_code == 303


async def test_a_password_of_the_operators_own_list_is_refused(platform: Surface, tmp_path: Path) -> None:
    known = tmp_path / "pwned.txt"
    known.write_text(hashlib.sha1(b"wholly unheard of").hexdigest().upper() + ":3\n")
    made = await appoint(platform, Role.NATION_OFFICER, Place())
    floor = with_settings(platform.floor, breached_passwords_file=known)
    async with transaction(platform.pool) as conn:
        with pytest.raises(identity.PasswordKnown):
            await identity.change_password(conn, floor, TEST, made.staff_id, "wholly unheard of")
        await identity.change_password(conn, floor, TEST, made.staff_id, "wholly unheard-of")


JUNK = (
    "junk",
    "[]",
    "{}",
    '{"id":"AA","rawId":"AA","type":"public-key","response":{}}',
    '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"AA"}}',
    '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"_w","authenticatorData":"AA","signature":"AA"}}',
)
"""What no browser made."""


async def test_what_no_passkey_signed_is_refused(platform: Surface) -> None:
    async with beside(platform, public_url="http://localhost:8000") as site:
        made, own = await at_console(site, Role.NATION_OFFICER, Place())
        await set_up_app(site, own)
        thief = Browser(site)
        await thief.sign_in(made.user_name)
        await thief.get("/console/sign-in/second")
        page = (await own.get("/console/account/passkey")).text
        sealed = re.findall(r'name="sealed" value="(\w+)"', page)[0]
        for junk in JUNK:
            shown = await thief.post("/console/sign-in/second", credential=junk)
            assert (shown.status_code, "This code is wrong" in shown.text) == (400, True), junk
            fields = {"name": "x", "sealed": sealed, "credential": junk, "password": PASSWORD}
            added = await own.post("/console/account/passkey", **fields)
            assert (added.status_code, "This code is wrong" in added.text) == (400, True), junk
        assert await value(site, "SELECT count(*) FROM staff_passkey WHERE staff_id = %(id)s", id=made.staff_id) == 0
