"""Parts of tables that are over are put away into compressed files with a manifest each, and can be brought back.

A part leaves the database in the transaction that enters its file as archived, after the file was flushed to disk, read
again and found to hold what the part holds. So a crash at any moment leaves it in the database, or in a whole file. The
part is watched while it is written, not locked: nobody waits, and what has changed meanwhile stays.
"""

import gzip
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

import psycopg
from psycopg import sql
from psycopg.rows import class_row

CHUNK = 1 << 20
MANIFEST, FILE = ".json", ".copy.gz"
PATIENCE = "SET LOCAL lock_timeout = '2s'"
"""Whoever wants the table waits behind who waits for it."""
TRIES = 10


class ArchiveRefused(Exception):
    """A part cannot be put away or brought back; the message says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a table that is partitioned by month: rows from `starts_at` to before `ends_at` (None: no bound)."""

    table_name: str
    partition: str
    starts_at: datetime | None
    ends_at: datetime | None
    bounds: str
    """As PostgreSQL writes them."""


def _nothing(_: psycopg.Connection, __: Part) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Shelf:
    """A table whose months are put away, and what those who own it ask of a part.

    `ends` tells when a part is over, if it is at all; `close` ends what nobody will do any more; `refuse` raises
    ArchiveRefused while something is left to do; `leaving` and `returned` write what has to be known once the part is
    away, or is back.
    """

    table: str
    ends: Callable[[psycopg.Connection, Part], datetime | None]
    refuse: Callable[[psycopg.Connection, Part], None]
    close: Callable[[psycopg.Connection, Part], None] = _nothing
    leaving: Callable[[psycopg.Connection, Part], None] = _nothing
    returned: Callable[[psycopg.Connection, Part], None] = _nothing


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the file of a part holds; kept beside it, and in the database as long as the part is away."""

    table_name: str
    partition: str
    starts_at: str | None
    ends_at: str | None
    columns: list[str]
    row_count: int
    content_sha256: str
    file_name: str


def parts_before(conn: psycopg.Connection, shelf: Shelf, before: datetime) -> list[Part]:
    """The parts of a table that were over before an instant, the oldest first."""
    with conn.cursor(row_factory=class_row(Part)) as cursor:
        found = cursor.execute(
            """
            SELECT %(table)s AS table_name, partition, starts_at, ends_at, bounds FROM partition_bounds(%(table)s)
            WHERE ends_at <= %(before)s OR ends_at IS NULL ORDER BY ends_at
            """,
            {"table": shelf.table, "before": before},
        ).fetchall()
    over = [(part, shelf.ends(conn, part)) for part in found]
    return [replace(part, ends_at=part.ends_at or ends) for part, ends in over if ends is not None and ends <= before]


def archived(conn: psycopg.Connection) -> list[tuple[str, int, str, datetime]]:
    """What is away, the oldest first: part, rows, file and since when."""
    return conn.execute(
        "SELECT partition, row_count, file_name, archived_at FROM archived_partition ORDER BY table_name, ends_at"
    ).fetchall()


def put_away(conn: psycopg.Connection, shelf: Shelf, part: Part, folder: Path) -> Manifest:
    """Write a part into a file of this folder, read it again, and let it go from the database.

    Raises ArchiveRefused where something of it is not done, where it has changed meanwhile, or where the file does not
    hold what was written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    shelf.close(conn, part)
    run = uuid4()
    _patiently(conn, lambda: _watch(conn, part, run))
    try:
        with conn.transaction():
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            shelf.refuse(conn, part)
            manifest = _write(conn, part, folder)
        check(folder, manifest)
        _patiently(conn, lambda: _let_go(conn, shelf, part, manifest, run))
    except BaseException:
        with suppress(psycopg.Error):
            _patiently(conn, lambda: _look_away(conn, part, run))
        raise
    return manifest


