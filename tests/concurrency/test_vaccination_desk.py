"""The vaccination desk: doses that are reported together are recorded as if each report had come alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, LiteralString
from uuid import UUID, uuid4

import psycopg
import pytest

from opencowin.kit.actor import Actor, ActorKind, Permission, Place
from opencowin.kit.db import Pool, fetch_value, run, transaction
from opencowin.kit.errors import Unavailable
from opencowin.kit.floor import Floor
from opencowin.programme import current_programme
from opencowin.scheduling import VaccinationDesk
from opencowin.vaccination import GivenDose, Recorded, doses_of, queries
from tests.builders import TEST, a_dose, member
from tests.concurrency.crowd import NOON, Crowd, Family
from tests.concurrency.doors import Doors, kinds

pytestmark = pytest.mark.anyio
TOO_LARGE = 2**40
"""A centre that the database cannot even compare: the call fails, it is not refused."""
NOWHERE = Actor(ActorKind.PARTNER, "elsewhere", frozenset({Permission.VACCINATE}), place=Place(state_id=0))
IDLE = Actor(ActorKind.PARTNER, "idle")
COUNTED: LiteralString = "SELECT coalesce(sum(amount), 0) FROM measure_change WHERE measure = 'dose'"
NEWS: LiteralString = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'vaccination.dose_recorded'"
TRAIL: LiteralString = "SELECT count(*) FROM audit WHERE action = 'vaccination.record_dose'"
LOOKS: LiteralString = "SELECT count(*) FROM audit WHERE action = 'registry.read_person'"
Call = tuple[Actor, int, partial[GivenDose]]


@dataclass(slots=True)
class Point:
    """A vaccination point: its crowd, and its desk with counted transactions."""

    crowd: Crowd
    doors: Doors
    desk: VaccinationDesk

    def call(self, family: Family, actor: Actor = TEST, reference: int | None = None, **facts: Any) -> Call:
        one = family[0]
        today = self.crowd.floor.clock.today()
        usual = {
            "dose_id": uuid4(),
            "dose_number": 1,
            "vaccine_id": "COVISHIELD",
            "batch_number": "B-1",
            "given_on": today,
            "vaccinator_name": "Sister Mary",
            "centre_id": self.crowd.centre.centre_id,
        }
        return actor, one.reference_id if reference is None else reference, partial(GivenDose, **{**usual, **facts})

    async def come(self, *calls: Call) -> list[Recorded | BaseException]:
        """All at once: those after the first are gathered while it is answered."""
        lane = self.crowd.centre.centre_id
        asked = (self.desk.vaccinate(actor, reference, given, centre_id=lane) for actor, reference, given in calls)
        return await asyncio.gather(*asked, return_exceptions=True)

    async def value(self, sql: LiteralString, **parameters: Any) -> int:
        async with transaction(self.crowd.pool) as conn:
            return int(await fetch_value(conn, sql, **parameters))

    async def counts(self) -> list[int]:
        return [await self.value(sql) for sql in (COUNTED, NEWS, TRAIL, LOOKS)]

    async def doses(self, families: Sequence[Family]) -> list[list[tuple[int, str]]]:
        """Number and state of everybody's doses."""
        async with transaction(self.crowd.pool) as conn:
            found = [await doses_of(conn, one[0].person, every_state=True) for one in families]
        return [[(dose.dose_number, dose.state.value) for dose in doses] for doses in found]


@pytest.fixture
async def point(pool: Pool, floor: Floor) -> Point:
    doors = Doors(pool)
    return Point(await Crowd.at_a_centre(pool, floor), doors, VaccinationDesk(floor, doors))


def said(answer: Recorded | BaseException) -> object:
    """What is told of a dose, or the refusal."""
    if not isinstance(answer, Recorded):
        return type(answer).__name__
    dose, due = answer.dose, answer.due(answer.dose.given_on)
    told = dose.dose_number, dose.vaccine_id, dose.state.value, sorted(dose.flags), dose.session_id is not None
    return *told, answer.status().value, len(answer.standing), due.dose if due else None


