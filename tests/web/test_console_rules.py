"""Dated rules at the console: read by officers, rehearsed and announced by nation and state, never by a district."""

import re
from datetime import timedelta

import pytest

from opencowin import programme
from opencowin.identity import Role
from opencowin.kit.actor import Place
from opencowin.kit.db import transaction
from tests.surface import Surface
from tests.web.clinic import value
from tests.web.desks import at_console

pytestmark = pytest.mark.anyio
NEW, STEP = "/console/rules/new", "/console/rules/new?kind=step"
FAULT = re.compile(r'class="fault" id="([\w-]+)-fault">([^<]+)<')
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


def a_rule(platform: Surface, ahead: int = 3, **how: str) -> dict[str, str]:
    day = platform.floor.clock.today() + timedelta(days=ahead)
    rule = {"group_id": "aged_12_to_14", "doses": "1", "vaccines": "COVISHIELD", "does": "allow"}
    return rule | {"valid_from": f"{day}", "source": "Cabinet, this week"} | how


async def test_the_nation_rehearses_a_rule_and_announces_what_it_rehearsed(platform: Surface) -> None:
    _, nation = await at_console(platform, Role.NATION_OFFICER, Place())
    form = (await nation.get(NEW)).text
    assert 'href="/console/rules"' in form
    shown = await nation.post(NEW, **a_rule(platform, id="7f5f0d5e-6f0f-4c57-b6a0-6f8f7b1f3a11"))
    assert shown.status_code == 200
    assert re.search(r"<td>12</td>.*?Allowed", shown.text, re.DOTALL), "who would be let in"
    assert "Cabinet, this week" not in (await nation.get("/console/rules")).text, "a rehearsal announces nothing"
    carried = dict(HIDDEN.findall(shown.text)) | {"announce": "1"}
    carried.pop("token")
    for _ in range(2):
        assert (await nation.post(NEW, **carried)).status_code == 303
    assert (await nation.get("/console/rules")).text.count("Cabinet, this week") == 1, "sent twice it is one"
    audited = await value(
        platform,
        "SELECT count(*) FROM audit WHERE action = 'programme.announce_rule' AND reason = %(said)s",
        said="Cabinet, this week",
    )
    assert audited == 1


async def test_what_is_wrong_with_a_rule_stands_beside_its_field(platform: Surface) -> None:
    _, nation = await at_console(platform, Role.NATION_OFFICER, Place())

    async def wrong(path: str, **fields: str) -> set[str]:
        await nation.get(path)
        answer = await nation.post(path, **fields)
        assert answer.status_code == 400
        return {name for name, _ in FAULT.findall(answer.text)}

    assert await wrong(NEW) == {"group_id", "doses", "does", "valid_from", "source"}
    assert await wrong(NEW, **a_rule(platform, ahead=0)) == {"valid_from"}
    assert await wrong(NEW, **a_rule(platform, source="x")) == {"source"}
    assert await wrong(NEW, **a_rule(platform, valid_until="2021-01-01")) == {"valid_until"}
    assert await wrong(NEW, **a_rule(platform, vaccines="WATER", doses="9")) == {"vaccines", "doses"}
    step = a_rule(platform, vaccine_id="COVISHIELD", dose="2", min_days="90", max_days="10", after="COVISHIELD")
    assert await wrong(STEP, **step) == {"dose"}
    hindi = await nation.post(f"{NEW}?lang=hi", **a_rule(platform, ahead=0, source="Cabinet again"))
    assert re.search(r'id="valid_from-fault">[^<]*[\u0900-\u097f]', hindi.text), "in the reader's language"


async def test_a_shorter_gap_is_rehearsed_by_days(platform: Surface) -> None:
    _, nation = await at_console(platform, Role.NATION_OFFICER, Place())
    await nation.get(STEP)
    step = a_rule(platform, vaccine_id="COVISHIELD", dose="2", min_days="14", after="COVISHIELD")
    shown = await nation.post(STEP, **step)
    assert re.search(r"Allowed</td>\s*<td[^>]*>2</td><td>14 – 56</td>", shown.text), re.findall(
        r"<tr>.*?</tr>", shown.text, re.DOTALL
    )


async def test_a_state_closes_for_itself_what_it_may_and_a_district_only_reads(platform: Surface) -> None:
    _, state = await at_console(platform, Role.STATE_OFFICER, Place(21))
    form = (await state.get(NEW)).text
    assert re.findall(r'<option value="(\w+)"', form) == ["aged_18_and_over"]
    assert 'value="allow"' not in form
    assert (await state.post(NEW, **a_rule(platform))).status_code == 400, "not what the form offers"
    closing = a_rule(platform, group_id="aged_18_and_over", does="close", announce="1", source="Health department")
    assert (await state.post(NEW, **closing)).status_code == 303
    listed = (await state.get("/console/rules")).text
    assert re.search(r"Maharashtra.*?No longer allowed.*?Health department", listed, re.DOTALL)
    _, district = await at_console(platform, Role.DISTRICT_OFFICER, Place(21, 363))
    assert "Health department" in (page := (await district.get("/console/rules")).text)
    assert NEW not in page
    assert (await district.get(NEW)).status_code == 403
    assert (await district.post(NEW, **closing)).status_code == 403


async def test_a_rule_that_was_replaced_is_listed_no_more(platform: Surface) -> None:
    async with transaction(platform.pool) as conn:
        rules = await programme.current_programme(conn)
    today = platform.floor.clock.today()
    listed = programme.standing(rules, today)
    assert {one.rule_id for one in listed} < {one.rule_id for one in (*rules.openings, *rules.steps)}
    assert all(one.covers(today) for one in listed)
    assert not {one.rule_id for one in listed} & {one.rule_id for one in programme.coming(rules, today)}
