"""A real web server and worker on a database of their own, for tools that speak HTTP from outside."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

import httpx
import pytest

from opencowin.kit.floor import Floor
from tests.builders import OpenDoor, open_door

START_SECONDS = 150


@dataclass(frozen=True, slots=True)
class Server:
    """Where it listens, credentials of somebody who may call everything, and the folder of its logs."""

    url: str
    door: OpenDoor
    logs: Path


def free_port() -> int:
    """A port that nobody listens on."""
    with create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _process(stack: ExitStack, environment: dict[str, str], log: Path, *command: str) -> None:
    output = stack.enter_context(log.open("wb"))
    process = subprocess.Popen(
        [sys.executable, "-m", *command], env={**os.environ, **environment}, stdout=output, stderr=output
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)


def _wait(url: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the server did not become ready")


@pytest.fixture(scope="module")
def server(floor: Floor, database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The platform as separate processes."""
    port = free_port()
    environment = {
        "OPENCOWIN_DEMO": "true",
        "OPENCOWIN_DATA_DIR": str(floor.settings.data_dir),
        "OPENCOWIN_DATABASE_URL": database,
        "OPENCOWIN_PORT": str(port),
        "OPENCOWIN_WEB_WORKERS": "1",
        "OPENCOWIN_OTP_RESEND_SECONDS": "0",
        "OPENCOWIN_API_CALLS_PER_5_MINUTES": "1000000",
        "OPENCOWIN_LOG_LEVEL": "DEBUG",
        "OPENCOWIN_FEED_WAIT_SECONDS": "0.1",
        "OPENCOWIN_FEED_STREAM_SECONDS": "0.2",
    }
    logs = tmp_path_factory.mktemp("logs")
    door = open_door(database, floor)
    with ExitStack() as stack:
        _process(stack, environment, logs / "web.log", "opencowin.serving.website")
        _process(stack, environment, logs / "worker.log", "opencowin.cli", "worker")
        url = f"http://127.0.0.1:{port}"
        _wait(url)
        yield Server(url, door, logs)
        leaked = [line for log in logs.iterdir() for line in log.read_text().splitlines() if "Traceback" in line]
    assert not leaked, "the server's logs hold no traceback"
