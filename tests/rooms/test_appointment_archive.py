"""Months of appointments that are over go into files and come back; what people and officers see goes on meanwhile."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from opencowin import places, registry, scheduling
from opencowin.kit import archive, partitions
from opencowin.kit.archive import ArchiveRefused, Part
from opencowin.kit.db import Connection, Pool, make_pool, run, transaction
from opencowin.kit.floor import Floor
from opencowin.scheduling import APPOINTMENTS
from tests.builders import TEST, a_dose, citizen, member, new_centre, stock_in
from tests.conftest import dsn_of, run_on
from tests.rooms.scene import MORNING, NOON, Scene, at

pytestmark = pytest.mark.anyio

EVERYTHING = "SELECT md5(string_agg(a::text, '|' ORDER BY a::text)), count(*) FROM appointment a"
DAYS_AGO = 70


@pytest.fixture
def dsn(server_dsn: str, template: str) -> Iterator[str]:
    name = f"test_{os.getpid()}_months"
    run_on(server_dsn, "CREATE DATABASE {} TEMPLATE {}", name, template)
    with psycopg.connect(dsn_of(server_dsn, name), autocommit=True) as conn:
        conn.execute("DROP TABLE appointment_first")
        for months in range(1, 4):
            conn.execute("SELECT partition_make('appointment', now() - make_interval(months => %s))", (months,))
    yield dsn_of(server_dsn, name)
    run_on(server_dsn, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@pytest.fixture
def conn(dsn: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(dsn, autocommit=True) as found:
        yield found


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    async with make_pool(dsn, size=4) as opened:
        yield opened


@dataclass
class Past:
    """What was done some months ago: one was vaccinated, one did not come, one gave the seat back."""

    pool: Pool
    floor: Floor
    """Of today."""
    then: Floor
    centre: places.Centre
    session: UUID
    held_on: date
    came: registry.Beneficiary
    missed: registry.Beneficiary
    part: Part

    @asynccontextmanager
    async def scene(self, floor: Floor) -> AsyncIterator[Scene]:
        async with transaction(self.pool) as conn:
            yield Scene(conn, floor, self.centre)


@pytest.fixture
async def past(pool: Pool, conn: psycopg.Connection, floor: Floor) -> Past:
    then = at(floor, 9, ahead=-DAYS_AGO)
    async with transaction(pool) as within:
        centre = await new_centre(within)
        await stock_in(within, then, centre, "COVISHIELD", doses=900)
        scene = Scene(within, then, centre)
        session = await scene.session(seats=5)
        came, missed, gone = await scene.family(3)
        await scene.book([came], session)
        await scene.book([missed], session, NOON)
        given_back = await scene.book([gone], session)
        await scheduling.cancel(within, then, citizen(gone.person.account_id), given_back.booking_id)
    async with transaction(pool) as within:
        on_the_day = at(floor, 10, ahead=1 - DAYS_AGO)
        given = a_dose(came.person, centre, 1, scene.tomorrow, 0)
        await scheduling.vaccinate(within, on_the_day, TEST, given)
    (part,) = [one for one in parts(conn) if one.partition == f"appointment_{scene.tomorrow:%Y_%m}"]
    return Past(pool, floor, then, centre, session, scene.tomorrow, came, missed, part)


def parts(conn: psycopg.Connection) -> list[Part]:
    return archive.parts_before(conn, APPOINTMENTS, datetime.now(UTC))


def everything(conn: psycopg.Connection) -> tuple[object, ...] | None:
    return conn.execute(EVERYTHING).fetchone()


def put_away(conn: psycopg.Connection, past: Past, folder: Path) -> archive.Manifest:
    return archive.put_away(conn, APPOINTMENTS, past.part, folder)


def bring_back(conn: psycopg.Connection, past: Past, folder: Path) -> None:
    archive.bring_back(conn, folder / f"{past.part.partition}.json", [APPOINTMENTS])


async def test_a_month_goes_and_comes_back_with_who_did_not_come(
    conn: psycopg.Connection, past: Past, tmp_path: Path
) -> None:
    assert put_away(conn, past, tmp_path).row_count == 3
    assert everything(conn) == (None, 0)
    states = conn.execute("SELECT state FROM claim ORDER BY 1").fetchall()
    assert [one[0] for one in states] == ["given", "released", "released"]
    bring_back(conn, past, tmp_path)
    kept = conn.execute("SELECT state FROM appointment ORDER BY 1").fetchall()
    assert [one[0] for one in kept] == ["cancelled", "given", "missed"]
    assert past.part.partition in {one.partition for one in parts(conn)}


async def test_people_and_officers_see_what_they_saw(conn: psycopg.Connection, past: Past, tmp_path: Path) -> None:
    put_away(conn, past, tmp_path)
    async with past.scene(past.floor) as scene:
        within, account = scene.conn, past.came.person.account_id
        assert await scheduling.appointments_of(within, account) == []
        plan = await scheduling.plan_of(within, TEST, past.session)
        assert (plan.given, plan.to_tell, plan.session.doses_booked) == (1, 0, 1)
        assert await scheduling.expected_in(within, past.centre.district_id, past.session) == []
        load = await scheduling.load_of_day(within, await places.area_of(within, TEST.place), past.held_on)
        assert (load.sessions, load.booked) == (1, 1)


async def test_a_session_is_withdrawn_with_the_doses_that_were_not_given(
    conn: psycopg.Connection, past: Past, tmp_path: Path
) -> None:
    put_away(conn, past, tmp_path)
    allotted = "SELECT sum(doses) FROM session_batch"
    async with past.scene(past.floor) as scene:
        assert await scheduling.withdraw_session(scene.conn, past.floor, TEST, past.session, "entered twice") == 0
    assert conn.execute(allotted).fetchone() == (1,)


async def test_who_did_not_come_books_again(conn: psycopg.Connection, past: Past, tmp_path: Path) -> None:
    put_away(conn, past, tmp_path)
    async with past.scene(past.floor) as scene:
        session = await scene.session()
        booked = await scene.book([past.missed], session, MORNING)
        assert [one.booking_id for one in await scene.live(past.missed)] == [booked.booking_id]


async def test_what_comes_back_follows_who_went_into_another_household(
    conn: psycopg.Connection, past: Past, tmp_path: Path
) -> None:
    put_away(conn, past, tmp_path)
    async with past.scene(past.floor) as scene:
        home = (await member(scene.conn, past.floor)).person.account_id
        await scheduling.move_appointments(scene.conn, past.came.person, home)
    bring_back(conn, past, tmp_path)
    lost = """SELECT a.state FROM appointment a LEFT JOIN claim c USING (account_id, claim_id)
              WHERE c.claim_id IS NULL"""
    assert conn.execute(lost).fetchall() == []
    moved = conn.execute("SELECT state FROM appointment WHERE account_id = %s", (home,)).fetchall()
    assert moved == [("given",)]


async def test_what_changes_while_it_is_written_stays(
    conn: psycopg.Connection, past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = archive.check

    def changed_meanwhile(folder: Path, manifest: archive.Manifest) -> None:
        checked(folder, manifest)
        with psycopg.connect(conn.info.dsn, password=conn.info.password) as other:
            other.execute("UPDATE appointment SET changed_at = now() WHERE state = 'given'")

    monkeypatch.setattr(archive, "check", changed_meanwhile)
    with pytest.raises(ArchiveRefused, match="changed"):
        put_away(conn, past, tmp_path)
    assert conn.execute("SELECT count(*) FROM appointment").fetchone() == (3,)
    assert conn.execute("SELECT count(*) FROM archived_partition_watch").fetchone() == (0,)
    monkeypatch.undo()
    with pytest.raises(ArchiveRefused, match="other rows"):
        put_away(conn, past, tmp_path)
    put_away(conn, past, tmp_path / "anew")


async def test_nobody_waits_while_a_month_is_written(
    conn: psycopg.Connection, past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = archive.check

    def reached(folder: Path, manifest: archive.Manifest) -> None:
        checked(folder, manifest)
        with psycopg.connect(conn.info.dsn, password=conn.info.password) as other:
            other.execute("SET lock_timeout = '100ms'")
            other.execute("LOCK TABLE appointment IN ROW EXCLUSIVE MODE")

    monkeypatch.setattr(archive, "check", reached)
    put_away(conn, past, tmp_path)


async def test_of_two_who_put_the_same_month_away_one_does(
    conn: psycopg.Connection, past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = archive.check

    def other_begins(folder: Path, manifest: archive.Manifest) -> None:
        checked(folder, manifest)
        monkeypatch.undo()
        with psycopg.connect(conn.info.dsn, password=conn.info.password, autocommit=True) as other:
            put_away(other, past, tmp_path / "other")

    monkeypatch.setattr(archive, "check", other_begins)
    with pytest.raises((ArchiveRefused, psycopg.errors.UndefinedTable)):
        put_away(conn, past, tmp_path)
    assert len(archive.archived(conn)) == 1
    assert everything(conn) == (None, 0)


async def test_a_month_with_a_session_still_to_come_stays_whatever_its_ids_say(
    conn: psycopg.Connection, past: Past, tmp_path: Path
) -> None:
    conn.execute("UPDATE session SET held_on = current_date + 3")
    assert past.part.partition not in {one.partition for one in parts(conn)}
    with pytest.raises(ArchiveRefused, match="has a session of"):
        put_away(conn, past, tmp_path)


async def test_what_is_undecided_stays(conn: psycopg.Connection, past: Past, tmp_path: Path) -> None:
    conn.execute("UPDATE claim SET state = 'pending' WHERE state = 'given'")
    with pytest.raises(ArchiveRefused, match="undecided"):
        put_away(conn, past, tmp_path)
    assert conn.execute("SELECT count(*) FROM pg_trigger WHERE tgname = 'watched'").fetchone() == (0,)


async def test_a_row_for_a_month_that_is_away_is_kept_and_joins_it_again(
    conn: psycopg.Connection, past: Past, tmp_path: Path
) -> None:
    put_away(conn, past, tmp_path)
    async with transaction(past.pool) as within:
        await _late(within, past)
    assert conn.execute("SELECT count(*) FROM appointment_default").fetchone() == (1,)
    assert not next(one for one in partitions.readiness(conn) if one.table == "appointment").strays
    bring_back(conn, past, tmp_path)
    assert conn.execute("SELECT count(*) FROM appointment_default").fetchone() == (0,)
    assert conn.execute(f"SELECT count(*) FROM {past.part.partition}".encode()).fetchone() == (4,)


async def _late(conn: Connection, past: Past) -> None:
    await run(
        conn,
        """
        INSERT INTO appointment VALUES (%(district)s, %(session)s, gen_random_uuid(), gen_random_uuid(), 1, 1,
            gen_random_uuid(), gen_random_uuid(), 1, 'void', now(), now())
        """,
        district=past.centre.district_id,
        session=past.session,
    )


async def test_sessions_with_random_ids_go_when_the_last_is_over(
    conn: psycopg.Connection, past: Past, tmp_path: Path
) -> None:
    conn.execute("CREATE TABLE appointment_earlier (LIKE appointment INCLUDING ALL)")
    conn.execute(
        "ALTER TABLE appointment ATTACH PARTITION appointment_earlier"
        " FOR VALUES FROM ('04000000-0000-0000-0000-000000000000') TO (MAXVALUE)"
    )
    assert "appointment_earlier" not in {one.partition for one in parts(conn)}
    random = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
    for table in ("session", "appointment"):
        conn.execute(f"UPDATE {table} SET session_id = '{random}'".encode())
    (earlier,) = [one for one in parts(conn) if one.partition == "appointment_earlier"]
    after = datetime.combine(past.held_on, time(), UTC)
    assert earlier.ends_at is not None
    assert (earlier.ends_at - after).days == 1
    conn.execute("UPDATE appointment SET state = 'missed' WHERE state = 'booked'")
    before = everything(conn)
    archive.put_away(conn, APPOINTMENTS, earlier, tmp_path)
    assert everything(conn) == (None, 0)
    archive.bring_back(conn, tmp_path / "appointment_earlier.json", [APPOINTMENTS])
    assert everything(conn) == before
