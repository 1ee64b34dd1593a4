"""The trail by month: no row lacks a part, months that are over go into files and come back, and the chain holds."""

import asyncio
import gzip
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from opencowin.kit import archive, audit, partitions
from opencowin.kit.archive import ArchiveRefused, Part
from opencowin.kit.audit_parts import TRAIL
from opencowin.kit.db import Pool, make_pool, transaction
from opencowin.kit.migrate import migrate, migrations
from tests.conftest import dsn_of, migrate_to, run_on

pytestmark = pytest.mark.anyio

ROWS = """
INSERT INTO audit (at, actor_kind, actor_id, action, subject_kind, subject_id, reason)
SELECT %s, 'system', 'test', 'test.' || n, 'thing', E'a tab\\tand a\\nline', 'why' FROM generate_series(1, %s) AS n
"""
LATER = datetime(2100, 1, 1, tzinfo=UTC)
EVERYTHING = "SELECT md5(string_agg(audit::text, '|' ORDER BY audit_id)), count(*) FROM audit"
BY_MONTH = next(one.number for one in migrations() if "PARTITION BY RANGE (at)" in one.sql)


@pytest.fixture
def dsn(server_dsn: str, template: str) -> Iterator[str]:
    name = f"test_{os.getpid()}_trail"
    run_on(server_dsn, "CREATE DATABASE {} TEMPLATE {}", name, template)
    yield dsn_of(server_dsn, name)
    run_on(server_dsn, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@pytest.fixture
def conn(dsn: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(dsn, autocommit=True) as found:
        yield found


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    async with make_pool(dsn, size=2) as opened:
        yield opened


def parts(conn: psycopg.Connection) -> list[Part]:
    return archive.parts_before(conn, TRAIL, LATER)


def readiness(conn: psycopg.Connection) -> partitions.Readiness:
    return next(one for one in partitions.readiness(conn) if one.table == "audit")


def write(conn: psycopg.Connection, at: datetime, rows: int = 10) -> None:
    conn.execute(ROWS, (at, rows))


def half_written(folder: Path) -> list[Path]:
    return list(folder.glob("*.part"))


def everything(conn: psycopg.Connection) -> tuple[str, int]:
    row = conn.execute(EVERYTHING).fetchone()
    assert row is not None
    return row[0], row[1]


async def chained(conn: psycopg.Connection, pool: Pool) -> None:
    """Chain what was written; transactions elsewhere on the server may delay it."""
    for _ in range(400):
        async with transaction(pool) as within:
            await audit.chain(within)
        if conn.execute("SELECT count(*) FROM audit WHERE chain_hash IS NULL").fetchone() == (0,):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the trail was not chained")


async def fits(pool: Pool) -> int:
    """How many rows were checked; all of them fit."""
    async with transaction(pool) as conn:
        checked, broken = await audit.verify(conn)
    assert broken is None
    return checked


async def three_months(conn: psycopg.Connection, pool: Pool) -> list[Part]:
    """Rows of three months, chained; at the ends of months in no order."""
    found = parts(conn)
    for place, part in enumerate(found[:3]):
        ends = part.ends_at or LATER
        write(conn, ends.replace(year=ends.year - 1) if place == 0 else part.starts_at or LATER)
        write(conn, found[place + 1].starts_at or LATER, 1)
        write(conn, found[place].starts_at or datetime(2020, 1, 1, tzinfo=UTC), 1)
    await chained(conn, pool)
    return found


async def test_months_lie_ahead_and_a_row_of_another_month_is_kept_too(conn: psycopg.Connection) -> None:
    ready = readiness(conn)
    assert (ready.ahead, ready.strays) == (partitions.MONTHS_AHEAD, False)
    write(conn, datetime(2099, 5, 31, 23, 59, 59, tzinfo=UTC), 3)
    write(conn, datetime(2099, 6, 1, tzinfo=UTC), 4)
    assert readiness(conn).strays
    conn.execute("SELECT partition_make('audit', '2099-05-15')")
    conn.execute("SELECT partition_make('audit', '2099-06-15')")
    assert conn.execute("SELECT count(*) FROM audit_2099_05").fetchone() == (3,)
    assert conn.execute("SELECT count(*) FROM audit_2099_06").fetchone() == (4,)
    assert not readiness(conn).strays


async def test_the_worker_makes_the_months_that_are_missing_once(conn: psycopg.Connection, pool: Pool) -> None:
    last = parts(conn)[-1].partition
    conn.execute(f"DROP TABLE {last}".encode())
    async with asyncio.TaskGroup() as tasks:
        made = [tasks.create_task(_made(pool)) for _ in range(2)]
    assert sorted(one.result() for one in made) == [0, 1]
    assert parts(conn)[-1].partition == last


async def _made(pool: Pool) -> int:
    async with transaction(pool) as conn:
        return await partitions.make_ahead(conn)


async def test_no_part_can_be_changed(conn: psycopg.Connection, pool: Pool, tmp_path: Path) -> None:
    first, *_ = await three_months(conn, pool)
    archive.put_away(conn, TRAIL, first, tmp_path)
    archive.bring_back(conn, tmp_path / f"{first.partition}.json", [TRAIL])
    conn.execute("SELECT partition_make('audit', '2099-05-15')")
    write(conn, datetime(2099, 5, 1, tzinfo=UTC))
    for change in ("UPDATE audit SET reason = 'other'", "DELETE FROM audit"):
        for part in parts(conn):
            if conn.execute(f"SELECT count(*) FROM {part.partition}".encode()).fetchone() != (0,):
                with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                    conn.execute(change.replace("audit", part.partition).encode())


async def test_what_was_put_away_comes_back_as_it_was(conn: psycopg.Connection, pool: Pool, tmp_path: Path) -> None:
    found = await three_months(conn, pool)
    before, checked = everything(conn), await fits(pool)
    manifests = [archive.put_away(conn, TRAIL, part, tmp_path) for part in found[:2]]
    assert everything(conn)[1] == before[1] - sum(one.row_count for one in manifests)
    assert [one[0] for one in archive.archived(conn)] == [part.partition for part in found[:2]]
    assert await fits(pool) == checked - sum(one.row_count for one in manifests)
    write(conn, found[2].starts_at or LATER)
    await chained(conn, pool)
    assert await fits(pool) == checked + 10 - sum(one.row_count for one in manifests)
    conn.execute("ALTER TABLE audit DISABLE TRIGGER audit_append_only")
    conn.execute("DELETE FROM audit WHERE audit_id > (SELECT max(audit_id) - 10 FROM audit)")
    conn.execute("UPDATE archived_partition SET bounds = NULL")
    for part in (found[1], found[0]):
        archive.bring_back(conn, tmp_path / f"{part.partition}.json", [TRAIL])
        await fits(pool)
    assert everything(conn) == before
    assert await fits(pool) == checked


async def test_a_row_that_is_missing_beside_an_archived_part_is_noticed(
    conn: psycopg.Connection, pool: Pool, tmp_path: Path
) -> None:
    first, second, *_ = await three_months(conn, pool)
    archive.put_away(conn, TRAIL, first, tmp_path)
    conn.execute("ALTER TABLE audit DISABLE TRIGGER audit_append_only")
    for gone in ("min(audit_id)", "max(audit_id) - 3"):
        with psycopg.connect(conn.info.dsn, password=conn.info.password) as trial:
            trial.execute(f"DELETE FROM audit WHERE audit_id = (SELECT {gone} FROM {second.partition})".encode())
            trial.commit()
        async with transaction(pool) as within:
            _, broken = await audit.verify(within)
        assert broken is not None


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _other_rows(path: Path) -> None:
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"why", b"not")))


