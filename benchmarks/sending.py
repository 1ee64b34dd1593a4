"""Messages a second by real workers: from the job queued with its cause to the record that a gateway has them."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import psycopg
import uvloop

from benchmarks.carriers import PASSWORD, USER, carrier
from benchmarks.lab import ROOT, Lab
from benchmarks.measure import Goal, Pair, Unit
from benchmarks.pgbench import pgbench
from opencowin import notifications
from opencowin.identity import OTP_REQUESTED, OtpPurpose
from opencowin.identity.one_time import new_otp
from opencowin.notifications import (
    Carriage,
    Delivery,
    Draft,
    Gateway,
    Kind,
    Medium,
    Outcome,
    Outgoing,
    Priority,
    Template,
)
from opencowin.notifications.routing import MAKERS
from tests.builders import connected

MESSAGES, WORKERS, AT_ONCE, CLIENTS = 2000, 2, 50, 16
BEHIND, OVERTAKING, GAP = 3000, 60, 0.02
PATIENCE = 120.0
TEXT = "Your OTP to register/access CoWIN is 482913. It will be valid for 3 minutes. - CoWIN"
BODY = {"to": "{recipient}", "message": "{text}", "from": "{sender}", "ref": "{reference}"}
CLEAR = "TRUNCATE message, gateway_day, gateway_receipt"
TABLE = "CREATE TABLE IF NOT EXISTS bench_line (id uuid PRIMARY KEY, account uuid NOT NULL, at timestamptz NOT NULL)"
INSERT = "INSERT INTO bench_line VALUES (gen_random_uuid(), gen_random_uuid(), now());\n"
FILE = """[quiet]
start = "00:00:00"
end = "00:00:00"
[[gateway]]
name = "bench"
medium = "sms"
kind = "{kind}"
address = "{address}"
user = "{user}"
sender = "COWIN"
per_second = 1000000
at_once = {at_once}
[gateway.body]
{body}
"""


class Workers:
    """The workers of the lab, with one gateway: another one, and they are started anew."""

    def __init__(self, lab: Lab, gateways: dict[Kind, Gateway]) -> None:
        self._lab, self._gateways = lab, gateways
        self._kind: Kind | None = None
        self._running: list[subprocess.Popen[bytes]] = []

    def by(self, kind: Kind) -> None:
        """See that they send by this kind of gateway."""
        if kind is not self._kind:
            self.stop()
            self._kind = kind
            settings = self._settings(self._gateways[kind])
            self._running = [start_worker(self._lab, **settings) for _ in range(WORKERS)]

    def stop(self) -> None:
        """End them."""
        for one in self._running:
            one.terminate()
        for one in self._running:
            one.wait()
        self._running = []

    def _settings(self, gateway: Gateway) -> dict[str, str]:
        file = self._lab.folder / "channels-bench.toml"
        body = "\n".join(f'{name} = "{filled}"' for name, filled in gateway.body.items())
        facts = {"kind": gateway.kind, "address": gateway.address, "user": gateway.user}
        file.write_text(FILE.format(**facts, at_once=AT_ONCE, body=body), "utf-8")
        return {
            "OPENCOWIN_CHANNELS_FILE": str(file),
            "OPENCOWIN_CHANNEL_SECRETS": f'{{"bench": "{PASSWORD}"}}',
        }


def start_worker(lab: Lab, **settings: str) -> "subprocess.Popen[bytes]":
    """A worker of the lab, as the platform starts it; whoever asks ends it."""
    environment = {
        **os.environ,
        "OPENCOWIN_DATABASE_URL": lab.dsn,
        "OPENCOWIN_DATA_DIR": str(lab.folder),
        "OPENCOWIN_DEMO": "true",
        **settings,
    }
    command, nowhere = (sys.executable, "-m", "opencowin.cli", "worker"), subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdin=nowhere, stdout=nowhere, stderr=nowhere)


@contextmanager
def pairs(lab: Lab) -> Iterator[list[Pair]]:
    """What is measured here."""
    with ExitStack() as stack, psycopg.connect(lab.dsn, autocommit=True) as conn:
        conn.execute(TABLE)
        http, smpp = (stack.enter_context(carrier(kind)) for kind in ("http", "smpp"))
        gateways = {
            Kind.HTTP: _gateway(Kind.HTTP, f"http://127.0.0.1:{http}/send", body=BODY),
            Kind.SMPP: _gateway(Kind.SMPP, f"127.0.0.1:{smpp}"),
        }
        workers = Workers(lab, gateways)
        stack.callback(workers.stop)
        who = f"{WORKERS} workers, from the job to the record"
        goal = Goal(1343.0, "the SMS a second of 28 April 2021, for three hours")
        by_http, by_smpp = (partial(_sent, lab, workers, kind) for kind in gateways)
        yield [
            Pair(
                f"one-time passwords sent through an HTTP gateway, {who}",
                by_http,
                f"the same client, the same requests, {AT_ONCE} at once, no database",
                partial(_bare, gateways[Kind.HTTP]),
                goal,
            ),
            Pair(
                f"one-time passwords sent through an HTTP gateway, {who}",
                by_http,
                f"pgbench, {CLIENTS} clients, a one-row INSERT each",
                lambda: pgbench(lab, INSERT, clients=CLIENTS),
                goal,
            ),
            Pair(
                f"one-time passwords sent through an SMPP 3.4 centre, with receipts, {who}",
                by_smpp,
                f"the same client, the same messages, {AT_ONCE} at once, no database",
                partial(_bare, gateways[Kind.SMPP]),
                goal,
            ),
            Pair(
                f"the slowest of {OVERTAKING} one-time passwords while {BEHIND:,} alerts wait, {who}",
                partial(_slowest, lab, workers, BEHIND),
                "the same while nothing waits",
                partial(_slowest, lab, workers, 0),
                Goal(1.0, "a code is typed within a minute; it waits for no batch"),
                Unit.SECONDS,
            ),
        ]


def _gateway(kind: Kind, address: str, body: Mapping[str, str] | None = None) -> Gateway:
    return Gateway(
        name="bench",
        medium=Medium.SMS,
        kind=kind,
        address=address,
        user=USER,
        sender="COWIN",
        at_once=AT_ONCE,
        body=body or {},
    )


def _sent(lab: Lab, workers: Workers, kind: Kind) -> float:
    """Messages a second, from the commit that queues them to the last one's record."""
    workers.by(kind)
    _at_rest(lab)
    asyncio.run(_ask(lab, MESSAGES))
    begun = time.perf_counter()
    _until(lab, MESSAGES)
    return MESSAGES / (time.perf_counter() - begun)


