"""The web process: Granian with its worker processes, none of which outlives it."""

import asyncio
import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from granian import Granian
from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from starlette.types import Lifespan

from opencowin.kit.collecting import keep_what_is_there
from opencowin.kit.settings import settings
from opencowin.web import create_app, prepare

_PR_SET_PDEATHSIG = 1
REQUESTS = 1024
"""Requests that are answered at one time in a process, besides streams that stay open: others wait at the door."""
PARTING = signal.SIGUSR1
"""Tells a worker process to end its streams, and then itself: without it, a stop waits for the last reader to go."""


class Website(Granian):  # type: ignore[misc, valid-type]  # the class that fits this interpreter
    """Granian, whose workers let the readers of streams go before they are stopped."""

    def shutdown(self, exit_code: int = 0) -> None:
        """Stop."""
        for worker in self.wrks:
            if worker.is_alive():
                os.kill(worker.inner.pid, PARTING)
        super().shutdown(exit_code)


def app() -> FastAPI:
    """The application of one worker process, which the kernel ends when Granian's own process dies, however."""
    parent = multiprocessing.parent_process()
    if sys.platform == "linux" and parent is not None:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(PARTING), 0, 0, 0)
        if os.getppid() != parent.pid:
            sys.exit(1)
    made = create_app()
    made.router.lifespan_context = _parting(made.router.lifespan_context)
    return made


def _parting(inner: Lifespan[FastAPI]) -> Lifespan[FastAPI]:
    """The lifespan of an application that ends its streams when it is told to."""

    @asynccontextmanager
    async def lifespan(served: FastAPI) -> AsyncIterator[None]:
        def part() -> None:
            served.state.site.tail.close()
            os.kill(os.getpid(), signal.SIGTERM)

        async with inner(served):
            asyncio.get_running_loop().add_signal_handler(PARTING, part)
            keep_what_is_there()
            yield

    return lifespan


def main() -> None:
    """Serve until told to stop."""
    chosen = settings()
    prepare()
    keep_what_is_there()  # worker processes are forked from this one and share what they leave alone
    Website(
        "opencowin.serving.website:app",
        factory=True,
        interface=Interfaces.ASGI,
        address=chosen.host,
        port=chosen.port,
        workers=chosen.web_workers,
        backpressure=REQUESTS + chosen.feed_streams,
        loop=Loops.uvloop,
        respawn_failed_workers=True,
        workers_kill_timeout=20,
        log_level=LogLevels.warning,
        process_name=None,
    ).serve()


if __name__ == "__main__":
    main()
