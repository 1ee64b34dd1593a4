"""Tables that are partitioned by month: their parts are made ahead, so that no row ever lacks one."""

from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

from opencowin.kit.db import Connection, fetch_value

BY_MONTH: tuple[LiteralString, ...] = ("audit",)
"""Each has a part named …_default for what comes in a month without a part."""
MONTHS_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Readiness:
    """How a table stands: parts that lie ahead of now, and rows that found none of their month."""

    table: str
    ahead: int
    strays: bool


async def make_ahead(conn: Connection) -> int:
    """Make the parts of the coming months that are missing; how many. For the worker, now and then."""
    made = 0
    for table in BY_MONTH:
        made += await fetch_value(
            conn, "SELECT partition_ahead(%(table)s, %(months)s)", table=table, months=MONTHS_AHEAD
        )
    return made


def readiness(conn: psycopg.Connection) -> list[Readiness]:
    """How each table stands."""
    return [_readiness(conn, table) for table in BY_MONTH]


def _readiness(conn: psycopg.Connection, table: str) -> Readiness:
    ahead = conn.execute(
        "SELECT count(*) FROM partition_bounds(%(table)s) WHERE starts_at > now()", {"table": table}
    ).fetchone()
    rest = sql.Identifier(f"{table}_default")
    strays = conn.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(rest)).fetchone()
    return Readiness(table, int(ahead[0]) if ahead else 0, bool(strays and strays[0]))
