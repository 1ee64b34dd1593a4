"""An officer at the console: issues looked at, decided, handed over, merges parted again; doses that do not fit."""

import re
from dataclasses import replace
from datetime import time
from typing import Any
from uuid import uuid4

import pytest

from opencowin import cases, places, registry, vaccination
from opencowin.cases import CaseKind, CaseState, FlagKind, Wish
from opencowin.identity import Role
from opencowin.kit.actor import Place
from opencowin.kit.db import transaction
from tests.builders import TEST, a_dose, citizen
from tests.rooms.case_scene import JPEG, Bench, officer
from tests.surface import Surface
from tests.web.clinic import value
from tests.web.desks import Browser, at_console

pytestmark = pytest.mark.anyio


async def bench_of(platform: Surface, conn: Any) -> tuple[Bench, Place]:
    """A centre, and the place of its district."""
    bench = await Bench.of(conn, platform.floor)
    district = await places.district(conn, bench.centre.district_id)
    return bench, Place(district.state_id, district.district_id)


async def a_wrong_name(platform: Surface) -> tuple[cases.Case, registry.Beneficiary, Place]:
    """A vaccinated person whose household asks to have the name put right, with a picture."""
    async with transaction(platform.pool) as conn:
        bench, place = await bench_of(platform, conn)
        who = await bench.person("Asha Kumri")
        await bench.dose(who)
        case = await bench.raised(who, CaseKind.FACTS_WRONG, Wish(facts=registry.Correction(name="Asha Kumari")))
    return case, who, place


async def looks(platform: Surface, action: str, reason: str) -> int:
    """How many rows of the trail say this."""
    said = "SELECT count(*) FROM audit WHERE action = %(action)s AND reason = %(reason)s"
    return int(await value(platform, said, action=action, reason=reason))


async def decide(browser: Browser, number: int, verdict: str, reason: str = "Papers seen") -> Any:
    """Send the form of a case."""
    await browser.get(f"/console/cases/{number}")
    return await browser.post(f"/console/cases/{number}", verdict=verdict, reason=reason)


async def test_an_officer_sees_what_would_change_and_decides(platform: Surface) -> None:
    case, who, place = await a_wrong_name(platform)
    _, browser = await at_console(platform, Role.DISTRICT_OFFICER, place)
    number, page = case.case_number, (await browser.get("/console/cases", kind="facts_wrong")).text
    assert str(number) in page
    assert str(number) not in (await browser.get("/console/cases", found="Y")).text
    assert str(number) not in (await browser.get("/console/cases", days="3")).text
    assert str(who.reference_id) not in page
    shown = (await browser.get(f"/console/cases/{number}")).text
    assert re.search(r"Asha Kumri</span></td>\s*<td><span[^>]*><b>Asha Kumari</b>", shown)
    assert await looks(platform, "registry.read_person", f"case {number}") == 1
    empty = await browser.post(f"/console/cases/{number}", verdict="refuse", reason=" ")
    assert (empty.status_code, "Say why, in up to" in empty.text) == (400, True)
    assert (await browser.post(f"/console/cases/{number}", reason="No button")).status_code == 400
    assert (await decide(browser, number, "ask")).status_code == 303
    assert "waiting for an answer" in (await browser.get(f"/console/cases/{number}")).text
    assert (await decide(browser, number, "accept")).status_code == 303
    page = (await browser.get(f"/console/cases/{number}")).text
    assert 'value="accept"' not in page
    async with transaction(platform.pool) as conn:
        assert (await registry.read_person(conn, platform.floor, officer(), who.person, "test")).name == "Asha Kumari"
    again = await decide(browser, number, "accept")
    assert again.status_code == 400
    assert "decided already" in again.text


