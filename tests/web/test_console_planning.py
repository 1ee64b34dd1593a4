"""Planning at the console: centres, sessions, weekly templates, the split of seats, and where an area ends."""

import re
from datetime import time, timedelta
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest

from opencowin import places, scheduling
from opencowin.identity import Role
from opencowin.kit.actor import Place
from opencowin.kit.db import transaction
from tests.builders import TEST, new_centre, stock_in
from tests.web.clinic import Clinic, a_home, booked, value
from tests.web.desks import Browser, at_console, place_of

pytestmark = pytest.mark.anyio
CENTRE = {
    "name": "PHC Sitapur",
    "address": "2 Canal Road",
    "pin_code": "560001",
    "opens_at": "09:00",
    "closes_at": "17:00",
    "operator": "government",
    "kind": "school",
}
FOR_WHOM = {"vaccine_id": "COVISHIELD", "doses": "30", "min_age": "18", "round": "open"}
MORNING = {"starts_at-1": "09:00", "ends_at-1": "11:00", "seats-1-1": "10", "seats-1-0": "5", "rows": "3"}
FAULT = re.compile(r'class="fault" id="([\w-]+)-fault">([^<]+)<')


async def an_officer(clinic: Clinic) -> Browser:
    """The officer of the clinic's district, at the console."""
    place = await place_of(clinic.platform, clinic.centre)
    return (await at_console(clinic.platform, Role.DISTRICT_OFFICER, Place(place.state_id, place.district_id)))[1]


async def sent(browser: Browser, form: str, path: str | None = None, **fields: Any) -> str:
    """Where a form leads that is sent from its page and taken."""
    await browser.get(form)
    answer = await browser.post(path or form, **fields)
    assert answer.status_code == 303, FAULT.findall(answer.text) or answer.text
    return str(answer.headers["location"])


async def faults(browser: Browser, form: str, path: str | None = None, **fields: Any) -> dict[str, str]:
    """What is wrong beside which field of a form that is refused."""
    await browser.get(form)
    answer = await browser.post(path or form, **fields)
    assert answer.status_code == 400, answer.status_code
    return dict(FAULT.findall(answer.text))


def id_of(location: str) -> UUID:
    return UUID(location.partition("?")[0].rsplit("/", 1)[1])


async def test_a_centre_is_entered_found_changed_closed_and_opened_again(clinic: Clinic) -> None:
    officer = await an_officer(clinic)
    wrong = await faults(officer, "/console/centres/new", **CENTRE | {"pin_code": "?", "closes_at": "8", "name": ""})
    assert set(wrong) == {"pin_code", "closes_at", "name"}
    assert set(await faults(officer, "/console/centres/new", **CENTRE | {"closes_at": "08:00"})) == {"closes_at"}
    path = (await sent(officer, "/console/centres/new", **CENTRE)).partition("?")[0]
    assert "PHC Sitapur" in (await officer.get("/console/centres", q="sitapur")).text
    assert "PHC Sitapur" not in (await officer.get("/console/centres", q="no such centre")).text
    fees = {**CENTRE, "operator": "private", "is_paid": "Y", "kind": "home"}
    await sent(officer, path, **fees)
    assert re.search(r'value="private" selected', (await officer.get(path)).text)
    assert set(await faults(officer, path, f"{path}/close", reason="")) == {"reason"}
    await sent(officer, path, f"{path}/close", reason="Moved to the new hospital")
    assert "PHC Sitapur" not in (await officer.get("/console/centres", q="sitapur")).text
    assert "PHC Sitapur" in (await officer.get("/console/centres", q="sitapur", closed="1")).text
    await sent(officer, path, f"{path}/reopen")
    assert "PHC Sitapur" in (await officer.get("/console/centres", q="sitapur")).text


async def test_a_centre_that_holds_sessions_cannot_be_closed(clinic: Clinic) -> None:
    officer, path = await an_officer(clinic), f"/console/centres/{clinic.centre.centre_id}"
    await officer.get(path)
    answer = await officer.post(f"{path}/close", reason="Moved")
    assert answer.status_code == 400
    assert "This centre still holds 2 sessions" in answer.text


