"""Putting months away is killed with -9 again and again: each is in the database or in a whole file that is entered."""

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from opencowin.kit import archive, audit
from opencowin.kit.audit_parts import TRAIL
from opencowin.kit.crypto import new_keyring, write_keyring
from opencowin.kit.db import make_pool, transaction
from opencowin.scheduling import APPOINTMENTS

pytestmark = pytest.mark.anyio

MONTHS, ROWS, KILLS, PATIENCE = 6, 20_000, 6, 60.0
SEED = 20210117
MAKE = """
INSERT INTO audit (at, actor_kind, actor_id, action, subject_kind, subject_id, reason)
SELECT %s::timestamptz + n * interval '1 minute', 'system', 'test', 'test.row', 'thing', md5(n::text), 'why'
FROM generate_series(1, %s) AS n
"""
HELD = "SELECT md5(string_agg(audit::text, '|' ORDER BY audit_id)), count(*) FROM audit"


SEATS = """
WITH made AS (SELECT uuid_from(%(month)s::timestamptz + n * interval '1 day') AS id FROM generate_series(0, 19) AS n),
sessions AS (INSERT INTO session SELECT 1, id, 1, 'covid-19', uuid_instant(id)::date, 'COVISHIELD', 18, NULL, 0,
                                        'published', now() FROM made),
slots AS (INSERT INTO slot_capacity SELECT 1, id, 1, 1, %(rows)s, %(rows)s / 20 FROM made),
stocks AS (INSERT INTO session_stock SELECT 1, id, %(rows)s, %(rows)s / 20 FROM made)
INSERT INTO appointment SELECT 1, id, gen_random_uuid(), gen_random_uuid(), 1, 1, gen_random_uuid(), gen_random_uuid(),
    1, CASE WHEN n <= 3 THEN 'booked' ELSE 'given' END, now(), now() FROM made, generate_series(1, %(rows)s / 20) AS n
"""
LIVE_OR_GONE = (
    "SELECT md5(string_agg(a::text, '|' ORDER BY a::text)), count(*) FROM appointment a WHERE state = 'given'"
)


@pytest.fixture
def seats(database: str) -> Iterator[psycopg.Connection]:
    """Six months of appointments of long ago; of each session some did not come."""
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("DROP TABLE appointment_first")
        conn.execute("SET session_replication_role = replica")
        for month in range(1, MONTHS + 1):
            conn.execute("SELECT partition_make('appointment', %s)", (f"2021-{month:02}-01",))
            conn.execute(SEATS, {"month": f"2021-{month:02}-01 00:00+00", "rows": ROWS})
        yield conn


@pytest.fixture
def trail(database: str) -> Iterator[psycopg.Connection]:
    """Six months of long ago, each in a part of its own, and a row of today."""
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("DROP TABLE audit_first")
        for month in range(1, MONTHS + 1):
            conn.execute("SELECT partition_make('audit', %s)", (f"2021-{month:02}-01",))
            conn.execute(MAKE, (f"2021-{month:02}-01 00:00+00", ROWS))
        conn.execute("SELECT partition_ahead('audit', 1)")
        conn.execute(MAKE, ("now", 1))
        yield conn


def begun(dsn: str, folder: Path, months: int = 1) -> "subprocess.Popen[bytes]":
    """The command; `months` of the trail, and one of appointments, are left in the database."""
    environment = {
        **os.environ,
        "OPENCOWIN_APPOINTMENTS_KEPT_MONTHS": "1",
        "OPENCOWIN_DATABASE_URL": dsn,
        "OPENCOWIN_DATA_DIR": str(folder / "data"),
        "OPENCOWIN_DEMO": "true",
    }
    command = (sys.executable, "-m", "opencowin.cli", "archive", "write", str(folder / "away"), "--months", f"{months}")
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def killed(process: "subprocess.Popen[bytes]", away: Path, chance: random.Random) -> None:
    """End it a moment after it has written something more."""
    before, patience = seen(away), time.monotonic() + PATIENCE
    while seen(away) == before and process.poll() is None and time.monotonic() < patience:
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.25))
    process.kill()
    process.wait()