async def test_proof_is_fetched_by_officers_of_the_place_alone(platform: Surface) -> None:
    async with transaction(platform.pool) as conn:
        bench, place = await bench_of(platform, conn)
        who = await bench.person()
        await bench.dose(who)
        new = cases.NewCase(uuid4(), CaseKind.DEATH, "He died", who.reference_id, Wish(died_on=bench.day()))
        home, proof = citizen(who.person.account_id), [cases.Shown(uuid4(), JPEG)]
        case = await cases.raise_case(conn, platform.floor, home, new, proof)
    _, browser = await at_console(platform, Role.DISTRICT_OFFICER, place)
    page = (await browser.get(f"/console/cases/{case.case_number}")).text
    (path,) = re.findall(r'href="(/console/cases/\d+/proof/[^"]+)"', page)
    answer = await browser.get(path)
    assert (answer.content, answer.headers["content-disposition"]) == (JPEG, 'attachment; filename="proof.jpg"')
    assert await looks(platform, "cases.evidence", f"case {case.case_number}") == 1
    assert place.district_id is not None
    _, other = await at_console(platform, Role.DISTRICT_OFFICER, Place(place.state_id, place.district_id + 1))
    for forbidden in (path, f"/console/cases/{case.case_number}"):
        assert "There is no issue with this number" in (await other.get(forbidden)).text
    assert str(case.case_number) not in (await other.get("/console/cases")).text


async def test_a_case_of_another_district_is_handed_over(platform: Surface) -> None:
    case, _, place = await a_wrong_name(platform)
    assert place.district_id is not None
    there = place.district_id + 1
    _, browser = await at_console(platform, Role.DISTRICT_OFFICER, place)
    _, other = await at_console(platform, Role.DISTRICT_OFFICER, Place(place.state_id, there))
    path = f"/console/cases/{case.case_number}/district"
    assert f'<option value="{there}"' in (await browser.get(path)).text
    for wrong in ("", str(place.district_id), "2147483647", "99999999999"):
        assert (await browser.post(path, district=wrong, reason="The dose was given there")).status_code == 400
    done = await browser.post(path, district=there, reason="The dose was given there")
    assert (done.status_code, done.headers["location"]) == (303, "/console/cases?done=handed")
    assert str(case.case_number) not in (await browser.get("/console/cases")).text
    page = (await other.get(f"/console/cases/{case.case_number}")).text
    assert "The dose was given there" in page
    assert (await decide(other, case.case_number, "accept")).status_code == 303
    assert await looks(platform, "cases.hand_over", "The dose was given there") == 1


async def test_two_records_stand_side_by_side_are_merged_and_parted(platform: Surface) -> None:
    async with transaction(platform.pool) as conn:
        bench, place = await bench_of(platform, conn)
        kept, other = await bench.person(), await bench.person("Asha Kumary")
        await bench.dose(kept, ago=90)
        await bench.dose(other)
        code = cases.OtherRecord(other.reference_id, other.secret_code)
        case = await bench.raised(kept, CaseKind.MERGE, other=code)
    _, browser = await at_console(platform, Role.DISTRICT_OFFICER, place)
    page = (await browser.get(f"/console/cases/{case.case_number}")).text
    assert (str(kept.reference_id) in page, str(other.reference_id) in page) == (True, True)
    assert page.index("Asha Kumari") < page.index("Asha Kumary")
    assert (await decide(browser, case.case_number, "accept")).status_code == 303
    page = (await browser.get(f"/console/cases/{case.case_number}")).text
    assert 'value="undo"' in page
    assert (await decide(browser, case.case_number, "undo", "Two sisters")).status_code == 303
    async with transaction(platform.pool) as conn:
        bench = Bench(conn, platform.floor, bench.centre)
        assert [await bench.numbers(one.person) for one in (kept, other)] == [
            [(1, bench.day(90).isoformat())],
            [(1, bench.day().isoformat())],
        ]
        assert await bench.state(case) is CaseState.REFUSED