def check(folder: Path, manifest: Manifest) -> None:
    """Read a file to its end. Raises ArchiveRefused where it is not what the manifest says."""
    path = folder / manifest.file_name
    digest, rows = hashlib.sha256(), 0
    try:
        with gzip.open(path, "rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                rows += chunk.count(b"\n")
    except (OSError, EOFError) as broken:
        raise ArchiveRefused(f"{path} cannot be read to its end: {broken}") from broken
    if (rows, digest.hexdigest()) != (manifest.row_count, manifest.content_sha256):
        raise ArchiveRefused(f"{path} does not hold what its manifest says")


def read_manifest(path: Path) -> Manifest:
    """The manifest of a file. Raises ArchiveRefused where it is none."""
    try:
        return Manifest(**json.loads(path.read_text("utf-8")))
    except (TypeError, ValueError) as broken:
        raise ArchiveRefused(f"{path} is no manifest of an archived part") from broken


def bring_back(conn: psycopg.Connection, manifest_path: Path, shelves: Sequence[Shelf]) -> Manifest:
    """Have an archived part in its table again; the file stays.

    Raises ArchiveRefused where the part is not away, or the file is not the one that was written.
    """
    manifest = read_manifest(manifest_path)
    check(manifest_path.parent, manifest)
    with conn.transaction(), conn.cursor(row_factory=class_row(Part)) as cursor:
        conn.execute(PATIENCE)
        part = cursor.execute(
            """
            DELETE FROM archived_partition WHERE (partition, content_sha256) = (%s, %s)
            RETURNING table_name, partition, starts_at, ends_at,
                      coalesce(bounds, format('FOR VALUES FROM (%%s) TO (%%L)',
                                              coalesce(quote_literal(starts_at), 'MINVALUE'), ends_at)) AS bounds
            """,
            (manifest.partition, manifest.content_sha256),
        ).fetchone()
        if part is None:
            raise ArchiveRefused(f"{manifest.partition} is not away, or this is not the file that it was written to")
        _load(conn, part, manifest, manifest_path.parent)
        for shelf in shelves:
            if shelf.table == part.table_name:
                shelf.returned(conn, part)
        # Last, since others may have to wait from here on.
        facts = (part.table_name, part.partition, part.bounds)
        _patiently(conn, lambda: conn.execute("SELECT partition_attach(%s, %s, %s)", facts))
    return manifest


def _patiently(conn: psycopg.Connection, do: Callable[[], object]) -> None:
    """Do it in a transaction that waits for no lock for long; often, if need be."""
    for left in reversed(range(TRIES)):
        try:
            with conn.transaction():
                conn.execute(PATIENCE)
                do()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            if not left:
                raise
            time.sleep(1)
        else:
            return


def _watch(conn: psycopg.Connection, part: Part, run: UUID) -> None:
    """From now on it is known when a row of the part changes; whoever is changing one is waited for."""
    name = sql.Identifier(part.partition)
    conn.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(name))
    conn.execute(
        """
        INSERT INTO archived_partition_watch (partition, run) VALUES (%s, %s)
        ON CONFLICT (partition) DO UPDATE SET run = excluded.run, changed = false
        """,
        (part.partition, run),
    )
    conn.execute(
        sql.SQL(
            """
            CREATE OR REPLACE TRIGGER watched AFTER INSERT OR UPDATE OR DELETE ON {}
            FOR EACH ROW EXECUTE FUNCTION partition_was_changed()
            """
        ).format(name)
    )


def _look_away(conn: psycopg.Connection, part: Part, run: UUID) -> None:
    own = conn.execute(
        "DELETE FROM archived_partition_watch WHERE (partition, run) = (%s, %s) RETURNING run", (part.partition, run)
    ).fetchone()
    if own:
        conn.execute(sql.SQL("DROP TRIGGER watched ON {}").format(sql.Identifier(part.partition)))


