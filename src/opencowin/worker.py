"""The worker: runs queued jobs and what recurs, through database restarts, until it is told to stop.

Jobs run at least once. A fault that passes (a lost connection, a busy gateway) is tried again for ever, ever more
slowly; any other fault a few times, after which the job is held for a human and the others go on. A killed worker's
jobs are taken over by the others, or by the next one, after `HEARTBEAT`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any

import psycopg
import structlog
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.executors import EntrypointExecutor
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Context
from pgqueuer.domain.models import Job as QueuedJob

from opencowin import (
    alerts,
    bulk,
    cases,
    certificates,
    draw,
    fairness,
    feeds,
    identity,
    notifications,
    reports,
    scheduling,
    tablets,
    talks,
    waitlist,
)
from opencowin.kit import audit, limits, partitions
from opencowin.kit.db import Connection, Pool, run, transaction
from opencowin.kit.errors import Unavailable
from opencowin.kit.floor import Floor
from opencowin.kit.jobs import Handler
from opencowin.kit.logs import way_to

HEARTBEAT = timedelta(seconds=10)
FALLBACK_POLL = timedelta(seconds=2)
BATCH = 100
AT_ONCE = 200
TRIES = 8
ROUNDS = 10
FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=1), timedelta(minutes=1)
HOUR = 3600.0
PASSING = (psycopg.OperationalError, psycopg.InterfaceError, OSError, TimeoutError, Unavailable)
DEDICATED: Mapping[str, Any] = {
    "application_name": "opencowin worker",
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}

log = structlog.stdlib.get_logger("opencowin.worker")


class JobHeld(Exception):
    """The job failed too often and is held for a human; the cause is in the log, without personal data."""


def _backoff(tries: int) -> timedelta:
    return min(FIRST_DELAY * (1 << min(tries, 10)), LONGEST_DELAY)


@dataclass
class Patient(EntrypointExecutor):
    """Runs a job; decides what its fault means, and lets nothing personal into the queue's own log."""

    async def execute(self, job: QueuedJob, context: Context) -> None:
        """Run one job. Raises RetryRequested or JobHeld."""
        try:
            await super().execute(job, context)
        except PASSING as fault:
            _told(job).warning("job will be tried again", fault=type(fault).__name__)
            raise RetryRequested(_backoff(job.attempts), type(fault).__name__) from None
        except Exception as fault:
            if job.attempts + 1 < TRIES:
                _told(job).warning("job failed", fault=type(fault).__name__, where=way_to(fault))
                raise RetryRequested(_backoff(job.attempts), type(fault).__name__) from None
            _told(job).error("job is held", fault=type(fault).__name__, where=way_to(fault))
            raise JobHeld(type(fault).__name__) from None


def _told(job: QueuedJob) -> structlog.stdlib.BoundLogger:
    return log.bind(job=job.entrypoint, job_id=job.id, tries=job.attempts + 1)


async def run_worker(pool: Pool, floor: Floor, stop: asyncio.Event) -> None:
    """Run jobs and what recurs until `stop` is set, finishing the jobs under way."""
    carriage = notifications.read_carriage(floor)
    scribe, router = notifications.Scribe(pool, floor, carriage), notifications.router_of(pool, floor, carriage)
    handlers = [
        *certificates.handlers(pool, floor),
        *notifications.handlers(pool, floor, scribe),
        *bulk.handlers(pool, floor),
    ]
    numbered = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(notifications.hand_on(pool, floor, scribe, router, stop))
        tasks.create_task(notifications.listen(scribe, stop))
        tasks.create_task(feeds.call_webhooks(pool, floor, numbered, stop))
        tasks.create_task(serve_jobs(pool, handlers, stop))
        for task in recurring(pool, floor, carriage, numbered):
            tasks.create_task(repeat(task, stop))


async def serve_jobs(pool: Pool, handlers: Sequence[Handler], stop: asyncio.Event) -> None:
    """Run queued jobs until `stop` is set; when the connection is lost, on a new one."""
    lost = 0
    while not stop.is_set():
        started = monotonic()
        try:
            async with _two_lines(pool) as driver:
                log.info("worker listens", jobs=sorted(handler.job.name for handler in handlers))
                await _serve(driver, handlers, stop)
        except Exception as fault:
            lost = 0 if monotonic() - started > LONGEST_DELAY.total_seconds() else lost + 1
            log.warning("worker lost the queue", fault=type(fault).__name__, where=way_to(fault))
            await _pause(_backoff(lost).total_seconds() / 2, stop)