async def calls_of_every_kind(point: Point) -> list[Call]:
    crowd, call = point.crowd, point.call
    session, other = [await crowd.session(seats=30) for _ in range(2)]
    plain, booked, elsewhere, away, twice, disputed, again, *rest = await crowd.families(16)
    for family, where in ((booked, session), (elsewhere, session), (away, other)):
        await crowd.book(family, where, NOON)
    async with transaction(crowd.pool) as conn:
        child = [await member(conn, crowd.floor, born=crowd.floor.clock.today().year - 5)]
    known = call(again)
    await point.come(known)
    return [
        call(plain),
        call(booked, session_id=session),
        call(elsewhere, batch_number="B-9"),
        call(away),
        call(twice, dose_id=(one := uuid4())),
        call(twice, dose_id=one),
        call(disputed),
        call(disputed, vaccine_id="COVAXIN"),
        known,
        call(again, dose_number=2),
        call(child),
        call(rest[0], reference=10_000_000_000_001),
        call(rest[1], vaccine_id="WATER"),
        call(rest[2], given_on=crowd.floor.clock.today().replace(year=2999)),
        call(rest[3], centre_id=2**31 - 1),
        call(rest[4], NOWHERE),
        call(rest[5], IDLE),
        call(rest[6], vaccinator_name="\x00"),
        call(rest[7], dose_number=21),
        call(rest[8], recorded_at_point=(0.0, 0.0)),
    ]


async def test_each_call_is_answered_as_if_it_came_alone(point: Point) -> None:
    """Calls of every kind, in one batch at the desk and one by one; first the batch is shown to be one."""
    told, changed = [], []
    for together in (True, False):
        calls = await calls_of_every_kind(point)
        before, point.doors.opened = await point.counts(), 0
        if together:
            answers = await point.come(*calls)
            assert point.doors.opened == 1 + 3, "one for all, and one for each second dose of a person"
        else:
            answers = [(await point.come(one))[0] for one in calls]
            assert point.doors.opened == len(calls)
        told.append([said(one) for one in answers])
        changed.append([now - then for now, then in zip(await point.counts(), before, strict=True)])
        assert await point.crowd.violations() == []
        assert await point.value("SELECT count(*) FROM claim WHERE state IN ('pending', 'confirmed')") == 0
    assert told[0] == told[1]
    assert changed[0] == changed[1]
    refused = [one for one in told[0] if isinstance(one, str)]
    assert refused == [
        "NoSuchBeneficiary",
        "UnknownVaccine",
        "DateInFuture",
        "UnknownCentre",
        "NotPermitted",
        "NotPermitted",
        "TextUnreadable",
        "DoseNumberOutOfRange",
    ]
    assert [one[2] for one in told[0] if isinstance(one, tuple)].count("disputed") == 1
    linked = [isinstance(one, tuple) and one[4] for one in told[0]]
    assert linked == [at == 1 for at in range(len(linked))], "only the dose that was booked is linked to the session"


async def test_a_call_that_fails_fails_no_neighbour(point: Point) -> None:
    families = await point.crowd.families(12)
    calls = [point.call(one) for one in families]
    calls[6] = point.call(families[6], centre_id=TOO_LARGE)
    told = await point.come(*calls)
    assert isinstance(told.pop(6), psycopg.Error)
    assert kinds(told) == ["Recorded"] * 11
    assert await point.doses(families) == [[] if at == 6 else [(1, "valid")] for at in range(12)]


async def test_nobody_is_told_before_the_commit(point: Point) -> None:
    families, before = await point.crowd.families(8), await point.counts()
    calls = [point.call(one) for one in families]
    point.doors.shut = True
    assert kinds(await point.come(*calls)) == ["OperationalError"] * 8
    assert await point.doses(families) == [[]] * 8
    assert await point.counts() == before
    point.doors.shut = False
    for _ in range(2):
        assert kinds(await point.come(*calls)) == ["Recorded"] * 8
        assert await point.doses(families) == [[(1, "valid")]] * 8
    counted, news, trail, _ = (now - then for now, then in zip(await point.counts(), before, strict=True))
    assert (counted, news, trail) == (8, 8, 8), "the same record sent again changes nothing"


async def test_a_rush_shares_few_transactions(point: Point) -> None:
    families = await point.crowd.families(60)
    point.doors.opened = 0
    assert kinds(await point.come(*map(point.call, families))) == ["Recorded"] * 60
    assert point.doors.opened == 1


async def test_more_than_there_is_room_for_are_told_to_come_again(point: Point) -> None:
    floor, families = point.crowd.floor, await point.crowd.families(9)
    small = replace(floor, settings=floor.settings.model_copy(update={"booking_room": 4}))
    told = await replace(point, desk=VaccinationDesk(small, point.doors)).come(*map(point.call, families))
    refused = [one for one in told if isinstance(one, Unavailable)]
    assert len(refused) == 5
    assert {one.retry_after for one in refused} == {1}
    assert sum(map(len, await point.doses(families))) == 4