async def test_lists_are_shown_by_pages_and_each_row_once(clinic: Clinic) -> None:
    officer = await an_officer(clinic)
    async with transaction(clinic.platform.pool) as conn:
        for _ in range(103):
            await new_centre(conn, clinic.centre.district_id)
    link, seen = re.compile(r'<a href="/console/centres/(\d+)"'), list[str]()
    for page, (before, after) in enumerate([(False, True), (True, True), (True, False)], 1):
        text = (await officer.get("/console/centres", q="PHC Ward", page=str(page))).text
        assert ('rel="prev"' in text, 'rel="next"' in text) == (before, after)
        assert f"Page {page}" in text
        seen += link.findall(text)
    assert "q=PHC+Ward" in text
    assert (
        len(seen)
        == len(set(seen))
        == await value(
            clinic.platform,
            "SELECT count(*) FROM centre WHERE district_id = %(here)s AND name LIKE 'PHC Ward%%'",
            here=clinic.centre.district_id,
        )
    )
    beyond = await officer.get("/console/centres", q="PHC Ward", page="4")
    assert (beyond.status_code, link.findall(beyond.text)) == (200, [])
    assert (await officer.get("/console/centres", page="no number")).status_code == 200


async def test_a_session_is_entered_as_a_draft_with_errors_beside_its_fields_and_published_at_a_set_time(
    clinic: Clinic,
) -> None:
    officer, platform = await an_officer(clinic), clinic.platform
    form, day = f"/console/sessions/new?centre_id={clinic.centre.centre_id}", platform.day(2)
    page = (await officer.get(form)).text
    key = re.findall(r'name="id" value="([^"]+)"', page)[0]
    entry = {**FOR_WHOM, **MORNING, "held_on": f"{day}", "when": "by_hand", "id": key}
    wrong = await faults(officer, form, **entry | {"doses": "many", "ends_at-1": "noon", "seats-1-1": "-1"})
    assert set(wrong) == {"doses", "ends_at-1", "seats-1-1"}
    assert set(await faults(officer, form, **entry | {"starts_at-1": "12:00"})) == {"slots"}
    assert set(await faults(officer, form, **entry | {"held_on": f"{platform.day(-1)}"})) == {"held_on"}
    assert set(await faults(officer, form, **entry | {"doses": "400", "when": "now"})) == {"doses"}
    more = await officer.post(form, **entry | {"more": "1"})
    assert (more.status_code, 'name="rows" value="6"' in more.text, 'value="10"' in more.text) == (200, True, True)
    path = (await sent(officer, form, **entry)).partition("?")[0]
    assert (await sent(officer, form, **entry)).partition("?")[0] == path
    listed = (await officer.get("/console/sessions", day=f"{day}")).text
    assert f'name="session" value="{id_of(path)}"' in listed
    assert str(id_of(path)) not in await clinic.sessions()
    page = (await officer.get(f"{path}/edit")).text
    assert re.search(r'value="COVISHIELD" selected', page)
    opening = {"bookable_day": f"{platform.day(1)}", "bookable_time": "16:00"}
    assert set(await faults(officer, f"{path}/edit", **entry | opening | {"bookable_time": ""})) == {"bookable_time"}
    late = entry | opening | {"bookable_day": f"{platform.day(3)}"}
    assert set(await faults(officer, f"{path}/edit", **late)) == {"bookable_day"}
    await sent(officer, f"{path}/edit", **entry | opening)
    assert "<dt>Booking opens</dt>" in (await officer.get(path)).text
    assert re.search(r'name="bookable_time"[^>]* value="16:00"', (await officer.get(f"{path}/edit")).text)
    other = {**entry, "vaccine_id": "COVAXIN", "min_age": "45", "starts_at-2": "12:00", "ends_at-2": "13:00"}
    assert set(await faults(officer, f"{path}/edit", **other | {"doses": "x"})) == {"doses"}
    await sent(officer, f"{path}/edit", **other | {"seats-2-2": "7", "closed": "Y"})
    page = (await officer.get(path)).text
    assert "Covaxin, ages 45 and over" in page
    assert "Code of the invitation" in page
    assert re.search(r'name="seats-2-2"[^>]* value="7"', page)
    await sent(officer, f"{path}/edit", **entry)
    assert "Code of the invitation" not in (await officer.get(path)).text
    publish = {"when": "at", "publish_day": f"{platform.day()}", "publish_time": "00:01"}
    assert set(await faults(officer, path, f"{path}/publish", **publish | {"publish_time": ""})) == {"publish_time"}
    await sent(officer, path, f"{path}/publish", **publish)
    async with transaction(platform.pool) as conn:
        assert await scheduling.publish_due(conn, platform.floor) == 1
    assert "Published" in (await officer.get(path)).text
    assert "SESION0010" in (await officer.get(f"{path}/edit")).text


