"""Parts of tables that are over are put away into compressed files with a manifest each, and can be brought back.

A part leaves the database in the transaction that enters its file as archived, after the file was flushed to disk, read
again and found to hold what the part holds. So a crash at any moment leaves it in the database, or in a whole file.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import psycopg
from psycopg import sql
from psycopg.rows import class_row

CHUNK = 1 << 20
MANIFEST, FILE = ".json", ".copy.gz"
PATIENCE = "SET LOCAL lock_timeout = '10s'"


class ArchiveRefused(Exception):
    """A part cannot be put away or brought back; the message says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a table that is partitioned by time: rows from `starts_at` (None: the first) to before `ends_at`."""

    table_name: str
    partition: str
    starts_at: datetime | None
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the file of a part holds; kept beside it, and in the database as long as the part is away."""

    table_name: str
    partition: str
    starts_at: str | None
    ends_at: str
    columns: list[str]
    row_count: int
    content_sha256: str
    file_name: str

    @property
    def part(self) -> Part:
        """The part that it is of."""
        begun = datetime.fromisoformat(self.starts_at) if self.starts_at else None
        return Part(self.table_name, self.partition, begun, datetime.fromisoformat(self.ends_at))


def parts_before(conn: psycopg.Connection, table: str, before: datetime) -> list[Part]:
    """The parts of a table whose time was over before an instant, the oldest first."""
    with conn.cursor(row_factory=class_row(Part)) as cursor:
        return cursor.execute(
            """
            SELECT %(table)s AS table_name, partition, starts_at, ends_at FROM partition_bounds(%(table)s)
            WHERE ends_at <= %(before)s ORDER BY ends_at
            """,
            {"table": table, "before": before},
        ).fetchall()


def archived(conn: psycopg.Connection) -> list[tuple[str, int, str, datetime]]:
    """What is away, the oldest first: part, rows, file and since when."""
    return conn.execute(
        "SELECT partition, row_count, file_name, archived_at FROM archived_partition ORDER BY table_name, ends_at"
    ).fetchall()


def put_away(conn: psycopg.Connection, part: Part, folder: Path) -> Manifest:
    """Write a part into a file of this folder, read it again, and let it go from the database.

    Raises ArchiveRefused where its rows are not all chained, or the file does not hold what was written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with conn.transaction():
        conn.execute(PATIENCE)
        # Nobody writes to it any more; nobody shall.
        conn.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(sql.Identifier(part.partition)))
        _refuse_unchained(conn, part)
        manifest = _write(conn, part, folder)
        check(folder, manifest)
        _let_go(conn, part, manifest)
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


def bring_back(conn: psycopg.Connection, manifest_path: Path) -> Manifest:
    """Have an archived part in its table again; the file stays.

    Raises ArchiveRefused where the part is not away, or the file is not the one that was written.
    """
    manifest = read_manifest(manifest_path)
    check(manifest_path.parent, manifest)
    with conn.transaction():
        conn.execute(PATIENCE)
        gone = conn.execute(
            "DELETE FROM archived_partition WHERE (partition, content_sha256) = (%s, %s) RETURNING partition",
            (manifest.partition, manifest.content_sha256),
        ).fetchone()
        if gone is None:
            raise ArchiveRefused(f"{manifest.partition} is not away, or this is not the file that it was written to")
        _load(conn, manifest, manifest_path.parent)
    return manifest


def _refuse_unchained(conn: psycopg.Connection, part: Part) -> None:
    """The chain must have passed the part, and gone on in another one."""
    if part.table_name != "audit":
        return
    found = conn.execute(
        sql.SQL(
            """
            SELECT EXISTS (SELECT FROM {part} WHERE chain_hash IS NULL),
                   coalesce((SELECT max(audit_id) FROM {part})
                            < (SELECT max(audit_id) FROM audit WHERE chain_hash IS NOT NULL), true)
            """
        ).format(part=sql.Identifier(part.partition))
    ).fetchone()
    if found != (False, True):
        raise ArchiveRefused(f"{part.partition} is not wholly chained, or nothing comes after it: is a worker running?")


def _write(conn: psycopg.Connection, part: Part, folder: Path) -> Manifest:
    columns = _columns(conn, part.partition)
    path, beside = folder / f"{part.partition}{FILE}", folder / f"{part.partition}{MANIFEST}"
    earlier = read_manifest(beside) if beside.exists() else None
    digest, rows = hashlib.sha256(), 0
    copy = sql.SQL("COPY (SELECT {} FROM {} ORDER BY 1) TO STDOUT").format(
        _listed(columns), sql.Identifier(part.partition)
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
        ends_at=part.ends_at.isoformat(),
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


def _let_go(conn: psycopg.Connection, part: Part, manifest: Manifest) -> None:
    """Enter the file as the part's place, and drop the part: both, or neither."""
    conn.execute(
        """
        INSERT INTO archived_partition (partition, table_name, starts_at, ends_at, row_count, content_sha256, file_name)
        VALUES (%s, %s, %s, %s, %s, %s, %s)
        """,
        (
            *(part.partition, part.table_name, part.starts_at, part.ends_at),
            *(manifest.row_count, manifest.content_sha256, manifest.file_name),
        ),
    )
    if part.table_name == "audit":
        _keep_seams(conn, part)
    names = {"table": sql.Identifier(part.table_name), "part": sql.Identifier(part.partition)}
    conn.execute(sql.SQL("ALTER TABLE {table} DETACH PARTITION {part}").format(**names))
    conn.execute(sql.SQL("DROP TABLE {part}").format(**names))


def _keep_seams(conn: psycopg.Connection, part: Part) -> None:
    """Keep the hash before each row whose predecessor is on the other side of the part's border."""
    conn.execute(
        sql.SQL(
            """
            WITH span AS (
                SELECT coalesce((SELECT max(audit_id) FROM audit WHERE audit_id < min(own.audit_id)),
                                min(own.audit_id)) AS first,
                       (SELECT min(audit_id) FROM audit WHERE audit_id > max(own.audit_id)) AS last
                FROM {part} AS own),
            pair AS (
                SELECT audit_id, tableoid AS place, lag(chain_hash) OVER chain AS hash,
                       lag(tableoid) OVER chain AS before
                FROM audit, span WHERE audit_id BETWEEN first AND last WINDOW chain AS (ORDER BY audit_id))
            INSERT INTO audit_seam (audit_id, previous_hash, partition)
            SELECT audit_id, hash, before::regclass::text FROM pair
            WHERE place <> before AND {own}::regclass IN (place, before)
            ON CONFLICT (audit_id) DO NOTHING
            """
        ).format(part=sql.Identifier(part.partition), own=sql.Literal(part.partition))
    )


def _load(conn: psycopg.Connection, manifest: Manifest, folder: Path) -> None:
    part = manifest.part
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
    begun = sql.Literal(part.starts_at) if part.starts_at else sql.SQL("MINVALUE")
    conn.execute(
        sql.SQL("ALTER TABLE {table} ATTACH PARTITION {part} FOR VALUES FROM ({begun}) TO ({ends})").format(
            begun=begun, ends=sql.Literal(part.ends_at), **names
        )
    )


def _listed(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
