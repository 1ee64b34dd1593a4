"""The demo writes what the rooms would: counters fit rows, stock fits sessions, and later days are topped up."""

from dataclasses import replace
from datetime import timedelta
from typing import LiteralString

import pytest

from opencowin import demo
from opencowin.demo import Plan
from opencowin.kit.clock import Clock
from opencowin.kit.db import Pool, fetch_value, transaction
from opencowin.kit.floor import Floor

pytestmark = pytest.mark.anyio

TINY = demo.Size("tiny", centres=0, districts_per_state=1)


def in_silence(stage: str, done: int, whole: int) -> None:
    """No progress."""


def plan_of(floor: Floor) -> Plan:
    return Plan(demo.read_recipe(floor.pack), TINY, "1")


def days_later(floor: Floor, days: int) -> Floor:
    return replace(floor, clock=Clock(floor.clock.zone, lambda: floor.clock.now() + timedelta(days=days)))


@pytest.fixture
async def made(pool: Pool, floor: Floor) -> demo.Made:
    """The demo's supply with its crowds; made once for the module, found again by the later tests."""
    plan = plan_of(floor)
    made = await demo.make_supply(pool, floor, plan, in_silence)
    await demo.fill(pool, floor, plan.recipe, made.crowded, in_silence)
    return made


async def ask(pool: Pool, statement: LiteralString, **parameters: object) -> int:
    async with transaction(pool) as conn:
        return int(await fetch_value(conn, statement, **parameters))


async def test_counters_fit_rows_and_stock_fits_sessions(made: demo.Made, pool: Pool) -> None:
    assert await ask(pool, "SELECT count(*) FROM centre") == 37 * 6
    assert await ask(pool, "SELECT count(*) FROM session") > 37 * 6 * 5
    seats = "SELECT count(*) FROM slot_capacity s WHERE booked <> (SELECT count(*) FROM appointment a WHERE a.state = "
    seats += "'booked' AND (a.district_id, a.session_id, a.slot_number, a.dose_class) = "
    seats += "(s.district_id, s.session_id, s.slot_number, s.dose_class))"
    assert await ask(pool, seats) == 0
    doses = "SELECT count(*) FROM session_stock s WHERE doses <> (SELECT sum(b.doses) FROM session_batch b "
    doses += "WHERE b.session_id = s.session_id)"
    assert await ask(pool, doses) == 0
    allotted = "SELECT count(*) FROM batch b WHERE allotted <> (SELECT sum(s.doses) FROM session_batch s WHERE "
    allotted += "(s.district_id, s.centre_id, s.vaccine_id, s.batch_number) = "
    allotted += "(b.district_id, b.centre_id, b.vaccine_id, b.batch_number))"
    assert await ask(pool, allotted) == 0


async def test_each_district_has_a_full_session_to_come(made: demo.Made, pool: Pool, floor: Floor) -> None:
    full = "SELECT count(DISTINCT district_id) FROM session JOIN session_stock USING (district_id, session_id) "
    full += "WHERE booked = doses AND held_on > %(today)s"
    assert await ask(pool, full, today=floor.clock.today()) == 37


async def test_a_second_run_makes_nothing_and_later_days_are_topped_up(
    made: demo.Made, pool: Pool, floor: Floor
) -> None:
    again = await demo.make_supply(pool, floor, plan_of(floor), in_silence)
    assert (again.centres, again.sessions) == (0, 0)
    later = await demo.make_supply(pool, days_later(floor, 2), plan_of(floor), in_silence)
    assert later.centres == 0
    assert later.sessions > 0
    last = floor.clock.today() + timedelta(days=6)
    assert await ask(pool, "SELECT count(*) FROM session WHERE held_on > %(last)s", last=last) == later.sessions


async def test_vaccinating_gives_the_dose_that_is_due_and_fulfils_the_appointment(
    made: demo.Made, pool: Pool, floor: Floor
) -> None:
    async with transaction(pool) as conn:
        reference = await fetch_value(
            conn, "SELECT reference_id FROM beneficiary JOIN claim USING (account_id, beneficiary_id) LIMIT 1"
        )
        first = await demo.give_due_dose(conn, floor, reference)
    assert (first.dose.dose_number, first.dose.flags) == (1, frozenset())
    given = "SELECT count(*) FROM claim WHERE beneficiary_id = %(who)s AND state = 'given'"
    assert await ask(pool, given, who=first.dose.person.beneficiary_id) == 1
    with pytest.raises(demo.NotDueYet):
        async with transaction(pool) as conn:
            await demo.give_due_dose(conn, floor, reference)


async def test_two_doses_can_be_played_by_giving_the_first_on_an_earlier_day(
    made: demo.Made, pool: Pool, floor: Floor
) -> None:
    async with transaction(pool) as conn:
        reference = await fetch_value(
            conn,
            """
            SELECT reference_id FROM beneficiary JOIN claim USING (account_id, beneficiary_id)
            WHERE claim.state = 'confirmed' LIMIT 1
            """,
        )
        earlier = floor.clock.today() - timedelta(days=100)
        first = await demo.give_due_dose(conn, floor, reference, on=earlier)
        second = await demo.give_due_dose(conn, floor, reference)
        assert (second.dose.dose_number, second.dose.vaccine_id) == (2, first.dose.vaccine_id)
