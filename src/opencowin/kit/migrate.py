"""Migrations: numbered, forward-only SQL files, each applied once in a transaction of its own, under one lock."""

import hashlib
import importlib.resources
import re
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

MIGRATION_LOCK = 0x6F_63_6D_69  # "ocmi": one migrator at a time
FILE_NAME = re.compile(r"(?P<number>\d{4})_(?P<name>[a-z_]+)\.sql")


class MigrationAltered(RuntimeError):
    """A migration that was applied has since been edited: the database and the code disagree."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All migrations that ship with this version, in order."""
    folder = importlib.resources.files("opencowin") / "migrations"
    found = [
        Migration(int(match["number"]), match["name"], file.read_text("utf-8"))
        for file in folder.iterdir()
        if (match := FILE_NAME.fullmatch(file.name))
    ]
    return sorted(found, key=lambda migration: migration.number)


def _applied(conn: psycopg.Connection) -> dict[int, str]:
    conn.execute(
        """
        CREATE TABLE IF NOT EXISTS migration (
            number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT now())
        """
    )
    return dict(conn.execute("SELECT number, checksum FROM migration").fetchall())


def pending(conn: psycopg.Connection) -> list[Migration]:
    """What has not been applied yet. Raises MigrationAltered."""
    applied = _applied(conn)
    for migration in migrations():
        if applied.get(migration.number, migration.checksum) != migration.checksum:
            raise MigrationAltered(f"{migration.number:04}_{migration.name} differs from what was applied")
    return [migration for migration in migrations() if migration.number not in applied]


def migrate(dsn: str, on_progress: Callable[[str], None] = lambda _: None) -> int:
    """Bring the database up to this version; how many migrations were applied. Safe to run from several processes."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        todo = pending(conn)
        for migration in todo:
            on_progress(f"{migration.number:04} {migration.name}")
            with conn.transaction():
                conn.execute(migration.sql.encode())
                conn.execute(
                    "INSERT INTO migration (number, name, checksum) VALUES (%s, %s, %s)",
                    (migration.number, migration.name, migration.checksum),
                )
        return len(todo)
