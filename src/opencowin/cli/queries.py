"""What commands ask of the database beyond the rooms' verbs: the health of server, queue and messages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from opencowin.kit.db import Connection, fetch_value

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """The server's version number (150004 is 15.4), its clock, and whether what is confirmed is on disk."""

    version: int
    now: datetime
    synchronous_commit: str
    fsync: str


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """Jobs that wait though they are due, since when the oldest, and jobs held for a human."""

    late: int
    oldest_at: datetime | None
    held: int


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column of a table, with the comments of both."""

    table_name: str
    table_meaning: str | None
    column_name: str
    type_name: str
    nullable: bool
    in_key: bool
    meaning: str | None


async def jobs_between(conn: Connection, since: datetime, until: datetime) -> int:
    """Jobs queued between two instants that are due, were not tried yet, and are not done."""
    found: int = await fetch_value(
        conn,
        """
        SELECT count(*) FROM pgqueuer
        WHERE status IN ('queued', 'picked') AND created BETWEEN %(since)s AND %(until)s AND execute_after <= now()
          AND attempts = 0
        """,
        since=since,
        until=until,
    )
    return found


async def database_now(conn: Connection) -> datetime:
    """The database's clock."""
    now: datetime = await fetch_value(conn, "SELECT now()")
    return now


def server_facts(conn: psycopg.Connection) -> ServerFacts:
    """What the server says of itself."""
    return _one(
        conn,
        ServerFacts,
        """
        SELECT current_setting('server_version_num')::int AS version, clock_timestamp() AS now,
               current_setting('synchronous_commit') AS synchronous_commit, current_setting('fsync') AS fsync
        """,
    )


def queue_facts(conn: psycopg.Connection, late: timedelta) -> QueueFacts:
    """The state of the job queue."""
    return _one(
        conn,
        QueueFacts,
        """
        SELECT count(*) FILTER (WHERE due) AS late, min(execute_after) FILTER (WHERE due) AS oldest_at,
               count(*) FILTER (WHERE status = 'failed') AS held
        FROM (SELECT status, execute_after,
                     status = 'queued' AND execute_after < now() - %(late)s::interval AS due FROM pgqueuer) AS job
        """,
        late=late,
    )


def is_country_loaded(conn: psycopg.Connection) -> bool:
    """Whether there are states and a programme."""
    found = conn.execute("SELECT EXISTS (SELECT FROM state) AND EXISTS (SELECT FROM programme)").fetchone()
    return bool(found and found[0])


def unsent_messages(conn: psycopg.Connection, late: timedelta) -> int:
    """Messages that wait for longer than this."""
    found = conn.execute(
        "SELECT count(*) FROM message WHERE state = 'queued' AND caused_at < now() - %(late)s::interval",
        {"late": late},
    ).fetchone()
    return int(found[0]) if found else 0


def tables(conn: psycopg.Connection) -> set[str]:
    """The tables of the platform's schema."""
    found = conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    return {row[0] for row in found.fetchall()}


def columns(conn: psycopg.Connection) -> list[ColumnFacts]:
    """The columns of every table of the platform's schema, by table and in their order."""
    with conn.cursor(row_factory=class_row(ColumnFacts)) as cursor:
        return cursor.execute(
            """
            SELECT c.relname AS table_name, obj_description(c.oid, 'pg_class') AS table_meaning,
                   a.attname AS column_name, format_type(a.atttypid, a.atttypmod) AS type_name,
                   NOT a.attnotnull AS nullable, a.attnum = ANY (coalesce(k.conkey, '{}')) AS in_key,
                   col_description(c.oid, a.attnum) AS meaning
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
            WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            ORDER BY c.relname COLLATE "C", a.attnum
            """
        ).fetchall()


def other_users(conn: psycopg.Connection) -> int:
    """Other connections to this database."""
    found = conn.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ).fetchone()
    return int(found[0]) if found else 0


def drop_everything(conn: psycopg.Connection) -> None:
    """Drop the platform's schema with all that is in it, and leave an empty one."""
    schema = conn.execute("SELECT current_schema()").fetchone()
    name = sql.Identifier(schema[0] if schema else "public")
    conn.execute(sql.SQL("DROP SCHEMA {0} CASCADE; CREATE SCHEMA {0}").format(name))


def _one(conn: psycopg.Connection, row: type[T], statement: LiteralString, **parameters: object) -> T:
    with conn.cursor(row_factory=class_row(row)) as cursor:
        found = cursor.execute(statement, parameters).fetchone()
    assert found is not None
    return found