def _write(conn: psycopg.Connection, part: Part, folder: Path) -> Manifest:
    columns = _columns(conn, part.partition)
    path, beside = folder / f"{part.partition}{FILE}", folder / f"{part.partition}{MANIFEST}"
    earlier = read_manifest(beside) if beside.exists() else None
    digest, rows = hashlib.sha256(), 0
    copy = sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT").format(
        _listed(columns), sql.Identifier(part.partition), _listed(_key(conn, part.partition))
    )
    with (
        _flushed(path) as raw,
        gzip.GzipFile(path.name, "wb", 6, raw, mtime=0) as file,
        conn.cursor().copy(copy) as got,
    ):
        for chunk in got:
            digest.update(chunk)
            rows += bytes(chunk).count(b"\n")
            file.write(chunk)
        if earlier and earlier.content_sha256 != digest.hexdigest():
            raise ArchiveRefused(f"{path} is there with other rows; name another folder")
    manifest = Manifest(
        table_name=part.table_name,
        partition=part.partition,
        starts_at=part.starts_at.isoformat() if part.starts_at else None,
        ends_at=part.ends_at.isoformat() if part.ends_at else None,
        columns=columns,
        row_count=rows,
        content_sha256=digest.hexdigest(),
        file_name=path.name,
    )
    with _flushed(beside) as raw:
        raw.write(json.dumps(asdict(manifest), indent=2).encode())
    return manifest


def _columns(conn: psycopg.Connection, partition: str) -> list[str]:
    rows = conn.execute(
        """
        SELECT attname FROM pg_attribute
        WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
        """,
        (partition,),
    )
    return [row[0] for row in rows.fetchall()]


def _key(conn: psycopg.Connection, partition: str) -> list[str]:
    rows = conn.execute(
        """
        SELECT attname FROM pg_index CROSS JOIN unnest(indkey) WITH ORDINALITY AS k (number, place)
        JOIN pg_attribute ON attrelid = indrelid AND attnum = number
        WHERE indrelid = %s::regclass AND indisprimary ORDER BY place
        """,
        (partition,),
    )
    return [row[0] for row in rows.fetchall()]


@contextmanager
def _flushed(path: Path) -> Iterator[BinaryIO]:
    """A file that has its name once it is whole and on disk, and not before."""
    begun = path.with_suffix(f"{path.suffix}.part")
    try:
        with os.fdopen(os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        begun.replace(path)
    finally:
        begun.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _let_go(conn: psycopg.Connection, shelf: Shelf, part: Part, manifest: Manifest, run: UUID) -> None:
    """Enter the file as the part's place, and drop the part: both, or neither."""
    shelf.leaving(conn, part)
    names = {"table": sql.Identifier(part.table_name), "part": sql.Identifier(part.partition)}
    conn.execute(sql.SQL("LOCK TABLE ONLY {table}, ONLY {part} IN ACCESS EXCLUSIVE MODE").format(**names))
    watched = conn.execute(
        "DELETE FROM archived_partition_watch WHERE (partition, run) = (%s, %s) AND NOT changed RETURNING run",
        (part.partition, run),
    ).fetchone()
    if watched is None:
        raise ArchiveRefused(f"rows of {part.partition} have changed while they were written: run it again")
    conn.execute(
        """
        INSERT INTO archived_partition
            (partition, table_name, starts_at, ends_at, bounds, row_count, content_sha256, file_name)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            *(part.partition, part.table_name, part.starts_at, part.ends_at, part.bounds),
            *(manifest.row_count, manifest.content_sha256, manifest.file_name),
        ),
    )
    conn.execute(sql.SQL("ALTER TABLE {table} DETACH PARTITION {part}").format(**names))
    conn.execute(sql.SQL("DROP TABLE {part}").format(**names))


def _load(conn: psycopg.Connection, part: Part, manifest: Manifest, folder: Path) -> None:
    names = {"table": sql.Identifier(part.table_name), "part": sql.Identifier(part.partition)}
    conn.execute(sql.SQL("CREATE TABLE {part} (LIKE {table} INCLUDING ALL)").format(**names))
    conn.execute(
        sql.SQL("COMMENT ON TABLE {part} IS {told}").format(
            told=sql.Literal(f"Rows of {part.table_name} that were brought back from a file."), **names
        )
    )
    copy = sql.SQL("COPY {} ({}) FROM STDIN").format(names["part"], _listed(manifest.columns))
    with gzip.open(folder / manifest.file_name, "rb") as file, conn.cursor().copy(copy) as target:
        while chunk := file.read(CHUNK):
            target.write(chunk)


def _listed(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
