"""The worker does what is queued, at once and at least once, through faults and lost connections."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest

from opencowin import identity, notifications, reports, vaccination, worker
from opencowin.kit import audit
from opencowin.kit.db import Pool, fetch_value, run, transaction
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Handler, Job
from tests import builders

pytestmark = pytest.mark.anyio


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to do."""

    number: int


async def until(true: Callable[[], Awaitable[bool]], seconds: float = 15.0) -> float:
    """Wait until it is true; how long it took."""
    started = monotonic()
    while not await true():
        assert monotonic() - started < seconds, "it did not happen in time"
        await asyncio.sleep(0.02)
    return monotonic() - started


@asynccontextmanager
async def serving(pool: Pool, *handlers: Handler) -> AsyncIterator[None]:
    """A worker with these handlers, stopped in the end."""
    stop = asyncio.Event()
    task = asyncio.create_task(worker.serve_jobs(pool, handlers, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


def errands(work: Callable[[Errand], Awaitable[None]]) -> tuple[Job[Errand], Handler]:
    """A kind of job of its own for each test."""
    job = Job(f"test.{uuid4().hex}", Errand)
    return job, Handler(job, work)


async def put(pool: Pool, job: Job[Errand], *numbers: int) -> None:
    """Queue errands."""
    async with transaction(pool) as conn:
        await job.enqueue(conn, *(Errand(number) for number in numbers))


async def left(pool: Pool, job: Job[Errand]) -> list[str]:
    """The states of what is still in the queue."""
    async with pool.connection() as conn:
        cursor = await conn.execute("SELECT status::text FROM pgqueuer WHERE entrypoint = %s", (job.name,))
        return [row[0] for row in await cursor.fetchall()]


async def test_a_job_is_done_at_once_and_then_gone(pool: Pool) -> None:
    done: list[int] = []

    async def work(errand: Errand) -> None:
        done.append(errand.number)

    async def both() -> bool:
        return done == [1, 2]

    async def gone() -> bool:
        return await left(pool, job) == []

    job, handler = errands(work)
    await put(pool, job, 1)
    async with serving(pool, handler):
        await until(lambda: _is(done, [1]))
        await asyncio.sleep(0.5)
        await put(pool, job, 2)
        assert await until(both) < 1.5
        await until(gone)


async def _is(found: list[int], wanted: list[int]) -> bool:
    return found == wanted


async def test_a_passing_fault_is_tried_again_and_nothing_personal_is_noted(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "FIRST_DELAY", timedelta(milliseconds=50))
    tries: list[int] = []

    async def work(errand: Errand) -> None:
        tries.append(errand.number)
        if len(tries) < 12:
            raise psycopg.OperationalError("the mobile 9000000001 could not be reached")

    async def gone() -> bool:
        return await left(pool, job) == []

    job, handler = errands(work)
    monkeypatch.setattr(worker, "LONGEST_DELAY", timedelta(milliseconds=100))
    await put(pool, job, 7)
    async with serving(pool, handler):
        await until(gone)
    assert len(tries) == 12
    async with pool.connection() as conn:
        noted = await fetch_value(
            conn, "SELECT string_agg(traceback::text, '') FROM pgqueuer_log WHERE entrypoint = %(j)s", j=job.name
        )
    assert "OperationalError" in noted
    assert "9000000001" not in noted


async def test_a_job_that_always_fails_is_held_and_the_others_go_on(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "FIRST_DELAY", timedelta(milliseconds=10))
    monkeypatch.setattr(worker, "TRIES", 3)
    tries: list[int] = []

    async def work(errand: Errand) -> None:
        tries.append(errand.number)
        if errand.number == 13:
            raise ValueError("bad luck")

    async def held() -> bool:
        return await left(pool, job) == ["failed"]

    job, handler = errands(work)
    await put(pool, job, 13, 1)
    async with serving(pool, handler):
        await until(held)
        await put(pool, job, 2)
        await until(lambda: _contains(tries, 2))
        await until(held)
    assert tries.count(13) == 3


async def _contains(found: list[int], wanted: int) -> bool:
    return wanted in found


async def test_a_lost_connection_is_made_again(pool: Pool) -> None:
    done: list[int] = []

    async def work(errand: Errand) -> None:
        done.append(errand.number)

    job, handler = errands(work)
    async with serving(pool, handler):
        await put(pool, job, 1)
        await until(lambda: _contains(done, 1))
        async with pool.connection() as conn:
            killed = await fetch_value(
                conn,
                """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE application_name = 'opencowin worker' AND datname = current_database()""",
            )
        assert killed == 2
        await put(pool, job, 2)
        await until(lambda: _contains(done, 2))


async def test_the_job_of_a_worker_that_died_is_taken_over(pool: Pool) -> None:
    done: list[int] = []

    async def work(errand: Errand) -> None:
        done.append(errand.number)

    job, handler = errands(work)
    await put(pool, job, 5)
    async with pool.connection() as conn:
        await run(
            conn,
            """UPDATE pgqueuer SET status = 'picked', queue_manager_id = gen_random_uuid(),
                                   heartbeat = now() - interval '11 seconds', updated = now() - interval '11 seconds'
               WHERE entrypoint = %(name)s""",
            name=job.name,
        )
    async with serving(pool, handler):
        await until(lambda: _contains(done, 5))


async def test_recurring_work_goes_on_after_a_fault() -> None:
    stop, turns = asyncio.Event(), 0

    async def work() -> None:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise RuntimeError("once")
        stop.set()

    await asyncio.wait_for(worker.repeat(worker.Recurring("test", 0.01, work), stop), 5)
    assert turns == 2


async def test_the_whole_worker_from_a_dose_to_message_report_and_chained_trail(pool: Pool, floor: Floor) -> None:
    mobile, stop = builders.mobile(), asyncio.Event()
    task = asyncio.create_task(worker.run_worker(pool, floor, stop))
    async with transaction(pool) as conn:
        account_id = await identity.open_account(conn, floor, mobile)
        person = await builders.member(conn, floor, account=account_id)
        given = vaccination.GivenDose(
            person.person, uuid4(), 1, "COVISHIELD", "B-1", floor.clock.today(), "Nurse Example"
        )
        await vaccination.record_dose(conn, floor, builders.TEST, given)

    async def told() -> bool:
        async with transaction(pool) as conn:
            message = await notifications.latest_message(conn, floor, mobile)
            return message is not None and "certificate" in message.text

    async def counted() -> bool:
        async with transaction(pool) as conn:
            return await reports.doses_so_far(conn) == 1

    async def chained() -> bool:
        async with transaction(pool) as conn:
            return bool(await fetch_value(conn, "SELECT NOT EXISTS (SELECT FROM audit WHERE chain_hash IS NULL)"))

    try:
        await until(told, 30)
        await until(counted)
        await until(chained)
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)
    async with transaction(pool) as conn:
        assert (await audit.verify(conn))[1] is None


async def test_of_jobs_that_fared_well_nothing_is_noted_and_of_others_for_two_days(pool: Pool) -> None:
    async with transaction(pool) as conn:
        await run(
            conn,
            """INSERT INTO pgqueuer_log (created, job_id, status, priority, entrypoint)
               VALUES (now() - interval '3 days', 1, 'failed', 0, 'old'), (now(), 2, 'failed', 0, 'new'),
                      (now(), 3, 'queued', 0, 'good'), (now(), 3, 'picked', 0, 'good'),
                      (now(), 3, 'successful', 0, 'good')
            """,
        )
        await worker.forget_old_log(conn)
        noted: LiteralString = "SELECT count(*) FROM pgqueuer_log WHERE entrypoint = %(entrypoint)s"
        assert [await fetch_value(conn, noted, entrypoint=one) for one in ("old", "new", "good")] == [0, 1, 0]


async def test_a_worker_tells_itself_nothing_before_it_listens(pool: Pool) -> None:
    heard: asyncio.Queue[str | bytes | bytearray] = asyncio.Queue()
    async with worker._two_lines(pool) as driver, driver:
        telling = asyncio.create_task(driver.notify("ch_test", "are you there"))
        await asyncio.sleep(0.2)
        assert not telling.done(), "it would be told to nobody, and the queue would be taken for lost"
        await driver.add_listener("ch_test", heard.put_nowait)
        assert await asyncio.wait_for(heard.get(), 5) == "are you there"
        await telling
