"""Rules that officers announce: dated, never retroactive, rehearsed first, narrowed by states where they may."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from opencowin import places, programme
from opencowin.identity import Role, permissions_of
from opencowin.kit.actor import Actor, ActorKind, NotPermitted, Permission, Place
from opencowin.kit.db import Connection
from opencowin.kit.floor import Floor
from opencowin.programme import Facts, RuleWish, Wish, decide
from tests.builders import new_centre, stock_in
from tests.rooms.scene import Scene, at

pytestmark = pytest.mark.anyio
RULES = frozenset({Permission.MANAGE_RULES})
NATION = Actor(ActorKind.STAFF, "nation", permissions_of(Role.NATION_OFFICER) | RULES)
STATE = Actor(ActorKind.STAFF, "state", RULES, place=Place(27))


def opening(floor: Floor, days: int = 1, **how: object) -> RuleWish:
    wish = RuleWish(
        valid_from=floor.clock.today() + timedelta(days=days),
        group_id="aged_12_to_14",
        doses=(1,),
        vaccines=("COVISHIELD",),
        source="Cabinet decision",
    )
    return replace(wish, **how)  # type: ignore[arg-type]


def asks(on: date, *, born: int, booked_on: date | None = None, state: int | None = None) -> tuple[Facts, Wish]:
    facts = Facts(birth_year=born, birth_date=date(born, 1, 1))
    return facts, Wish(dose=1, vaccine_id="COVISHIELD", on=on, booked_on=booked_on or on, state_id=state)


async def test_a_rule_never_reaches_back(conn: Connection, floor: Floor) -> None:
    for wish in (opening(floor, 0), opening(floor, -300), opening(floor, -1, stop=True)):
        with pytest.raises(programme.RuleRetroactive):
            await programme.announce_rule(conn, floor, NATION, wish)
    today = floor.clock.today()
    child = asks(today + timedelta(days=1), born=today.year - 13)
    assert not decide(*child, await programme.current_programme(conn)).eligible
    await programme.announce_rule(conn, floor, NATION, opening(floor))
    rules = await programme.current_programme(conn)
    assert decide(*child, rules).eligible
    yesterday = asks(today, born=today.year - 13)
    assert not decide(*yesterday, rules).eligible, "the day of the announcement stays as it was"


async def test_a_booking_keeps_the_rule_it_was_made_under_but_for_a_stop(conn: Connection, floor: Floor) -> None:
    today = floor.clock.today()
    closing = opening(floor, group_id="aged_18_and_over", withdrawn=True)
    for wish in (closing, replace(closing, group_id="aged_45_and_over"), replace(closing, group_id="aged_60_and_over")):
        await programme.announce_rule(conn, floor, NATION, wish)
    soon = today + timedelta(days=5)
    rules = await programme.current_programme(conn)
    assert not decide(*asks(soon, born=1950), rules).eligible
    assert decide(*asks(soon, born=1950, booked_on=today), rules).eligible, "booked before the rule"
    for group in ("aged_18_and_over", "aged_45_and_over", "aged_60_and_over"):
        await programme.announce_rule(conn, floor, NATION, replace(closing, group_id=group, stop=True))
    rules = await programme.current_programme(conn)
    assert not decide(*asks(soon, born=1950, booked_on=today), rules).eligible, "a stop spares nobody"


async def test_a_rehearsal_tells_who_would_be_let_in_and_writes_nothing(conn: Connection, floor: Floor) -> None:
    before = await programme.current_programme(conn)
    after, rule = await programme.draft_rule(conn, floor, NATION, opening(floor))
    changed = programme.rehearse(before, after, rule)
    assert {one.age for one in changed} == {12}
    assert all(one.after is programme.Reason.ELIGIBLE and one.vaccine_id == "COVISHIELD" for one in changed)
    assert await programme.current_programme(conn) == before


async def test_a_rule_that_makes_no_sense_is_refused(conn: Connection, floor: Floor) -> None:
    for wish in (
        opening(floor, group_id="nobody"),
        opening(floor, vaccines=("WATER",)),
        opening(floor, doses=()),
        opening(floor, valid_until=floor.clock.today()),
        opening(floor, group_id="", doses=(2,)),
        opening(floor, group_id="", vaccines=()),
        opening(floor, group_id="", doses=(2,), after=("COVISHIELD",), min_days=90, max_days=10),
    ):
        with pytest.raises(programme.RuleInvalid):
            await programme.announce_rule(conn, floor, NATION, wish)
    with pytest.raises(programme.RuleUnexplained):
        await programme.announce_rule(conn, floor, NATION, opening(floor, source="  "))


async def test_what_officers_announced_outlives_the_loading_of_the_pack(conn: Connection, floor: Floor) -> None:
    step = opening(floor, group_id="", doses=(2,), after=("COVISHIELD",), min_days=7)
    rule_id = await programme.announce_rule(conn, floor, NATION, step)
    await programme.load_programme(conn, floor.pack)
    rules = await programme.current_programme(conn)
    assert rule_id in {one.rule_id for one in rules.steps}


async def test_a_state_only_narrows_and_only_what_it_may(conn: Connection, floor: Floor) -> None:
    today = floor.clock.today()
    narrowing = opening(floor, group_id="aged_18_and_over", withdrawn=True)
    for wish in (
        replace(narrowing, withdrawn=False),
        replace(narrowing, group_id="aged_60_and_over"),
        opening(floor, group_id="", doses=(2,), after=("COVISHIELD",)),
    ):
        with pytest.raises(NotPermitted):
            await programme.announce_rule(conn, floor, STATE, wish)
    district = Actor(ActorKind.STAFF, "district", RULES, place=Place(27, 1))
    with pytest.raises(NotPermitted):
        await programme.announce_rule(conn, floor, district, narrowing)
    await programme.announce_rule(conn, floor, STATE, narrowing)
    rules = await programme.current_programme(conn)
    soon = today + timedelta(days=3)
    assert not decide(*asks(soon, born=1995, state=27), rules).eligible
    assert decide(*asks(soon, born=1995, state=21), rules).eligible
    assert decide(*asks(soon, born=1995), rules).eligible


async def test_a_states_narrowing_is_felt_where_people_book(conn: Connection, floor: Floor) -> None:
    district = next(one for one in await places.districts_of(conn, 27) if one.latitude is not None)
    near, far = await new_centre(conn, district.district_id), await new_centre(conn)
    for centre in (near, far):
        await stock_in(conn, floor, centre, "COVISHIELD", doses=100)
    await programme.announce_rule(conn, floor, STATE, opening(floor, group_id="aged_18_and_over", withdrawn=True))
    tomorrow = at(floor, 8, ahead=1)
    on = floor.clock.today() + timedelta(days=4)
    for centre, closed in ((far, False), (near, True)):
        scene = Scene(conn, tomorrow, centre)
        session, people = await scene.session(on), await scene.family(1, born=1995)
        if closed:
            with pytest.raises(programme.NotEligible):
                await scene.book(people, session)
        else:
            await scene.book(people, session)