async def test_an_announced_opening_is_put_off_in_its_own_form(clinic: Clinic) -> None:
    officer, platform = await an_officer(clinic), clinic.platform
    opening = {"bookable_day": f"{platform.day(1)}", "bookable_time": "16:00"}
    entry = {**FOR_WHOM, **MORNING, **opening, "held_on": f"{platform.day(3)}", "when": "now", "id": str(uuid4())}
    path = (await sent(officer, f"/console/sessions/new?centre_id={clinic.centre.centre_id}", **entry)).partition("?")[
        0
    ]
    there = f"{path}/release"
    assert re.search(r'name="bookable_time"[^>]* value="16:00"', (await officer.get(path)).text)
    assert set(await faults(officer, path, there, **opening | {"bookable_time": ""})) == {"bookable_time"}
    too_late = opening | {"bookable_day": f"{platform.day(5)}"}
    assert set(await faults(officer, path, there, **too_late)) == {"bookable_day"}
    await sent(officer, path, there, **opening | {"bookable_time": "17:30"})
    assert re.search(r'name="bookable_time"[^>]* value="17:30"', (await officer.get(path)).text)
    assert f"{path}/release" not in (await officer.get(f"/console/sessions/{clinic.tomorrow}")).text


async def test_ticked_drafts_are_published_each_on_its_own(clinic: Clinic) -> None:
    officer, day = await an_officer(clinic), clinic.platform.day(3)
    form = f"/console/sessions/new?centre_id={clinic.centre.centre_id}"
    entry = {**FOR_WHOM, **MORNING, "held_on": f"{day}", "when": "by_hand"}
    few, many = [
        str(id_of(await sent(officer, form, **entry | {"doses": doses, "id": str(uuid4())}))) for doses in ("20", "900")
    ]
    listed = f"/console/sessions/publish?day={day}"
    assert set(await faults(officer, f"/console/sessions?day={day}", listed, when="now")) == {"sessions"}
    answer = await officer.post(listed, when="now", session=[few, many, "nonsense", str(uuid4())])
    assert answer.status_code == 400
    assert "The centre has only" in answer.text
    states = "SELECT state FROM session WHERE session_id = %(id)s"
    assert [await value(clinic.platform, states, id=one) for one in (few, many)] == ["published", "draft"]


async def test_seats_are_split_anew_but_never_below_what_is_booked(clinic: Clinic) -> None:
    officer, path = await an_officer(clinic), f"/console/sessions/{clinic.tomorrow}"
    await booked(clinic, await a_home(clinic.platform, 2))
    page = (await officer.get(path)).text
    assert "Booked: 2" in page
    hours = [("09:00", "11:00"), ("11:00", "13:00"), ("22:00", "23:30")]
    split: dict[str, str] = {"doses": "40"}
    for at, (begins, ends) in enumerate(hours, 1):
        split |= {f"starts_at-{at}": begins, f"ends_at-{at}": ends}
        split |= {f"seats-{at}-{one}": "4" for one in (0, 1, 2, 3)}
    wrong = await faults(officer, path, **split | {"seats-1-1": "1"})
    assert wrong == {"slots": "2 are booked already: there cannot be fewer. Withdraw the session, or leave as many."}
    await sent(officer, path, **split | {"seats-1-0": "9"})
    (plan,) = [one for one in (await clinic.sessions()).values() if one["session_id"] == clinic.tomorrow]
    assert plan["available_capacity_dose1"] == 3 * 4 - 2
    walk_in = "SELECT capacity FROM slot_capacity WHERE session_id = %(id)s AND slot_number = 1 AND dose_class = 0"
    assert await value(clinic.platform, walk_in, id=clinic.tomorrow) == 9