class TwoLines(PsycopgDriver):
    """Listens on one connection and works on another: psycopg holds the one that listens for a second at a time."""

    def __init__(self, listening: psycopg.AsyncConnection[Any], working: psycopg.AsyncConnection[Any]) -> None:
        super().__init__(listening)
        self._working = PsycopgDriver(working)
        self._hears = asyncio.Event()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """Run a query on the working connection."""
        return await self._working.fetch(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement on the working connection."""
        return await self._working.execute(query, *args)

    async def add_listener(self, channel: str, callback: Callable[[str | bytes | bytearray], None]) -> None:
        """Listen."""
        await super().add_listener(channel, callback)
        self._hears.set()

    async def notify(self, channel: str, payload: str) -> None:
        """Tell what is to be heard by ourselves too: not before the other connection listens."""
        await self._hears.wait()
        await super().notify(channel, payload)

    async def __aexit__(self, *fault: object) -> None:
        """Listen no more, without waiting for that second."""
        if self._watcher is not None and self._entered == 1:
            self._watcher.cancel()
        await super().__aexit__(*fault)


@asynccontextmanager
async def _two_lines(pool: Pool) -> AsyncIterator[TwoLines]:
    """Two connections of the queue's own; one that went silent is noticed within seconds."""
    if not isinstance(pool.conninfo, str):
        raise TypeError("the worker needs a pool that was made with a connection string")
    async with AsyncExitStack() as stack:
        lines = []
        for _ in range(2):
            conn = await psycopg.AsyncConnection.connect(pool.conninfo, autocommit=True, **DEDICATED)
            stack.push_async_callback(conn.close)
            lines.append(conn)
        yield TwoLines(*lines)


async def _serve(driver: TwoLines, handlers: Sequence[Handler], stop: asyncio.Event) -> None:
    """Serve until a connection is lost. The queue ends itself when it hears nothing any more; `stop` stays ours."""
    manager = QueueManager(Queries(driver))
    for handler in handlers:
        manager.entrypoint(handler.job.name, on_failure="hold", executor_factory=Patient)(_entry(handler))
    relay = asyncio.create_task(_relay(stop, manager.shutdown))
    try:
        await manager.run(
            dequeue_timeout=FALLBACK_POLL,
            batch_size=BATCH,
            max_concurrent_tasks=AT_ONCE,
            heartbeat_timeout=HEARTBEAT,
            shutdown_on_listener_failure=True,
            log_aggregation_interval=timedelta(0),
        )
    finally:
        relay.cancel()


async def _relay(stop: asyncio.Event, shutdown: asyncio.Event) -> None:
    await stop.wait()
    shutdown.set()


def _entry(handler: Handler) -> Callable[[QueuedJob], Awaitable[None]]:
    async def entry(job: QueuedJob) -> None:
        await handler.handle(handler.job.read(job.payload))

    return entry


@dataclass(frozen=True, slots=True)
class Recurring:
    """Something done again and again, in a transaction of its own."""

    name: str
    seconds: float
    work: Callable[[], Awaitable[object]]


def recurring(pool: Pool, floor: Floor, carriage: notifications.Carriage, numbered: asyncio.Event) -> list[Recurring]:
    """What recurs: folding reports, chaining the trail, forgetting what is old, and the nets under lost jobs.

    When changes are given their numbers, `numbered` is set.
    """

    within = _within(pool)
    return [
        Recurring("reports.fold", 1, within(reports.fold)),
        Recurring("audit.chain", 1, within(audit.chain)),
        Recurring("certificates.sweep", 30, within(lambda conn: certificates.sweep(conn, floor))),
        Recurring("scheduling.publish_due", 10, within(lambda conn: scheduling.publish_due(conn, floor))),
        Recurring("scheduling.open_reserved", 10, within(lambda conn: scheduling.open_reserved(conn, floor))),
        Recurring("scheduling.end_holds", 10, within(lambda conn: scheduling.end_holds(conn, floor))),
        Recurring("scheduling.number_changes", 1, setting(numbered, within(scheduling.number_changes))),
        Recurring("scheduling.forget_changes", HOUR, within(scheduling.forget_old_changes)),
        Recurring("alerts.next_rounds", 30, within(lambda conn: alerts.next_rounds(conn, floor))),
        Recurring("fairness.tend", 1, within(lambda conn: fairness.tend(conn, floor))),
        Recurring("fairness.forget_old", HOUR, within(lambda conn: fairness.forget_old(conn, floor))),
        Recurring("talks.forget_old", HOUR, within(lambda conn: talks.forget_old(conn, floor))),
        Recurring("alerts.forget_old", HOUR, within(lambda conn: alerts.forget_old(conn, floor))),
        Recurring("waitlist.forget_old", HOUR, within(lambda conn: waitlist.forget_old(conn, floor))),
        Recurring("draw.close_due", 5, within(lambda conn: draw.close_due(conn, floor))),
        Recurring("draw.carry_out", 2, some_rounds(within(lambda conn: draw.carry_out(conn, floor)))),
        Recurring("draw.forget_old", HOUR, within(lambda conn: draw.forget_old(conn, floor))),
        Recurring("cases.carry_out_due", 60, within(lambda conn: cases.carry_out_due(conn, floor))),
        Recurring("cases.open_duplicates", 30, within(lambda conn: cases.open_duplicates(conn, floor))),
        Recurring("cases.find_merges", 60, within(lambda conn: cases.find_merges(conn, floor))),
        Recurring("cases.raise_flags", 30, within(lambda conn: cases.raise_flags(conn, floor))),
        Recurring("cases.forget_evidence", HOUR, within(lambda conn: cases.forget_evidence(conn, floor))),
        Recurring("tablets.settle", HOUR, within(lambda conn: tablets.settle_left_behind(conn, floor))),
        *_of_messages(within, floor, carriage),
        Recurring("limits.forget_old", HOUR, within(lambda conn: limits.forget_old(conn, floor.clock))),
        Recurring("identity.forget_old", HOUR, within(lambda conn: identity.forget_old_otps(conn, floor))),
        Recurring("identity.forget_sessions", HOUR, within(lambda conn: identity.forget_old_sessions(conn, floor))),
        Recurring("identity.forget_invited", HOUR, within(lambda conn: identity.forget_old_invitations(conn, floor))),
        Recurring("identity.forget_keys", HOUR, within(lambda conn: identity.forget_old_key_requests(conn, floor))),
        Recurring("identity.forget_sign_ins", HOUR, within(lambda conn: identity.forget_old_sign_ins(conn, floor))),
        Recurring("reports.forget_old", HOUR, within(lambda conn: reports.forget_old_hours(conn, floor.clock))),
        Recurring("reports.find_signals", 300, within(lambda conn: reports.find_signals(conn, floor.clock))),
        Recurring("bulk.forget_uploads", HOUR, within(lambda conn: bulk.forget_old_uploads(conn, floor))),
        Recurring("bulk.forget_exports", HOUR, within(lambda conn: bulk.forget_old_exports(conn, floor))),
        Recurring("jobs.forget_old", HOUR, within(forget_old_log)),
        Recurring("partitions.make_ahead", HOUR, within(partitions.make_ahead)),
    ]


Within = Callable[[Callable[[Connection], Awaitable[object]]], Callable[[], Awaitable[object]]]


def _within(pool: Pool) -> Within:
    """Makes of work on a connection work in a transaction of its own."""

    def within(work: Callable[[Connection], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
        async def in_transaction() -> object:
            async with transaction(pool) as conn:
                return await work(conn)

        return in_transaction

    return within


def _of_messages(within: Within, floor: Floor, carriage: notifications.Carriage) -> list[Recurring]:
    """What recurs for messages: reminding, the SMS in place of what failed, forgetting."""
    return [
        Recurring("notifications.remind", 5, within(lambda conn: notifications.remind(conn, floor))),
        Recurring("notifications.spares", 5, within(lambda conn: notifications.settle_spares(conn, floor, carriage))),
        Recurring("notifications.forget_proofs", HOUR, within(lambda c: notifications.forget_proofs(c, floor))),
        Recurring("notifications.forget_reminders", HOUR, within(lambda c: notifications.forget_reminders(c, floor))),
        Recurring("notifications.forget_old", HOUR, within(lambda conn: notifications.forget_old(conn, floor))),
    ]


def setting(event: asyncio.Event, work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
    """The same work; when something was done the event is set."""

    async def told() -> object:
        if done := await work():
            event.set()
        return done

    return told


def some_rounds(work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[object]]:
    """The same work a few times on end, while there is something to do."""

    async def rounds() -> object:
        for _ in range(ROUNDS):
            if await work() is None:
                break
        return None

    return rounds


async def repeat(task: Recurring, stop: asyncio.Event) -> None:
    """Do it until `stop` is set; after a fault later and later, up to a minute, then as usual again."""
    failed = 0
    while not stop.is_set():
        try:
            await task.work()
            failed = 0
        except Exception as fault:
            failed += 1
            log.warning("recurring work failed", work=task.name, fault=type(fault).__name__, where=way_to(fault))
        await _pause(max(_backoff(failed - 1).total_seconds(), 1) if failed else task.seconds, stop)


async def forget_old_log(conn: Connection) -> int:
    """Delete what the queue noted about jobs two days ago and before."""
    return await run(conn, "DELETE FROM pgqueuer_log WHERE created < now() - interval '2 days'")


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
