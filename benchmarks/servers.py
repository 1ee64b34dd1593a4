"""Web servers under test, each a process of its own: the platform's, nginx with a file, and a fixed body."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.callers import call, get
from benchmarks.fixed import BODY_BYTES
from benchmarks.lab import ROOT, Lab

PATIENCE = 60.0
UNLIMITED = "1000000000"
NGINX = """
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  default_type application/json;
  client_body_temp_path {folder}/t1;
  proxy_temp_path {folder}/t2;
  fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4;
  scgi_temp_path {folder}/t5;
  server {{ listen 127.0.0.1:{port}; root {folder}/files; }}
}}
"""


class Served(NamedTuple):
    """A web server that runs: where it listens, and the process that it all hangs on."""

    port: int
    pid: int


@contextmanager
def platform(lab: Lab, workers: int = 1, **settings: str) -> Iterator[Served]:
    """The platform's web server on the lab's data, limits out of the way."""
    environment = {
        "OPENCOWIN_DATABASE_URL": lab.dsn,
        "OPENCOWIN_DATA_DIR": str(lab.folder),
        "OPENCOWIN_DEMO": "true",
        "OPENCOWIN_WEB_WORKERS": str(workers),
        "OPENCOWIN_PUBLIC_URL": lab.floor.settings.address,
        "OPENCOWIN_API_CALLS_PER_5_MINUTES": UNLIMITED,
        "OPENCOWIN_OTP_PER_ADDRESS_PER_HOUR": UNLIMITED,
        **settings,
    }
    with _serving((sys.executable, "-m", "opencowin.serving.website"), environment, "/health/ready") as served:
        yield served


@contextmanager
def fixed(size: int) -> Iterator[Served]:
    """The same Uvicorn with a raw ASGI application that answers everything with so many bytes."""
    with _serving((sys.executable, "-m", "benchmarks.fixed"), {BODY_BYTES: str(size)}, "/") as served:
        yield served


@contextmanager
def nginx(folder: Path, body: bytes) -> Iterator[Served]:
    """One worker of nginx that serves `/body` from a file. Raises RuntimeError where nginx is missing."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise RuntimeError("the reference is nginx: install it with: apt install nginx-light")
    (folder / "files").mkdir(parents=True, mode=0o755)
    folder.chmod(0o755)
    (folder / "files" / "body").write_bytes(body)
    port = _free_port()
    written = folder / "nginx.conf"
    written.write_text(NGINX.format(folder=folder, port=port), "utf-8")
    with _running((program, "-p", str(folder), "-c", str(written)), {}, port, "/body") as served:
        yield served


@contextmanager
def _serving(command: Sequence[str], environment: Mapping[str, str], path: str) -> Iterator[Served]:
    port = _free_port()
    with _running((*command, str(port)), {**environment, "OPENCOWIN_PORT": str(port)}, port, path) as served:
        yield served


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return int(trial.getsockname()[1])


@contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str], port: int, path: str) -> Iterator[Served]:
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_until_there(process, port, path)
        yield Served(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def _wait_until_there(process: "subprocess.Popen[bytes]", port: int, path: str) -> None:
    patience = time.monotonic() + PATIENCE
    while True:
        try:
            call(port, [get(path)], connections=1).all_good()
            return
        except (OSError, RuntimeError) as absent:
            if process.poll() is not None or time.monotonic() > patience:
                raise RuntimeError(f"a web server did not start: exit code {process.poll()}") from absent
            time.sleep(0.1)