def seen(away: Path) -> list[tuple[str, int]]:
    """What is in the folder, begun or whole, with the instant of its last change."""
    found = []
    for one in away.glob("*"):
        with suppress(FileNotFoundError):
            found.append((one.name, one.stat().st_mtime_ns))
    return sorted(found)


def everywhere(conn: psycopg.Connection, away: Path, table: str = "audit") -> int:
    """Rows in the database and in the files that are entered, each file read to its end."""
    row = conn.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    total = int(row[0])
    for partition, rows, _, _ in archive.archived(conn):
        manifest = archive.read_manifest(away / f"{partition}.json")
        archive.check(away, manifest)
        assert manifest.row_count == rows
        total += rows
    return total


async def chained(dsn: str) -> int:
    """Chain the trail; how many rows fit."""
    async with make_pool(dsn, size=1) as pool:
        for _ in range(600):
            async with transaction(pool) as conn:
                if not await audit.chain(conn):
                    unchained = await conn.execute("SELECT count(*) FROM audit WHERE chain_hash IS NULL")
                    if await unchained.fetchone() == (0,):
                        checked, broken = await audit.verify(conn)
                        assert broken is None
                        return checked
            await asyncio.sleep(0.05)
    raise AssertionError("the trail was not chained")


async def test_no_row_is_lost_however_often_putting_away_is_killed(
    trail: psycopg.Connection, database: str, tmp_path: Path
) -> None:
    write_keyring(tmp_path / "data" / "keyring.json", new_keyring())
    away, chance = tmp_path / "away", random.Random(SEED)
    whole = await chained(database)
    before = trail.execute(HELD).fetchone()
    reached = []
    for _ in range(KILLS):
        killed(begun(database, tmp_path), away, chance)
        reached.append(len(archive.archived(trail)))
        assert everywhere(trail, away) == whole
    assert reached[0] < MONTHS, "the kills came while there was something to do"
    assert begun(database, tmp_path).wait() == 0
    assert len(archive.archived(trail)) == MONTHS
    assert everywhere(trail, away) == whole
    assert await chained(database) == 1
    for partition, *_ in archive.archived(trail):
        archive.bring_back(trail, away / f"{partition}.json", [TRAIL])
    assert trail.execute(HELD).fetchone() == before
    assert await chained(database) == whole


def test_no_appointment_is_lost_however_often_putting_away_is_killed(
    seats: psycopg.Connection, database: str, tmp_path: Path
) -> None:
    write_keyring(tmp_path / "data" / "keyring.json", new_keyring())
    away, chance, forever = tmp_path / "away", random.Random(SEED), 1200
    before, reached = seats.execute(LIVE_OR_GONE).fetchone(), []
    for _ in range(KILLS):
        killed(begun(database, tmp_path, forever), away, chance)
        reached.append(len(archive.archived(seats)))
        assert everywhere(seats, away, "appointment") == MONTHS * ROWS
    assert reached[0] < MONTHS, "the kills came while there was something to do"
    assert begun(database, tmp_path, forever).wait() == 0
    assert len(archive.archived(seats)) == MONTHS
    assert everywhere(seats, away, "appointment") == MONTHS * ROWS
    assert seats.execute("SELECT count(*) FROM appointment").fetchone() == (0,)
    for partition, *_ in archive.archived(seats):
        archive.bring_back(seats, away / f"{partition}.json", [APPOINTMENTS])
    assert seats.execute(LIVE_OR_GONE).fetchone() == before
    assert everywhere(seats, away, "appointment") == MONTHS * ROWS
    assert seats.execute("SELECT count(*) FROM appointment WHERE state = 'booked'").fetchone() == (0,)
    assert seats.execute("SELECT count(*) FROM session_stock WHERE booked <> %s", (ROWS // 20 - 3,)).fetchone() == (0,)
