"""Certificates issued by the batch: as many statements for many as for one, and nobody waits for one who fails."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from opencowin import certificates, registry, vaccination
from opencowin.certificates import CERTIFICATE_ISSUED, Format
from opencowin.kit.actor import system
from opencowin.kit.db import Connection, Pool, fetch_value, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Together
from opencowin.places import Centre
from opencowin.registry import Person
from tests import builders
from tests.rooms.case_scene import later

pytestmark = pytest.mark.anyio


async def with_doses(conn: Connection, floor: Floor, centre: Centre, people: int) -> list[Person]:
    """So many people with a first and a second dose of this centre."""
    found = []
    for _ in range(people):
        person = (await builders.member(conn, floor)).person
        for number, day in ((1, 100), (2, 5)):
            given = builders.a_dose(person, centre, number, floor.clock.today(), day)
            await vaccination.record_dose(conn, floor, builders.TEST, given)
        found.append(person)
    return found


class Statements:
    """Counts what is sent on one connection while it is open."""

    def __init__(self, conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        execute = psycopg.AsyncCursor.execute

        async def counted(cursor: Any, *args: Any, **more: Any) -> Any:
            self.count += cursor.connection is conn
            return await execute(cursor, *args, **more)

        monkeypatch.setattr(psycopg.AsyncCursor, "execute", counted)


async def test_many_take_as_many_statements_as_one(
    conn: Connection, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre = await builders.new_centre(conn)
    people = await with_doses(conn, floor, centre, 8)
    await certificates.issue_due(conn, floor, people[0])  # keys are made
    with monkeypatch.context() as counting:
        told = Statements(conn, counting)
        await certificates.issue_due(conn, floor, people[1])
        alone, told.count = told.count, 0
        issued = await certificates.issue_due(conn, floor, *people[2:])
    assert len(issued) == 2 * len(people[2:])
    assert (told.count, 0 < alone < 20) == (alone, True)
    assert await certificates.issue_due(conn, floor, *people) == []
    for person in people:
        paper = await certificates.sheet(conn, floor, builders.TEST, person)
        assert (paper.statement.latest.number, paper.statement.latest.facility.name) == (2, centre.name)
        facts = await certificates.verify(conn, floor, paper.payloads[Format.DIVOC])
        assert facts.certificate_id == paper.statement.certificate_id
    read = await fetch_value(
        conn,
        """
        SELECT count(*) FROM audit
        WHERE action = 'registry.read_person' AND actor_id = %(who)s AND subject_id = ANY(%(ids)s)
        """,
        who=system("certificates.issue").actor_id,
        ids=[str(one.beneficiary_id) for one in people],
    )
    assert read == len(people)


async def test_doses_that_come_together_are_certified_together(pool: Pool, floor: Floor) -> None:
    async with transaction(pool) as conn:
        people = await with_doses(conn, floor, await builders.new_centre(conn), 5)
        before = await told(conn)
    (handler,) = certificates.handlers(pool, floor)
    news = [vaccination.DoseRecorded(one.account_id, one.beneficiary_id, uuid4()) for one in people]
    nobody = replace(news[0], account_id=uuid4(), beneficiary_id=uuid4())
    await asyncio.gather(*(handler.handle(one) for one in (*news, *news, nobody)))
    async with transaction(pool) as conn:
        assert await told(conn) - before == 2 * len(people)
        times = await fetch_value(
            conn,
            "SELECT count(DISTINCT xmin::text) FROM certificate WHERE beneficiary_id = ANY(%(ids)s)",
            ids=[one.beneficiary_id for one in people],
        )
    assert times == 1


async def told(conn: Connection) -> int:
    name = CERTIFICATE_ISSUED.name
    return int(await fetch_value(conn, "SELECT count(*) FROM pgqueuer WHERE entrypoint = %(name)s", name=name))


async def test_one_who_cannot_be_certified_holds_up_nobody() -> None:
    done: list[int] = []

    async def work(numbers: Sequence[int]) -> None:
        if 3 in numbers:
            raise ValueError(numbers)
        done.extend(numbers)

    together = Together(work, most=4)
    found = await asyncio.gather(*(together(number) for number in range(10)), return_exceptions=True)
    assert sorted(done) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert [type(one) for one in found] == [ValueError if number == 3 else type(None) for number in range(10)]
    await together(11)
    assert done[-1] == 11


async def test_a_removed_person_is_left_out(conn: Connection, floor: Floor) -> None:
    gone = Person(uuid4(), uuid4())
    assert await registry.read_travellers(conn, floor, builders.TEST, [gone], "test") == {}


async def test_records_that_cannot_be_certified_hold_up_no_others(conn: Connection, floor: Floor) -> None:
    centre = await builders.new_centre(conn)
    disordered = (await builders.member(conn, floor)).person
    for number, ago in ((1, 5), (2, 100)):
        given = builders.a_dose(disordered, centre, number, floor.clock.today(), ago)
        await vaccination.record_dose(conn, floor, builders.TEST, given)
    (fine,) = await with_doses(conn, floor, centre, 1)
    assert await certificates.sweep(conn, later(floor, 1)) >= 2
    for person, expected in ((fine, 2), (disordered, 0)):
        count = "SELECT count(*) FROM certificate WHERE beneficiary_id = %(id)s AND revoked_at IS NULL"
        assert await fetch_value(conn, count, id=person.beneficiary_id) == expected