async def test_a_dose_that_does_not_fit_is_settled_with_a_reason(platform: Surface) -> None:
    async with transaction(platform.pool) as conn:
        bench, place = await bench_of(platform, conn)
        who = await bench.person()
        await bench.dose(who, 1, ago=9)
        wrong = await bench.dose(who, 1, ago=2)
        await cases.raise_flags(conn, platform.floor)
    _, browser = await at_console(platform, Role.DISTRICT_OFFICER, place)
    page = (await browser.get("/console/flags", kind="dose_number_conflict")).text
    assert str(who.reference_id) in page
    flag = re.findall(r'action="/console/flags/(\d+)', page)[-1]
    assert (await browser.post(f"/console/flags/{flag}", outcome="upheld", reason="")).status_code == 400
    assert (await browser.post(f"/console/flags/{flag}", reason="Said without an outcome")).status_code == 400
    done = await browser.post(f"/console/flags/{flag}", outcome="dismissed", reason="Typed twice")
    assert done.status_code == 303
    assert f"/console/flags/{flag}" not in (await browser.get("/console/flags")).text
    assert "Typed twice" in (await browser.get("/console/flags", state="dismissed")).text
    assert (await browser.post(f"/console/flags/{flag}", outcome="upheld", reason="Again")).status_code == 400
    assert wrong.dose_number == 1


async def everything_wrong(platform: Surface) -> tuple[dict[FlagKind, str], Place]:
    """A site where nothing fits: by kind, what its flag is told by; and the district's place."""
    floor, hours = platform.floor, {"doses_per_vaccinator_per_hour": 1, "vaccinators_where_unknown": 1}
    strict = replace(floor, settings=floor.settings.model_copy(update=hours))
    closed = 1 if floor.clock.local(floor.clock.now()).hour >= 12 else 22
    async with transaction(platform.pool) as conn:
        bench, place = await bench_of(platform, conn)
        hour = [time(closed), time(closed + 1), bench.centre.centre_id]
        await conn.execute("UPDATE centre SET opens_at = %s, closes_at = %s WHERE centre_id = %s", hour)
        dead, far, late, twice = [await bench.person(f"Person {name}") for name in ("Asha", "Binu", "Charu", "Devi")]
        await bench.dose(dead, ago=3)
        await bench.accept(await bench.raised(dead, CaseKind.DEATH, Wish(died_on=bench.day(10))))
        away = (bench.centre.latitude + 1, bench.centre.longitude)
        given = a_dose(far.person, bench.centre, 1, bench.day(), 0)
        await vaccination.record_dose(conn, floor, TEST, replace(given, recorded_at_point=away))
        await bench.dose(late)
        await bench.dose(twice, 1, ago=9)
        await bench.dose(twice, 1, ago=2, batch="NEVER-CAME")
        await cases.raise_flags(conn, strict)
    told = {
        FlagKind.AFTER_DEATH: str(dead.reference_id),
        FlagKind.FAR_FROM_SITE: str(far.reference_id),
        FlagKind.OUTSIDE_HOURS: str(late.reference_id),
        FlagKind.NUMBER_THERE_ALREADY: str(twice.reference_id),
        FlagKind.TOO_FAST: bench.centre.name,
        FlagKind.BEYOND_STOCK: bench.centre.name,
    }
    return told, place


async def test_the_district_sees_every_kind_of_dose_that_does_not_fit(platform: Surface) -> None:
    told, place = await everything_wrong(platform)
    assert set(told) == set(FlagKind)
    assert place.state_id
    async with transaction(platform.pool) as conn:
        others = [one.district_id for one in await places.districts_of(conn, place.state_id)]
    elsewhere = next(one for one in others if one != place.district_id)
    _, browser = await at_console(platform, Role.DISTRICT_OFFICER, place)
    _, stranger = await at_console(platform, Role.DISTRICT_OFFICER, Place(place.state_id, elsewhere))
    for kind, mark in told.items():
        assert mark in (await browser.get("/console/flags", kind=kind.value)).text, kind
        assert mark not in (await stranger.get("/console/flags", kind=kind.value)).text, kind


async def test_who_answers_no_issues_does_not_see_the_pages(platform: Surface) -> None:
    case, _, _ = await a_wrong_name(platform)
    _, helpline = await at_console(platform, Role.HELPLINE_OPERATOR, Place())
    for path in ("/console/cases", f"/console/cases/{case.case_number}", "/console/flags"):
        assert (await helpline.get(path)).status_code == 403
