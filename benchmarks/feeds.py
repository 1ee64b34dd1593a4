"""Changes of availability: how soon two thousand open streams are told of one, and webhooks called a second."""

import asyncio
import math
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, cast

import httpx2
import psycopg
import uvloop

from benchmarks.carriers import carrier
from benchmarks.lab import Lab
from benchmarks.measure import Goal, Pair, Unit
from benchmarks.sending import start_worker
from benchmarks.servers import fixed, platform
from opencowin import feeds, identity
from opencowin.feeds import NewWebhook
from opencowin.kit.actor import Actor, ActorKind, Permission, Place
from tests.builders import TEST, connected

STREAMS, WEBHOOKS, OF_A_KEY, AT_ONCE = 2000, 1000, 5, 100
STREAM, TELL = "/api/open/v1/availability/stream", "/tell"
PATIENCE = 60.0
BODY_BYTES = 1100
"""What a change takes up."""


@contextmanager
def pairs(lab: Lab) -> Iterator[list[Pair]]:
    """What is measured here."""
    many = str(STREAMS * 2)
    with ExitStack() as stack:
        limits = {"OPENCOWIN_FEED_STREAMS": many, "OPENCOWIN_FEED_STREAMS_PER_CALLER": many}
        port, _ = stack.enter_context(platform(lab, 1, **limits))
        bare, _ = stack.enter_context(fixed(BODY_BYTES))
        taker = stack.enter_context(carrier("http"))
        url = f"http://127.0.0.1:{taker}/hook"
        asyncio.run(_add_webhooks(lab, url))
        called = partial(_called, lab)
        yield [
            Pair(
                f"the slowest of a hundred, {STREAMS:,} open streams told of a published session, 1 web process",
                partial(_told, port, STREAM, partial(_publish, lab)),
                f"the slowest of a hundred, as many of a raw application on the same server told of {BODY_BYTES} bytes",
                partial(_told, bare, STREAM, partial(_tell, bare)),
                Goal(1.0, "who is told by the stream sees a seat as soon as who looks"),
                Unit.SECONDS,
            ),
            Pair(
                f"webhooks called, 1 worker, {AT_ONCE} at once, signed and noted",
                called,
                f"the bare client, a new connection each, {AT_ONCE} at once",
                partial(_posted, url),
                Goal(500, "a thousand addresses are told within two seconds"),
            ),
        ]


class _Reader(asyncio.Protocol):
    """An open stream: when its head came, and when something was told."""

    def __init__(self, path: str) -> None:
        self._path, self._held = path, b""
        loop = asyncio.get_running_loop()
        self.open, self.told = loop.create_future(), loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self.line = cast(asyncio.Transport, transport)
        self.line.write(f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        """Something came."""
        self._held = (self._held + data)[-2000:]
        if not self.open.done() and b"\r\n\r\n" in self._held:
            if not self._held.startswith(b"HTTP/1.1 200"):
                self.open.set_exception(RuntimeError(self._held.decode(errors="replace")))
                return
            self.open.set_result(None)
        if b"data:" in self._held and not self.told.done():
            self.told.set_result(time.perf_counter())

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        for one in (self.open, self.told):
            if not one.done():
                one.set_exception(exc or ConnectionError("a stream ended"))
                one.exception()


def _told(port: int, path: str, happens: Callable[[], None]) -> float:
    """Seconds from the call that makes a change until all but one of a hundred streams have it."""

    async def everybody() -> float:
        loop = asyncio.get_running_loop()
        readers = [(await loop.create_connection(partial(_Reader, path), "127.0.0.1", port))[1] for _ in range(STREAMS)]
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(one.open for one in readers))
        await asyncio.sleep(0.5)
        begun = time.perf_counter()
        await asyncio.to_thread(happens)
        async with asyncio.timeout(PATIENCE):
            told = sorted(await asyncio.gather(*(one.told for one in readers)))
        for one in readers:
            one.line.close()
        await asyncio.sleep(0.5)
        return float(max(0.0, told[int(STREAMS * 0.99)] - begun))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(everybody())


def _publish(lab: Lab) -> None:
    lab.publish(centres=1, days=1, seats=5)


def _tell(port: int) -> None:
    httpx2.post(f"http://127.0.0.1:{port}{TELL}", content=b"").raise_for_status()


async def _add_webhooks(lab: Lab, url: str) -> None:
    async with connected(lab.dsn) as conn:
        may = frozenset({Permission.HAVE_WEBHOOKS})
        for number in range(WEBHOOKS // OF_A_KEY):
            key_id, _ = await identity.make_api_key(
                conn, lab.floor, TEST, f"Caller {number}", permissions=may, place=Place(), calls_per_minute=10,
                calls_per_day=100,
            )  # fmt: skip
            for _ in range(OF_A_KEY):
                partner = Actor(ActorKind.PARTNER, str(key_id), may)
                await feeds.add_webhook(conn, lab.floor, partner, NewWebhook(url=url))


def _called(lab: Lab) -> float:
    """Webhooks a second: a session is published, and all are to be told once the change has its number."""
    worker = start_worker(lab)
    try:
        _all_know(lab)
        _publish(lab)
        begun = _all_know(lab, at_least=1)
        return WEBHOOKS / (time.perf_counter() - begun)
    finally:
        worker.terminate()
        worker.wait()


def _all_know(lab: Lab, at_least: int = 0) -> float:
    """Wait until so many new changes have their numbers, and nobody is left to be told; since when they have."""
    patience = time.monotonic() + PATIENCE
    with psycopg.connect(lab.dsn, autocommit=True) as conn:
        before, numbered = _newest(conn), math.nan
        while time.monotonic() < patience:
            newest = _newest(conn)
            if math.isnan(numbered) and newest >= before + at_least:
                numbered = time.perf_counter()
            (behind,) = conn.execute("SELECT count(*) FROM webhook WHERE cursor_at < %s", (newest,)).fetchone() or (0,)
            if not behind and not math.isnan(numbered):
                return numbered
            time.sleep(0.02)
    raise RuntimeError(f"{behind} webhooks are behind")


def _newest(conn: psycopg.Connection[Any]) -> int:
    (newest,) = conn.execute("SELECT newest FROM session_journal").fetchone() or (0,)
    return int(newest)


def _posted(url: str) -> float:
    """Calls a second of the client alone, as many at once."""
    left = iter(range(WEBHOOKS))
    body, secure = b"x" * BODY_BYTES, ssl.create_default_context()

    async def one_after_the_other() -> None:
        for _ in left:
            async with httpx2.AsyncClient(trust_env=False, verify=secure) as http:
                (await http.post(url, content=body)).raise_for_status()

    async def everything() -> float:
        begun = time.perf_counter()
        await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
        return WEBHOOKS / (time.perf_counter() - begun)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(everything())
