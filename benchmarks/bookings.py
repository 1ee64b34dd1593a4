"""Bookings a second by the set function, one booking in each transaction, against a bare one-row INSERT."""

import asyncio
import multiprocessing
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import psycopg

from benchmarks.lab import Lab
from benchmarks.measure import Goal, Pair
from opencowin.kit.db import Connection, run
from opencowin.registry import Person

# The function below the verb is the subject, so that the INSERT beside it has the same driver and the same round trip.
from opencowin.scheduling.seats import Group, SeatKey, book_local

CONNECTIONS = (1, 8)
SESSIONS = 64
SECONDS = 0.5
HEADSTART = 0.4
SEATS = 10_000_000
PEAK = 700.0
PEAK_REASON = "the doses of Co-WIN's record day, 25 million, in ten hours"
BARE = "CREATE TABLE bare (id uuid PRIMARY KEY, account uuid NOT NULL, at timestamptz NOT NULL DEFAULT now())"


@contextmanager
def pairs(lab: Lab) -> Iterator[list[Pair]]:
    """What is measured here."""
    programme_id, seats = _prepare(lab)
    with ProcessPoolExecutor(max(CONNECTIONS), multiprocessing.get_context("spawn")) as callers:
        book = partial(_rate, callers, lab.dsn, programme_id)
        yield [
            Pair(
                f"bookings, {where}, {_connections(count)}",
                partial(book, count, some),
                f"one-row INSERT, {_connections(count)}",
                partial(book, count, ()),
                Goal(PEAK, PEAK_REASON),
            )
            for where, some in ((f"spread over {SESSIONS} sessions", seats), ("all in one slot", seats[:1]))
            for count in CONNECTIONS
        ]


def _connections(count: int) -> str:
    return "1 connection" if count == 1 else f"{count} connections"


def _prepare(lab: Lab) -> tuple[str, list[SeatKey]]:
    sessions = lab.publish(centres=1, days=SESSIONS, seats=SEATS)
    with psycopg.connect(lab.dsn, autocommit=True) as conn:
        conn.execute(BARE)
        row = conn.execute("SELECT programme_id FROM session LIMIT 1").fetchone()
    assert row is not None
    return row[0], [SeatKey(one.district_id, one.session_id, 1, 1) for one in sessions]


def _rate(callers: ProcessPoolExecutor, dsn: str, programme_id: str, count: int, seats: Sequence[SeatKey]) -> float:
    """Commits a second of so many processes with a connection each; without seats they insert bare rows."""
    begin = time.monotonic() + HEADSTART
    calls = [callers.submit(_call, dsn, programme_id, tuple(seats), begin) for _ in range(count)]
    return sum(call.result() for call in calls) / SECONDS


def _call(dsn: str, programme_id: str, seats: Sequence[SeatKey], begin: float) -> int:
    return asyncio.run(_commits(dsn, programme_id, seats, begin))


async def _commits(dsn: str, programme_id: str, seats: Sequence[SeatKey], begin: float) -> int:
    done = 0
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        await asyncio.sleep(max(0.0, begin - time.monotonic()))
        while time.monotonic() < begin + SECONDS:
            await (_book(conn, random.choice(seats), programme_id) if seats else _insert(conn))
            done += 1
    return done


async def _book(conn: Connection, seat: SeatKey, programme_id: str) -> None:
    group = Group(uuid4(), (Person(uuid4(), uuid4()),), (uuid4(),), dose_number=1)
    outcome = await book_local(conn, seat, group, programme_id, datetime.now(UTC))
    if outcome != "booked":
        raise RuntimeError(f"a booking that should succeed was answered {outcome}")


async def _insert(conn: Connection) -> None:
    await run(conn, "INSERT INTO bare (id, account) VALUES (%(id)s, %(account)s)", id=uuid4(), account=uuid4())
