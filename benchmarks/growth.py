"""`make growth`: what calls cost, and what is kept, as people become millions; writes docs/growth.md."""

import asyncio
import hashlib
import random
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median, quantiles
from uuid import uuid4

from benchmarks import footprint, growth_report, machine
from benchmarks.callers import call
from benchmarks.costs import CONNECTIONS, PROXY, Callers, Operation
from benchmarks.growth_report import Grown, Spent
from benchmarks.lab import ROOT, Lab, opened
from benchmarks.population import ROWS, SESSIONS, Invented, Population
from benchmarks.servers import platform
from opencowin import identity, registry, scheduling
from opencowin.identity import OTP_REQUESTED, open_otp_request
from opencowin.kit.db import Pool, fetch_value, make_pool, run, transaction
from opencowin.kit.floor import Floor
from opencowin.registry import Person
from opencowin.scheduling import BookingWish, BulkSession, Wish
from opencowin.vaccination import GivenDose
from tests.builders import TEST, citizen

PEOPLE = 400
"""Of each measurement; nobody is called twice."""
DISTRICTS, CENTRES, DAYS, SEATS = 50, 4, 14, 1_000
SLOT = "09:00AM-11:00AM"
STORMS, STORM = 3, 600
SERVER = {
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
"""Loading needs it so; full-page images and flushed commits are as they always are while anything is measured."""
REFERENCE = """
CREATE TABLE bench_one AS SELECT gen_random_uuid() AS id, gen_random_uuid() AS account, now() AS at
    FROM generate_series(1, 100000);
ALTER TABLE bench_one ADD PRIMARY KEY (id);
"""
WARM = """
SELECT count(*) FROM mobile_directory JOIN account USING (account_id) JOIN household USING (account_id)
JOIN beneficiary one USING (account_id)
LEFT JOIN identity_document USING (document_hash) LEFT JOIN beneficiary_reference USING (reference_id)
LEFT JOIN claim ON (claim.account_id, claim.beneficiary_id) = (one.account_id, one.beneficiary_id)
LEFT JOIN appointment USING (district_id, session_id, claim_id)
LEFT JOIN dose ON (dose.account_id, dose.beneficiary_id) = (one.account_id, one.beneficiary_id)
WHERE mobile_hash = %(hash)s
"""


class Step(StrEnum):
    """What is measured, by the platform's own verbs, each in its transactions, over one connection."""

    ASK = "sign-in: a one-time password asked for"
    CONFIRM = "sign-in: it is confirmed"
    LIST = "a household's people and appointments listed"
    SEARCH = "a district's week of sessions searched"
    BOOK = "a second dose booked"
    RECORD = "a second dose recorded"
    SELECT = "reference: one row selected by its primary key, of 100,000"
    INSERT = "reference: one row inserted"


@dataclass(slots=True)
class Calls:
    """Makes the calls of every step for one person after the other, and notes what each took."""

    pool: Pool
    floor: Floor
    sessions: Sequence[BulkSession]
    ids: Sequence[object]
    backend: int
    """The process of the only connection."""
    took: dict[Step, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    """Seconds by the clock, and of the processor: this process's and the backend's."""

    async def all_of(self, people: Sequence[Invented]) -> Mapping[Step, Spent]:
        """Every step for each of these people, in turn, so that a busy moment strikes all steps."""
        self.took.clear()
        steps: Sequence[Callable[[Invented], Awaitable[None]]] = (
            self._sign_in,
            self._list,
            self._search,
            self._book,
            self._record,
            self._select,
            self._insert,
        )
        for one in people:
            for step in steps:
                await step(one)
        return {step: _spent(self.took[step]) for step in Step}

    async def warm(self, people: Sequence[Invented]) -> None:
        """Have what these people's calls will read in memory."""
        async with transaction(self.pool) as conn:
            for one in people:
                await fetch_value(conn, WARM, hash=self.floor.keyring.index(one.mobile, "mobile"))

    @contextmanager
    def _timed(self, step: Step) -> Iterator[None]:
        begun, used = time.perf_counter(), self._used()
        yield
        self.took[step].append((time.perf_counter() - begun, self._used() - used))

    def _used(self) -> float:
        return time.process_time() + machine.on_processor(self.backend)

    async def _sign_in(self, one: Invented) -> None:
        address = str(uuid4())
        with self._timed(Step.ASK):
            async with transaction(self.pool) as conn:
                txn = await identity.request_otp(conn, self.floor, one.mobile, address=address)
        async with transaction(self.pool) as conn:
            told = await fetch_value(
                conn, "DELETE FROM pgqueuer WHERE entrypoint = %(name)s RETURNING payload", name=OTP_REQUESTED.name
            )
        _, code = open_otp_request(self.floor, OTP_REQUESTED.read(told))
        given = hashlib.sha256(code.encode()).hexdigest()
        with self._timed(Step.CONFIRM):
            async with transaction(self.pool) as conn:
                found = await identity.confirm_otp(conn, self.floor, given, txn, address=address)
        assert found.account_id == one.account_id

    async def _list(self, one: Invented) -> None:
        with self._timed(Step.LIST):
            async with transaction(self.pool) as conn:
                members = await registry.members(conn, self.floor, citizen(one.account_id))
                await scheduling.appointments_of(conn, one.account_id)
        assert len(members) == 2

    async def _search(self, _: Invented) -> None:
        where = random.choice(self.sessions)
        day = self.sessions[0].held_on
        with self._timed(Step.SEARCH):
            async with transaction(self.pool) as conn:
                found = await scheduling.find_sessions(
                    conn, self.floor, Wish(from_date=day, district_id=where.district_id)
                )
        assert sum(len(one.sessions) for one in found) >= CENTRES * 7

    async def _book(self, one: Invented) -> None:
        where = random.choice(self.sessions)
        wish = BookingWish(2, where.session_id, SLOT, (one.reference_id,))
        with self._timed(Step.BOOK):
            async with transaction(self.pool) as conn:
                await scheduling.book(conn, self.floor, citizen(one.account_id), wish)

    async def _record(self, one: Invented) -> None:
        """For the person who has just booked: the appointment ends, and the dose is on record."""
        where = random.choice(self.sessions)
        given = GivenDose(
            person=Person(one.account_id, one.beneficiary_id),
            dose_id=uuid4(),
            dose_number=2,
            vaccine_id="COVISHIELD",
            batch_number="4121Z200",
            given_on=self.floor.clock.today(),
            vaccinator_name="Nurse Example",
            district_id=where.district_id,
            centre_id=where.centre_id,
        )
        with self._timed(Step.RECORD):
            async with transaction(self.pool) as conn:
                await scheduling.vaccinate(conn, self.floor, TEST, given)

    async def _select(self, _: Invented) -> None:
        with self._timed(Step.SELECT):
            async with transaction(self.pool) as conn:
                await fetch_value(conn, "SELECT at FROM bench_one WHERE id = %(id)s", id=random.choice(self.ids))

    async def _insert(self, one: Invented) -> None:
        with self._timed(Step.INSERT):
            async with transaction(self.pool) as conn:
                await run(
                    conn,
                    "INSERT INTO bench_one VALUES (%(id)s, %(account)s, now())",
                    id=uuid4(),
                    account=one.account_id,
                )


def _spent(took: Sequence[tuple[float, float]]) -> Spent:
    clock = [seconds for seconds, _ in took]
    return Spent(median(clock), quantiles(clock, n=20)[-1], median(used for _, used in took))


async def _measured(
    lab: Lab, population: Population, sessions: Sequence[BulkSession], chance: random.Random
) -> tuple[Mapping[Step, Spent], Mapping[Step, Spent]]:
    """What steps take for anybody, and for people whose rows were read lately."""
    async with make_pool(lab.dsn, size=1) as pool:
        async with transaction(pool) as conn:
            cursor = await conn.execute("SELECT id FROM bench_one LIMIT 10000")
            ids = [row[0] for row in await cursor.fetchall()]
            backend = conn.info.backend_pid
        calls = Calls(pool, lab.floor, sessions, ids, backend)
        people = population.some(PEOPLE * 2 + PEOPLE // 4, chance)
        await calls.all_of(people[PEOPLE * 2 :])
        anybody = await calls.all_of(people[:PEOPLE])
        await calls.warm(people[PEOPLE : PEOPLE * 2])
        return anybody, await calls.all_of(people[PEOPLE : PEOPLE * 2])


def _memory(lab: Lab, sessions: Sequence[BulkSession]) -> list[int]:
    """The memory of one web process and what it needs around it, before a storm of calls and after each of some."""
    with platform(lab, 1, **PROXY) as served:
        callers = Callers(lab, served, sessions)
        told = []
        for count in (STORM // 10, *(STORM,) * STORMS):
            for step in (Operation.LOOK, Operation.ASK, Operation.CONFIRM, Operation.JOIN):
                call(served.port, callers.calls(step, count), connections=CONNECTIONS).all_good()
            told.append(footprint.share_of_memory(served.pid))
    return told


def _grown(
    lab: Lab, population: Population, sessions: Sequence[BulkSession], chance: random.Random, loaded: float
) -> Grown:
    sizes, whole = footprint.sizes(lab, [*ROWS, *SESSIONS]), footprint.whole(lab)
    anybody, warm = asyncio.run(_measured(lab, population, sessions, chance))
    found = Grown(
        people=population.people,
        anybody={step.value: spent for step, spent in anybody.items()},
        warm={step.value: spent for step, spent in warm.items()},
        sizes=sizes,
        whole=whole,
        memory=_memory(lab, sessions),
        loaded=loaded,
        others=machine.busy(),
    )
    print(growth_report.line(found), flush=True)
    return found


def main(millions: Sequence[float]) -> None:
    """Grow to each of these sizes in turn, and measure at each."""
    chance, grown = random.Random("growth"), []
    with opened(SERVER) as lab:
        population = Population(lab)
        population.begin()
        districts = population.districts(DISTRICTS, chance)
        sessions = lab.publish_at(districts * CENTRES, days=DAYS, seats=SEATS)
        population.prepare(REFERENCE)
        for size in millions:
            begun = time.monotonic()
            population.grow(round(size * 1e6))
            loaded = time.monotonic() - begun
            print(f"{size:g} million people after {loaded:,.0f} s", flush=True)
            grown.append(_grown(lab, population, sessions, chance, loaded))
            text = growth_report.document(machine.describe(lab.server_version), grown)
            (ROOT / "docs" / "growth.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main([float(one) for one in sys.argv[1:]] or [1.0])