async def test_nobody_waits_for_a_neighbour_whom_somebody_else_holds(point: Point) -> None:
    families = await point.crowd.families(6)
    held = families[3][0].person
    async with transaction(point.crowd.pool) as conn:
        await queries.lock_person(conn, held)
        first = asyncio.create_task(point.come(point.call(families[3])))
        await asyncio.wait([first], timeout=0.5)
        waiting = [asyncio.create_task(point.come(point.call(one))) for one in families]
        done, pending = await asyncio.wait(waiting, timeout=5)
        assert (len(done), pending) == (5, {waiting[3]})
        assert not first.done(), "neither a batch nor a lane stands still for one that has to wait"
    assert kinds([(await one)[0] for one in (first, *waiting)]) == ["Recorded"] * 7
    assert await point.doses(families) == [[(1, "valid")]] * 6


async def test_an_appointment_that_somebody_is_at_is_waited_for(point: Point) -> None:
    """Who withdraws a session takes its appointments in any order: a batch waits for none while it has others."""
    session, families = await point.crowd.session(seats=30), await point.crowd.families(5)
    for one in families:
        await point.crowd.book(one, session)
    async with transaction(point.crowd.pool) as conn:
        await run(
            conn,
            "SELECT FROM appointment WHERE beneficiary_id = %(id)s FOR UPDATE",
            id=families[4][0].person.beneficiary_id,
        )
        calls = asyncio.create_task(point.come(*(point.call(one, session_id=session) for one in families)))
        await asyncio.wait([calls], timeout=1)
        assert not calls.done()
        async with transaction(point.crowd.pool) as other:
            free: LiteralString = "SELECT count(*) FROM (SELECT FROM appointment WHERE session_id = %(id)s FOR UPDATE"
            assert await fetch_value(other, free + " SKIP LOCKED) AS free", id=session) == 4, "the batch has let go"
    assert kinds(await calls) == ["Recorded"] * 5
    assert await point.doses(families) == [[(1, "valid")]] * 5
    assert await point.crowd.violations() == []
    assert await point.crowd.live(families) == [0] * 5


async def test_without_the_hold_two_would_record_the_same_dose(point: Point) -> None:
    """The positive control of the next test: who looks and then writes, meets another who has looked as well."""
    (family,) = await point.crowd.families(1)
    met = asyncio.Barrier(2)

    async def record() -> int:
        async with transaction(point.crowd.pool) as conn:
            rules = await current_programme(conn)
            assert await queries.doses_of(conn, family[0].person) == []
            await met.wait()
            given = a_dose(family[0].person, point.crowd.centre, 1, point.crowd.floor.clock.today(), 0)
            recorded = await seen(point, family, given.dose_id)
            return await queries.insert_doses(conn, [(recorded, "test")], rules.programme_id)

    told = await asyncio.gather(record(), record(), return_exceptions=True)
    assert sorted(kinds(told)) == ["UniqueViolation", "int"]


async def seen(point: Point, family: Family, dose_id: UUID) -> Any:
    """A dose as it would be recorded of this person."""
    (model,) = await point.come(point.call((await point.crowd.families(1))[0]))
    assert isinstance(model, Recorded)
    return replace(model.dose, person=family[0].person, dose_id=dose_id)


async def test_two_desks_record_each_dose_once(point: Point) -> None:
    """As in two web processes, each with the same people in another order and reports of their own."""
    families = await point.crowd.families(30)
    other = replace(point, desk=VaccinationDesk(point.crowd.floor, point.doors))
    before = await point.counts()
    here = [point.call(one) for one in families]
    there = [point.call(one, vaccine_id="COVAXIN") for one in reversed(families)]
    told = await asyncio.gather(point.come(*here), other.come(*there))
    assert kinds([*told[0], *told[1]]) == ["Recorded"] * 60
    assert [sorted(one) for one in await point.doses(families)] == [[(1, "disputed"), (1, "valid")]] * 30
    counted, news, trail, _ = (now - then for now, then in zip(await point.counts(), before, strict=True))
    assert (counted, news, trail) == (30, 30, 60)
    assert await point.crowd.violations() == []
