"""The busiest public call, a district's week of sessions, from one web process, against a fixed body of its size."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.callers import call
from benchmarks.fixed import BODY_BYTES
from benchmarks.lab import ROOT, Lab
from benchmarks.measure import Pair

CENTRES, DAYS = 25, 7
CONNECTIONS = 16
SECONDS = 1.2
PATIENCE = 30.0
WANTED = 1000.0
UNLIMITED = "1000000000"


@contextmanager
def pairs(lab: Lab) -> Iterator[list[Pair]]:
    """What is measured here."""
    sessions = lab.publish(centres=CENTRES, days=DAYS, seats=50)
    day = sessions[0].held_on.strftime("%d-%m-%Y")
    query = f"district_id={sessions[0].district_id}&date={day}"
    path = f"/api/v2/appointment/sessions/public/calendarByDistrict?{query}"
    platform = {
        "OPENCOWIN_DATABASE_URL": lab.dsn,
        "OPENCOWIN_DATA_DIR": str(lab.folder),
        "OPENCOWIN_DEMO": "true",
        "OPENCOWIN_WEB_WORKERS": "1",
        "OPENCOWIN_API_CALLS_PER_5_MINUTES": UNLIMITED,
    }
    with (
        _serving("opencowin.serving.website", platform, path) as (port, size),
        _serving("benchmarks.fixed", {BODY_BYTES: str(size)}, "/") as (other, _),
    ):
        yield [
            Pair(
                f"calendarByDistrict, {CENTRES} centres × {DAYS} days ({size / 1000:.0f} kB), one web process",
                lambda: _rate(port, path),
                "the same Granian, raw ASGI, a fixed body of that size",
                lambda: _rate(other, "/"),
                WANTED,
                "55 such processes for Co-WIN's announced 55,000 calls a second",
            )
        ]


def _rate(port: int, path: str) -> float:
    return call(port, path, connections=CONNECTIONS, seconds=SECONDS)[0]


@contextmanager
def _serving(module: str, environment: dict[str, str], path: str) -> Iterator[tuple[int, int]]:
    """A web server of its own process: its port, and the size of its answer."""
    with socket.create_server(("127.0.0.1", 0)) as trial:
        port = int(trial.getsockname()[1])
    process = subprocess.Popen(
        (sys.executable, "-m", module, str(port)),
        env={**os.environ, **environment, "OPENCOWIN_PORT": str(port)},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield port, _size_once_there(process, port, path)
    finally:
        process.terminate()
        process.wait()


def _size_once_there(process: subprocess.Popen[bytes], port: int, path: str) -> int:
    patience = time.monotonic() + PATIENCE
    while True:
        try:
            return call(port, path, connections=1, seconds=0)[1]
        except OSError as absent:
            if process.poll() is not None or time.monotonic() > patience:
                raise RuntimeError(f"the web server did not start: exit code {process.poll()}") from absent
            time.sleep(0.1)