async def test_before_a_session_is_withdrawn_it_is_said_how_many_are_told_and_then_they_are(clinic: Clinic) -> None:
    officer, path = await an_officer(clinic), f"/console/sessions/{clinic.tomorrow}"
    home = await a_home(clinic.platform, 2)
    await booked(clinic, home)
    page = (await officer.get(f"{path}/withdraw")).text
    assert "People who are told why: 2" in page
    assert "nearest session with seats" in page
    assert set(await faults(officer, f"{path}/withdraw", reason="")) == {"reason"}
    led = await sent(officer, f"{path}/withdraw", reason="The cold box failed")
    assert "People who are told why: 2" in (await officer.get(led)).text
    assert "The cold box failed" in await clinic.platform.sms(home.mobile, containing="cold box")
    assert (await officer.get("/console/sessions", day=f"{clinic.platform.day(1)}", state="withdrawn")).text.count(
        "The cold box failed"
    ) == 1


async def test_a_weekly_template_is_saved_changed_made_into_weeks_once_and_copied(clinic: Clinic) -> None:
    officer, centre = await an_officer(clinic), clinic.centre.centre_id
    monday = scheduling.week_of(clinic.platform.day()) + timedelta(days=14)
    form = f"/console/weekly/new?centre_id={centre}"
    entry: dict[str, Any] = {**FOR_WHOM, **MORNING, "name": "Weekdays", "weekdays": ["1", "3"], "id": str(uuid4())}
    assert set(await faults(officer, form, **entry | {"weekdays": [], "name": ""})) == {"weekdays", "name"}
    path = (await sent(officer, form, **entry)).partition("?")[0]
    page = (await officer.get(path)).text
    assert [int(one) for one in re.findall(r'name="weekdays" value="(\d)" checked', page)] == [1, 3]
    opening = {"bookable_days": "2", "bookable_time": "16:00"}
    assert set(await faults(officer, path, **entry | opening | {"bookable_time": ""})) == {"bookable_time"}
    await sent(officer, path, **entry | opening | {"weekdays": ["1", "2", "3"]})
    assert re.search(r'name="bookable_time"[^>]* value="16:00"', (await officer.get(path)).text)
    make = {"monday": f"{monday}", "weeks": "1", "when": "by_hand"}
    assert set(await faults(officer, path, f"{path}/make", **make | {"weeks": "13"})) == {"weeks"}
    led = [await sent(officer, path, f"{path}/make", **make) for _ in range(2)]
    made = [int(re.findall(r"made=(\d+)", one)[0]) for one in led]
    assert (made[1], made[0] > 0) == (0, True)
    assert "Drafted: 0." in (await officer.get(led[1])).text
    week = {"copy_from": f"{monday}", "copy_to": f"{monday + timedelta(days=7)}"}
    led[0] = await sent(
        officer, f"/console/weekly?centre_id={centre}", f"/console/weekly/copy?centre_id={centre}", **week
    )
    assert int(re.findall(r"made=(\d+)", led[0])[0]) in range(1, made[0] + 1)
    await sent(officer, path, f"{path}/end")
    assert "SESION0013" in (await officer.get(path)).text


async def test_a_session_is_copied_to_another_day_as_a_draft(clinic: Clinic) -> None:
    officer, path = await an_officer(clinic), f"/console/sessions/{clinic.tomorrow}"
    assert set(await faults(officer, path, f"{path}/copy", copy_to=f"{clinic.platform.day(-3)}")) == {"copy_to"}
    led = await sent(officer, path, f"{path}/copy", copy_to=f"{clinic.platform.day(5)}")
    assert "Draft" in (await officer.get(led)).text
    assert id_of(led) != UUID(clinic.tomorrow)
    discard = f"{led.partition('?')[0]}/withdraw"
    assert "People who are told" not in (await officer.get(discard)).text
    await sent(officer, discard, reason="Not needed")
    assert "Not needed" in (await officer.get(led)).text


