"""Appointments by month: which part a step touches, and that no row lacks one; sessions with other ids go on."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from uuid import UUID, uuid4, uuid5

import psycopg
import pytest

from opencowin import scheduling
from opencowin.kit import partitions
from opencowin.kit.db import Connection, fetch_value, make_pool, run, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.migrate import migrate, migrations
from opencowin.scheduling import BookingWish, new_session_id
from opencowin.scheduling.together import Asked, book_together
from tests.builders import TEST, a_dose, a_session, citizen, new_centre, stock_in
from tests.concurrency.invariants import violations
from tests.conftest import dsn_of, migrate_to, run_on
from tests.rooms.scene import MORNING, NOON, Scene

pytestmark = pytest.mark.anyio

T = TypeVar("T")
PARTED = next(one.number for one in migrations() if "PARTITION BY RANGE (session_id)" in one.sql)
TOUCHED = """
SELECT c.relname::text, coalesce(s.seq_scan, 0) + coalesce(s.idx_scan, 0) + coalesce(s.n_tup_ins, 0) AS touches
FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid LEFT JOIN pg_stat_xact_user_tables s ON s.relid = c.oid
WHERE inhparent = 'appointment'::regclass
"""


@pytest.fixture
async def scene(conn: Connection, floor: Floor) -> Scene:
    centre = await new_centre(conn)
    await stock_in(conn, floor, centre, "COVISHIELD", doses=2000)
    return Scene(conn, floor, centre)


def part_of(day: date) -> str:
    return f"appointment_{day:%Y_%m}"


async def parts_touched(conn: Connection) -> dict[str, int]:
    cursor = await conn.execute(TOUCHED)
    return {row[0]: int(row[1]) for row in await cursor.fetchall()}


async def touched_by(conn: Connection, step: Awaitable[T]) -> tuple[T, set[str]]:
    """What a step answers, and the parts that it looked into or wrote."""
    before = await parts_touched(conn)
    told = await step
    return told, {name for name, touches in (await parts_touched(conn)).items() if touches > before[name]}


async def test_every_step_of_an_appointment_touches_the_part_of_its_month_alone(scene: Scene) -> None:
    conn, floor = scene.conn, scene.floor
    here, there = scene.tomorrow, scene.tomorrow + timedelta(days=40)
    session, later = await scene.session(on=here), await scene.session(on=there)
    one, other = await scene.family(2)
    actor, own, key = citizen(one.person.account_id), {part_of(here)}, (scene.centre.district_id, session)
    booked, touched = await touched_by(conn, scene.book([one], session))
    assert touched == own
    _, touched = await touched_by(conn, scene.book([other], session, NOON, key="again"))
    assert touched == own
    listed, touched = await touched_by(conn, scheduling.appointments_of(conn, one.person.account_id))
    assert (len(listed), touched) == (2, own)
    _, touched = await touched_by(conn, scheduling.expected_in(conn, *key))
    assert touched == own
    _, touched = await touched_by(conn, scheduling.plan_of(conn, TEST, session))
    assert touched == own
    wish = BookingWish(1, session, NOON, (one.reference_id,))
    _, touched = await touched_by(conn, scheduling.move(conn, floor, actor, booked.booking_id, session, NOON))
    assert wish.slot == NOON
    assert touched == own
    _, touched = await touched_by(conn, scheduling.move(conn, floor, actor, booked.booking_id, later, MORNING))
    assert touched == own | {part_of(there)}
    _, touched = await touched_by(conn, scheduling.cancel(conn, floor, actor, booked.booking_id))
    assert touched == {part_of(there), part_of(here)}, "the other member's is looked at, too"
    given = a_dose(other.person, scene.centre, 1, floor.clock.today(), 0)
    _, touched = await touched_by(conn, scheduling.vaccinate(conn, floor, TEST, given))
    assert touched == own
    _, touched = await touched_by(conn, scheduling.withdraw_session(conn, floor, TEST, session, "no power"))
    assert touched == own
    assert await violations(conn) == []


async def test_calls_that_share_a_transaction_touch_the_parts_of_their_sessions(scene: Scene) -> None:
    session = await scene.session()
    asked = []
    for _ in range(3):
        (one,) = await scene.family(1)
        wish = BookingWish(1, session, MORNING, (one.reference_id,))
        asked.append(Asked(citizen(one.person.account_id), wish))
    booked, touched = await touched_by(scene.conn, book_together(scene.conn, scene.floor, asked))
    assert [isinstance(one, scheduling.Booking) for one in booked] == [True] * 3
    assert touched == {part_of(scene.tomorrow)}


async def test_a_statement_that_is_prepared_opens_one_part(scene: Scene) -> None:
    session = await scene.session()
    await run(scene.conn, "SET LOCAL plan_cache_mode = force_generic_plan")
    await scene.conn.execute(
        "PREPARE seat (integer, uuid, uuid) AS SELECT state FROM appointment"
        " WHERE district_id = $1 AND session_id = $2 AND claim_id = $3"
    )
    cursor = await scene.conn.execute(
        f"EXPLAIN (COSTS OFF) EXECUTE seat ({scene.centre.district_id}, '{session}', '{uuid4()}')".encode()
    )
    plan = "\n".join(row[0] for row in await cursor.fetchall())
    assert "Subplans Removed" in plan
    assert plan.count("Scan") == 1


async def test_what_is_booked_far_ahead_waits_for_its_month_and_moves_there(scene: Scene) -> None:
    conn = scene.conn
    far = scene.tomorrow + timedelta(days=200)
    session = new_session_id(far)
    await conn.execute(
        "INSERT INTO appointment SELECT 1, %s, gen_random_uuid(), gen_random_uuid(), 1, 1, gen_random_uuid(),"
        " gen_random_uuid(), 1, 'booked', now(), now() FROM generate_series(1, 7)",
        (session,),
    )
    assert await fetch_value(conn, "SELECT count(*) FROM appointment_default") == 7
    assert await fetch_value(conn, "SELECT partition_strays('appointment')") is False
    await conn.execute("SELECT partition_make('appointment', %s)", (far,))
    assert await fetch_value(conn, "SELECT count(*) FROM appointment_default") == 0
    assert await fetch_value(conn, f"SELECT count(*) FROM {part_of(far)}") == 7


async def test_what_has_no_part_though_its_month_has_come_is_told_and_mended(scene: Scene) -> None:
    conn = scene.conn
    month = part_of(scene.tomorrow)
    await conn.execute(f"DROP TABLE {month}".encode())
    session = await scene.session()
    await scene.book(await scene.family(2), session)
    assert await fetch_value(conn, "SELECT partition_strays('appointment')") is True
    assert await partitions.make_ahead(conn) == 1
    assert await fetch_value(conn, "SELECT partition_strays('appointment')") is False
    assert await fetch_value(conn, f"SELECT count(*) FROM {month}") == 2
    assert await violations(conn) == []


async def test_the_same_key_makes_one_session_whatever_its_day(scene: Scene) -> None:
    conn, floor, key = scene.conn, scene.floor, uuid4()
    new = a_session(scene.centre, scene.tomorrow)
    session, is_new = await scheduling.draft_session(conn, floor, TEST, new, None, key)
    assert (is_new, session.version) == (True, 7)
    other = a_session(scene.centre, scene.tomorrow + timedelta(days=1))
    assert await scheduling.draft_session(conn, floor, TEST, other, None, key) == (session, False)
    await scheduling.change_draft(conn, floor, TEST, session, other)
    assert await scheduling.draft_session(conn, floor, TEST, new, None, key) == (session, False)
    assert (await scheduling.read_session(conn, session)).held_on == other.held_on


async def test_what_was_entered_when_the_key_was_the_id_is_not_entered_again(scene: Scene) -> None:
    conn, day = scene.conn, scene.tomorrow + timedelta(days=3)
    session = await scene.session()
    earlier = uuid5(session, str(day))
    await run(
        conn,
        "INSERT INTO session_directory (session_id, district_id) VALUES (%(id)s, %(district)s)",
        id=earlier,
        district=scene.centre.district_id,
    )
    assert await scheduling.copy_session(conn, scene.floor, TEST, session, day) == (earlier, False)


async def test_two_who_send_the_same_form_at_once_make_one_session(
    database: str, floor: Floor, conn: Connection
) -> None:
    del conn
    async with make_pool(database, size=4) as pool:
        async with transaction(pool) as within:
            centre = await new_centre(within)
        key, tomorrow = uuid4(), floor.clock.today() + timedelta(days=1)

        async def sent(ahead: int) -> tuple[UUID, bool]:
            async with transaction(pool) as within:
                new = a_session(centre, tomorrow + timedelta(days=ahead))
                return await scheduling.draft_session(within, floor, TEST, new, None, key)

        told = await asyncio.gather(*(sent(ahead) for ahead in range(4)))
    assert len({session for session, _ in told}) == 1
    assert sum(is_new for _, is_new in told) == 1


@pytest.fixture
async def earlier(server_dsn: str, floor: Floor) -> AsyncIterator[str]:
    """A database of the release before appointments were parted."""
    name = f"test_{os.getpid()}_whole"
    run_on(server_dsn, "CREATE DATABASE {}", name)
    dsn = dsn_of(server_dsn, name)
    with psycopg.connect(dsn, autocommit=True) as conn:
        migrate_to(conn, PARTED - 1)
    yield dsn
    run_on(server_dsn, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


SESSIONS = """
INSERT INTO session SELECT 1, id, 1, 'covid-19', current_date + 1, 'COVISHIELD', 18, NULL, 0, 'published', now()
FROM unnest(%s::uuid[]) AS id
"""
SEATS = """
INSERT INTO slot_capacity SELECT 1, id, 1, 1, 10, 3 FROM unnest(%(ids)s::uuid[]) AS id;
INSERT INTO session_stock SELECT 1, id, 10, 3 FROM unnest(%(ids)s::uuid[]) AS id;
INSERT INTO appointment SELECT 1, id, gen_random_uuid(), gen_random_uuid(), 1, 1, gen_random_uuid(), gen_random_uuid(),
    1, 'booked', now(), now() FROM unnest(%(ids)s::uuid[]) AS id, generate_series(1, 3);
