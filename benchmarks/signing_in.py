"""New people a second over HTTP: a one-time password asked for, confirmed, a person registered; beside bare inserts."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import psycopg

from benchmarks.callers import call
from benchmarks.costs import PROXY, Callers, Operation
from benchmarks.lab import Lab
from benchmarks.measure import Goal, Pair
from benchmarks.pgbench import pgbench
from benchmarks.servers import Served, platform

PEOPLE = 600
CONNECTIONS = 64
WORKERS = 2
CLIENTS = 16
TABLE = "CREATE TABLE bench_row (id uuid PRIMARY KEY, account uuid NOT NULL, at timestamptz NOT NULL)"
INSERT = "INSERT INTO bench_row VALUES (gen_random_uuid(), gen_random_uuid(), now());\n"
STEPS = (Operation.ASK, Operation.CONFIRM, Operation.JOIN)


@contextmanager
def pairs(lab: Lab) -> Iterator[list[Pair]]:
    """What is measured here."""
    with psycopg.connect(lab.dsn, autocommit=True) as conn:
        conn.execute(TABLE)
    with platform(lab, WORKERS, **PROXY) as served:
        yield [
            Pair(
                f"new people over HTTP, three calls each, {WORKERS} web processes, {CONNECTIONS} connections",
                partial(_people, lab, served),
                f"pgbench, {CLIENTS} clients, three one-row INSERTs each, a transaction for each row",
                lambda: pgbench(lab, INSERT, clients=CLIENTS) / len(STEPS),
                Goal(740.0, "the registrations a second of 28 April 2021, on average"),
            )
        ]


def _people(lab: Lab, served: Served) -> float:
    """People a second over their three calls; what a step needs from the one before is made beforehand, untimed."""
    callers, took = Callers(lab, served, ()), 0.0
    for step in STEPS:
        calls = callers.calls(step, PEOPLE)
        took += call(served.port, calls, connections=CONNECTIONS).all_good().seconds
    return PEOPLE / took