async def a_neighbour(clinic: Clinic) -> tuple[places.Centre, UUID]:
    """A centre of another district of the same state, with a draft."""
    async with transaction(clinic.platform.pool) as conn:
        here = await places.district(conn, clinic.centre.district_id)
        others = await places.districts_of(conn, here.state_id)
        other = next(one for one in others if one.district_id != here.district_id and one.latitude is not None)
        centre = await new_centre(conn, other.district_id)
        like = await scheduling.plan_of(conn, TEST, UUID(clinic.tomorrow))
        new = scheduling.NewSession(
            centre.centre_id, clinic.platform.day(1), "COVISHIELD", 18, None, like.session.fee, _nine(), 10
        )
        session_id, _ = await scheduling.draft_session(conn, clinic.platform.floor, TEST, new, None, uuid4())
    return centre, session_id


def _nine() -> tuple[scheduling.NewSlot, ...]:
    return (scheduling.NewSlot(time(9), time(11), {1: 5}),)


async def test_an_officer_neither_sees_nor_changes_what_lies_in_another_district(clinic: Clinic) -> None:
    officer, (centre, session_id) = await an_officer(clinic), await a_neighbour(clinic)
    far, session = f"/console/centres/{centre.centre_id}", f"/console/sessions/{session_id}"
    day = f"{clinic.platform.day(1)}"
    assert far not in (await officer.get("/console/centres", q=centre.name)).text
    assert str(session_id) not in (await officer.get("/console/sessions", day=day, days="7")).text
    for path in (
        *(far, session, f"{session}/withdraw", f"{session}/edit"),
        f"/console/sessions?centre_id={centre.centre_id}&day={day}",
        f"/console/sessions/new?centre_id={centre.centre_id}",
        f"/console/weekly?centre_id={centre.centre_id}",
        f"/console/weekly/new?centre_id={centre.centre_id}",
    ):
        assert (await officer.get(path)).status_code == 403, path
    for path, fields in {
        far: CENTRE,
        f"{far}/close": {"reason": "Away"},
        f"{far}/reopen": {},
        session: {"doses": "1", "starts_at-1": "09:00", "ends_at-1": "11:00", "seats-1-1": "1"},
        f"{session}/publish": {"when": "now"},
        f"{session}/edit": {**FOR_WHOM, **MORNING, "held_on": day},
        f"{session}/release": {"bookable_day": day, "bookable_time": "10:00"},
        f"{session}/copy": {"copy_to": f"{clinic.platform.day(9)}"},
        f"{session}/withdraw": {"reason": "Away"},
        f"/console/sessions/new?centre_id={centre.centre_id}": {**FOR_WHOM, **MORNING, "held_on": day, "when": "now"},
        f"/console/weekly/new?centre_id={centre.centre_id}": {**FOR_WHOM, **MORNING, "name": "W", "weekdays": "1"},
        f"/console/weekly/copy?centre_id={centre.centre_id}": {"copy_from": day, "copy_to": day},
    }.items():
        await officer.get("/console")
        assert (await officer.post(path, **fields)).status_code == 403, path
    await officer.get("/console")
    assert (await officer.post("/console/sessions/publish", when="now", session=str(session_id))).status_code == 403
    await sent(officer, "/console/centres/new", f"/console/centres/new?district_id={centre.district_id}", **CENTRE)
    kept = "SELECT count(*) FROM session WHERE district_id = %(there)s AND state <> 'draft'"
    assert await value(clinic.platform, kept, there=centre.district_id) == 0
    here = "SELECT count(*) FROM centre WHERE district_id = %(there)s AND name = 'PHC Sitapur'"
    assert await value(clinic.platform, here, there=centre.district_id) == 0


