"""Jobs: work that exists exactly when the change that caused it does, queued in the caller's own transaction.

The queue is PgQueuer's. A job is named by a `Job[T]`: a dataclass payload type and a stable name; handlers are
bound to it in the worker. Handlers must be idempotent: after a crash a job runs again.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, TypeVar

import orjson
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.adapters.persistence.queries import Queries
from pydantic import TypeAdapter

from opencowin.kit.db import Connection
from opencowin.kit.gathered import Gathered

P = TypeVar("P")

URGENT, NORMAL, BULK = 100, 0, -100
GATHERING = 0.01
"""Seconds for which those wait that are done together, so that a burst becomes one batch."""


@dataclass(frozen=True)
class Job(Generic[P]):
    """A kind of job: its name in the queue, the dataclass it carries, and how urgent it is (higher runs first)."""

    name: str
    payload: type[P]
    priority: int = NORMAL
    adapter: TypeAdapter[P] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "adapter", TypeAdapter(self.payload))

    async def enqueue(self, conn: Connection, *payloads: P, after: timedelta | None = None) -> None:
        """Queue one job per payload on the connection's open transaction."""
        if not payloads:
            return
        count = len(payloads)
        await Queries(PsycopgDriver(conn)).enqueue(
            [self.name] * count,
            [orjson.dumps(payload) for payload in payloads],
            [self.priority] * count,
            [after] * count,
        )

    def read(self, raw: bytes | None) -> P:
        """The payload of a queued job."""
        return self.adapter.validate_json(raw or b"{}")


@dataclass(frozen=True, slots=True)
class Handler:
    """What the worker does for one kind of job: opens its own transaction."""

    job: Job[Any]
    handle: Callable[[Any], Awaitable[None]]


class Together(Generic[P]):
    """A handler for jobs that are cheaper together: those that come while others are worked on are done at once.

    Each job is finished when the work that it was part of is. Where that fails, its jobs are tried one by one, so that
    one that can never succeed holds up no other.
    """

    def __init__(self, work: Callable[[Sequence[P]], Awaitable[None]], most: int) -> None:
        async def done(payloads: Sequence[P]) -> Sequence[None]:
            await work(payloads)
            return [None] * len(payloads)

        self._gathered = Gathered[P, None](done, most=most, pause=GATHERING)

    async def __call__(self, payload: P) -> None:
        """Do one job, together with those that wait."""
        await self._gathered(payload)


Handlers = Sequence[Handler]
