"""`opencowin sandbox`: a demo for developers of others, which begins anew by itself; API keys stay good."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import Annotated

import typer

from opencowin.cli.explain import CommandRefused
from opencowin.cli.terminal import say
from opencowin.kit.embedded.survivors import end_with_parent
from opencowin.kit.settings import PREFIX

app = typer.Typer()
BEAT = 0.2
PATIENCE = 90.0
"""Seconds that serving may take to end in order."""
HOUR = 3600.0


class Stopping:
    """Set once this command is told to stop."""

    def __init__(self) -> None:
        self.told = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._hear)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self.told = True


@app.command()
def sandbox(
    every_hours: Annotated[float, typer.Option(help="After so many hours it begins anew.", min=0.0001)] = 24,
    size: Annotated[str, typer.Option(help="small, standard, large or whole.")] = "standard",
    host: Annotated[str | None, typer.Option(help="Address to listen on [default: OPENCOWIN_HOST].")] = None,
    port: Annotated[int | None, typer.Option(help="Port [default: OPENCOWIN_PORT].", min=1, max=65535)] = None,
) -> None:
    """Serve a sandbox until Ctrl-C: a demo whose data are thrown away again and again; API keys stay good.

    Between two rounds it is away for as long as making the demo takes. Webhooks may not lead to private addresses.
    """
    stopping = Stopping()
    where = [*(["--host", host] if host else []), *(["--port", str(port)] if port else [])]
    while not stopping.told:
        made = _run("demo", "--reset", "--yes", "--keep-keys", "--size", size)
        code = _until_ended(made, stopping, None)
        if stopping.told:
            break
        if code != 0:
            raise CommandRefused("the sandbox could not be made anew: what was said above tells why")
        code = _until_ended(_run("serve", *where), stopping, time.monotonic() + every_hours * HOUR)
        if code != 0:
            raise CommandRefused("serving ended by itself: what was said above tells why")
        if not stopping.told:
            say("the sandbox begins anew")


def _run(*arguments: str) -> subprocess.Popen[bytes]:
    environment = {PREFIX + "PRIVATE_WEBHOOKS": "false", **os.environ}
    command: Sequence[str] = (sys.executable, "-m", "opencowin.cli", *arguments)
    return subprocess.Popen(  # noqa: S603 (our own command)
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=end_with_parent(signal.SIGTERM),  # noqa: PLW1509 (no thread runs here)
    )


def _until_ended(process: subprocess.Popen[bytes], stopping: Stopping, end: float | None) -> int:
    """Its exit code; 0 where it is asked to end: at an instant, or when this command is told to stop."""
    while process.poll() is None:
        if stopping.told or (end is not None and time.monotonic() >= end):
            _end(process)
            return 0
        time.sleep(BEAT)
    return process.returncode


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
