"""Bookings over HTTP, with real tokens and eligibility, beside pgbench making the same rows without any of that."""

import asyncio
import json
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import psycopg

from benchmarks.callers import Answers, call, post
from benchmarks.lab import Lab
from benchmarks.measure import Figure, Goal, Pair, Unit
from benchmarks.pgbench import pgbench
from benchmarks.servers import fixed, platform
from opencowin.scheduling import BulkSession
from tests.builders import Household, households_of

CENTRES, DAYS = 80, 25
SESSIONS = CENTRES * DAYS
SEATS = 1_000_000
HOUSEHOLDS = 1_500
CONNECTIONS = 64
CONTENDERS = 1_000
SCARCE = 200
WORKERS = 2
SLOT = "09:00AM-11:00AM"
PATH = "/api/v2/appointment/schedule"
CLIENTS = 16
SLOWER = 1
UNDO = (
    "TRUNCATE claim, appointment, pgqueuer, pgqueuer_log",
    "UPDATE slot_capacity SET booked = 0 WHERE booked > 0",
    "UPDATE session_stock SET booked = 0 WHERE booked > 0",
)
REFERENCE = """
CREATE TABLE bench_seat (number integer PRIMARY KEY, district_id integer NOT NULL, session_id uuid NOT NULL);
CREATE FUNCTION bench_book(p_number integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_seat bench_seat;
    v_outcome text[];
BEGIN
    SELECT * INTO STRICT v_seat FROM bench_seat WHERE number = p_number;
    v_outcome := book_local(v_seat.district_id, v_seat.session_id, 1::smallint, 1::smallint, 1::smallint, 'covid-19',
                            ARRAY[0], ARRAY[gen_random_uuid()], ARRAY[gen_random_uuid()], ARRAY[gen_random_uuid()],
                            ARRAY[gen_random_uuid()], now());
    IF v_outcome[1] <> 'booked' THEN
        RAISE EXCEPTION 'a booking that should succeed was answered %', v_outcome[1];
    END IF;
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, status)
        VALUES (0, 'scheduling.news', convert_to(repeat('x', 180), 'UTF8'), now(), 'queued');
END $$;
"""
BOOK = "\\set number random(1, :sessions)\nSELECT bench_book(:number);\n"
"""What one booking writes: claim, appointment, both counters and the queued news."""


@contextmanager
def pairs(lab: Lab) -> Iterator[list[Pair]]:
    """What is measured here."""
    sessions = lab.publish(centres=CENTRES, days=DAYS, seats=SEATS)
    scarce = lab.publish(centres=1, days=1, seats=SCARCE)
    homes = asyncio.run(households_of(lab.dsn, lab.floor, HOUSEHOLDS))
    _prepare(lab, sessions)
    with platform(lab, WORKERS, OPENCOWIN_DATABASE_POOL="16") as (port, _), fixed(100) as (bare, _):
        spread = partial(_booked, lab, port, homes, lambda: random.choice(sessions))
        hot = partial(_booked, lab, port, homes, lambda: sessions[0])
        who = f"{WORKERS} web processes, {CONNECTIONS} connections"
        yield [
            Pair(
                f"bookings over HTTP, spread over {SESSIONS:,} sessions, {who}",
                lambda: spread().rate,
                f"pgbench, {CLIENTS} clients, the same rows in a transaction each, nobody signed in or eligible",
                partial(_rows, lab, SESSIONS),
                Goal(1.0, "what signing in and eligibility cost is won back by the desk", of_ratio=True),
            ),
            Pair(
                f"bookings over HTTP, all in one slot, {who}",
                lambda: hot().rate,
                "the same, spread",
                lambda: spread().rate,
                Goal(0.8, "a popular slot is no slower than the others", of_ratio=True),
            ),
            Pair(
                f"bookings over HTTP, all in one slot, {who}",
                lambda: hot().rate,
                f"pgbench, {CLIENTS} clients, all in one slot",
                partial(_rows, lab, 1),
                Goal(1.0, "many wait for one row", of_ratio=True),
            ),
            Pair(
                f"bookings over HTTP, all in one slot, each commit {SLOWER} ms later, {who}",
                lambda: _slow(lab, lambda: hot().rate),
                f"pgbench, {CLIENTS} clients, all in one slot, each commit {SLOWER} ms later",
                lambda: _slow(lab, partial(_rows, lab, 1)),
                Goal(1.0, "as with a standby that answers before the commit is told", of_ratio=True),
            ),
            Pair(
                f"the slowest of a hundred, {CONTENDERS:,} contenders at once for {SCARCE} seats of one slot",
                partial(_contended, lab, port, homes, scarce[0]),
                f"the slowest of a hundred of {CONTENDERS:,} calls at once for a fixed body",
                partial(_asked_at_once, bare),
                Goal(1.0, "nobody waits for a second"),
                Unit.SECONDS,
            ),
        ]


def _prepare(lab: Lab, sessions: Sequence[BulkSession]) -> None:
    with psycopg.connect(lab.dsn, autocommit=True) as conn:
        conn.execute(REFERENCE)
        with conn.cursor().copy("COPY bench_seat FROM STDIN") as rows:
            for number, one in enumerate(sessions, 1):
                rows.write_row((number, one.district_id, one.session_id))


def _slow(lab: Lab, figure: Figure) -> float:
    """The figure while each commit waits before it is flushed, alone or not."""
    with psycopg.connect(lab.dsn, autocommit=True) as conn:
        conn.execute(f"ALTER SYSTEM SET commit_delay = {SLOWER * 1000}")
        conn.execute("ALTER SYSTEM SET commit_siblings = 0")
        conn.execute("SELECT pg_reload_conf()")
        try:
            return figure()
        finally:
            conn.execute("ALTER SYSTEM RESET commit_delay")
            conn.execute("ALTER SYSTEM RESET commit_siblings")
            conn.execute("SELECT pg_reload_conf()")


def _undo(lab: Lab) -> None:
    with psycopg.connect(lab.dsn, autocommit=True) as conn:
        for statement in UNDO:
            conn.execute(statement)


def _calls(homes: Sequence[Household], pick: Callable[[], BulkSession]) -> list[bytes]:
    wishes = ((home, str(pick().session_id)) for home in homes)
    return [
        post(
            PATH,
            json.dumps({"dose": 1, "session_id": where, "slot": SLOT, "beneficiaries": [home.reference]}).encode(),
            home.token,
        )
        for home, where in wishes
    ]


def _booked(lab: Lab, port: int, homes: Sequence[Household], pick: Callable[[], BulkSession]) -> Answers:
    _undo(lab)
    return call(port, _calls(homes, pick), connections=CONNECTIONS).all_good()


def _contended(lab: Lab, port: int, homes: Sequence[Household], where: BulkSession) -> float:
    """Seconds that the slowest of a hundred took; nobody beyond the seats, and none of them left."""
    _undo(lab)
    answers = call(port, _calls(homes[:CONTENDERS], lambda: where), connections=CONTENDERS)
    if answers.statuses != {200: SCARCE, 409: CONTENDERS - SCARCE}:
        raise RuntimeError(f"{SCARCE} seats were answered {dict(answers.statuses)}: {answers.unlike[-300:]!r}")
    return answers.wait(0.99)


def _asked_at_once(port: int) -> float:
    return call(port, [post("/", b"{}")] * CONTENDERS, connections=CONTENDERS).all_good().wait(0.99)


def _rows(lab: Lab, sessions: int) -> float:
    _undo(lab)
    return pgbench(lab, BOOK, clients=CLIENTS, sessions=sessions)