async def test_state_and_nation_narrow_the_same_pages_to_a_district_of_their_own(clinic: Clinic) -> None:
    centre, session_id = await a_neighbour(clinic)
    place = await place_of(clinic.platform, clinic.centre)
    _, state = await at_console(clinic.platform, Role.STATE_OFFICER, Place(place.state_id))
    day = f"{clinic.platform.day(1)}"
    both = (await state.get("/console/sessions", day=day, state="draft", q=centre.name)).text
    assert str(session_id) in both
    narrowed = (await state.get("/console/sessions", day=day, district_id=str(clinic.centre.district_id))).text
    assert str(session_id) not in narrowed
    assert clinic.tomorrow in narrowed
    assert "Choose a district" in (await state.get("/console/centres")).text
    async with transaction(clinic.platform.pool) as conn:
        states = await places.all_states(conn)
        foreign = next(one for one in states if one.state_id != place.state_id)
        away = (await places.districts_of(conn, foreign.state_id))[0].district_id
    assert (await state.get("/console/centres", district_id=str(away))).status_code == 403
    await state.get("/console")
    taken = await state.post(f"/console/centres/new?district_id={away}", **CENTRE)
    assert taken.status_code == 403
    _, nation = await at_console(clinic.platform, Role.NATION_OFFICER, Place())
    choose = (await nation.get("/console/centres/new", state_id=str(place.state_id))).text
    assert f'<option value="{centre.district_id}"' in choose
    led = await sent(nation, f"/console/centres/new?district_id={centre.district_id}", **CENTRE)
    assert (await nation.get(led)).status_code == 200


async def test_a_manager_plans_at_the_own_centre_only(clinic: Clinic) -> None:
    place = await place_of(clinic.platform, clinic.centre)
    _, manager = await at_console(clinic.platform, Role.CENTRE_MANAGER, place)
    assert clinic.centre.name in (await manager.get("/console/sessions/new")).text
    assert clinic.tomorrow in (await manager.get("/console/sessions", day=f"{clinic.platform.day(1)}")).text
    assert (await manager.get("/console/centres")).status_code == 403
    async with transaction(clinic.platform.pool) as conn:
        beside = await new_centre(conn, clinic.centre.district_id)
    assert (await manager.get(f"/console/sessions/new?centre_id={beside.centre_id}")).status_code == 403


async def test_the_overview_says_what_is_short_and_which_drafts_were_held_back(clinic: Clinic) -> None:
    officer, platform = await an_officer(clinic), clinic.platform
    async with transaction(platform.pool) as conn:
        empty = await new_centre(conn, clinic.centre.district_id)
        await stock_in(conn, platform.floor, empty, "COVISHIELD", doses=3)
        like = await scheduling.plan_of(conn, TEST, UUID(clinic.tomorrow))
        new = scheduling.NewSession(
            empty.centre_id, platform.day(1), "COVISHIELD", 18, None, like.session.fee, _nine(), 9
        )
        await scheduling.draft_session(conn, platform.floor, TEST, new, platform.floor.clock.now(), uuid4())
        await scheduling.publish_due(conn, platform.floor)
    page = (await officer.get("/console")).text
    held = re.search(r"<dt>Drafts that could not be published</dt><dd><a href=\"([^\"]+)\">(\d+)<", page)
    assert held is not None
    assert int(held[2]) >= 1
    assert re.search(rf"<td>{empty.name}</td><td>Covishield</td><td class=\"number\">3</td>", page)
    counted = re.search(r"<dt>Centres short of a vaccine</dt><dd><a[^>]*>(\d+)<", page)
    named = page.partition("Centres short of a vaccine</caption>")[2].count("<tr>") - 1
    assert counted is not None
    assert min(int(counted[1]), 10) == named, "the figure and the list say the same"
    listed = (await officer.get(unescape(held[1]))).text
    assert empty.name in listed
    assert "Waits for doses" in listed


@pytest.mark.parametrize("query", ["day=9999-12-31&days=31", "q=%00", "day=nonsense&page=-1", "centre_id=99999999999"])
async def test_an_address_that_makes_no_sense_breaks_no_list(clinic: Clinic, query: str) -> None:
    officer = await an_officer(clinic)
    assert (await officer.get(f"/console/sessions?{query}")).status_code in {200, 400}
    assert (await officer.get(f"/console/centres?{query}")).status_code == 200