def _fewer(path: Path) -> None:
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).partition(b"\n")[2]))


@pytest.mark.parametrize("forge", [_cut, _other_rows, _fewer, Path.unlink])
async def test_a_file_that_is_not_what_was_written_is_not_brought_back(
    conn: psycopg.Connection, pool: Pool, tmp_path: Path, forge: Callable[[Path], None]
) -> None:
    first, *_ = await three_months(conn, pool)
    manifest = archive.put_away(conn, TRAIL, first, tmp_path)
    forge(tmp_path / manifest.file_name)
    with pytest.raises(ArchiveRefused):
        archive.bring_back(conn, tmp_path / f"{first.partition}.json", [TRAIL])
    assert len(archive.archived(conn)) == 1


async def test_a_manifest_that_was_made_to_fit_other_rows_is_refused(
    conn: psycopg.Connection, pool: Pool, tmp_path: Path
) -> None:
    first, *_ = await three_months(conn, pool)
    manifest = archive.put_away(conn, TRAIL, first, tmp_path)
    other = archive.put_away(conn, TRAIL, parts(conn)[0], tmp_path / "other")
    forged = {"content_sha256": other.content_sha256, "row_count": other.row_count}
    beside = tmp_path / f"{first.partition}.json"
    (tmp_path / manifest.file_name).write_bytes((tmp_path / "other" / other.file_name).read_bytes())
    beside.write_text(json.dumps({**json.loads(beside.read_text()), **forged}))
    with pytest.raises(ArchiveRefused, match="not the file"):
        archive.bring_back(conn, beside, [TRAIL])