INSERT INTO claim SELECT account_id, claim_id, booking_id, beneficiary_id, 'covid-19', 1, district_id, session_id,
    slot_number, dose_class, 'confirmed', booked_at FROM appointment;
"""
EVERYTHING = "SELECT md5(string_agg(a::text, '|' ORDER BY a::text)), count(*) FROM appointment a"


async def test_appointments_from_before_go_on_in_their_parts(earlier: str) -> None:
    ids = [uuid4() for _ in range(300)] + [UUID(int=n << 112 | 0x4 << 76 | 0b10 << 62 | n) for n in range(0, 2048, 64)]
    with psycopg.connect(earlier, autocommit=True) as conn:
        conn.execute("SET session_replication_role = replica")
        conn.execute(SESSIONS, (ids,))
        for one in SEATS.split(";")[:-1]:
            conn.execute(one.encode(), {"ids": ids})
        before = conn.execute(EVERYTHING).fetchone()
        migrate(earlier)
        assert conn.execute(EVERYTHING).fetchone() == before
        where = conn.execute(
            "SELECT tableoid::regclass::text, min(session_id::text), max(session_id::text) FROM appointment GROUP BY 1"
        ).fetchall()
    bounds = {row[0]: (row[1], row[2]) for row in where}
    assert bounds["appointment_earlier"][0] >= "04000000"
    assert {"appointment_earlier", "appointment_first", "appointment_default"} <= set(bounds)
    async with make_pool(earlier, size=1) as pool, transaction(pool) as within:
        assert await violations(within) == []
        assert await fetch_value(within, "SELECT partition_strays('appointment')") is False
        ended = await within.execute(
            "SELECT seat_release(1, session_id, array_agg(claim_id), 'cancelled', now()) FROM appointment"
            " GROUP BY session_id"
        )
        assert len(await ended.fetchall()) == len(ids) * 3


async def test_a_database_without_appointments_keeps_no_part_for_earlier_ones(earlier: str) -> None:
    migrate(earlier)
    with psycopg.connect(earlier) as conn:
        assert conn.execute("SELECT to_regclass('appointment_earlier')").fetchone() == (None,)
        row = conn.execute("SELECT count(*) FROM partition_bounds('appointment')").fetchone()
    assert row == (partitions.MONTHS_AHEAD + 2,)


def test_the_database_reads_ids_as_they_are_made(database: str) -> None:
    day = date(2027, 3, 1)
    made, instant = new_session_id(day), datetime.combine(day, time(), UTC)
    with psycopg.connect(database) as conn:
        row = conn.execute(
            "SELECT uuid_instant(%(id)s) = %(at)s, uuid_from(%(at)s) <= %(id)s,"
            " uuid_from(%(at)s + interval '1 day') > %(id)s",
            {"id": made, "at": instant},
        ).fetchone()
    assert row == (True, True, True)
