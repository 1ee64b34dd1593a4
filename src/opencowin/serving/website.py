"""The web process: Granian with its worker processes, none of which outlives it."""

import ctypes
import multiprocessing
import os
import signal
import sys

from fastapi import FastAPI
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels

from opencowin.kit.settings import settings
from opencowin.web import create_app

_PR_SET_PDEATHSIG = 1


def app() -> FastAPI:
    """The application of one worker process, which the kernel ends when Granian's own process dies, however."""
    parent = multiprocessing.parent_process()
    if sys.platform == "linux" and parent is not None:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent.pid:
            sys.exit(1)
    return create_app()


def main() -> None:
    """Serve until told to stop."""
    chosen = settings()
    Granian(
        "opencowin.serving.website:app",
        factory=True,
        interface=Interfaces.ASGI,
        address=chosen.host,
        port=chosen.port,
        workers=chosen.web_workers,
        loop=Loops.uvloop,
        respawn_failed_workers=True,
        workers_kill_timeout=20,
        log_level=LogLevels.warning,
        process_name=None,
    ).serve()


if __name__ == "__main__":
    main()