async def test_what_is_not_chained_or_would_be_overwritten_stays(
    conn: psycopg.Connection, pool: Pool, tmp_path: Path
) -> None:
    first, *_ = parts(conn)
    write(conn, datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(ArchiveRefused, match="chained"):
        archive.put_away(conn, TRAIL, first, tmp_path)
    await three_months(conn, pool)
    archive.put_away(conn, TRAIL, first, tmp_path)
    archive.bring_back(conn, tmp_path / f"{first.partition}.json", [TRAIL])
    write(conn, datetime(2020, 1, 1, tzinfo=UTC))
    write(conn, parts(conn)[1].starts_at or LATER)
    await chained(conn, pool)
    before = everything(conn)
    with pytest.raises(ArchiveRefused, match="other rows"):
        archive.put_away(conn, TRAIL, parts(conn)[0], tmp_path)
    assert everything(conn) == before
    assert not half_written(tmp_path)


async def test_a_trail_from_before_goes_on_in_its_parts(server_dsn: str) -> None:
    name = f"test_{os.getpid()}_earlier"
    run_on(server_dsn, "CREATE DATABASE {}", name)
    dsn = dsn_of(server_dsn, name)
    try:
        with psycopg.connect(dsn, autocommit=True) as conn:
            migrate_to(conn, BY_MONTH - 1)
            write(conn, datetime(2021, 4, 28, tzinfo=UTC), 500)
            conn.execute("UPDATE audit SET chain_hash = sha256('x') WHERE audit_id = 1")
            before = everything(conn)
            migrate(dsn)
            assert everything(conn) == before
            write(conn, datetime.now(UTC), 1)
            assert conn.execute("SELECT max(audit_id), count(DISTINCT audit_id) FROM audit").fetchone() == (501, 501)
            assert conn.execute("SELECT count(*) FROM audit_default").fetchone() == (0,)
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                conn.execute("DELETE FROM audit WHERE audit_id = 7")
    finally:
        run_on(server_dsn, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


async def test_a_month_that_cannot_be_made_now_is_made_later(conn: psycopg.Connection, pool: Pool, dsn: str) -> None:
    last = parts(conn)[-1].partition
    conn.execute(f"DROP TABLE {last}".encode())
    conn.execute("ALTER FUNCTION partition_ahead(text, integer) SET lock_timeout = '50ms'")
    with psycopg.connect(dsn) as reader:
        reader.execute("SELECT count(*) FROM audit")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            await _made(pool)
        write(conn, datetime.now(UTC))
    assert await _made(pool) == 1