def _at_rest(lab: Lab) -> None:
    """A first message is through, so that all are up and nothing of the run before is left."""
    with psycopg.connect(lab.dsn, autocommit=True) as conn:
        conn.execute(CLEAR)
        asyncio.run(_ask(lab, 1))
        _until(lab, 1)
        conn.execute(CLEAR)


def _until(lab: Lab, messages: int) -> None:
    with psycopg.connect(lab.dsn, autocommit=True) as conn:
        patience = time.monotonic() + PATIENCE
        while True:
            (done,) = conn.execute("SELECT count(*) FROM message WHERE state = 'sent'").fetchone() or (0,)
            if done >= messages:
                return
            if time.monotonic() > patience:
                raise RuntimeError(f"of {messages} messages {done} were sent")
            time.sleep(0.02)


async def _ask(lab: Lab, messages: int) -> None:
    """One-time passwords for so many people, asked for in one transaction."""
    now = lab.floor.clock.now()
    numbers = [str(7_000_000_000 + number) for number in range(messages)]
    news = [new_otp(lab.floor, one, purpose=OtpPurpose.SIGN_IN, language="en", now=now)[1] for one in numbers]
    async with connected(lab.dsn) as conn:
        await OTP_REQUESTED.enqueue(conn, *news)


def _slowest(lab: Lab, workers: Workers, behind: int) -> float:
    """Seconds that the slowest one-time password took; one is asked for every so often."""
    workers.by(Kind.HTTP)
    _at_rest(lab)
    asyncio.run(_crowd(lab, behind))
    asyncio.run(_trickle(lab))
    _until(lab, behind + OVERTAKING)
    with psycopg.connect(lab.dsn) as conn:
        (slowest,) = conn.execute(
            "SELECT extract(epoch FROM max(sent_at - caused_at))::float8 FROM message WHERE priority = 100"
        ).fetchone() or (0.0,)
    return float(slowest)


async def _trickle(lab: Lab) -> None:
    async with connected(lab.dsn):
        for _ in range(OVERTAKING):
            await _ask(lab, 1)
            await asyncio.sleep(GAP)


async def _crowd(lab: Lab, messages: int) -> None:
    now = datetime.now(UTC)
    drafts = [
        Draft(uuid4(), Template.SLOT_ALERT, "en", str(7_100_000_000 + number), TEXT, now, priority=Priority.MANY)
        for number in range(messages)
    ]
    midnight = datetime.min.time()
    async with connected(lab.dsn) as conn:
        awake = Carriage(quiet=notifications.Quiet(start=midnight, end=midnight))
        await notifications.write(conn, lab.floor, awake, drafts)


def _bare(gateway: Gateway) -> float:
    """Messages a second of the channel alone."""
    outgoing = [
        Outgoing(number, uuid4().hex, Medium.SMS, f"+91{7_000_000_000 + number}", TEXT, "otp", "en", 100, 1, 0.0)
        for number in range(MESSAGES)
    ]

    async def all_of_them() -> float:
        channel = MAKERS[gateway.kind](gateway, PASSWORD)
        try:
            await channel.send(outgoing[0])
            begun = time.perf_counter()
            await _with(AT_ONCE, outgoing, channel.send)
            return MESSAGES / (time.perf_counter() - begun)
        finally:
            await channel.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(all_of_them())


async def _with(at_once: int, outgoing: Sequence[Outgoing], send: Callable[[Outgoing], Awaitable[Outcome]]) -> None:
    left = iter(outgoing)

    async def one_after_the_other() -> None:
        for one in left:
            outcome = await send(one)
            if outcome.delivery is not Delivery.HANDED_ON:
                raise RuntimeError(f"a gateway answered {outcome.delivery}")

    await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
