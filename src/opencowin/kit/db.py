"""PostgreSQL as the rooms use it: a pool, typed fetches, one transaction opened at the edge."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, LiteralString, TypeVar
from weakref import WeakKeyDictionary

import orjson
import psycopg
from psycopg.rows import TupleRow, class_row
from psycopg_pool import AsyncConnectionPool

from opencowin.kit.errors import Refusal

Connection = psycopg.AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]
T = TypeVar("T")
SEEN_LATELY = 0.5
"""Seconds for which a connection is believed in."""
_seen_at: WeakKeyDictionary[Connection, float] = WeakKeyDictionary()
_touched: ContextVar[set[int] | None] = ContextVar("touched", default=None)


def make_pool(dsn: str, *, size: int) -> Pool:
    """A pool of autocommit connections (transactions are opened explicitly, by `transaction`); not opened yet."""
    return AsyncConnectionPool(
        dsn,
        min_size=1,
        max_size=size,
        open=False,
        timeout=10,
        kwargs={"autocommit": True},
        check=_check,
        name="opencowin",
    )


async def _check(conn: Connection) -> None:
    """See whether the server is still there, unless it was a moment ago: under load that is a trip saved each time."""
    now = time.monotonic()
    if now - _seen_at.get(conn, 0.0) > SEEN_LATELY:
        await AsyncConnectionPool.check_connection(conn)
        _seen_at[conn] = now


@asynccontextmanager
async def transaction(
    pool: Pool, committed: Callable[[frozenset[int]], None] | None = None
) -> AsyncIterator[Connection]:
    """One connection with one open transaction: committed when the block ends, rolled back when it raises.

    A Refusal that `commits` ends the block but keeps what was written. `committed` is told after the commit what
    `touch` named meanwhile.
    """
    kept: Refusal | None = None
    touched: set[int] = set()
    around = _touched.get()
    _touched.set(touched)
    try:
        async with pool.connection() as connection, connection.transaction():
            try:
                yield connection
            except Refusal as refusal:
                if not refusal.commits:
                    raise
                kept = refusal
    finally:
        _touched.set(around)
    if committed is not None and touched:
        committed(frozenset(touched))
    if kept is not None:
        raise kept


def touch(district_id: int) -> None:
    """What is told of a district changes with the open transaction.

    So this process need not wait until it hears it from the database.
    """
    touched = _touched.get()
    if touched is not None:
        touched.add(district_id)


async def fetch_all(conn: Connection, row: type[T], sql: LiteralString, **parameters: Any) -> list[T]:
    """All rows as instances of the dataclass `row` (column names are its field names)."""
    async with conn.cursor(row_factory=class_row(row)) as cursor:
        await cursor.execute(sql, parameters)
        return await cursor.fetchall()


async def fetch_one(conn: Connection, row: type[T], sql: LiteralString, **parameters: Any) -> T | None:
    """The first row as an instance of the dataclass `row`, or None."""
    async with conn.cursor(row_factory=class_row(row)) as cursor:
        await cursor.execute(sql, parameters)
        return await cursor.fetchone()


async def fetch_value(conn: Connection, sql: LiteralString, **parameters: Any) -> Any:
    """The first column of the first row, or None."""
    cursor = await conn.execute(sql, parameters)
    found = await cursor.fetchone()
    return None if found is None else found[0]


async def run(conn: Connection, sql: LiteralString, **parameters: Any) -> int:
    """Execute a statement; the number of rows it touched."""
    cursor = await conn.execute(sql, parameters)
    return cursor.rowcount


async def copy_rows(conn: Connection, sql: LiteralString, rows: list[tuple[object, ...]]) -> int:
    """Load many rows by COPY (`sql` is `COPY table (columns) FROM STDIN`); the number of rows sent."""
    async with conn.cursor() as cursor, cursor.copy(sql) as copy:
        for row in rows:
            await copy.write_row(row)
    return len(rows)


def as_rows(rows: Sequence[object]) -> str:
    """Dataclasses as one JSON text, for `json_to_recordset`: cheaper to write than an array for each column."""
    return orjson.dumps(rows, default=_as_text).decode()


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError
