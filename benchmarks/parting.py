"""What parting costs: doses by hash of the account, appointments by range of the session, beside the whole tables.

`python -m benchmarks.parting 1` tells, with a million people: processor time of the commonest reads and writes, planned
as PostgreSQL chooses and planned once for all, bytes, memory of a backend that has met every part, and seconds of a
vacuum. ADR 25 rests on it.
"""

import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from uuid import UUID

import psycopg

from benchmarks import footprint, machine
from benchmarks.growth import SERVER
from benchmarks.lab import Lab, opened
from benchmarks.population import DAYS, Invented, Population

CALLS = 2_000
DAY_MS = 86_400_000
READ_DOSE = "SELECT dose_number, given_on FROM {} WHERE account_id = %s AND beneficiary_id = %s ORDER BY dose_number"
ADD_DOSE = (
    "INSERT INTO {} (account_id, beneficiary_id, dose_id, programme_id, dose_number, vaccine_id, batch_number,"
    " given_on, vaccinator_name_sealed, state, recorded_by, recorded_at) VALUES (%s, gen_random_uuid(),"
    " gen_random_uuid(), 'covid-19', 2, 'COVISHIELD', 'B', current_date, 'sealed', 'valid', 'test', now())"
)
READ_SEAT = "SELECT state FROM {} WHERE district_id = %s AND session_id = %s AND claim_id = %s"
ADD_SEAT = (
    "INSERT INTO {} VALUES (%s, %s, gen_random_uuid(), gen_random_uuid(), 1, 1, gen_random_uuid(), gen_random_uuid(),"
    " 1, 'booked', now(), now())"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A table and the ways to part it; a read and a write that it has."""

    table: str
    by: str
    read: str
    write: str

    @staticmethod
    def edge(number: int, count: int) -> str:
        """Where a part of so many begins: the days of the sessions that are there lie in all of them alike."""
        begins = int(time.time() * 1000) - DAYS * DAY_MS * (count - number) // count
        return f"'{UUID(int=begins << 80)}'"


KINDS = (
    Kind("dose", "HASH (account_id)", READ_DOSE, ADD_DOSE),
    Kind("appointment", "RANGE (session_id)", READ_SEAT, ADD_SEAT),
)
PARTS = (1, 12, 64)
PLANS = ("auto", "force_generic_plan")


def main(millions: float) -> None:
    """Measure and tell."""
    with opened(SERVER) as lab:
        print(machine.describe(lab.server_version), flush=True)
        population = Population(lab)
        population.begin()
        population.grow(round(millions * 1e6))
        people = population.some(CALLS, random.Random("parting"))
        for kind in KINDS:
            names = [_part(lab, kind, count) for count in PARTS]
            for name, told in _measured(lab, kind, names, people).items():
                print(f"{name:16} {told}", flush=True)


def _part(lab: Lab, kind: Kind, count: int) -> str:
    """The same rows and indexes in so many parts; of one: whole."""
    name = f"{kind.table}_{count}"
    with psycopg.connect(lab.dsn, autocommit=True) as conn:
        by = f"PARTITION BY {kind.by}" if count > 1 else ""
        conn.execute(f"CREATE TABLE {name} (LIKE {kind.table} INCLUDING ALL) {by}".encode())
        for number in range(count if by else 0):
            conn.execute(f"CREATE TABLE {name}_{number} PARTITION OF {name} {_bound(kind, number, count)}".encode())
        conn.execute(f"INSERT INTO {name} SELECT * FROM {kind.table}".encode())
        conn.execute(f"VACUUM (ANALYZE) {name}".encode())
    return name


def _bound(kind: Kind, number: int, count: int) -> str:
    if kind.by.startswith("HASH"):
        return f"FOR VALUES WITH (MODULUS {count}, REMAINDER {number})"
    edges = [kind.edge(at, count) if 0 < at < count else "" for at in (number, number + 1)]
    return f"FOR VALUES FROM ({edges[0] or 'MINVALUE'}) TO ({edges[1] or 'MAXVALUE'})"


def _measured(lab: Lab, kind: Kind, names: Sequence[str], people: Sequence[Invented]) -> dict[str, str]:
    keys = _keys(lab, kind, people)
    lines = {(name, plan): psycopg.connect(lab.dsn, autocommit=True) for name in names for plan in PLANS}
    spent: dict[tuple[str, str, str], list[float]] = {}
    for (_, plan), line in lines.items():
        line.execute(f"SET plan_cache_mode = {plan}".encode())
    for statement in (kind.read, kind.write):
        for key in keys:
            for (name, plan), line in lines.items():
                spent.setdefault((name, plan, statement), []).append(_used(line, statement.format(name), key))
    told = {}
    for name in names:
        line = lines[name, PLANS[-1]]
        memory = footprint.own_memory(line.info.backend_pid) / 2**20
        times = [median(spent[name, plan, s]) * 1e6 for s in (kind.read, kind.write) for plan in PLANS]
        told[name] = (
            f"read {times[0]:.0f} (planned once {times[1]:.0f}), write {times[2]:.0f} ({times[3]:.0f}) µs, "
            f"backend {memory:.1f} MiB, {_kept(line, name)}"
        )
    for line in lines.values():
        line.close()
    return told


def _keys(lab: Lab, kind: Kind, people: Sequence[Invented]) -> list[tuple[object, ...]]:
    if kind.table == "dose":
        return [(one.account_id, one.beneficiary_id) for one in people]
    with psycopg.connect(lab.dsn) as conn:
        return conn.execute(
            "SELECT district_id, session_id, claim_id FROM appointment TABLESAMPLE SYSTEM (5) LIMIT 2000"
        ).fetchall()


def _used(line: "psycopg.Connection", statement: str, key: Sequence[object]) -> float:
    begun = time.process_time() + machine.on_processor(line.info.backend_pid)
    line.execute(statement.encode(), key[: statement.count("%s")])
    return time.process_time() + machine.on_processor(line.info.backend_pid) - begun


def _kept(line: "psycopg.Connection", name: str) -> str:
    row = line.execute(
        "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(%s)"
        if not name.endswith("_1")
        else "SELECT pg_total_relation_size(%s)",
        (name,),
    ).fetchone()
    part = name if name.endswith("_1") else f"{name}_0"
    line.execute(f"DELETE FROM {part} WHERE ctid IN (SELECT ctid FROM {part} WHERE random() < 0.02)".encode())
    begun = time.monotonic()
    line.execute(f"VACUUM {part}".encode())
    assert row is not None
    return f"{float(row[0]) / 1e6:.0f} MB, vacuum of one part after 2% went {time.monotonic() - begun:.1f} s"


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else 1.0)
