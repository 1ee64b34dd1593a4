"""Tables that are parted by month: their parts are made ahead, so that no row ever lacks one."""

from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from opencowin.kit.db import Connection, fetch_value

MONTHS_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Readiness:
    """How a table stands: parts that lie ahead of now, and rows that found none of their month."""

    table: str
    ahead: int
    strays: bool


async def make_ahead(conn: Connection) -> int:
    """Make the parts of the coming months that are missing, of every table; how many. For the worker, now and then."""
    made = await fetch_value(
        conn,
        """
        SELECT coalesce(sum(partition_ahead(table_name, %(months)s)), 0)::int
        FROM partitioned_by_month() AS p (table_name)
        """,
        months=MONTHS_AHEAD,
    )
    return int(made)


def readiness(conn: psycopg.Connection) -> list[Readiness]:
    """How each table stands, by name."""
    with conn.cursor(row_factory=class_row(Readiness)) as cursor:
        return cursor.execute(
            """
            SELECT table_name AS table, (SELECT count(*) FROM partition_bounds(table_name)
                                         WHERE starts_at > now() AND ends_at IS NOT NULL)::int AS ahead,
                   partition_strays(table_name) AS strays
            FROM partitioned_by_month() AS p (table_name) ORDER BY table_name
            """
        ).fetchall()
