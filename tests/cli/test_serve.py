"""`opencowin serve` starts everything, says `ready` last, mends what dies, and leaves nothing behind."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Place, free_port, until

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")


def until_ready(process: subprocess.Popen[str]) -> list[str]:
    """The lines that it printed until it was ready."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if lines[-1] == "ready":
            return lines
    raise AssertionError("\n".join(lines))


def ask(port: int, method: str, path: str, body: dict[str, str] | None = None, key: str = "") -> tuple[int, str]:
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json", **({"x-api-key": key} if key else {})}
    try:
        link.request(method, path, json.dumps(body) if body else None, headers)
        answer = link.getresponse()
        return answer.status, answer.read().decode()
    except OSError:
        return 0, ""
    finally:
        link.close()


@contextmanager
def open_stream(port: int) -> Iterator[http.client.HTTPResponse]:
    """Somebody who reads the stream of changes and does not go away."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    link.request("GET", "/api/open/v1/availability/stream")
    answer = link.getresponse()
    assert answer.status == 200
    assert answer.readline().startswith(b"retry:")
    yield answer
    link.close()


def processes_called(place: Place, name: str) -> list[int]:
    return [pid for pid in place.everyone() if name.encode() in command_of(pid)]


def command_of(pid: int) -> bytes:
    """Its command line; empty, when it has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_it_serves_says_ready_last_and_stops_in_order(trial: Place) -> None:
    port = free_port()
    process = trial.serve(port)
    told = until_ready(process)
    assert any(f"http://127.0.0.1:{port}/docs" in line for line in told)
    assert any("vaccinator" in line for line in told)
    assert ask(port, "GET", "/health/ready")[0] == 200
    with open_stream(port) as stream:
        process.send_signal(signal.SIGTERM)
        stream.read()  # raises unless the stream came to its own end, which who waits for its reader cuts off
        assert process.wait(60) == 0
    until(lambda: not trial.everyone())


def test_a_one_time_password_can_be_read_by_command(trial: Place) -> None:
    port = free_port()
    process = trial.serve(port)
    until_ready(process)
    assert ask(port, "POST", "/api/v2/auth/public/generateOTP", {"mobile": "9876512345"})[0] == 200
    told = trial.run("messages", "latest", "9876512345")
    assert told.returncode == 0, told.stderr
    code = re.search(r"\b\d{6}\b", told.stdout)
    assert code
    as_json = trial.run("messages", "latest", "9876512345", "--json")
    assert code[0] in json.loads(as_json.stdout)["text"]
    assert trial.run("messages", "latest", "9876512346").returncode == 1
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


def test_what_dies_is_started_again_and_a_killed_parent_leaves_nothing(trial: Place) -> None:
    port = free_port()
    process = trial.serve(port)
    until_ready(process)
    for name in ("opencowin.serving.website", "worker"):
        before = processes_called(trial, name)
        assert before
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        until(lambda name=name, before=before: bool(set(processes_called(trial, name)) - set(before)))  # type: ignore[misc]
    until(lambda: ask(port, "GET", "/health/ready")[0] == 200)
    with open_stream(port):
        process.kill()
        process.wait()
        until(lambda: not trial.everyone())


def test_a_port_in_use_is_named_and_nothing_is_started(trial: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = trial.run("serve", "--port", str(port))
    assert told.returncode == 1
    assert f"Port {port} is in use" in told.stderr
    assert "PORT=" in told.stderr


def test_without_a_country_it_says_what_to_do(fresh: Place) -> None:
    fresh.run("keys", "init")
    told = fresh.run("serve", "--port", str(free_port()))
    assert told.returncode == 1
    assert "opencowin country load" in told.stderr


def test_a_web_process_that_cannot_begin_ends_and_says_so(fresh: Place) -> None:
    unreachable = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    environment = fresh.environment(
        OPENCOWIN_DATABASE_URL=unreachable, OPENCOWIN_PORT=str(free_port()), OPENCOWIN_DEMO="true"
    )
    ended = subprocess.run(
        (sys.executable, "-m", "opencowin.serving.website"),
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert "web processes ended" in ended.stderr
